"""Clients of a program that was written for another library: shared, subclassed, and read for their words."""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import sys
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from support.local_server import CANARY, real_server
from support.scripted_server import answering

import notebookmail
from notebookmail import (
    SMTP,
    Sandbox,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPNotSupported,
    SMTPServerDisconnected,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from support.scripted_sessions import Scripted, Speaker

    from notebookmail import SMTPResponse

    Serve = Callable[[Speaker], AbstractAsyncContextManager[Scripted]]


def verbs(server: Scripted, number: int = 0) -> list[str]:
    return [line.decode().strip() for line in server.sessions[number].heard if line]


# --- async with --------------------------------------------------------------------------------------------------


async def test_concurrent_blocks_wait_their_turn() -> None:
    async with Sandbox() as box:
        smtp = SMTP(hostname="127.0.0.1", port=box.server.port)
        inside = 0

        async def one(number: int) -> None:
            nonlocal inside
            async with smtp:
                inside += 1
                assert inside == 1
                await smtp.sendmail("a@example.org", [f"b{number}@example.org"], "Subject: x\n\nx")
                inside -= 1

        await asyncio.gather(*map(one, range(5)))
        assert [each.rcpt_to for each in box.received] == [(f"b{number}@example.org",) for number in range(5)]
        assert not smtp.is_connected


async def test_blocks_within_a_block_share_its_connection() -> None:
    async with Sandbox() as box:
        smtp = SMTP(hostname="127.0.0.1", port=box.server.port)

        async def one(number: int) -> None:
            async with smtp:
                await smtp.sendmail("a@example.org", [f"b{number}@example.org"], "Subject: x\n\nx")

        async with smtp, asyncio.timeout(10):
            await asyncio.gather(*map(one, range(3)))
            assert smtp.is_connected
        assert not smtp.is_connected
        assert len(box.received) == 3


async def test_a_block_within_a_tasks_own_ends_the_connection() -> None:
    async with Sandbox() as box, asyncio.timeout(10):
        smtp = SMTP(hostname="127.0.0.1", port=box.server.port)
        async with smtp:
            async with smtp:
                assert (await smtp.noop()).code == 250
            assert not smtp.is_connected
            async with smtp:
                assert (await smtp.noop()).code == 250
        assert not smtp.is_connected


async def test_a_block_that_cannot_connect_lets_the_next_one_in() -> None:
    async with Sandbox() as box:
        port = box.server.port
    smtp = SMTP(hostname="127.0.0.1", port=port)

    async def one() -> None:
        async with smtp:
            pass

    async with asyncio.timeout(10):
        found = await asyncio.gather(one(), one(), return_exceptions=True)
    assert [type(each) for each in found] == [SMTPConnectError, SMTPConnectError]


async def test_a_cancelled_block_lets_the_next_one_in() -> None:
    async with Sandbox() as box:
        smtp = SMTP(hostname="127.0.0.1", port=box.server.port)
        entered = asyncio.Event()

        async def forever() -> None:
            async with smtp:
                entered.set()
                await asyncio.Event().wait()

        first = asyncio.create_task(forever())
        await entered.wait()
        waiting = asyncio.create_task(forever())
        await asyncio.sleep(0)
        waiting.cancel()
        first.cancel()
        await asyncio.gather(first, waiting, return_exceptions=True)
        async with asyncio.timeout(10), smtp:
            assert (await smtp.noop()).code == 250


async def test_two_clients_in_one_another_do_not_wait_for_themselves() -> None:
    async with Sandbox() as box:
        one, two = (SMTP(hostname="127.0.0.1", port=box.server.port) for _ in range(2))
        async with asyncio.timeout(10), one, two, one:
            assert (await one.noop()).code == 250
        assert not one.is_connected


# --- AUTH_METHODS ------------------------------------------------------------------------------------------------


class Plain(SMTP):
    AUTH_METHODS = ("plain",)


class Own(SMTP):
    AUTH_METHODS = ("x-own", "plain")

    async def auth_xown(self, username: str, password: str, /, **options: Any) -> SMTPResponse:
        assert (username, password) == ("me", CANARY)
        await self.execute_command(b"X-OWN", b"hello")
        return await self.auth_login(username, password, **options)


CHALLENGES = {"auth": ("334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 2.7.0 ok")}


@pytest.mark.parametrize("when", ["connect", "login"])
async def test_the_methods_of_a_subclass_are_obeyed(serve: Serve, when: str) -> None:
    async with serve(answering("AUTH LOGIN CRAM-MD5 PLAIN SCRAM-SHA-256")) as server:
        await log_in(Plain(hostname="127.0.0.1", port=server.port), when)
    assert [line.split()[:2] for line in verbs(server) if line.startswith("AUTH")] == [["AUTH", "PLAIN"]]


@pytest.mark.parametrize("when", ["connect", "login"])
async def test_the_methods_of_an_instance_are_obeyed(serve: Serve, when: str) -> None:
    async with serve(answering("AUTH CRAM-MD5 PLAIN LOGIN", auth=CHALLENGES["auth"])) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port)
        smtp.AUTH_METHODS = ("login",)
        await log_in(smtp, when)
    assert [line for line in verbs(server) if line.startswith("AUTH")] == ["AUTH LOGIN"]


@pytest.mark.parametrize("when", ["connect", "login"])
async def test_a_method_of_a_subclasss_own_is_called(serve: Serve, when: str) -> None:
    async with serve(answering("AUTH X-OWN PLAIN LOGIN", auth=CHALLENGES["auth"])) as server:
        async with asyncio.timeout(10):
            await log_in(Own(hostname="127.0.0.1", port=server.port), when)
    assert "X-OWN hello" in verbs(server)


async def log_in(smtp: SMTP, when: str) -> None:
    if when == "connect":
        await smtp.connect(username="me", password=CANARY)
    else:
        await smtp.connect()
        assert (await smtp.login("me", CANARY)).code == 235
    await smtp.quit()


class Overriding(SMTP):
    """What programs do to have a word in what is sent."""

    async def ehlo(self, hostname: str | None = None, **options: Any) -> SMTPResponse:
        return await super().ehlo("own.example.org", **options)

    async def sendmail(self, sender: str, recipients: Any, message: Any, /, **options: Any) -> Any:
        return await super().sendmail(sender, [*recipients, "archive@example.org"], message, **options)


async def test_a_subclasss_own_ehlo_and_sendmail_are_called(serve: Serve) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "Ann <a@example.org>", "j\u00f6rg@example.org"
    async with (
        serve(answering("SMTPUTF8", "8BITMIME")) as server,
        Overriding(hostname="127.0.0.1", port=server.port) as smtp,
    ):
        assert (await smtp.send_message(message, mail_options=["RET=HDRS"], rcpt_options=["NOTIFY=NEVER"]))[
            0
        ] == {}
    assert verbs(server)[:4] == [
        "EHLO own.example.org",
        "MAIL FROM:<a@example.org> RET=HDRS SMTPUTF8 BODY=8BITMIME",
        "RCPT TO:<j\u00f6rg@example.org> NOTIFY=NEVER",
        "RCPT TO:<archive@example.org> NOTIFY=NEVER",
    ]


async def test_a_subclasss_own_helo_is_called_where_ehlo_is_unknown(serve: Serve) -> None:
    class Greeting(SMTP):
        async def helo(self, hostname: str | None = None, **options: Any) -> SMTPResponse:
            return await super().helo("own.example.org", **options)

    async with (
        serve(answering(ehlo="502 what")) as server,
        Greeting(hostname="127.0.0.1", port=server.port, local_hostname="x.y") as smtp,
    ):
        await smtp.noop()
    assert verbs(server)[:2] == ["EHLO x.y", "HELO own.example.org"]


async def test_a_sendmail_put_in_place_of_ours_gets_what_a_message_says(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Any, ...]] = []

    async def remember(_: SMTP, *given: Any, **options: Any) -> Any:
        seen.append((*given, options))
        return {}, "ok"

    monkeypatch.setattr(SMTP, "sendmail", remember)
    message = EmailMessage()
    message["From"], message["To"], message["Bcc"] = "Ann <a@example.org>", "b@example.org", "c@example.org"
    async with serve(answering()) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        assert await smtp.send_message(message, timeout=7) == ({}, "ok")
    ((sender, recipients, content, options),) = seen
    assert (sender, recipients) == ("a@example.org", ["b@example.org", "c@example.org"])
    assert content == b"From: Ann <a@example.org>\r\nTo: b@example.org\r\n\r\n"
    assert options == {"mail_options": [], "rcpt_options": [], "timeout": 7}


async def test_no_common_method_is_said_and_nothing_is_sent(serve: Serve) -> None:
    async with serve(answering("AUTH LOGIN")) as server, Plain(hostname="127.0.0.1", port=server.port) as smtp:
        with pytest.raises(SMTPNotSupported, match="LOGIN"):
            await smtp.login("me", CANARY)
        assert not any(line.startswith("AUTH") for line in verbs(server))


async def test_a_method_without_code_is_the_callers_mistake(serve: Serve) -> None:
    async with serve(answering("AUTH X-NONE")) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        smtp.AUTH_METHODS = ("x-none",)
        with pytest.raises(RuntimeError, match="auth_x_none"):
            await smtp.login("me", CANARY)


async def test_a_login_refused_and_hung_up_on_is_the_refusal(serve: Serve) -> None:
    async def speak(session: Any) -> None:
        await session.greet("AUTH PLAIN LOGIN")
        await session.hear()
        await session.say("535 5.7.8 no")
        session.writer.close()

    async with serve(speak) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port)
        await smtp.connect()
        with pytest.raises(SMTPAuthenticationError, match="535"):
            await smtp.login("me", CANARY)


async def test_a_user_without_a_password_logs_in_with_an_empty_one(serve: Serve) -> None:
    async with serve(answering("AUTH PLAIN")) as server:
        await SMTP().connect(hostname="127.0.0.1", port=server.port, username="me")
    assert "AUTH PLAIN AG1lAA==" in verbs(server)


def test_a_call_without_await_has_the_methods_of_its_client() -> None:
    said: list[Any] = []

    class Told(SMTP):
        async def connect(self, **options: Any) -> SMTPResponse:
            said.append((type(self), self.AUTH_METHODS, self.port))
            raise SMTPConnectError("enough")

    smtp = Told()
    smtp.AUTH_METHODS, smtp.port = ("plain",), 2525
    with pytest.raises(SMTPConnectError, match="enough"):
        smtp.sendmail_sync("a@example.org", "b@example.org", "x")
    assert said == [(Told, ("plain",), 2525)]


# --- words -------------------------------------------------------------------------------------------------------


async def test_errors_hold_the_words_that_programs_look_for(serve: Serve) -> None:
    smtp = SMTP()
    with pytest.raises(SMTPServerDisconnected, match="Server not connected"):
        await smtp.noop()
    with pytest.raises(SMTPServerDisconnected, match="Server not connected"):
        smtp.get_transport_info("peername")

    async def token() -> str:
        return CANARY

    with pytest.raises(ValueError, match="mutually exclusive"):
        SMTP(username="me", password=CANARY, oauth_token_generator=token)
    async with serve(answering("AUTH PLAIN")) as server:
        with pytest.raises(SMTPException, match="does not support XOAUTH2"):
            await smtp.connect(hostname="127.0.0.1", port=server.port, username="me", oauth_token_generator=token)
    async with real_server(enable_SMTPUTF8=False) as (port, _), SMTP(hostname="127.0.0.1", port=port) as plain:
        with pytest.raises(SMTPNotSupported, match="SMTPUTF8 is not supported"):
            await plain.sendmail("jörg@example.org", "b@example.org", "x")
        with pytest.raises(SMTPNotSupported, match="SMTPUTF8 is not supported"):
            await plain.sendmail("a@example.org", "b@example.org", "x", mail_options=["smtputf8"])


@pytest.mark.parametrize(("options", "port"), [({}, 25), ({"start_tls": True}, 587), ({"use_tls": True}, 465)])
async def test_an_error_names_the_port_that_was_tried(options: dict[str, Any], port: int) -> None:
    # Nothing listens there; in the network of 127.0.0.0/8 an address nobody else has.
    with pytest.raises(SMTPConnectError, match=rf"127\.3\.2\.1 on port {port}\b"):
        await SMTP(hostname="127.3.2.1", timeout=5, **options).connect()


# --- the transaction ---------------------------------------------------------------------------------------------


async def test_size_is_the_first_parameter_of_mail(serve: Serve) -> None:
    speak = answering("SIZE 1000", "8BITMIME", "SMTPUTF8")
    async with serve(speak) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        await smtp.sendmail("a@example.org", ["jörg@example.org"], "é", mail_options=["RET=HDRS"])
    (line,) = [each for each in verbs(server) if each.startswith("MAIL")]
    assert line == "MAIL FROM:<a@example.org> SIZE=4 RET=HDRS SMTPUTF8 BODY=8BITMIME"


@pytest.mark.parametrize("method", ["mail", "rcpt"])
async def test_an_international_address_in_ascii_is_a_unicode_error(serve: Serve, method: str) -> None:
    async with serve(answering("SMTPUTF8")) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        with pytest.raises(UnicodeEncodeError):
            await getattr(smtp, method)("jörg@example.org")
        reply = await getattr(smtp, method)("jörg@example.org", encoding="utf-8", options=["SMTPUTF8"])
        assert reply.code == 250


# --- modules -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("smtp", "SMTP"),
        ("smtp", "DEFAULT_TIMEOUT"),
        ("smtp", "SMTP_PORT"),
        ("smtp", "SMTP_TLS_PORT"),
        ("smtp", "SMTP_STARTTLS_PORT"),
        ("api", "send"),
        ("api", "DEFAULT_TIMEOUT"),
        ("errors", "SMTPException"),
        ("errors", "SMTPAuthenticationError"),
        ("response", "SMTPResponse"),
        ("status", "SMTPStatus"),
        ("typing", "SMTPStatus"),
        ("typing", "SMTPTokenGenerator"),
        ("typing", "SocketPathType"),
    ],
)
def test_the_modules_that_programs_import_are_there(module: str, name: str) -> None:
    theirs = getattr(importlib.import_module(f"aiosmtplib.{module}"), name)
    ours = getattr(importlib.import_module(f"notebookmail.{module}"), name)
    assert ours is getattr(notebookmail, name, ours)
    assert callable(ours) or ours == theirs


def test_the_modules_are_attributes_of_the_package_at_once() -> None:
    code = (
        "import notebookmail as n; n.errors.SMTPException; n.smtp.SMTP; n.status.SMTPStatus; n.api.send; n.typing"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_smtp_module_has_no_other_names() -> None:
    smtp = importlib.import_module("notebookmail.smtp")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        smtp.nothing  # noqa: B018 -- looked up on purpose

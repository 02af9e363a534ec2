"""The public client against a real server (aiosmtpd), over plain sockets and TLS."""

from __future__ import annotations

import asyncio
import email
import email.policy
import logging
import pickle
import ssl
from email.message import EmailMessage, Message
from typing import TYPE_CHECKING, Any

import pytest
from support.local_server import CANARY, authenticator, real_server
from support.scripted_server import answering

from notebookmail import (
    SMTP,
    Sandbox,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
    send,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from conftest import Certificates
    from support.scripted_sessions import Scripted, Session, Speaker

    Serve = Callable[[Speaker], AbstractAsyncContextManager[Scripted]]


def server_context(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.chain, certificates.key)
    return context


def letter(**headers: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in ({"From": "Ann <a@example.org>", "To": "b@example.org", "Subject": "x"} | headers).items():
        message[name.replace("_", "-")] = value
    message.set_content("Grüße\n.\nend\n")
    return message


async def test_send_connects_sends_and_quits() -> None:
    async with Sandbox(faults={"no@example.org": "550 5.1.1 No such user"}) as box:
        refused, reply = await send(
            letter(To="b@example.org, no@example.org", Bcc="c@example.org"),
            hostname="127.0.0.1",
            port=box.server.port,
        )
        assert {address: response.code for address, response in refused.items()} == {"no@example.org": 550}
        assert "in the sandbox" in reply
        (received,) = box.received
        assert received.rcpt_to == ("b@example.org", "c@example.org")
        assert received.message["Bcc"] is None
        assert received.message.get_content().splitlines() == ["Grüße", ".", "end"]


async def test_the_callers_message_is_not_changed() -> None:
    message = letter(Bcc="c@example.org")
    before = message.as_bytes()
    async with Sandbox() as box:
        await send(message, hostname="127.0.0.1", port=box.server.port)
    assert message.as_bytes() == before
    assert message["Bcc"] == "c@example.org"


async def test_text_and_bytes_need_sender_and_recipients() -> None:
    with pytest.raises(ValueError, match="sender= and recipients="):
        await send("Subject: x\n\nhello", hostname="127.0.0.1")
    async with Sandbox() as box:
        options: dict[str, Any] = {"hostname": "127.0.0.1", "port": box.server.port}
        await send("Subject: x\n\nhello", sender="a@example.org", recipients=["b@example.org"], **options)
        await send(b"Subject: y\r\n\r\nhi", sender="a@example.org", recipients="b@example.org", **options)
        assert [each["Subject"] for each in box.messages] == ["x", "y"]


async def test_a_compat32_message_is_sent() -> None:
    message = email.message_from_string("From: a@example.org\nTo: b@example.org\nBcc: c@example.org\n\nhello")
    assert type(message) is Message
    async with Sandbox() as box:
        await send(message, hostname="127.0.0.1", port=box.server.port)
        assert box.received[0].rcpt_to == ("b@example.org", "c@example.org")
        assert b"Bcc" not in box.received[0].content


async def test_a_resent_message_goes_to_whom_it_was_resent() -> None:
    resent = {"Resent_Date": "Sun, 22 Nov 2026 10:00:00 +0000", "Resent_From": "r@example.org",
              "Resent_To": "s@example.org", "Resent_Bcc": "t@example.org"}  # fmt: skip
    async with Sandbox() as box:
        await send(letter(**resent), hostname="127.0.0.1", port=box.server.port)
        (received,) = box.received
        assert (received.mail_from, received.rcpt_to) == ("r@example.org", ("s@example.org", "t@example.org"))
        assert b"Resent-Bcc" not in received.content


async def test_the_commands_answer() -> None:
    async with Sandbox() as box, SMTP(hostname="127.0.0.1", port=box.server.port) as smtp:
        assert smtp.is_connected
        assert (await smtp.ehlo()).code == 250
        assert smtp.supports_esmtp
        assert smtp.supports_extension("SIZE")
        assert smtp.esmtp_extensions["size"] == "67108864"
        assert not smtp.is_ehlo_or_helo_needed
        assert (await smtp.noop()).code == 250
        assert (await smtp.rset()).code == 250
        assert (await smtp.vrfy("a@example.org")).code == 252
        assert "HELP" in await smtp.help()
        assert (await smtp.execute_command(b"NOOP", b"x")).code == 250
        assert smtp.get_transport_info("peername")[0] == "127.0.0.1"
        with pytest.raises(SMTPException, match="502"):
            await smtp.expn("staff")
        assert (await smtp.quit()).code == 221
        assert not smtp.is_connected
        with pytest.raises(SMTPServerDisconnected):
            await smtp.noop()


async def test_a_transaction_by_hand() -> None:
    async with Sandbox(faults={"no@example.org": "550 5.1.1 No"}) as box:
        async with SMTP(hostname="127.0.0.1", port=box.server.port) as smtp:
            await smtp.mail("a@example.org")
            await smtp.rcpt("b@example.org")
            with pytest.raises(SMTPRecipientRefused) as caught:
                await smtp.rcpt("no@example.org")
            assert (await smtp.data("Subject: x\n\n.dot")).code == 250
        assert (caught.value.enhanced_code, caught.value.recipient) == ("5.1.1", "no@example.org")
        assert box.received[0].content == b"Subject: x\r\n\r\n.dot\r\n"


@pytest.mark.parametrize(
    ("refused", "kind", "phase", "argument"),
    [
        ("mail", SMTPSenderRefused, "mail", ("a@example.org",)),
        ("rcpt", SMTPRecipientRefused, "rcpt", ("b@example.org",)),
        ("data", SMTPDataError, "data", ()),
        ("content", SMTPDataError, "end_of_data", ()),
    ],
)
async def test_a_step_by_hand_that_is_refused_says_what_it_was(
    *, serve: Serve, refused: str, kind: type[SMTPException], phase: str, argument: tuple[str, ...]
) -> None:
    async def by_hand(smtp: SMTP) -> None:
        await smtp.mail("a@example.org")
        await smtp.rcpt("b@example.org")
        await smtp.data("x")

    async with serve(answering(**{refused: "450 4.3.0 not now"})) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port)
        await smtp.connect()
        with pytest.raises(kind) as caught:
            await by_hand(smtp)
        assert smtp.is_connected
        await smtp.quit()
    assert (caught.value.args, caught.value.phase) == ((450, "4.3.0 not now", *argument), phase)


async def test_a_second_connect_is_refused_and_a_closed_client_connects_again() -> None:
    async with Sandbox() as box:
        smtp = SMTP(hostname="127.0.0.1", port=box.server.port)
        assert (await smtp.connect()).code == 220
        with pytest.raises(SMTPException, match="already connected"):
            await smtp.connect()
        smtp.close()
        await smtp.connect()
        await smtp.quit()


async def test_many_tasks_share_one_client() -> None:
    async with Sandbox() as box, SMTP(hostname="127.0.0.1", port=box.server.port) as smtp:
        subjects = [f"message {number}" for number in range(40)]
        await asyncio.gather(*(smtp.send_message(letter(Subject=subject)) for subject in subjects))
        assert [each["Subject"] for each in box.messages] == subjects


async def test_an_international_address_asks_for_smtputf8() -> None:
    async with Sandbox() as box:
        await send(letter(To="jürgen@example.org"), hostname="127.0.0.1", port=box.server.port)
        assert box.received[0].rcpt_to == ("jürgen@example.org",)
        await send(letter(To="a@exämple.org"), hostname="127.0.0.1", port=box.server.port)
        assert box.received[1].rcpt_to == ("a@xn--exmple-cua.org",)
    async with real_server(enable_SMTPUTF8=False) as (port, _):
        with pytest.raises(SMTPNotSupported, match="SMTPUTF8"):
            await send(letter(To="jürgen@example.org"), hostname="127.0.0.1", port=port)


@pytest.mark.parametrize("method", ["plain", "login"])
async def test_logging_in_on_loopback(method: str) -> None:
    async with real_server(authenticator=authenticator, auth_require_tls=False) as (port, _):
        smtp = SMTP(hostname="127.0.0.1", port=port)
        await smtp.connect()
        reply = await getattr(smtp, f"auth_{method}")("me", CANARY)
        assert reply.code == 235
        assert set(smtp.supported_auth_methods) == {"plain", "login"}
        await smtp.quit()


async def test_a_refused_login_says_so_and_shows_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="notebookmail")
    async with real_server(authenticator=authenticator, auth_require_tls=False) as (port, _):
        with pytest.raises(SMTPAuthenticationError) as caught:
            await send(letter(), hostname="127.0.0.1", port=port, username="me", password=CANARY + "x")
    assert (caught.value.code, caught.value.phase) == (535, "auth")
    assert "AUTH ***" in caplog.text
    assert CANARY not in caplog.text
    assert CANARY.encode() not in pickle.dumps(caught.value)


async def test_a_server_that_echoes_credentials_gets_them_into_no_exception(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await session.greet("AUTH PLAIN")
        line = await session.hear()
        await session.say(f"535 5.7.8 you sent {line} which is {CANARY}")

    async with serve(speak) as server:
        with pytest.raises(SMTPAuthenticationError) as caught:
            await send(letter(), hostname="127.0.0.1", port=server.port, username="me", password=CANARY)
    text = str(caught.value)
    assert text.startswith("535 5.7.8 you sent AUTH PLAIN ***")
    assert CANARY not in text


async def test_credentials_do_not_leave_this_machine_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notebookmail.smtp.handshake._is_local", lambda _: False)  # as if the peer were far away
    async with real_server(authenticator=authenticator, auth_require_tls=False) as (port, _):
        smtp = SMTP(hostname="127.0.0.1", port=port)
        await smtp.connect()
        with pytest.raises(SMTPNotSupported, match="not sent in clear"):
            await smtp.login("me", CANARY)
        smtp.close()
        await smtp.connect(allow_plaintext_auth=True)
        assert (await smtp.login("me", CANARY)).code == 235
        smtp.close()


async def test_no_token_is_asked_for_where_it_could_not_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notebookmail.smtp.handshake._is_local", lambda _: False)
    asked: list[str] = []

    async def token() -> str:
        asked.append("token")
        return CANARY

    async with Sandbox() as box:
        smtp = SMTP(hostname="127.0.0.1", port=box.server.port, username="me", oauth_token_generator=token)
        with pytest.raises(SMTPNotSupported, match="not sent in clear"):
            await smtp.connect()
    assert asked == []


@pytest.mark.parametrize("way", ["starttls", "tls"])
async def test_messages_go_under_tls(certificates: Certificates, way: str) -> None:
    context = server_context(certificates)
    settings: dict[str, Any] = {"tls_context": context} if way == "starttls" else {"ssl": context}
    asked: dict[str, Any] = {"start_tls": True} if way == "starttls" else {"use_tls": True}
    async with real_server(**settings) as (port, handler):
        async with SMTP(hostname="localhost", port=port, cert_bundle=certificates.authority, **asked) as smtp:
            assert smtp.get_transport_info("cipher")
            await smtp.send_message(letter())
        assert len(handler.envelopes) == 1


@pytest.mark.parametrize("asked", [{"start_tls": True}, {"start_tls": None}])
async def test_an_unknown_certificate_is_a_connect_error(
    certificates: Certificates, asked: dict[str, Any]
) -> None:
    async with real_server(tls_context=server_context(certificates)) as (port, handler):
        with pytest.raises(SMTPConnectError, match="certificate") as caught:
            await send(letter(), hostname="localhost", port=port, **asked)
        assert caught.value.phase == "tls"
        assert handler.envelopes == []


async def test_required_tls_that_is_not_offered_sends_nothing() -> None:
    async with Sandbox() as box:
        with pytest.raises(SMTPNotSupported, match="nothing is sent in clear"):
            await send(letter(), hostname="127.0.0.1", port=box.server.port, start_tls=True)
        assert box.received == []


def test_no_secret_is_in_a_clients_repr() -> None:
    assert CANARY not in repr(SMTP(hostname="smtp.example.org", username="me", password=CANARY))


def address_headers() -> EmailMessage:
    message = letter(To="Bücher <b@bücher.example>, c@example.org", Cc="Team: d@bücher.example, e@example.org;")
    message["Reply-To"] = "f@bücher.example"
    return message


@pytest.mark.parametrize("kind", [EmailMessage, Message])
async def test_an_international_domain_travels_in_its_ascii_form(kind: type) -> None:
    message = address_headers()
    if kind is Message:
        plain = Message()
        for name, value in message.items():
            if not name.startswith(("Content", "MIME", "Cc")):
                plain[name] = str(value)
        plain.set_payload("hello")
        message = plain  # type: ignore[assignment]
    before = message.as_string()
    async with real_server(enable_SMTPUTF8=False) as (port, taking):
        await send(message, hostname="127.0.0.1", port=port)
    (envelope,) = taking.envelopes
    assert "b@xn--bcher-kva.example" in envelope.rcpt_tos
    arrived = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert arrived["Reply-To"].addresses[0].addr_spec == "f@xn--bcher-kva.example"
    assert [each.addr_spec for each in arrived["To"].addresses] == ["b@xn--bcher-kva.example", "c@example.org"]
    assert arrived["To"].addresses[0].display_name == "Bücher"
    if kind is EmailMessage:
        (group,) = arrived["Cc"].groups
        assert group.display_name == "Team"
        assert [each.addr_spec for each in group.addresses] == ["d@xn--bcher-kva.example", "e@example.org"]
    assert message.as_string() == before


async def test_an_international_local_part_in_a_header_needs_smtputf8() -> None:
    message = letter(Cc="grüße@example.org")
    async with real_server(enable_SMTPUTF8=False) as (port, taking):
        with pytest.raises(SMTPNotSupported, match="SMTPUTF8 is not supported"):
            await send(message, recipients="b@example.org", hostname="127.0.0.1", port=port)
    async with real_server(enable_SMTPUTF8=True) as (port, taking):
        await send(message, hostname="127.0.0.1", port=port)
    (envelope,) = taking.envelopes
    assert "SMTPUTF8" in envelope.mail_options
    assert "grüße@example.org".encode() in envelope.content


async def test_refused_recipients_are_named_as_the_caller_wrote_them() -> None:
    async with Sandbox(faults={"no@example.org": "550 5.1.1 No such user"}) as box:
        refused, _ = await send(
            "Subject: x",
            sender="a@example.org",
            recipients=["no@EXAMPLE.org", "b@example.org"],
            hostname="127.0.0.1",
            port=box.server.port,
        )
    assert list(refused) == ["no@EXAMPLE.org"]


async def test_options_stand_behind_the_addresses_they_are_for(serve: Serve) -> None:
    async with serve(answering("DSN")) as server:
        await send(
            letter(To="b@example.org, c@example.org"),
            hostname="127.0.0.1",
            port=server.port,
            mail_options=["RET=HDRS", "ENVID=x"],
            rcpt_options=["NOTIFY=NEVER"],
        )
    heard = [line.decode().rstrip() for line in server.sessions[0].heard]
    assert "MAIL FROM:<a@example.org> RET=HDRS ENVID=x" in heard
    assert [line for line in heard if line.startswith("RCPT")] == [
        "RCPT TO:<b@example.org> NOTIFY=NEVER",
        "RCPT TO:<c@example.org> NOTIFY=NEVER",
    ]

"""aiosmtplib's documented programs on this package: each of their `except` clauses is entered when it should be.

The programs are in aiosmtplib_programs.py. Everything goes over loopback, under STARTTLS and with a login as the
documentation has it: to aiosmtpd and npm's smtp-server where these can be brought to answer so, else to a scripted
server.
"""

from __future__ import annotations

import socket
import ssl
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from peers import smtp_server
from support.aiosmtplib_programs import (
    send_and_name_the_cause,
    send_once,
    step_by_step,
    tell_the_details,
    try_several,
)
from support.local_server import CANARY, Taking, authenticator, real_server
from support.scripted_server import HANG_UP, SILENCE, answering

from notebookmail import SMTP, SMTPRecipientsRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from conftest import Certificates
    from support.scripted_sessions import Scripted, Speaker

    Serve = Callable[[Speaker], AbstractAsyncContextManager[Scripted]]

BOTH = ("recipient@example.org", "invalid@example.org")


@pytest.fixture
def message() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "sender@example.org"
    message["To"] = "recipient@example.org"
    message["Subject"] = "Test Email"
    message.set_content("Test message")
    return message


@pytest.fixture
def context(certificates: Certificates) -> ssl.SSLContext:
    """The servers' side of TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.chain, certificates.key)
    return context


@pytest.fixture
def account(certificates: Certificates) -> dict[str, Any]:
    """How the documented programs reach their server, but for its port."""
    return {
        "hostname": "localhost",
        "start_tls": True,
        "username": "me",
        "password": CANARY,
        "timeout": 10,
        "cert_bundle": str(certificates.authority),
    }


def impatient(account: dict[str, Any]) -> dict[str, Any]:
    """For silence to be waited out: in clear, since on a busy machine a handshake may take as long."""
    return account | {"timeout": 0.5, "start_tls": None}


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nobody listens on and nobody else gets meanwhile."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


# --- one message, one clause or all of them -----------------------------------------------------------------


@pytest.mark.peer
async def test_a_message_is_sent_under_tls_with_a_login(
    message: EmailMessage, account: dict[str, Any], certificates: Certificates, tmp_path: Path
) -> None:
    pem = (certificates.chain, certificates.key)
    with smtp_server(tmp_path / "node", credentials=("me", CANARY), certificate=pem) as peer:
        happened, (refused, reply) = await send_once(message, port=peer.port, **account)
        assert (happened, refused) == ("sent", {})
        assert isinstance(reply, str)
        (arrival,) = peer.arrivals()
    assert (arrival.sender, arrival.recipients) == ("sender@example.org", ("recipient@example.org",))


@pytest.mark.peer
async def test_one_clause_catches_every_refusal(
    message: EmailMessage, account: dict[str, Any], certificates: Certificates
) -> None:
    pem = (certificates.chain, certificates.key)
    with smtp_server(refuse=BOTH, credentials=("me", CANARY), certificate=pem) as peer:
        happened, error = await send_once(message, port=peer.port, **account)
        assert (happened, type(error)) == ("refused", SMTPRecipientsRefused)
        wrong = await send_and_name_the_cause(message, port=peer.port, **account | {"password": "wrong-password"})
    assert wrong == ("authentication", 535, "5.7.8 Authentication credentials invalid")


CAUSES: list[tuple[str, dict[str, str], tuple[Any, ...]]] = [
    ("silence", {"greeting": SILENCE}, ("connect timeout",)),
    ("an unfriendly greeting", {"greeting": "554 5.3.2 no service"}, ("connect", "554 5.3.2 no service")),
    ("a drop before the greeting", {"greeting": HANG_UP}, ("connect",)),
    ("silence instead of TLS", {"starttls": SILENCE}, ("read timeout",)),
    ("a refused login", {"auth": "535 5.7.8 no"}, ("authentication", 535, "5.7.8 no")),
    ("a refused sender", {"mail": "550 5.7.1 not you"}, ("sender", 550, "5.7.1 not you", "sender@example.org")),
    ("a refused recipient", {"rcpt": "550 5.1.1 no"}, ("recipients", {"recipient@example.org": "5.1.1 no"})),
    ("a refused DATA", {"data": "451 4.3.0 later"}, ("data", 451, "4.3.0 later")),
    ("a refused content", {"content": "554 5.6.0 spam"}, ("data", 554, "5.6.0 spam")),
    ("silence after MAIL", {"mail": SILENCE}, ("read timeout",)),
    ("silence after the content", {"content": SILENCE}, ("read timeout",)),
    ("a drop after RCPT", {"rcpt": HANG_UP}, ("disconnected",)),
    ("a drop after the content", {"content": HANG_UP}, ("disconnected",)),
    ("a refused STARTTLS", {"starttls": "454 4.7.0 later"}, ("response", 454, "4.7.0 later")),
    ("refused EHLO and HELO", {"ehlo": "550 no", "helo": "550 no"}, ("response", 550, "no")),
    ("a reply that is none", {"mail": "fine"}, ("response", -1)),
]


@pytest.mark.parametrize(("replies", "expected"), [each[1:] for each in CAUSES], ids=[each[0] for each in CAUSES])
async def test_a_failure_enters_its_own_clause(
    *,
    serve: Serve,
    message: EmailMessage,
    account: dict[str, Any],
    context: ssl.SSLContext,
    replies: dict[str, str],
    expected: tuple[Any, ...],
) -> None:
    if SILENCE in replies.values() and "starttls" not in replies:
        account, tls = impatient(account), None
    else:
        account, tls = account | {"timeout": 0.5 if SILENCE in replies.values() else 10}, context
    async with serve(answering("AUTH PLAIN", tls=tls, **replies)) as server:
        happened = await send_and_name_the_cause(message, port=server.port, **account)
    assert happened[: len(expected)] == expected


async def test_a_closed_port_enters_the_clause_of_connecting(
    message: EmailMessage, account: dict[str, Any], closed_port: int
) -> None:
    happened, text = await send_and_name_the_cause(message, port=closed_port, **account)
    assert (happened, f"localhost on port {closed_port}" in text) == ("connect", True)


async def test_an_untrusted_certificate_enters_the_clause_of_connecting(
    message: EmailMessage, account: dict[str, Any], context: ssl.SSLContext
) -> None:
    async with real_server(tls_context=context) as (port, _):
        happened, text = await send_and_name_the_cause(message, port=port, **account | {"cert_bundle": None})
    assert (happened, "certificate" in text) == ("connect", True)


@pytest.mark.parametrize("lacking", ["AUTH", "STARTTLS", "SMTPUTF8"])
async def test_what_the_server_does_not_offer_enters_the_clause_of_that_name(
    serve: Serve, message: EmailMessage, account: dict[str, Any], context: ssl.SSLContext, lacking: str
) -> None:
    if lacking == "SMTPUTF8":
        message.replace_header("To", "jürgen@example.org")
    offered = [] if lacking == "AUTH" else ["AUTH PLAIN"]
    async with serve(answering(*offered, tls=None if lacking == "STARTTLS" else context)) as server:
        happened, text = await send_and_name_the_cause(message, port=server.port, **account)
    assert happened == "not supported"
    assert lacking in text or lacking == "AUTH"


@pytest.mark.parametrize(
    ("refusals", "expected"),
    [
        ({"mail": "550 5.7.1 not you"}, ("sender", 550, "5.7.1 not you", "sender@example.org")),
        ({"recipient@example.org": "550 5.1.1 no"}, ("recipients", {"recipient@example.org": "5.1.1 no"})),
        ({"data": "554 5.6.0 spam"}, ("data", 554, "5.6.0 spam")),
    ],
    ids=["sender", "recipient", "content"],
)
async def test_a_real_servers_refusal_enters_its_own_clause(
    *,
    message: EmailMessage,
    account: dict[str, Any],
    context: ssl.SSLContext,
    refusals: dict[str, str],
    expected: tuple[Any, ...],
) -> None:
    async with real_server(handler=Taking(**refusals), tls_context=context, authenticator=authenticator) as (
        port,
        _,
    ):
        assert await send_and_name_the_cause(message, port=port, **account) == expected


# --- a client, step by step ---------------------------------------------------------------------------------


STEPS: list[tuple[str, tuple[str, ...], dict[str, str], list[tuple[Any, ...]]]] = [
    ("success", ("AUTH PLAIN",), {}, [("sent", "2.0.0 queued")]),
    ("no AUTH", (), {}, [("no authentication",), ("sent", "2.0.0 queued")]),
    ("a refused login", ("AUTH PLAIN",), {"auth": "535 5.7.8 no"}, [("authentication", 535, "5.7.8 no")]),
    ("a refused sender", ("AUTH PLAIN",), {"mail": "550 no"}, [("sender", "sender@example.org", "no")]),
    ("all refused", ("AUTH PLAIN",), {"rcpt": "550 no"}, [("recipient", each, "no") for each in BOTH]),
    ("a refused content", ("AUTH PLAIN",), {"content": "554 spam"}, [("data", "spam")]),
    ("a drop", ("AUTH PLAIN",), {"content": HANG_UP}, [("disconnected",)]),
    ("a refused QUIT", ("AUTH PLAIN",), {"quit": "500 what"}, [("sent", "2.0.0 queued")]),
    ("a drop at QUIT", ("AUTH PLAIN",), {"quit": HANG_UP}, [("sent", "2.0.0 queued")]),
    ("silence at QUIT", ("AUTH PLAIN",), {"quit": SILENCE}, [("sent", "2.0.0 queued")]),
]


@pytest.mark.parametrize(("offered", "replies", "events"), [s[1:] for s in STEPS], ids=[s[0] for s in STEPS])
async def test_a_client_tells_step_by_step_what_happened_and_ends_closed(
    serve: Serve, offered: tuple[str, ...], replies: dict[str, str], events: list[tuple[Any, ...]]
) -> None:
    async with serve(answering(*offered, **replies)) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, timeout=0.5 if SILENCE in replies.values() else 10)
        assert await step_by_step(smtp, BOTH) == events
        assert not smtp.is_connected


async def test_a_recipient_refused_among_others_is_in_the_response(context: ssl.SSLContext) -> None:
    refusing = Taking(**{BOTH[1]: "550 5.1.1 no"})
    async with real_server(handler=refusing, authenticator=authenticator, auth_require_tls=False) as (
        port,
        taking,
    ):
        smtp = SMTP(hostname="127.0.0.1", port=port)
        events = await step_by_step(smtp, BOTH, password=CANARY)
    assert events == [("sent", "2.0.0 taken"), (BOTH[1], "550 5.1.1 no")]
    assert taking.envelopes[0].rcpt_tos == [BOTH[0]]


async def test_a_client_without_a_server_tells_so(closed_port: int) -> None:
    smtp = SMTP(hostname="127.0.0.1", port=closed_port)
    assert [event[0] for event in await step_by_step(smtp, BOTH)] == ["connect"]


async def test_a_client_with_a_silent_server_tells_so(serve: Serve) -> None:
    async with serve(answering(greeting=SILENCE)) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, timeout=0.1)
        assert [event[0] for event in await step_by_step(smtp, BOTH)] == ["connect timeout"]


# --- several servers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("replies", "happened"),
    [
        ({"greeting": "421 4.3.2 busy"}, "connect"),
        ({"greeting": SILENCE}, "connect"),
        ({"mail": SILENCE}, "timeout"),
        ({"mail": "451 4.3.0 later"}, "other"),
        ({"starttls": "454 4.7.0 later"}, "other"),
        ({"content": HANG_UP}, "other"),
    ],
    ids=["busy", "silent", "silent at MAIL", "refusing", "without TLS", "dropping"],
)
async def test_a_server_that_fails_is_followed_by_its_backup(
    *,
    serve: Serve,
    message: EmailMessage,
    account: dict[str, Any],
    context: ssl.SSLContext,
    replies: dict[str, str],
    happened: str,
) -> None:
    tls: ssl.SSLContext | None = context
    if SILENCE in replies.values():
        account, tls = impatient(account), None
    async with (
        serve(answering("AUTH PLAIN", tls=tls, **replies)) as first,
        real_server(tls_context=tls, authenticator=authenticator, auth_require_tls=tls is not None) as (
            backup,
            taking,
        ),
    ):
        events = await try_several(message, [first.port, backup], **account)
    assert events == [(first.port, happened), (backup, "sent")]
    assert len(taking.envelopes) == 1


async def test_an_unreachable_server_is_followed_by_its_backup(
    message: EmailMessage, account: dict[str, Any], context: ssl.SSLContext, closed_port: int
) -> None:
    async with real_server(tls_context=context, authenticator=authenticator) as (backup, _):
        events = await try_several(message, [closed_port, backup, closed_port], **account)
    assert events == [(closed_port, "connect"), (backup, "sent")]


async def test_wrong_credentials_are_tried_at_one_server_only(
    serve: Serve, message: EmailMessage, account: dict[str, Any], context: ssl.SSLContext
) -> None:
    async with (
        real_server(tls_context=context, authenticator=authenticator) as (port, _),
        serve(answering("AUTH PLAIN", tls=context)) as backup,
    ):
        events = await try_several(message, [port, backup.port], **account | {"password": "wrong-password"})
        assert backup.sessions == []
    assert events == [(port, "authentication")]


async def test_with_no_server_to_be_reached_the_loop_runs_out(
    message: EmailMessage, account: dict[str, Any], closed_port: int
) -> None:
    events = await try_several(message, [closed_port, closed_port], **account)
    assert events == [(closed_port, "connect"), (closed_port, "connect"), (0, "none took it")]


# --- what an exception knows --------------------------------------------------------------------------------


async def test_a_sender_that_is_no_address_is_the_servers_to_refuse_with_all_details(serve: Serve) -> None:
    async with serve(answering(mail="501 5.1.7 bad sender address syntax")) as server:
        kind, details = await tell_the_details("invalid-sender", BOTH, hostname="127.0.0.1", port=server.port)
        assert b"MAIL FROM:<invalid-sender>\r\n" in server.sessions[0].heard
    assert (kind, details["sender"]) == ("sender", "invalid-sender")
    assert details["args"] == (details["code"], details["message"], "invalid-sender")
    assert 500 <= details["code"] <= 599


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        (
            {"mail": "553 5.1.8 not here"},
            (
                "sender",
                {
                    "code": 553,
                    "message": "5.1.8 not here",
                    "sender": "sender@example.org",
                    "args": (553, "5.1.8 not here", "sender@example.org"),
                },
            ),
        ),
        ({"greeting": "554 no service"}, ("response", {"code": 554, "message": "no service"})),
        ({"content": "554 spam"}, ("response", {"code": 554, "message": "spam"})),
        ({}, ("sent", {})),
    ],
    ids=["sender", "greeting", "content", "success"],
)
async def test_an_exception_tells_what_the_server_said(
    serve: Serve, replies: dict[str, str], expected: tuple[str, dict[str, Any]]
) -> None:
    async with serve(answering(**replies)) as server:
        address = {"hostname": "127.0.0.1", "port": server.port}
        assert await tell_the_details("sender@example.org", BOTH, **address) == expected


async def test_an_exception_without_a_reply_has_a_message_and_its_type(serve: Serve) -> None:
    async with serve(answering(rcpt="550 5.1.1 no")) as server:
        address = {"hostname": "127.0.0.1", "port": server.port}
        kind, details = await tell_the_details("sender@example.org", BOTH, **address)
    assert (kind, details["type"]) == ("other", "SMTPRecipientsRefused")
    assert all(recipient in details["message"] for recipient in BOTH)

"""Secrets and what is private reach no log, no repr and no exception, whatever the server does with them.

Whole sessions at the DEBUG level with every mechanism, over a real socket: what was logged, every repr at hand and
the formatted traceback of what was raised are searched for the password, the token and the message's text, as they
are and in every form in which they went over the wire. What a program's own variables hold is its own business.
"""

from __future__ import annotations

import base64
import logging
import pickle
import traceback
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from support.local_server import CANARY
from support.scripted_server import answering

from notebookmail import SMTP, SMTPAuthenticationError, SMTPException, send
from notebookmail.privacy.secret import Secret
from notebookmail.smtp.options import ConnectionOptions
from notebookmail.smtp.wire import commands

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from support.scripted_sessions import Scripted, Session, Speaker

    Serve = Callable[[Speaker], AbstractAsyncContextManager[Scripted]]

BODY, HEADER = "body-canary", "header-canary"
CHALLENGE = base64.b64encode(b"<1896.697170952@test>").decode()
USER = "me"

REPLIES: dict[str, tuple[str, ...]] = {
    "PLAIN": ("235 ok",),
    "LOGIN": ("334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 ok"),
    "CRAM-MD5": (f"334 {CHALLENGE}", "235 ok"),
    "XOAUTH2": ("235 ok",),
    "OAUTHBEARER": ("235 ok",),
}
TOKENS = {"XOAUTH2", "OAUTHBEARER"}
ECHOES: dict[str, Callable[[bytes], str]] = {
    "the secret": lambda _: CANARY,
    "the secret in base64": lambda _: base64.b64encode(CANARY.encode()).decode(),
    "the line": lambda line: line.decode().strip(),
    "the response": lambda line: line.decode().split()[-1],
    "the response in quotes": lambda line: f'"{line.decode().split()[-1]}"',
    "the response decoded": lambda line: (
        base64.b64decode(line.split()[-1]).decode().replace("\0", " ").replace("\1", " ")
    ),
    "the response in a word": lambda line: f"response={line.decode().split()[-1]};",
}
"""How a careless or hostile server says what it heard."""


async def token() -> str:
    return CANARY


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", HEADER
    message.set_content(f"{BODY}\n")
    return message


def credentials(mechanism: str) -> dict[str, Any]:
    secret = {"oauth_token_generator": token} if mechanism in TOKENS else {"password": CANARY}
    return {"username": USER, **secret}


def forms(secret: str) -> set[str]:
    """A secret as it is, and within base64 at each of the three places where it can begin."""
    octets = secret.encode()
    shifted = (base64.b64encode(b"x" * shift + octets).decode() for shift in range(3))
    return {secret, *(text[4:-4] for text in shifted)}


def assert_no_canary(text: str) -> None:
    for canary in (CANARY, BODY, HEADER):
        for form in forms(canary):
            assert form not in text


def everything_about(error: BaseException) -> str:
    return "\n".join([str(error), repr(error), *traceback.format_exception(error), repr(pickle.dumps(error))])


@pytest.fixture(autouse=True)
def all_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


@pytest.mark.parametrize("mechanism", REPLIES)
async def test_a_whole_session_is_logged_without_secrets_and_content(
    serve: Serve, caplog: pytest.LogCaptureFixture, mechanism: str
) -> None:
    async with serve(answering(f"AUTH {mechanism}", "PIPELINING", auth=REPLIES[mechanism])) as server:
        async with SMTP(hostname="127.0.0.1", port=server.port, **credentials(mechanism)) as smtp:
            await smtp.send_message(letter())
            shown = repr(smtp)
        heard = b"".join(server.sessions[0].heard).decode()
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("notebookmail")]
    assert any("MAIL FROM:<a@example.org>" in line for line in logged)
    assert any("AUTH ***" in line for line in logged)
    assert any(form in heard for form in forms(CANARY)) is (mechanism != "CRAM-MD5")
    assert_no_canary(shown)
    assert_no_canary(caplog.text)


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("mechanism", REPLIES)
async def test_a_server_that_echoes_credentials_gets_them_nowhere(
    serve: Serve, caplog: pytest.LogCaptureFixture, mechanism: str, echo: str
) -> None:
    async def speak(session: Session) -> None:
        await session.greet(f"AUTH {mechanism}")
        await session.hear()
        for challenge in REPLIES[mechanism][:-1]:
            await session.say(challenge)
            await session.hear()
        await session.say(f"535 5.7.8 not known: {ECHOES[echo](session.heard[-1])}")
        await session.hear()

    async with serve(speak) as server:
        with pytest.raises(SMTPAuthenticationError) as caught:
            await send(letter(), hostname="127.0.0.1", port=server.port, **credentials(mechanism))
    assert (caught.value.code, caught.value.enhanced_code) == (535, "5.7.8")
    assert_no_canary(everything_about(caught.value))
    assert_no_canary(caplog.text)


@pytest.mark.parametrize("echo", ECHOES)
async def test_a_challenge_that_echoes_a_token_gets_it_nowhere(
    serve: Serve, caplog: pytest.LogCaptureFixture, echo: str
) -> None:
    async def speak(session: Session) -> None:
        await session.greet("AUTH XOAUTH2")
        await session.hear()
        said = ECHOES[echo](session.heard[-1])
        await session.say(f"334 {base64.b64encode(said.encode()).decode()}")
        await session.hear()
        await session.say(f"535-5.7.8 not known:\r\n535 5.7.8 {said}")
        await session.hear()

    async with serve(speak) as server:
        with pytest.raises(SMTPAuthenticationError) as caught:
            await send(letter(), hostname="127.0.0.1", port=server.port, **credentials("XOAUTH2"))
    assert_no_canary(everything_about(caught.value))
    assert_no_canary(caplog.text)


@pytest.mark.parametrize("reply", ["garbage {}", "2 {}", "999 {}", "250-{}\r\n251 mixed", "421 4.7.0 {}"])
async def test_a_malformed_reply_to_auth_gets_no_secret_anywhere(
    serve: Serve, caplog: pytest.LogCaptureFixture, reply: str
) -> None:
    async def speak(session: Session) -> None:
        await session.greet("AUTH PLAIN")
        line = await session.hear()
        await session.say(reply.format(f"{CANARY} {line}"))
        await session.hear()

    async with serve(speak) as server:
        with pytest.raises(SMTPException) as caught:
            await send(letter(), hostname="127.0.0.1", port=server.port, **credentials("PLAIN"))
    assert_no_canary(everything_about(caught.value))
    assert_no_canary(caplog.text)


@pytest.mark.parametrize("replies", [{"content": "554 5.6.0 spam"}, {"mail": "550 no"}, {"content": "hang up"}])
async def test_a_failed_transaction_tells_nothing_of_credentials_and_content(
    serve: Serve, caplog: pytest.LogCaptureFixture, replies: dict[str, str]
) -> None:
    async with serve(answering("AUTH PLAIN", **replies)) as server:
        with pytest.raises(SMTPException) as caught:
            await send(letter(), hostname="127.0.0.1", port=server.port, **credentials("PLAIN"))
    assert_no_canary(everything_about(caught.value))
    assert_no_canary(caplog.text)


@pytest.mark.parametrize("method", ["auth_plain", "login"])
async def test_credentials_that_cannot_be_sent_are_not_told(
    serve: Serve, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    async with serve(answering("AUTH PLAIN")) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        with pytest.raises(ValueError, match="NUL") as caught:
            await getattr(smtp, method)(USER, f"{CANARY}\0x")
    assert_no_canary(everything_about(caught.value))
    assert_no_canary(caplog.text)


async def test_a_refused_scram_exchange_is_not_told(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async def speak(session: Session) -> None:
        await session.greet("AUTH SCRAM-SHA-256")
        first = base64.b64decode((await session.hear()).split()[-1])
        nonce = first.rpartition(b"r=")[2].decode()
        await session.say(f"334 {base64.b64encode(f'r={nonce}x,s=c2FsdA==,i=4096'.encode()).decode()}")
        proof = await session.hear()
        await session.say(f"535 5.7.8 not known: {proof}")
        await session.hear()

    async with serve(speak) as server:
        with pytest.raises(SMTPAuthenticationError) as caught:
            await send(letter(), hostname="127.0.0.1", port=server.port, username=USER, password=CANARY)
        proof = server.sessions[0].heard[2].decode().strip()
    assert caught.value.code == 535
    assert_no_canary(everything_about(caught.value))
    assert_no_canary(caplog.text)
    assert proof not in caplog.text


def test_no_repr_shows_a_secret() -> None:
    options, response = credentials("PLAIN"), f"\0{USER}\0{CANARY}".encode()
    command = commands.auth("PLAIN", Secret(response))
    assert command.line == b"AUTH PLAIN " + base64.b64encode(response) + b"\r\n"
    for each in (SMTP(**options), ConnectionOptions(**options), command, commands.auth_response(Secret(CANARY))):
        assert_no_canary(f"{each!r} {each}")

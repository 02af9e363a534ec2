"""Logging in, against servers that say what a test wants: who is trusted, and in how many lines it is said."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from support.scripted_server import answering

from notebookmail import SMTP, SMTPAuthenticationError, SMTPNotSupported

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from support.scripted_sessions import Scripted, Session, Speaker

    Serve = Callable[[Speaker], AbstractAsyncContextManager[Scripted]]


def heard(server: Scripted) -> list[str]:
    return [line.decode().rstrip() for session in server.sessions for line in session.heard]


async def test_a_server_that_lets_us_in_without_its_proof_gets_no_password(serve: Serve) -> None:
    async with serve(answering("AUTH SCRAM-SHA-256 PLAIN LOGIN", auth="235 2.7.0 welcome")) as server:
        client = SMTP(hostname="127.0.0.1", port=server.port)
        await client.connect()
        with pytest.raises(SMTPAuthenticationError, match="not trusted") as caught:
            await client.login("me", "canary")
        assert (caught.value.code, caught.value.phase) == (-1, "auth")
        assert not client.is_connected
    assert [line.split()[1] for line in heard(server) if line.startswith("AUTH")] == ["SCRAM-SHA-256"]


@pytest.mark.parametrize(("letters", "lines"), [(100, 1), (2000, 2)])
async def test_a_long_token_follows_in_a_line_of_its_own(serve: Serve, letters: int, lines: int) -> None:
    """RFC 4954 4: AUTH itself keeps to the length of a command line."""
    token = "t" * letters

    async def speak(session: Session) -> None:
        await session.greet("AUTH XOAUTH2")
        if await session.hear() == "AUTH XOAUTH2":
            await session.say("334 ")
            await session.hear()
        await session.say("235 2.7.0 welcome")
        await session.hear()
        await session.say("221 bye")

    async with serve(speak) as server, SMTP(hostname="127.0.0.1", port=server.port) as client:
        reply = await client.auth_xoauth2("me", token)
    assert reply.code == 235
    said = heard(server)[1:-1]
    assert len(said) == lines
    assert token.encode() in base64.b64decode(said[-1].split()[-1])


@pytest.mark.parametrize(
    ("offer", "chosen"),
    [("AUTH XOAUTH2 OAUTHBEARER", "XOAUTH2"), ("AUTH OAUTHBEARER PLAIN", "OAUTHBEARER"), ("AUTH PLAIN", None)],
)
async def test_a_token_goes_only_by_a_mechanism_that_is_offered(
    serve: Serve, offer: str, chosen: str | None
) -> None:
    async def token() -> str:
        return "a-token"

    async with serve(answering(offer)) as server:
        client = SMTP(hostname="127.0.0.1", port=server.port, username="me", oauth_token_generator=token)
        if chosen is None:
            with pytest.raises(SMTPNotSupported, match="token"):
                await client.connect()
        else:
            async with client:
                pass
    assert [line.split()[1] for line in heard(server) if line.startswith("AUTH")] == ([chosen] if chosen else [])

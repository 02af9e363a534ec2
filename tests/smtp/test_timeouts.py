"""A server that falls silent, or speaks without ever coming to an end: every command keeps to its own timeout.

Every command is asked at once, each of a server of its own, with a short `timeout=` on a client whose own is long.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from typing import TYPE_CHECKING

import pytest
from support.faulty_server import FaultySession, Offer, faulty, until

from notebookmail import SMTP, SMTPConnectTimeoutError, SMTPException, SMTPReadTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SECONDS = 0.9
SLACK = 3.0
CONTENT = b"Subject: x\r\n\r\nhello\r\n"


async def by_hand(smtp: SMTP, steps: int) -> None:
    """MAIL, RCPT and content by hand, the last of so many with a short timeout."""
    works: list[Callable[[float], Awaitable[object]]] = [
        lambda seconds: smtp.mail("a@example.org", timeout=seconds),
        lambda seconds: smtp.rcpt("b@example.org", timeout=seconds),
        lambda seconds: smtp.data(CONTENT, timeout=seconds),
    ]
    for work in works[: steps - 1]:
        await work(30)
    await works[steps - 1](SECONDS)


async def mailed(smtp: SMTP) -> None:
    await smtp.sendmail("a@example.org", ["b@example.org", "c@example.org"], CONTENT, timeout=SECONDS)


# What is asked, where the server falls silent, and the phase.
WORKS: list[tuple[Callable[[SMTP], Awaitable[object]], str, str | None]] = [
    (lambda smtp: smtp.ehlo(timeout=SECONDS), "EHLO", "connect"),
    (lambda smtp: smtp.helo(timeout=SECONDS), "HELO", "connect"),
    (lambda smtp: smtp.noop(timeout=SECONDS), "EHLO", "connect"),
    (lambda smtp: smtp.noop(timeout=SECONDS), "NOOP", None),
    (lambda smtp: smtp.rset(timeout=SECONDS), "RSET", None),
    (lambda smtp: smtp.vrfy("b", timeout=SECONDS), "VRFY", None),
    (lambda smtp: smtp.expn("b", timeout=SECONDS), "EXPN", None),
    (lambda smtp: smtp.help(timeout=SECONDS), "HELP", None),
    (lambda smtp: smtp.execute_command(b"XYZ", timeout=SECONDS), "XYZ", None),
    (lambda smtp: smtp.starttls(timeout=SECONDS), "STARTTLS", "tls"),
    (lambda smtp: smtp.login("me", "pw", timeout=SECONDS), "AUTH 1", "auth"),
    (lambda smtp: smtp.login("me", "pw", timeout=SECONDS), "AUTH 2", "auth"),
    (lambda smtp: smtp.auth_login("me", "pw", timeout=SECONDS), "AUTH 3", "auth"),
    (lambda smtp: smtp.auth_plain("me", "pw", timeout=SECONDS), "AUTH 1", "auth"),
    (lambda smtp: smtp.quit(timeout=SECONDS), "QUIT", "quit"),
    (lambda smtp: by_hand(smtp, 1), "MAIL", "mail"),
    (lambda smtp: by_hand(smtp, 2), "RCPT", "rcpt"),
    (lambda smtp: by_hand(smtp, 3), "DATA", "data"),
    (lambda smtp: by_hand(smtp, 3), ".", "end_of_data"),
    (mailed, "MAIL", "mail"),
    (mailed, "RCPT 1", "rcpt"),
    (mailed, "RCPT 2", "rcpt"),
    (mailed, "DATA", "data"),
    (mailed, ".", "end_of_data"),
]


@pytest.mark.parametrize("extensions", [(), ("PIPELINING",)])
async def test_every_command_keeps_to_its_own_timeout_when_the_server_falls_silent(
    extensions: tuple[str, ...],
) -> None:
    clock = asyncio.get_running_loop().time

    async def ask(work: Callable[[SMTP], Awaitable[object]], silent_at: str) -> tuple[SMTPException, float, bool]:
        offer = Offer(extensions=("AUTH LOGIN", "STARTTLS", *extensions), silent_at=(silent_at,))
        async with faulty(offer) as server:
            smtp = SMTP(hostname="127.0.0.1", port=server.port, timeout=30, start_tls=False)
            await smtp.connect()
            begun = clock()
            with pytest.raises(SMTPReadTimeoutError) as caught:
                await work(smtp)
            return caught.value, clock() - begun, smtp.is_connected

    answers = await asyncio.gather(*(ask(work, silent_at) for work, silent_at, _ in WORKS))
    told = [(error.phase, error.unconfirmed, is_connected) for error, _, is_connected in answers]
    assert told == [(phase, phase == "end_of_data", False) for _, _, phase in WORKS]
    assert all(SECONDS * 0.9 <= seconds <= SECONDS + SLACK for _, seconds, _ in answers)


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf])
async def test_what_is_no_number_of_seconds_is_refused_before_a_word_is_said(seconds: float) -> None:
    async with faulty(Offer()) as server:
        async with SMTP(hostname="127.0.0.1", port=server.port, timeout=20, start_tls=False) as smtp:
            with pytest.raises(ValueError, match="number of seconds"):
                await smtp.sendmail("a@example.org", ["b@example.org"], CONTENT, timeout=seconds)
            smtp.timeout = seconds
            with pytest.raises(ValueError, match="number of seconds"):
                await smtp.noop()
            smtp.timeout = 20
        assert server.sessions[0].lines == ["QUIT"]


async def test_an_answer_within_the_timeout_is_waited_for() -> None:
    async with faulty(Offer(silent_at=("NOOP",))) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, timeout=0.05, start_tls=False)
        await smtp.connect(timeout=5)
        asking = asyncio.ensure_future(smtp.execute_command(b"NOOP", timeout=None))
        await until(lambda: server.sessions[0].lines == ["NOOP"])
        await asyncio.sleep(0.1)
        server.sessions[0].say(b"250 at last\r\n")
        assert (await asking).message == "at last"
        smtp.close()


async def trickle(session: FaultySession) -> None:
    """Speak a byte at a time, in lines of a reply that never ends."""
    for octet in itertools.cycle(b"250-x\r\n"):
        session.say(bytes([octet]))
        await asyncio.sleep(SECONDS / 8)


@pytest.mark.parametrize("silent_at", ["", "NOOP"])
async def test_a_reply_that_trickles_in_without_end_is_not_waited_for_longer_than_the_timeout(
    silent_at: str,
) -> None:
    async with faulty(Offer(silent_at=(silent_at,))) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, timeout=SECONDS, start_tls=False)

        async def ask() -> None:
            await smtp.connect()
            await smtp.execute_command(b"NOOP")

        asking = asyncio.ensure_future(ask())
        await until(lambda: bool(server.sessions) and (silent_at == "" or server.sessions[0].lines == ["NOOP"]))
        await until(lambda: server.sessions[0].is_made)
        speaking = asyncio.ensure_future(trickle(server.sessions[0]))
        try:
            with pytest.raises(SMTPReadTimeoutError if silent_at else SMTPConnectTimeoutError):
                await asyncio.wait_for(asking, SECONDS + SLACK)
        finally:
            speaking.cancel()
            smtp.close()


async def test_replies_of_a_group_that_come_one_by_one_are_each_given_the_timeout() -> None:
    offer = Offer(extensions=("PIPELINING",), silent_at=("MAIL", "RCPT", "DATA"))
    async with faulty(offer) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, timeout=SECONDS, start_tls=False)
        await smtp.connect()
        sending = asyncio.ensure_future(smtp.sendmail("a@example.org", ["b@example.org"], CONTENT))
        await until(lambda: "DATA" in server.sessions[0].lines)
        for words in (b"250 m\r\n", b"250 r\r\n", b"550 5.7.1 no\r\n"):
            await asyncio.sleep(SECONDS * 0.6)
            server.sessions[0].say(words)
        with pytest.raises(SMTPException, match="no"):
            await sending
        smtp.close()


@pytest.mark.parametrize("challenge", [b"334 \r\n", b"334 VXNlcm5hbWU6\r\n", b"334 !\r\n"])
async def test_a_server_that_never_stops_challenging_is_given_up(challenge: bytes) -> None:
    offer = Offer(extensions=("AUTH LOGIN CRAM-MD5",), answers={"AUTH": challenge, "*": challenge})
    async with faulty(offer) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, timeout=SECONDS, start_tls=False)
        await smtp.connect()
        try:
            async with asyncio.timeout(SECONDS + SLACK):
                with pytest.raises(SMTPException) as caught:
                    await smtp.login("me", "pw")
        finally:
            smtp.close()
        assert caught.value.phase == "auth"

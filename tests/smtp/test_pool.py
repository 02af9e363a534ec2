"""The pool: bounded connections, reuse, and every message answered exactly once."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import pytest

from notebookmail import Sandbox, SMTPConnectError, SMTPException, SMTPServerDisconnected
from notebookmail.mail import Envelope, Mail
from notebookmail.smtp.pool import Pool, PoolLimits, share, wants_lane

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from conftest import Scripted, Session, Speaker

    Serve = Callable[[Speaker], AbstractAsyncContextManager[Scripted]]


def letter(number: int) -> Mail:
    return Mail(
        Envelope("a@example.org", (f"b{number}@example.org",)), (b"Subject: %d\r\n\r\nhello\r\n" % number,)
    )


async def pipelining(session: Session) -> None:
    """A server that takes everything, and counts how many messages its session carried."""
    await session.greet("PIPELINING")
    while line := await session.hear():
        if line == "DATA":
            await session.say("354 go")
            await session.content()
        await session.say("221 bye" if line == "QUIT" else "250 ok")


async def test_every_message_arrives_once_over_a_bounded_number_of_connections() -> None:
    async with Sandbox() as box:
        pool = Pool(box.server.options(), PoolLimits(connections=3))
        await pool.open()
        await asyncio.gather(*(pool.deliver(letter(number)) for number in range(100)))
        assert pool.connections == 3
        await pool.close()
        assert sorted(int(each["Subject"]) for each in box.messages) == list(range(100))


async def test_pipelined_messages_arrive_once_each(serve: Serve) -> None:
    async with serve(pipelining) as server:
        pool = Pool(server.options(), PoolLimits(connections=2))
        await asyncio.gather(*(pool.deliver(letter(number)) for number in range(50)))
        await pool.close()
    heard = b"".join(b"".join(session.heard) for session in server.sessions)
    assert all(heard.count(b"Subject: %d\r\n" % number) == 1 for number in range(50))
    assert len(server.sessions) == 2


async def test_a_connection_is_replaced_when_it_has_carried_its_share(serve: Serve) -> None:
    async with serve(pipelining) as server:
        pool = Pool(server.options(), PoolLimits(connections=1, messages_per_connection=4))
        await asyncio.gather(*(pool.deliver(letter(number)) for number in range(10)))
        await pool.close()
    heard = [b"".join(session.heard) for session in server.sessions]
    assert [each.count(b"Subject") for each in heard] == [4, 4, 2]
    assert [each.count(b"MAIL") for each in heard] == [4, 4, 2]  # nothing is opened on a connection that goes


@pytest.mark.parametrize("greeting", [True, False])
async def test_a_server_that_takes_few_connections_is_served_over_those(serve: Serve, greeting: bool) -> None:
    async def speak(session: Session) -> None:
        if len(server.sessions) <= 2:
            await pipelining(session)
        elif greeting:
            await session.say("421 4.7.0 too many connections")
        else:
            await session.say("220 welcome")
            await session.hear()
            await session.say("421 4.7.0 too many connections")

    async with serve(speak) as server:
        pool = Pool(server.options(), PoolLimits(connections=8))
        await asyncio.gather(*(pool.deliver(letter(number)) for number in range(60)))
        assert pool.connections == 2
        await pool.close()
    heard = b"".join(b"".join(session.heard) for session in server.sessions)
    assert all(heard.count(b"Subject: %d\r\n" % number) == 1 for number in range(60))


async def test_an_idle_connection_is_said_goodbye_to(serve: Serve) -> None:
    async with serve(pipelining) as server:
        pool = Pool(server.options(), PoolLimits(connections=1))
        await pool.deliver(letter(1))
        await pool.close()
        await asyncio.sleep(0)
    assert b"QUIT\r\n" in server.sessions[0].heard


async def test_a_dropped_connection_costs_only_its_own_messages(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        if len(server.sessions) == 1:
            await session.greet("PIPELINING")
            await session.open_transaction()
            await session.content()
            session.writer.transport.abort()
        else:
            await pipelining(session)

    async with serve(speak) as server:
        pool = Pool(server.options(), PoolLimits(connections=1))
        outcomes = await asyncio.gather(*(pool.deliver(letter(n)) for n in range(5)), return_exceptions=True)
        await pool.close()
    assert isinstance(outcomes[0], SMTPServerDisconnected)
    assert outcomes[0].unconfirmed
    assert [isinstance(outcome, BaseException) for outcome in outcomes] == [True, False, False, False, False]


async def test_closing_ends_every_delivery_and_tells_what_may_have_arrived(serve: Serve) -> None:
    reached = asyncio.Event()

    async def speak(session: Session) -> None:
        await session.greet("PIPELINING")
        await session.open_transaction()
        await session.content()
        reached.set()
        await session.reader.read()

    async with serve(speak) as server:
        pool = Pool(server.options(), PoolLimits(connections=1))
        waiting = [asyncio.create_task(pool.deliver(letter(number))) for number in range(3)]
        await reached.wait()
        await pool.close()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        with pytest.raises(SMTPServerDisconnected, match="closed"):
            await pool.deliver(letter(9))
    assert [isinstance(each, SMTPException) and each.unconfirmed for each in outcomes] == [True, False, False]


async def test_an_unreachable_server_is_told_to_each_message(serve: Serve) -> None:
    async with serve(pipelining) as server:
        options = server.options()
    pool = Pool(options, PoolLimits(connections=2))
    with pytest.raises(SMTPConnectError):
        await pool.open()
    outcomes = await asyncio.gather(*(pool.deliver(letter(n)) for n in range(4)), return_exceptions=True)
    assert all(isinstance(outcome, SMTPConnectError) for outcome in outcomes)
    await pool.close()


async def test_a_message_taken_back_while_it_waits_is_not_sent(serve: Serve) -> None:
    going = asyncio.Event()

    async def speak(session: Session) -> None:
        await session.greet()
        await session.hear()
        going.set()
        await asyncio.sleep(0)
        await session.reader.read()

    async with serve(speak) as server:
        pool = Pool(server.options(), PoolLimits(connections=1))
        first = asyncio.create_task(pool.deliver(letter(1)))
        second = asyncio.create_task(pool.deliver(letter(2)))
        await going.wait()
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        await pool.close()
        with pytest.raises(SMTPServerDisconnected):
            await first
    assert not any(b"b2@" in line for session in server.sessions for line in session.heard)


@pytest.mark.parametrize(
    ("waiting", "idle", "lanes", "wanted"), [(1, 0, 0, True), (1, 1, 1, False), (2, 1, 1, True), (9, 0, 2, False)]
)
def test_a_lane_is_opened_only_for_messages_nobody_is_free_for(
    waiting: int, idle: int, lanes: int, wanted: bool
) -> None:
    assert wants_lane(waiting, idle, lanes, PoolLimits(connections=2)) is wanted


def test_without_a_limit_no_connection_is_ever_spent() -> None:
    assert share(PoolLimits(), {}) == math.inf
    assert share(PoolLimits(messages_per_connection=5), {}) == 5
    assert share(PoolLimits(messages_per_connection=5), {"mailmax": 3}) == 3
    assert share(PoolLimits(), {"mailmax": 3, "rcptmax": 1}) == 3

"""The pool: bounded connections, reuse, and every message answered exactly once."""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import TYPE_CHECKING

import pytest
from support.queued_source import Queued, Waiting

from notebookmail import (
    Sandbox,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPDataError,
    SMTPException,
    SMTPServerDisconnected,
)
from notebookmail.mail.message import Envelope, Mail
from notebookmail.smtp.options import ConnectionOptions
from notebookmail.smtp.pool.jobs import PoolLimits, Route
from notebookmail.smtp.pool.pool import is_hopeless
from notebookmail.smtp.pool.worker import messages_left

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from support.scripted_sessions import Scripted, Session, Speaker

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
    async with Sandbox() as box, Queued.to(box.server.options(), connections=3) as queue:
        await asyncio.gather(*(queue.deliver(letter(number)) for number in range(100)))
        assert queue.pool.connections == 3
        assert sorted(int(each["Subject"]) for each in box.messages) == list(range(100))


async def test_pipelined_messages_arrive_once_each(serve: Serve) -> None:
    async with serve(pipelining) as server, Queued.to(server.options(), connections=2) as queue:
        await asyncio.gather(*(queue.deliver(letter(number)) for number in range(50)))
    heard = b"".join(b"".join(session.heard) for session in server.sessions)
    assert all(heard.count(b"Subject: %d\r\n" % number) == 1 for number in range(50))
    assert len(server.sessions) == 2


async def test_one_message_needs_one_connection(serve: Serve) -> None:
    async with serve(pipelining) as server, Queued.to(server.options(), connections=8) as queue:
        await queue.deliver(letter(1))
    assert len(server.sessions) == 1


async def test_connections_become_more_with_success_only(serve: Serve) -> None:
    async with serve(pipelining) as server, Queued.to(server.options(), connections=5) as queue:
        first = [asyncio.create_task(queue.deliver(letter(number))) for number in range(40)]
        most_at_first = len(queue.pool._serving)
        await asyncio.gather(*first)
        assert most_at_first <= 2
        assert len(server.sessions) == 5


async def test_a_connection_is_replaced_when_it_has_carried_its_share(serve: Serve) -> None:
    async with (
        serve(pipelining) as server,
        Queued.to(server.options(), connections=1, messages_per_connection=4) as queue,
    ):
        await asyncio.gather(*(queue.deliver(letter(number)) for number in range(10)))
    heard = [b"".join(session.heard) for session in server.sessions]
    assert [each.count(b"Subject") for each in heard] == [4, 4, 2]
    assert [each.count(b"MAIL") for each in heard] == [4, 4, 2]  # nothing is opened on a connection that goes


async def test_a_connection_is_replaced_when_the_source_asks_for_it(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await session.greet()
        carried = 0
        while line := await session.hear():
            carried += line.startswith("MAIL")
            if line == "DATA":
                await session.say("354 go")
                await session.content()
            refuses = line.startswith("RCPT") and carried > 2
            await session.say(
                "221 bye" if line == "QUIT" else "452 4.5.3 too many messages" if refuses else "250 ok"
            )

    async with serve(speak) as server, Queued.to(server.options(), connections=1) as queue:
        queue.renew = True
        outcomes = await asyncio.gather(
            *(queue.deliver(letter(number)) for number in range(6)), return_exceptions=True
        )
    assert [isinstance(each, Exception) for each in outcomes] == [False, False, True, False, False, True]
    assert len(server.sessions) == 2


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

    async with serve(speak) as server, Queued.to(server.options(), connections=8) as queue:
        await asyncio.gather(*(queue.deliver(letter(number)) for number in range(60)))
        assert queue.pool.connections == 2
    heard = b"".join(b"".join(session.heard) for session in server.sessions)
    assert all(heard.count(b"Subject: %d\r\n" % number) == 1 for number in range(60))
    assert len(server.sessions) <= 4  # two at most were on their way when it said no, and it was not asked again


async def test_an_idle_connection_is_said_goodbye_to(serve: Serve) -> None:
    async with serve(pipelining) as server:
        async with Queued.to(server.options(), connections=1) as queue:
            await queue.deliver(letter(1))
        await asyncio.sleep(0)
    assert b"QUIT\r\n" in server.sessions[0].heard


async def test_a_pool_that_was_only_opened_says_goodbye(serve: Serve) -> None:
    async with serve(pipelining) as server:
        queue = Queued.to(server.options())
        await queue.pool.open()
        assert queue.pool.connections == 1
        await queue.pool.close()
        assert queue.pool.connections == 0
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

    async with serve(speak) as server, Queued.to(server.options(), connections=1) as queue:
        outcomes = await asyncio.gather(*(queue.deliver(letter(n)) for n in range(5)), return_exceptions=True)
    assert isinstance(outcomes[0], SMTPServerDisconnected)
    assert outcomes[0].unconfirmed
    assert [isinstance(outcome, BaseException) for outcome in outcomes] == [True, False, False, False, False]
    assert queue.given_back == 1  # the one that was opened behind the lost one


async def test_closing_ends_every_message_on_its_way_and_tells_what_may_have_arrived(serve: Serve) -> None:
    reached = asyncio.Event()

    async def speak(session: Session) -> None:
        await session.greet("PIPELINING")
        await session.open_transaction()
        await session.content()
        reached.set()
        await session.reader.read()

    async with serve(speak) as server:
        queue = Queued.to(server.options(), connections=1)
        async with queue:
            sending = [asyncio.create_task(queue.deliver(letter(number))) for number in range(3)]
            await reached.wait()
        with pytest.raises(SMTPServerDisconnected) as lost:
            await sending[0]
        assert lost.value.unconfirmed
        assert (queue.given_back, len(queue.waiters)) == (1, 2)
        for each in sending[1:]:
            each.cancel()


async def test_hurrying_gives_up_only_what_has_not_gone_out(serve: Serve) -> None:
    reached = [asyncio.Event(), asyncio.Event()]
    let_go = asyncio.Event()

    async def speak(session: Session) -> None:
        await session.greet()
        if server.sessions.index(session) == 0:
            for reply in ("250 m", "250 r", "354 go"):
                await session.hear()
                await session.say(reply)
            await session.content()
            reached[0].set()
            await let_go.wait()
            await session.say("250 ok")
        else:
            await session.hear()
            reached[1].set()
        await session.reader.read()

    async with serve(speak) as server, Queued.to(server.options(), connections=2) as queue:
        sending = [asyncio.create_task(queue.deliver(letter(number))) for number in range(2)]
        await asyncio.gather(*(each.wait() for each in reached))
        queue.pool.hurry()
        let_go.set()
        outcomes = await asyncio.gather(*sending, return_exceptions=True)
    kinds = sorted(type(each).__name__ for each in outcomes)
    assert kinds == ["Receipt", "SMTPServerDisconnected"]
    assert not any(isinstance(each, SMTPException) and each.unconfirmed for each in outcomes)


async def test_an_unreachable_server_is_told_at_the_opening(serve: Serve) -> None:
    async with serve(pipelining) as server:
        options = server.options()
    queue = Queued.to(options)
    with pytest.raises(SMTPConnectError):
        await queue.pool.open()
    await queue.pool.close()


async def test_a_server_that_goes_away_for_good_is_told_once(serve: Serve) -> None:
    async with serve(pipelining) as server:
        queue = Queued.to(server.options(), connections=1)
        await queue.pool.open()
    queue.pool.start(queue)
    with pytest.raises(SMTPConnectError):
        await asyncio.wait_for(queue.deliver(letter(1)), 20)
    assert isinstance(queue.lost, SMTPConnectError)
    await queue.pool.close()


async def test_the_next_server_takes_over_where_one_cannot_be_reached(serve: Serve) -> None:
    async with serve(pipelining) as gone:
        dead = gone.options()
    async with serve(pipelining) as server:
        queue = Queued(Route(dead, PoolLimits()), Route(server.options(), PoolLimits()))
        async with queue:
            await asyncio.gather(*(queue.deliver(letter(number)) for number in range(5)))
            assert queue.pool.endpoint == server.options().endpoint
    assert sum(line.startswith(b"MAIL") for session in server.sessions for line in session.heard) == 5


async def test_the_next_server_takes_over_in_the_middle_of_a_run(serve: Serve) -> None:
    async with serve(pipelining) as backup:
        async with serve(pipelining) as primary:
            queue = Queued(Route(primary.options(), PoolLimits(1)), Route(backup.options(), PoolLimits(1)))
            await queue.pool.open()
            queue.pool.start(queue)
            await queue.deliver(letter(1))
        await asyncio.wait_for(queue.deliver(letter(2)), 20)
        await queue.pool.close()
    assert [len(server.sessions) for server in (primary, backup)] == [1, 1]


async def refusing_login(session: Session) -> None:
    await session.greet("AUTH PLAIN")
    while line := await session.hear():
        await session.say("535 5.7.8 no" if line.startswith("AUTH") else "250 ok")


async def test_a_refused_login_is_not_tried_at_the_next_server(serve: Serve) -> None:
    async with serve(refusing_login) as server, serve(refusing_login) as other:
        routes = [
            Route(
                ConnectionOptions(hostname="127.0.0.1", port=each.port, username="me", password="x"), PoolLimits()
            )
            for each in (server, other)
        ]
        queue = Queued(*routes)
        with pytest.raises(SMTPAuthenticationError):
            await queue.pool.open()
        await queue.pool.close()
    assert (len(server.sessions), len(other.sessions)) == (1, 0)


async def test_a_login_refused_in_the_middle_ends_it_after_one_more_try(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await session.greet("AUTH PLAIN")
        is_first = server.sessions.index(session) == 0
        while line := await session.hear():
            if line == "DATA":
                await session.say("354 go")
                await session.content()
            refuses = line.startswith("AUTH") and not is_first
            await session.say("535 5.7.8 no" if refuses else "235 ok" if line.startswith("AUTH") else "250 ok")

    async with serve(speak) as server:
        options = ConnectionOptions(hostname="127.0.0.1", port=server.port, username="me", password="x")
        async with Queued.to(options, connections=1, messages_per_connection=2) as queue:
            outcomes = await asyncio.gather(*(queue.deliver(letter(n)) for n in range(9)), return_exceptions=True)
    assert sum(isinstance(each, SMTPAuthenticationError) for each in outcomes) == 7
    assert len(server.sessions) == 2


def test_what_every_connection_would_meet_is_hopeless() -> None:
    lost = SMTPServerDisconnected("gone")
    refused = SMTPConnectError("TLS failed")
    refused.phase = "tls"
    assert is_hopeless(SMTPAuthenticationError(535, "no"))
    assert is_hopeless(refused)
    assert is_hopeless(ZeroDivisionError())
    assert not is_hopeless(lost)
    assert not is_hopeless(SMTPConnectError("refused"))
    assert not is_hopeless(SMTPDataError(421, "busy"))


# --- the gate before the end of data ------------------------------------------------------------------------


@pytest.mark.parametrize("offers", [(), ("PIPELINING",), ("CHUNKING",), ("PIPELINING", "CHUNKING")])
async def test_no_end_of_data_goes_out_before_it_may(serve: Serve, offers: tuple[str, ...]) -> None:
    asked = asyncio.Event()
    goes: list[Callable[[Exception | None], None]] = []

    async def speak(session: Session) -> None:
        await session.greet(*offers)
        while line := await session.hear():
            if line == "DATA":
                await session.say("354 go")
                await session.content()
            if line.startswith("BDAT"):
                await session.reader.readexactly(int(line.split()[1]))
                session.heard.append(b"chunk\r\n")
            await session.say("221 bye" if line == "QUIT" else "250 ok")

    def may_go(_job: Waiting, go: Callable[[Exception | None], None]) -> bool:
        goes.append(go)
        asked.set()
        return False

    async with serve(speak) as server, Queued.to(server.options(), connections=1) as queue:
        queue.may_go = may_go
        sending = asyncio.create_task(queue.deliver(letter(1)))
        await asked.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        heard = b"".join(server.sessions[0].heard)
        assert b"Subject" not in heard
        assert b"chunk" not in heard
        assert not sending.done()
        goes.pop()(None)
        assert (await sending).reply.code == 250


@pytest.mark.parametrize("offers", [(), ("PIPELINING",), ("PIPELINING", "CHUNKING")])
async def test_what_forbids_the_end_of_data_closes_the_connection_without_it(
    serve: Serve, offers: tuple[str, ...]
) -> None:
    async def speak(session: Session) -> None:
        await session.greet(*offers)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := await session.hear():
                await session.say("354 go" if line == "DATA" else "250 ok")

    def may_go(_job: Waiting, go: Callable[[Exception | None], None]) -> bool:
        asyncio.get_running_loop().call_soon(go, OSError("no room left"))
        return False

    async with serve(speak) as server, Queued.to(server.options(), connections=1) as queue:
        queue.may_go = may_go
        with pytest.raises(OSError, match="no room left"):
            await queue.deliver(letter(1))
        assert queue.pool.connections == 0
    assert not any(b"hello" in line for session in server.sessions for line in session.heard)


async def test_a_gate_that_opens_after_its_message_was_lost_opens_nothing_else(serve: Serve) -> None:
    goes: list[Callable[[Exception | None], None]] = []
    is_asked_again = asyncio.Event()

    async def speak(session: Session) -> None:
        await session.greet("PIPELINING")
        await session.open_transaction()
        if server.sessions.index(session) == 0:
            session.writer.transport.abort()
            return
        await session.reader.read()

    def may_go(_job: Waiting, go: Callable[[Exception | None], None]) -> bool:
        goes.append(go)
        if len(goes) > 1:
            is_asked_again.set()
        return False

    async with serve(speak) as server, Queued.to(server.options(), connections=1) as queue:
        queue.may_go = may_go
        with pytest.raises(SMTPServerDisconnected) as lost:
            await queue.deliver(letter(1))
        assert not lost.value.unconfirmed
        second = asyncio.create_task(queue.deliver(letter(2)))
        await is_asked_again.wait()
        goes[0](None)
        await asyncio.sleep(0)
        assert not any(b"hello" in line for session in server.sessions for line in session.heard)
        second.cancel()


def test_without_a_limit_no_connection_is_ever_spent() -> None:
    assert messages_left(PoolLimits(), {}) == math.inf
    assert messages_left(PoolLimits(messages_per_connection=5), {}) == 5
    assert messages_left(PoolLimits(messages_per_connection=5), {"mailmax": 3}) == 3
    assert messages_left(PoolLimits(), {"mailmax": 3, "rcptmax": 1}) == 3

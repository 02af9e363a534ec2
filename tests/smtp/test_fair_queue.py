"""Tasks that share a client: whose transaction is opened behind whose content, and what a cancellation leaves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from notebookmail import SMTP, SMTPServerDisconnected

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from support.scripted_sessions import Scripted, Session, Speaker

    Serve = Callable[[Speaker], AbstractAsyncContextManager[Scripted]]


def message(number: int) -> tuple[str, str, str]:
    return "a@example.org", f"b{number}@example.org", f"Subject: {number}\n\nhello\n"


async def take_three_before_answering(session: Session) -> None:
    """Answer the end of data only after the next message's MAIL, RCPT and DATA have come."""
    await session.greet("PIPELINING")
    for number in range(3):
        if number == 0:
            await session.open_transaction()
        await session.content()
        if number < 2:
            for _ in range(3):
                await session.hear()
            await session.say("250 2.0.0 ok", "250 m", "250 r", "354 go")
        else:
            await session.say("250 2.0.0 ok")
    assert await session.hear() == "QUIT"
    await session.say("221 bye")


async def test_the_next_ones_transaction_is_opened_behind_the_content(serve: Serve) -> None:
    async with (
        serve(take_three_before_answering) as server,
        SMTP(hostname="127.0.0.1", port=server.port) as client,
    ):
        replies = await asyncio.gather(*(client.sendmail(*message(number), timeout=5) for number in range(3)))
    assert [text for _, text in replies] == ["2.0.0 ok"] * 3
    heard = b"".join(server.sessions[0].heard)
    order = [heard.index(f"RCPT TO:<b{number}@".encode()) for number in range(3)]
    assert order == sorted(order)


async def test_a_command_in_between_is_waited_for(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await session.greet("PIPELINING")
        for _ in range(2):
            await session.open_transaction()
            await session.content()
            await session.say("250 2.0.0 ok")
            if len(session.heard) < 8:
                assert await session.hear() == "NOOP"
                await session.say("250 2.0.0 still here")
        await session.hear()
        await session.say("221 bye")

    async with serve(speak) as server, SMTP(hostname="127.0.0.1", port=server.port, timeout=5) as client:
        first, reply, second = await asyncio.gather(
            client.sendmail(*message(1)), client.noop(), client.sendmail(*message(2))
        )
    assert (first[1], str(reply), second[1]) == ("2.0.0 ok", "250 2.0.0 still here", "2.0.0 ok")


async def test_a_message_that_cannot_be_made_does_not_disturb_the_one_before(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await session.greet("PIPELINING")
        for _ in range(2):
            await session.open_transaction()
            await session.content()
            await session.say("250 2.0.0 ok")
        await session.hear()
        await session.say("221 bye")

    async with serve(speak) as server, SMTP(hostname="127.0.0.1", port=server.port, timeout=5) as client:
        first, wrong, second = await asyncio.gather(
            client.sendmail(*message(1)),
            client.sendmail("a@example.org", "b@example.org", "Subject: x", mail_options=["SIZE=1\nRSET"]),
            client.sendmail(*message(2)),
            return_exceptions=True,
        )
    assert isinstance(wrong, ValueError)
    assert (first, second) == (({}, "2.0.0 ok"), ({}, "2.0.0 ok"))


@pytest.mark.parametrize("number_waiting", [0, 1])
async def test_cancelling_a_message_that_was_begun_delivers_nothing_and_closes(
    serve: Serve, number_waiting: int
) -> None:
    is_begun = asyncio.Event()
    may_answer = asyncio.Event()

    async def speak(session: Session) -> None:
        await session.greet("PIPELINING")
        await session.open_transaction()
        await session.content()
        for _ in range(3):
            await session.hear()
        is_begun.set()
        await may_answer.wait()
        await session.say("250 2.0.0 ok", "250 m", "250 r", "354 go")
        session.heard.append(await session.reader.read())

    async with serve(speak) as server:
        client = SMTP(hostname="127.0.0.1", port=server.port, timeout=5)
        await client.connect()
        first, begun, *waiting = (
            asyncio.create_task(client.sendmail(*message(number))) for number in range(2 + number_waiting)
        )
        await is_begun.wait()
        begun.cancel()
        may_answer.set()
        assert await first == ({}, "2.0.0 ok")
        assert not client.is_connected
        with pytest.raises(asyncio.CancelledError):
            await begun
        for task in waiting:
            with pytest.raises(SMTPServerDisconnected) as caught:
                await task
            assert not caught.value.unconfirmed
    assert b"".join(server.sessions[0].heard).endswith(b"\r\nDATA\r\n")  # and no content after it

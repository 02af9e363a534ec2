"""Messages are made between turns of the event loop, a few ahead, and in order."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from notebookmail.campaign.results import SendResults
from notebookmail.delivery.backlog import Task
from notebookmail.delivery.fake_transport import FakeTransport
from notebookmail.delivery.making import MakingHere
from notebookmail.delivery.runner import Runner
from notebookmail.errors import TemplateError
from notebookmail.mail.message import Envelope, Mail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEAR_SECONDS = 0.02


class Letters:
    """Tasks whose messages take a while to make, and what was going on while they were made."""

    def __init__(self, count: int, seconds: float = 0.0) -> None:
        self.count = count
        self.seconds = seconds
        self.made: list[int] = []
        self.in_turn: list[int] = []
        self.turn = 0
        self.begun = asyncio.Event()

    def tasks(self) -> Iterator[Task]:
        for position in range(self.count):
            yield Task(position, f"{position}@example.org", b"%d" % position, self.build(position))

    def build(self, position: int) -> Callable[[], Mail]:
        def build() -> Mail:
            if self.seconds:
                time.sleep(self.seconds)
            self.made.append(position)
            self.begun.set()
            self.in_turn.append(self.turn)
            return Mail(Envelope("a@example.org", (f"{position}@example.org",)), (b"\r\n",), f"<{position}@x>")

        return build

    async def count_turns(self) -> None:
        while True:
            self.turn += 1
            await asyncio.sleep(0)


async def carried_out(letters: Letters, transport: FakeTransport) -> SendResults:
    results = SendResults(range(letters.count))
    runner = Runner(letters.tasks(), letters.count, transport, results.apply)
    counting = asyncio.create_task(letters.count_turns())
    await runner.run()
    counting.cancel()
    return results


async def test_the_loop_has_its_turn_between_two_messages_that_take_long_to_make() -> None:
    letters = Letters(12, DEAR_SECONDS)
    results = await carried_out(letters, FakeTransport(connections=8))
    assert results.counts["sent"] == 12
    assert letters.made == list(range(12))
    between = [after - before for before, after in zip(letters.in_turn, letters.in_turn[1:], strict=False)]
    assert min(between) >= 3  # a reply or a click takes several turns to come through


async def test_messages_that_cost_nothing_are_made_several_in_a_turn_but_not_without_end() -> None:
    letters = Letters(1_000)
    results = await carried_out(letters, FakeTransport(connections=4))
    assert results.counts["sent"] == 1_000
    assert letters.made == list(range(1_000))
    turns = [letters.in_turn.count(turn) for turn in set(letters.in_turn)]
    assert 1 < max(turns) <= 64
    assert len(turns) < 1_000


async def test_what_is_made_goes_out_in_the_order_of_the_rows() -> None:
    letters = Letters(200)
    transport = FakeTransport(connections=3)
    await carried_out(letters, transport)
    assert [mail.message_id for mail in transport.delivered] == [f"<{n}@x>" for n in range(200)]


async def test_stop_is_heard_between_two_messages() -> None:
    letters = Letters(500, DEAR_SECONDS)
    results = SendResults(range(500))
    runner = Runner(letters.tasks(), 500, FakeTransport(connections=2), results.apply)
    running = asyncio.create_task(runner.run())
    await letters.begun.wait()
    runner.stop("stopped")
    made = len(letters.made)
    await running
    assert len(letters.made) == made < 10
    assert results.counts["pending"] >= 490


async def test_paused_no_message_is_made_and_resumed_all_are() -> None:
    letters = Letters(20, DEAR_SECONDS)
    results = SendResults(range(20))
    runner = Runner(letters.tasks(), 20, FakeTransport(connections=2), results.apply)
    running = asyncio.create_task(runner.run())
    await letters.begun.wait()
    runner.pause()
    made = len(letters.made)
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(letters.made) == made < 20
    runner.resume()
    await running
    assert results.counts["sent"] == 20


async def test_a_row_that_cannot_be_made_has_its_failure_when_its_turn_comes() -> None:
    def fails() -> Mail:
        raise TemplateError("no name", "to", 1)

    good = Letters(3)
    tasks = iter([Task(0, "", b"0", good.build(0)), Task(1, "", b"1", fails), Task(2, "", b"2", good.build(2))])
    making = MakingHere()
    making.begin(lambda: next(tasks, None), lambda: None)
    taken = [making.take() for _ in range(4)]
    assert [None if each is None else each[0].position for each in taken] == [0, 1, 2, None]
    assert taken[1] is not None
    assert isinstance(taken[1][1], TemplateError)
    assert not making.goes_on


async def test_an_interrupt_waits_for_no_message_that_was_made_before_it() -> None:
    def interrupted() -> Mail:
        raise SystemExit(3)

    good = Letters(3)
    tasks = iter([Task(0, "", b"0", good.build(0)), Task(1, "", b"1", interrupted)])
    making = MakingHere()
    making.begin(lambda: next(tasks, None), lambda: None)
    first = making.take()
    assert first is not None
    assert first[0].position == 1
    assert isinstance(first[1], SystemExit)

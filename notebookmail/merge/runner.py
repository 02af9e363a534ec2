"""Schedules rows: as many at a time as the sender can use, each to its own end.

A row's trouble is the row's: it becomes an event and the next row goes on. Only what would meet every row (login
refused, no secure connection, the day's quota, a server that is gone) stops the run, and then the rows that were
not tried stay pending, with the reason. On cancellation the messages on their way may finish; what nobody can know
is reported as unconfirmed; only then does the cancellation go on.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from notebookmail.errors import NotebookmailError, SMTPException

from . import policy
from .events import RowDeferred, RowFailed, RowPending, RowSent, RowStarted, RowUnconfirmed
from .explain import explain
from .policy import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from notebookmail.mail import Mail, Receipt

    from .events import RowEvent

    Trouble = tuple[Exception, int, float]  # what was raised, tries, seconds since the first

GRACE_SECONDS = 2.0
"""How long messages on their way may take to finish once the run is cancelled."""

_ROWS_PER_TURN = 32


class Sender(Protocol):
    """What the runner needs of the SMTP side."""

    async def deliver(self, mail: Mail) -> Receipt:
        """Deliver one message, or raise."""

    async def close(self) -> None:
        """Give up what is still under way; every `deliver` ends."""


@dataclass(frozen=True, slots=True)
class Task:
    """One row to send.

    Attributes:
        position: The row's place in the frame.
        to: The address it goes to, for display.
        build: Makes the message, or raises a NotebookmailError that says why it cannot.
    """

    position: int
    to: str
    build: Callable[[], Mail]


class Runner:
    """Carries out tasks over a sender.

    Args:
        tasks: Taken one after the other, when there is room.
        sender: Delivers; called from several workers at once.
        emit: Called with every event, in the event loop.
        workers: How many rows are under way at once.
    """

    def __init__(
        self, tasks: Iterable[Task], sender: Sender, emit: Callable[[RowEvent], None], *, workers: int
    ) -> None:
        self._tasks = iter(tasks)
        self._sender = sender
        self._emit = emit
        self._workers = workers
        self._stop_reason = ""
        self._refused_senders: dict[str, Exception] = {}
        self._chance = random.Random()  # noqa: S311 -- spreads retries, keeps no secret

    async def run(self) -> None:
        """Bring every task to its event.

        Raises:
            CancelledError: The caller was cancelled; every row has its event all the same.
        """
        workers = [asyncio.create_task(self._work()) for _ in range(self._workers)]
        try:
            await self._finished(workers)
        except asyncio.CancelledError:
            self._stop("interrupted")
            await self._wind_up(workers)
            raise
        finally:
            self._leave_rest()

    async def _finished(self, workers: list[asyncio.Task[None]]) -> None:
        done, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        broken = next((worker for worker in done if worker.exception() is not None), None)
        if broken is not None:  # a bug of ours: no row's trouble ends here
            self._stop("an internal error stopped the run")
            await self._wind_up(workers)
            broken.result()

    async def _wind_up(self, workers: list[asyncio.Task[None]]) -> None:
        try:
            await asyncio.wait(workers, timeout=GRACE_SECONDS)
        finally:  # a second interrupt does not wait
            await self._sender.close()
            await asyncio.wait(workers)

    def _stop(self, reason: str) -> None:
        self._stop_reason = self._stop_reason or reason

    def _leave_rest(self) -> None:
        for task in self._tasks:
            self._emit(RowPending(task.position, self._stop_reason, task.to))

    async def _work(self) -> None:
        unsent = 0
        while not self._stop_reason:
            task = next(self._tasks, None)
            if task is None:
                return
            mail = self._built(task)
            if mail is None:
                unsent += 1
                if unsent % _ROWS_PER_TURN == 0:
                    await asyncio.sleep(0)  # rows that never wait must not starve the loop
                continue
            await self._bring(task, mail)

    def _built(self, task: Task) -> Mail | None:
        try:
            mail = task.build()
        except NotebookmailError as error:
            self._emit(RowFailed(task.position, error))
            return None
        refusal = self._refused_senders.get(mail.envelope.sender)
        if refusal is not None:
            reason = f"not tried: the server refuses the sender {mail.envelope.sender}"
            self._emit(RowPending(task.position, reason, task.to, mail.message_id, refusal))
            return None
        self._emit(RowStarted(task.position, task.to, mail.message_id))
        return mail

    async def _bring(self, task: Task, mail: Mail) -> None:
        """Try until there is an outcome."""
        started = time.monotonic()
        attempts = 0
        while True:
            attempts += 1
            try:
                receipt = await self._sender.deliver(mail)
            except (SMTPException, ValueError) as error:
                seconds = time.monotonic() - started
                verdict = policy.judge(error, attempts)
                if verdict is Verdict.AGAIN and not self._stop_reason:
                    await asyncio.sleep(policy.wait_seconds(attempts, self._chance.random()))
                if verdict is not Verdict.AGAIN or self._stop_reason:  # it may have been stopped meanwhile
                    self._settle(task, mail, verdict, (error, attempts, seconds))
                    return
            else:
                seconds = time.monotonic() - started
                now = datetime.now(UTC)
                self._emit(RowSent(task.position, receipt.reply, receipt.refused, attempts, seconds, now))
                return

    def _settle(self, task: Task, mail: Mail, verdict: Verdict, trouble: Trouble) -> None:
        match verdict:
            case Verdict.HOLD:
                self._emit(RowUnconfirmed(task.position, *trouble))
            case Verdict.DEFER:
                self._emit(RowDeferred(task.position, *trouble))
            case Verdict.FAIL:
                self._emit(RowFailed(task.position, *trouble))
            case Verdict.STOP_SENDER:
                self._refused_senders[mail.envelope.sender] = trouble[0]
                self._emit(RowFailed(task.position, *trouble))
            case Verdict.STOP | Verdict.AGAIN:  # again: the run was stopped before another try
                self._stop(explain(trouble[0]).cause)
                reason = "" if verdict is Verdict.STOP else self._stop_reason
                self._emit(RowPending(task.position, reason, task.to, mail.message_id, trouble[0]))

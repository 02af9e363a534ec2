"""Messages made by workers, where messages are made: for a run, between other things, or one after the other.

A batch is as many rows as take a worker a tenth of a second, as measured on the last one; a few more batches than
there are workers are on their way, so memory is bounded and nobody waits for the next. What a worker need not know
(the key of the domain, who is never to be mailed, what rows are known by) is added here.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import pickle
import threading
import time
from typing import TYPE_CHECKING, Final

from notebookmail.campaign.message_maker import LetterOrder, unmakeable
from notebookmail.delivery.making import MakingHere, MakingTimes
from notebookmail.errors import INTERRUPTS, FrameError, NotebookmailError, TemplateError
from notebookmail.mail.message import Mail

from .batch import FailedMessage, packed_error, unpacked_error
from .crew import Crew
from .packing import parcel_of, request_of
from .window import RowBatch, Window

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from concurrent.futures import Future

    from notebookmail.campaign.plan import Plan
    from notebookmail.delivery.backlog import Task
    from notebookmail.delivery.making import Made, Making

    from .batch import Answer, RowRequest
    from .window import Outcome

_BATCH_SECONDS: Final = 0.1
_BATCH_ROWS: Final = 256
_BATCH_OCTETS: Final = 4 * 1024 * 1024
_GROWTH: Final = 4  # one batch may have been cheap by chance


class MakingByWorkers:
    """Has the messages of a plan made by workers, in order.

    Args:
        plan: Whose messages.
        call: Calls a function on the thread that takes the messages, from any thread.

    Raises:
        FrameError: Something of the template cannot travel, or a library is not installed; nothing was begun.
    """

    def __init__(self, plan: Plan, call: Callable[[Callable[[], None]], object]) -> None:
        assert plan.settings.workers is not None  # noqa: S101 -- else there is nothing to do here
        self._renderer = plan.renderer
        self._call = call
        self._parcel = parcel_of(plan.renderer, plan.template.definition)
        self._crew = Crew(plan.settings.workers)
        self._window = Window(self._crew, self._parcel, self._news, _killed)
        self._ask: Callable[[], Task | None] = lambda: None
        self._ready: Callable[[], None] = lambda: None
        self._size = 1
        self._is_stopped = False
        self._count = -1  # but the first
        self._waited = 0.0
        self._since = self._until = 0.0
        self._waits_since: float | None = None

    def greet(self) -> Future[bytes]:
        """Have a worker show that it can make these messages; `_check_greeting` reads what it says.

        Raises:
            FrameError: There are no workers.
        """
        try:
            return self._crew.submit(self._parcel.digest, self._parcel.octets, pickle.dumps([]))
        except Exception as problem:
            raise _useless(f"{type(problem).__name__}: {problem}") from problem

    def begin(self, ask: Callable[[], Task | None], ready: Callable[[], None]) -> None:
        """Be told where rows come from, and whom to tell that there are messages again."""
        self._ask, self._ready = ask, ready

    def take(self) -> Made | None:
        """Return the next row with its message, or with what kept it from being made; None if none is ready."""
        self._window.look()
        self._fill()
        taken = self._window.take()
        self._measure(is_waiting=taken is None and self._window.goes_on)
        if taken is None:
            return None
        task, outcome = taken
        self._count += 1
        try:
            return task, self._finished(task, outcome)
        except (NotebookmailError, *INTERRUPTS) as problem:
            return task, problem

    @property
    def goes_on(self) -> bool:
        """Whether workers are at it."""
        return self._window.goes_on

    @property
    def trouble(self) -> str:
        """Why no more messages can be made, or ""."""
        return self._window.trouble

    @property
    def times(self) -> MakingTimes:
        """What making messages took so far; a worker's measure of its last batch is what one takes."""
        count = max(self._count, 0)
        return MakingTimes(count, self._window.seconds_a_row, self._waited, self._until - self._since)

    def _measure(self, *, is_waiting: bool) -> None:
        """Count the time in which there was no message to take."""
        now = time.monotonic()
        if self._count < 0:
            self._since = now
            self._waits_since = None
        if self._waits_since is not None:
            self._waited += now - self._waits_since
        self._waits_since = now if is_waiting and self._count >= 0 else None
        self._until = now

    def stop(self) -> None:
        """Make no more messages."""
        self._is_stopped = True
        self._window.stop()

    def close(self) -> None:
        """Make no more messages, and end the processes."""
        self.stop()
        self._crew.close()

    def _news(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the run is over
            self._call(self._tell)

    def _tell(self) -> None:
        self._ready()

    # --- going out ------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        while not (self._is_stopped or self._window.trouble or self._window.is_full):
            tasks = list(itertools.islice(iter(self._ask, None), self._batch_rows()))
            if not tasks:
                return
            self._window.add(RowBatch(tasks, [self._request(task) for task in tasks]))

    def _batch_rows(self) -> int:
        """Tell how many rows make a batch, as measured on the last one."""
        seconds, octets = self._window.seconds_a_row, self._window.octets_a_row
        if seconds:
            wanted = min(_BATCH_SECONDS / seconds, _BATCH_OCTETS / max(octets, 1), _BATCH_ROWS)
            self._size = max(1, min(int(wanted), self._size * _GROWTH))
        return self._size

    def _request(self, task: Task) -> RowRequest | None:
        try:
            return request_of(_order(task), self._renderer)
        except Exception:  # noqa: BLE001 -- it is made here, and fails in the words it fails in without workers
            return None

    # --- coming back ----------------------------------------------------------------------------------------

    def _finished(self, task: Task, outcome: Outcome) -> Mail:
        """Return a message with what a worker need not know.

        Raises:
            NotebookmailError: None can be made; the error says why.
        """
        if outcome is None:
            return task.build()
        if isinstance(outcome, FailedMessage):
            raise unpacked_error(outcome.errors)
        order = _order(task)
        pieces = (
            each if isinstance(each, bytes) else self._renderer.shared_piece(each) for each in outcome.pieces
        )
        mail = outcome.mail._replace(segments=tuple(pieces))
        try:
            return order.maker.finished(mail, order.row, order.to, outcome.touched)
        except (NotebookmailError, *INTERRUPTS):
            raise
        except Exception as problem:
            raise unmakeable(problem, order.row.label) from problem


def _check_greeting(octets: bytes) -> None:
    """Read what a worker said when it was greeted.

    Raises:
        FrameError: It cannot make these messages.
    """
    answer: Answer = pickle.loads(octets)  # noqa: S301 -- our own worker sent it
    if answer.trouble:
        raise _useless(answer.trouble)


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """Have whatever keeps a worker from answering refuse the call."""
    try:
        yield
    except FrameError:
        raise
    except Exception as problem:
        raise _useless(f"{type(problem).__name__}: {problem}") from problem


def _useless(said: str) -> FrameError:
    return FrameError(
        f"workers=: a worker cannot make these messages ({said}). What the template uses must be installed, or "
        "lie, where the workers are; nothing was sent"
    )


def _order(task: Task) -> LetterOrder:
    assert isinstance(task.build, LetterOrder)  # noqa: S101 -- a plan makes no others
    return task.build


def _killed(task: Task) -> FailedMessage:
    words = "the worker that made it died twice (out of memory?)"
    return FailedMessage(packed_error(TemplateError(words, None, _order(task).row.label)))


@contextlib.asynccontextmanager
async def making_of(plan: Plan) -> AsyncIterator[Making]:
    """Have what makes the messages of a plan, here or by workers; the processes end with the block.

    Raises:
        FrameError: The workers cannot be used; nothing was sent.
    """
    if plan.settings.workers is None or not plan.going:
        yield MakingHere()
        return
    loop = asyncio.get_running_loop()
    making = MakingByWorkers(plan, loop.call_soon_threadsafe)
    try:
        with _refusing():
            _check_greeting(await asyncio.wrap_future(making.greet()))
        yield making
    finally:
        making.close()


async def made_in_turns(tasks: Iterator[Task], making: Making) -> AsyncIterator[Made]:
    """Walk rows with their messages, or with what kept them from being made, while the event loop goes on.

    Raises:
        FrameError: The workers cannot go on.
    """
    event = asyncio.Event()
    making.begin(lambda: next(tasks, None), event.set)
    while True:
        event.clear()
        made = making.take()
        if made is not None:
            yield made
        elif making.trouble:
            raise FrameError(making.trouble)
        elif making.goes_on:
            await event.wait()
        else:
            return


def made_one_by_one(plan: Plan) -> Iterator[tuple[Task, Mail | NotebookmailError]]:
    """Walk a plan's rows with their messages, or with what kept them from being made, where no loop is waited for.

    Raises:
        FrameError: The workers cannot be used, or cannot go on.
        KeyboardInterrupt, SystemExit: One came while a message was made.
    """
    if plan.settings.workers is None or not plan.going:
        for task in plan.tasks():
            try:
                mail = task.build()
            except NotebookmailError as problem:
                yield task, problem
            else:
                yield task, mail
        return
    news = threading.Event()
    tasks = plan.tasks()
    making = MakingByWorkers(plan, lambda function: function())
    try:
        with _refusing():
            _check_greeting(making.greet().result())
        making.begin(lambda: next(tasks, None), news.set)
        while True:  # until nothing is left and nobody is at it
            news.clear()
            made = making.take()
            if made is None and making.trouble:
                raise FrameError(making.trouble)
            if made is None and not making.goes_on:
                return
            if made is None:
                news.wait()
            elif isinstance(made[1], Mail | NotebookmailError):
                yield made[0], made[1]
            else:
                raise made[1]
    finally:
        making.close()

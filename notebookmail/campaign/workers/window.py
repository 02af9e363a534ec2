"""The batches on their way, in the order of their rows: sent out, sent again, and found out when they kill.

When processes of ours break, nobody knows which batch did it. So those that were out go again one at a time, with
nothing else beside them; one that breaks them again is halved, until a row is alone with its worker. A row that
kills its worker alone, twice, fails; all others only take longer. An executor of the caller's that is broken is
not ours to mend: the run stops, and its rows stay as they were.
"""

from __future__ import annotations

import pickle
import threading
from collections import deque
from concurrent.futures import BrokenExecutor
from typing import TYPE_CHECKING, Final

from notebookmail.errors import FrameError

from .packing import packed

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from notebookmail.delivery.backlog import Task

    from .batch import Answer, FailedMessage, MadeMessage, RowRequest
    from .crew import Crew
    from .packing import Parcel

    Outcome = MadeMessage | FailedMessage | None
    """None: it is to be made here."""

_SMALL_PARCEL: Final = 32 * 1024  # octets that cost no more to send than to ask for
_DEATHS: Final = 2
_ROWS_IN_A_ROW: Final = 5
"""After so many rows killed their workers, with no message between them, it is not the rows."""
_FAULTS_IN_A_ROW: Final = 10


class RowBatch:
    """Rows whose messages are made together.

    Args:
        tasks: The rows.
        requests: The same, as they travel; None for one that does not.

    Attributes:
        requests: The rows pickled; None where they cannot travel.
        rows: The rows before they were pickled.
        future: Its making, while it is out.
        made: What is left of what came of it; None until then. None in place of a message: it is to be made here.
        is_suspected: Whether it was out when its workers broke.
        deaths: How often its workers broke while it was out alone.
    """

    def __init__(self, tasks: list[Task], requests: list[RowRequest | None]) -> None:
        self.tasks = tasks
        self.rows = requests
        self.requests = packed(requests)
        self.future: Future[bytes] | None = None
        self.made: deque[tuple[Task, Outcome]] | None = None
        self.is_suspected = False
        self.deaths = 0
        if self.requests is None:
            self.made_of([None] * len(tasks))

    def made_of(self, outcomes: list[Outcome]) -> None:
        """Take in what came of its rows."""
        self.made = deque(zip(self.tasks, outcomes, strict=True))
        self.requests, self.future = None, None

    def halves(self) -> list[RowBatch]:
        """Return its rows in two batches."""
        middle = len(self.tasks) // 2
        return [
            RowBatch(self.tasks[:middle], self.rows[:middle]),
            RowBatch(self.tasks[middle:], self.rows[middle:]),
        ]


class Window:
    """Has batches made, and keeps their order.

    Args:
        crew: Who makes them.
        parcel: The renderer.
        news: Called, from any thread, when a batch has come back.
        killed: Makes the failure of a row that kills its workers.
    """

    def __init__(
        self, crew: Crew, parcel: Parcel, news: Callable[[], None], killed: Callable[[Task], FailedMessage]
    ) -> None:
        self._crew = crew
        self._parcel = parcel
        self._news = news
        self._killed = killed
        self._batches: deque[RowBatch] = deque()
        self._has_news = threading.Event()
        self._killed_in_a_row = 0
        self._faults_in_a_row = 0
        self.trouble = ""
        """Why no more messages can be made, or ""."""
        self.seconds_a_row = 0.0
        """How long a message of the last batch took."""
        self.octets_a_row = 0

    def __len__(self) -> int:
        return len(self._batches)

    @property
    def is_full(self) -> bool:
        """Whether no more batches should go out: bounded is what waits here."""
        return len(self._batches) >= self._crew.size + 2 or any(each.is_suspected for each in self._batches)

    @property
    def goes_on(self) -> bool:
        """Whether there will be news."""
        return not self.trouble and any(each.future is not None for each in self._batches)

    def add(self, batch: RowBatch) -> None:
        """Have one more batch made, behind the others."""
        self._batches.append(batch)
        self._send_out()

    def take(self) -> tuple[Task, Outcome] | None:
        """Return the next row and what came of it; None if that is not known yet."""
        self.look()
        while self._batches and not self.trouble:
            head = self._batches[0]
            if head.made is None:
                return None
            if head.made:
                return head.made.popleft()
            self._batches.popleft()
        return None

    def stop(self) -> None:
        """Have nothing more made."""
        for batch in self._batches:
            if batch.future is not None:
                batch.future.cancel()
        self._batches.clear()

    # --- going out ------------------------------------------------------------------------------------------

    def _send_out(self) -> None:
        """Send out what is not out: one batch alone, while there are suspects."""
        waiting = [each for each in self._batches if each.made is None and each.future is None]
        suspects = [each for each in self._batches if each.is_suspected]
        if suspects:
            is_out = any(each.future is not None for each in self._batches)
            waiting = [] if is_out else suspects[:1]
        for batch in waiting:
            self._submit(batch, with_parcel=len(self._parcel.octets) <= _SMALL_PARCEL)

    def _submit(self, batch: RowBatch, *, with_parcel: bool) -> None:
        assert batch.requests is not None  # noqa: S101 -- what cannot travel is made here
        parcel = self._parcel.octets if with_parcel else None
        try:
            batch.future = self._crew.submit(self._parcel.digest, parcel, batch.requests)
        except Exception as problem:  # noqa: BLE001 -- executors refuse in words of their own
            if self._crew.is_own and isinstance(problem, BrokenExecutor):
                self._came_apart()
            else:
                self._give_up(problem)
            return
        batch.future.add_done_callback(self._tell)

    def _tell(self, _: Future[bytes]) -> None:
        self._has_news.set()
        self._news()

    # --- coming back ----------------------------------------------------------------------------------------

    def look(self) -> None:
        """Take in what has come back."""
        has_news = self._has_news.is_set()
        if has_news:  # else one that comes back just now would be forgotten
            self._has_news.clear()
        for batch in list(self._batches) if has_news else ():
            if batch.future is not None and batch.future.done() and not self.trouble:
                self._take_in(batch, batch.future)
        if not self.trouble and (has_news or not self.goes_on):  # processes may break when nothing is out, too
            self._send_out()

    def _take_in(self, batch: RowBatch, future: Future[bytes]) -> None:
        fault = None if future.cancelled() else future.exception()
        if future.cancelled() or fault is not None:
            self._failed(batch, fault)
            return
        answer: Answer = pickle.loads(future.result())  # noqa: S301 -- our own worker sent it
        if answer.trouble:
            self.trouble = f"a worker cannot make messages: {answer.trouble}"
        elif answer.is_unreadable:
            batch.made_of([None] * len(batch.tasks))
            batch.is_suspected = False
        elif answer.made is None:
            self._submit(batch, with_parcel=True)
        else:
            self._measure(answer, len(future.result()))
            batch.made_of(list(answer.made))
            batch.is_suspected = False
            self._killed_in_a_row = self._faults_in_a_row = 0

    def _measure(self, answer: Answer, octets: int) -> None:
        count = len(answer.made or ()) or 1
        self.seconds_a_row = answer.seconds / count
        self.octets_a_row = octets // count

    # --- what went wrong --------------------------------------------------------------------------------------

    def _failed(self, batch: RowBatch, fault: BaseException | None) -> None:
        """Go on after a batch that did not come back."""
        batch.future = None
        if isinstance(fault, BrokenExecutor):
            if self._crew.is_own:
                self._came_apart(batch)
            else:
                self._give_up(fault)
            return
        self._faults_in_a_row += 1
        if type(fault).__name__ == "KilledWorker":  # of dask.distributed: several of its workers died of it
            self._blame(batch)
        elif self._faults_in_a_row > _FAULTS_IN_A_ROW:
            self._give_up(fault)

    def _came_apart(self, found: RowBatch | None = None) -> None:
        """Begin with new processes; whatever was out goes again, one batch at a time."""
        out = [each for each in self._batches if each is found or (each.made is None and each.future is not None)]
        is_alone = found is not None and found.is_suspected and len(out) == 1
        for batch in out:
            if _came_back(batch.future):  # before the others broke
                continue
            batch.future = None
            batch.is_suspected = True
        try:
            self._crew.renew()
        except Exception as problem:  # noqa: BLE001 -- no process can be started any more
            self._give_up(problem)
            return
        if is_alone and found is not None:
            self._blame(found)

    def _blame(self, batch: RowBatch) -> None:
        """Halve a batch that killed its workers; a row that did so alone, twice, has failed."""
        place = self._batches.index(batch)
        if len(batch.tasks) > 1:
            del self._batches[place]
            for half in reversed(batch.halves()):
                half.is_suspected = self._crew.is_own
                self._batches.insert(place, half)
            return
        batch.deaths += 1
        if batch.deaths < _DEATHS:
            return
        batch.made_of([self._killed(batch.tasks[0])])
        batch.is_suspected = False
        self._killed_in_a_row += 1
        if self._killed_in_a_row >= _ROWS_IN_A_ROW:
            self.trouble = f"the workers died of {_ROWS_IN_A_ROW} rows one after the other (out of memory?)"

    def _give_up(self, fault: BaseException | None) -> None:
        said = f"{type(fault).__name__}: {fault}" if fault is not None else "it was cancelled"
        if isinstance(fault, FrameError):
            said = str(fault)
        whose = "the workers" if self._crew.is_own else "the executor given as workers="
        self.trouble = f"{whose} cannot go on ({said}); run it again, with new workers: rows that went stay sent"


def _came_back(future: Future[bytes] | None) -> bool:
    return future is not None and future.done() and not future.cancelled() and future.exception() is None

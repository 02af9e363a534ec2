"""What is decided about rows, made durable before it takes effect and before it is told.

The intent to end a message's data, and every outcome, are staged. Once per turn of the event loop one transaction
writes all of them; then the connections go on, and then the events are told. So a commit is shared by all the
connections that came to one in that turn, and each connection has at most one row that a crash would leave
unconfirmed: the row before it is settled in the same transaction or an earlier one.

Without a journal nothing is staged.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from notebookmail.errors import JournalError

from .daily_quota import QuotaUsedUp

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from .events import RowEvent
    from .journal import Entry

    Go = Callable[[Exception | None], None]

    class Ledger(Protocol):
        """Where entries are made durable: a claim of the journal."""

        def write(self, entries: list[Entry]) -> frozenset[bytes]:
            """Write all of them in order, or none and raise JournalError; return the keys that a quota refuses."""


class Recorder:
    """Groups what one turn of the loop decides.

    Args:
        ledger: Where it is written; None keeps no journal.
        emit: Told every event once it is durable.
        broke: Told, once, that the journal cannot be written; called before anything else happens.
        settled: Called when nothing is staged any more.
    """

    def __init__(
        self,
        ledger: Ledger | None,
        emit: Callable[[RowEvent], None],
        *,
        broke: Callable[[JournalError], None],
        settled: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._emit = emit
        self._broke = broke
        self._settled = settled
        self._loop = asyncio.get_running_loop()
        self._entries: list[Entry] = []
        self._events: list[RowEvent] = []
        self._goes: list[tuple[bytes, Go]] = []
        self._unwritten: list[Entry] = []
        self._refused = frozenset[bytes]()  # by a quota, in the last write
        self._is_scheduled = False
        self.fault: JournalError | None = None
        """What keeps the journal from being written, once something does."""

    @property
    def keeps_journal(self) -> bool:
        """True when outcomes are recorded."""
        return self._ledger is not None

    @property
    def is_settled(self) -> bool:
        """True while nothing is staged."""
        return not self._is_scheduled

    def intend(self, entry: Entry, go: Go) -> bool:
        """Stage that a message's end of data will go out. True: go on at once; False: `go` is called.

        It is called with None, or with what forbids it: a JournalError, or QuotaUsedUp.
        """
        if self._ledger is None:
            return True
        self._entries.append(entry)
        self._goes.append((entry.key, go))
        if not self._is_scheduled:
            self._schedule()
        return False

    def record(self, entry: Entry | None, event: RowEvent) -> None:
        """Stage an outcome and what to tell of it; None tells it in its turn, and records nothing."""
        if self._ledger is None:
            self._emit(event)
            return
        if entry is not None:
            self._entries.append(entry)
        self._events.append(event)
        if not self._is_scheduled:
            self._schedule()

    def note(self, entry: Entry) -> None:
        """Stage something that is nobody's outcome: a row whose try came to nothing."""
        if self._ledger is not None:
            self._entries.append(entry)
            if not self._is_scheduled:
                self._schedule()

    def _schedule(self) -> None:
        self._is_scheduled = True
        self._loop.call_soon(self._gather)

    def _gather(self) -> None:
        """Let what has arrived meanwhile be taken along: half as many commits for the same messages."""
        if self._is_scheduled:
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        if self._is_scheduled:
            self.flush()

    def flush(self) -> None:
        """Write what is staged now."""
        while self._is_scheduled:
            self._is_scheduled = False
            entries, self._entries = self._entries, []
            events, self._events = self._events, []
            goes, self._goes = self._goes, []
            fault = self._write(entries)
            for key, go in goes:
                go(fault or (QuotaUsedUp() if key in self._refused else None))
            for event in events:
                self._emit(event)
        self._settled()

    def _write(self, entries: list[Entry]) -> JournalError | None:
        """Write entries; what cannot be written is kept for `finish`, but for intents: those do not happen."""
        assert self._ledger is not None  # noqa: S101 -- nothing is staged without one
        if not entries:
            return self.fault
        if self.fault is None:
            try:
                self._refused = self._ledger.write(entries)
            except JournalError as error:
                self.fault = error.with_traceback(None)
                self._broke(error)
            else:
                return None
        uncounted = {entry.key for entry in entries if entry.state == "committing"}
        self._unwritten += [
            entry._replace(charge=None) if entry.key in uncounted else entry  # there is nothing to give back
            for entry in entries
            if entry.state != "committing"
        ]
        return self.fault

    def finish(self) -> int:
        """Try once more to write what could not be written; return how many outcomes the journal does not know."""
        self.flush()
        if self._unwritten and self._ledger is not None:
            try:
                self._ledger.write(self._unwritten)
            except JournalError:
                return len({entry.key for entry in self._unwritten if entry.state != "pending"})
            self._unwritten = []
        return 0

"""What send_frame returns: how every row came out, with the displays of it.

SendResults is the face; behind it stand three objects: how the rows stand (delivery/row_states.py), who looks for
rows (row_search.py) and who describes them (results_frame.py). What rows are sent again with is a RunHandle.
"""

from __future__ import annotations

import contextlib
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self
from weakref import WeakSet

from notebookmail.delivery.results_frame import Outcomes
from notebookmail.delivery.row_search import RowSearch
from notebookmail.delivery.row_states import RowStates
from notebookmail.errors import FrameError
from notebookmail.tracebacks.rendering import rendered

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    import pandas as pd

    from notebookmail.delivery.events import RowEvent, Status
    from notebookmail.delivery.results_frame import Cause, Outcome
    from notebookmail.delivery.row_search import Order
    from notebookmail.view.widgets.results_table import ResultsTable

    from .run_handle import RunHandle, Stage

_TURN: Final = threading.Lock()
"""Held for a moment, to ask whether rows are being sent and to say so."""

_COLUMNS_BEFORE: Final = {
    "_labels": "labels", "_status": "statuses", "_tally": "counts", "_recipients": "recipients",
    "_to": "recipients_told", "_numbers": "numbers", "_message_ids": "message_ids", "_replies": "replies",
    "_reasons": "reasons", "_errors": "errors", "_addresses": "addresses", "_stop_reason": "stop_reason",
}  # fmt: skip
"""The columns of RowStates by their names in pickles of results that held them themselves."""


class SendResults:
    """One entry per row of the frame, in its order.

    In a notebook it shows itself as a summary that can be saved and shared: counts, causes and the first problems,
    with masked addresses. `table()` opens all rows, live and with full addresses.

    Attributes:
        notice: What to know about the run as a whole ("nothing left this machine"), or "".
        sent_before: How many rows were skipped because an earlier run of the campaign had sent them.
        shown_in: The notebook cell in whose output a board has already become the summary, or None.
    """

    def __init__(self, labels: Sequence[Hashable] | pd.Index[Any], notice: str = "") -> None:
        self._hold(RowStates(labels))
        self.notice = notice
        self.shown_in: int | None = None
        self.sent_before = 0
        self._sending: RunHandle | None = None
        self._is_being_sent = False
        self._tables: WeakSet[ResultsTable] | None = None

    @classmethod
    def begin(cls, plan: Any, before: SendResults | None) -> SendResults:
        """Begin the results of a plan, or go on with those before: what it does not try stands as it does."""
        if before is not None:
            before.reopen(plan.going)
            return before
        results = cls(plan.frame.labels)
        results.note_recipients(plan.recipients)
        return results

    def _hold(self, states: RowStates) -> None:
        self.__dict__.pop("frame", None)
        self._states = states
        self._search = RowSearch(states)
        self._outcomes = Outcomes(states)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what they were sent with, and who shows them: these belong to this process."""
        kept = {name: value for name, value in self.__dict__.items() if name not in {"_search", "_outcomes"}}
        return {**kept, "_sending": None, "_is_being_sent": False, "_tables": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take up results that were pickled, also by a version that kept the columns of rows among them."""
        kept = dict(state)
        states = kept.pop("_states", None)
        if states is None:
            states = RowStates(())
            for name, column in _COLUMNS_BEFORE.items():
                setattr(states, column, kept.pop(name))
        self._hold(states)
        self.__dict__.update(kept)

    def __len__(self) -> int:
        return len(self._states)

    # --- what happens to the rows ---------------------------------------------------------------------------

    def apply(self, event: RowEvent) -> None:
        """Fold one event in."""
        self.__dict__.pop("frame", None)
        self._states.apply(event)

    def note_recipients(self, recipients: Sequence[str]) -> None:
        """Note who the rows are for, before anything happens to them: then events need not be asked.

        Args:
            recipients: The address of each row, by position; kept as it is, not copied.
        """
        self.__dict__.pop("frame", None)
        self._states.note_recipients(recipients)

    def reopen(self, positions: Iterable[int]) -> None:
        """Make rows pending that are about to be tried again."""
        self.__dict__.pop("frame", None)
        self._states.reopen(positions)

    def copy(self) -> Self:
        """Return results of their own that stay as these are now; they cannot `retry`."""
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__getstate__())
        twin._hold(self._states.copy())
        return twin

    def restore(self, before: Self) -> None:
        """Let every row stand as in a copy that was made before; the copy is used up."""
        self._hold(before._states)

    # --- how the rows stand ---------------------------------------------------------------------------------

    @property
    def counts(self) -> dict[Status, int]:
        """How many rows stand how, every status present: {"sent": 998, "failed": 2, ...}."""
        return dict(self._states.counts)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All rows as a pandas DataFrame on the original index, so that `df.join(results.frame)` works."""
        return self._outcomes.frame()

    def _rows(self, status: Status) -> pd.DataFrame:
        return self.frame.iloc[self.positions(status)]

    @property
    def sent(self) -> pd.DataFrame:
        """The rows the server took responsibility for."""
        return self._rows("sent")

    @property
    def failed(self) -> pd.DataFrame:
        """The rows refused for good, or that could not be rendered."""
        return self._rows("failed")

    @property
    def deferred(self) -> pd.DataFrame:
        """The rows refused for now."""
        return self._rows("deferred")

    @property
    def unconfirmed(self) -> pd.DataFrame:
        """The rows that may have been delivered."""
        return self._rows("unconfirmed")

    @property
    def skipped(self) -> pd.DataFrame:
        """The rows left out on purpose."""
        return self._rows("skipped")

    @property
    def pending(self) -> pd.DataFrame:
        """The rows that were not tried."""
        return self._rows("pending")

    @property
    def exceptions(self) -> dict[Hashable, Exception]:
        """Each troubled row's exception, by the row's label.

        Where an index repeats a label, the label keeps its last row's exception; `frame.error` has all of them.
        """
        return self._outcomes.exceptions()

    @property
    def addresses(self) -> pd.DataFrame:
        """What each address said, of the rows whose addresses did not all say the same.

        One line for each address that refused the message or, where its row is not sent, took it: `label`,
        `status` (the row's), `address`, `is_copy` (cc or bcc), `delivered`, `code`, `enhanced_code`, `reply`.
        """
        return self._outcomes.addresses()

    @property
    def copies_refused(self) -> int:
        """How many sent rows have a copy (cc, bcc) that was refused."""
        return self._outcomes.copies_refused()

    def delivered(self) -> dict[int, tuple[str, ...]]:
        """Return, by position, the addresses that took the message of a row which is not sent yet."""
        return self._states.delivered()

    def status_at(self, position: int) -> Status:
        """Return how the row at a position (from 0) stands."""
        return self._states.status_at(position)

    def outcome(self, position: int) -> Outcome:
        """Return everything known about the row at a position (from 0)."""
        return self._outcomes.outcome(position)

    def positions(self, *statuses: Status) -> list[int]:
        """Return the positions of the rows with one of these statuses (all rows when none is named), in order."""
        return self._search.positions(*statuses)

    def find(self, status: Status | None = None, words: str = "", order: Order = "row") -> list[int]:
        """Return the positions of the rows a person looks for; see `RowSearch.find`."""
        return self._search.find(status, words, order)

    def causes(self) -> list[Cause]:
        """Return the troubled rows grouped by cause, the largest group first."""
        return self._outcomes.causes()

    # --- sending again --------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def being_sent(self) -> Iterator[None]:
        """Keep everybody else from sending these rows meanwhile, on any thread.

        Raises:
            FrameError: Somebody does already.
        """
        with _TURN:
            if self._is_being_sent:
                raise FrameError(
                    "these rows are being sent right now, by another cell, a job or the button: wait for its end"
                )
            self._is_being_sent = True
        try:
            yield
        finally:
            self._is_being_sent = False

    def sent_with(self, sending: RunHandle) -> None:
        """Take what `retry` sends with, and what makes a row's message again."""
        self._sending = sending

    async def retry(self) -> SendResults:
        """Send again what may be tried again: the deferred and the pending rows, with the same letter and server.

        Rows beyond `limit` stay: they were left out on purpose. Of a row that some of its addresses took, only the
        others are tried. Called twice, or after the button, it tries what is still to be tried then.

        Returns:
            These results: the rows tried now stand as they came out, the others as before. An open table shows it,
            too.

        Raises:
            FrameError: The rows are being sent already; or these results are a copy, or were loaded from a file.
            JournalError, SMTPException: As for send_frame; the rows stand as before.
        """
        return await self._retry(None)

    def waiting(self) -> list[int]:
        """The positions of the rows that `retry` would send."""
        left = frozenset[int]() if self._sending is None else self._sending.left_out
        return [position for position in self.positions("deferred", "pending") if position not in left]

    async def _retry(self, stage: Stage | None) -> SendResults:
        if not self.waiting():
            return self
        if self._sending is None:
            raise FrameError("these results do not know how they were sent: run send_frame again")
        with self.being_sent():
            positions = self.waiting()  # whoever was faster may have left some
            if positions:
                await self._sending.again(positions, stage)
        return self

    # --- passing on -----------------------------------------------------------------------------------------

    def redacted(self) -> SendResults:
        """Return the same results without addresses, to be passed on: also whole, as a pickle or a CSV file.

        Masked (`a...@example.org`) are recipients, labels, replies, hints and exceptions; rows, counts, order,
        codes, causes and times are the same. They cannot `retry`. These results stay as they are.
        """
        from notebookmail.view.words.redaction import redacted_notice, redacted_states

        recipients = self._states.all_recipients()
        twin = SendResults((), redacted_notice(self.notice, recipients))
        twin._hold(redacted_states(self._states))
        twin.sent_before = self.sent_before
        return twin

    def explain(self) -> pd.DataFrame:
        """Group the rows in trouble by cause, the largest group first.

        Returns:
            A frame with one line per cause: rows, status, category, cause, remedy, example, labels. It holds what
            is exact, and shows labels and examples masked.
        """
        from notebookmail.view.html.causes_frame import causes_frame

        return causes_frame(self)

    def raise_for_failures(self) -> None:
        """Turn troubled rows into an exception, for scripts that must not go on.

        Raises:
            ExceptionGroup: Holds the exception of every failed, deferred or unconfirmed row, with the row's label
                as a note. Addresses and names in them are masked, for tracebacks are saved with notebooks;
                `exceptions` has them as they are.
        """
        from notebookmail.view.words.redaction import redacted_failures

        found = redacted_failures(self._states)
        if found:
            raise rendered(ExceptionGroup(f"{len(found)} of {len(self)} rows were not sent", found))

    # --- display --------------------------------------------------------------------------------------------

    def table(self) -> ResultsTable:
        """Open the table of all rows: live, with full addresses, for notebooks.

        Pages, a search, a filter by status, an order; each row with its reply, the cause, the remedy and the
        message as it was sent; and a button that tries again what may be tried again. `table().frame` is what it
        shows.
        """
        from notebookmail.view.widgets.results_table import ResultsTable

        table = ResultsTable(self, _ResultsActions(self, self._sending) if self._sending is not None else None)
        if self._tables is None:
            self._tables = WeakSet()
        self._tables.add(table)
        return table

    def refresh_tables(self) -> None:
        """Let the tables that are open show how the rows stand now."""
        for table in list(self._tables or ()):
            table.refresh()

    def __repr__(self) -> str:
        from notebookmail.view.terminal.plain_text import results_text

        return f"{self.notice}\n{results_text(self)}" if self.notice else results_text(self)

    def _is_shown(self) -> bool:
        """Tell whether the running cell's output shows these results already, where its board was."""
        from notebookmail.view.frontend import current_cell

        return self.shown_in is not None and self.shown_in == current_cell()

    def _repr_html_(self) -> str:
        """The summary as a static page that names no one."""
        from notebookmail.view.html.results import results_html

        return str(results_html(self, title=self.notice))  # some front ends take a plain str alone

    def _ipython_display_(self) -> None:
        """Show the summary, and below it the table; one line where the running cell has shown a board already."""
        from notebookmail.view import frontend

        if not frontend.is_notebook():
            raise NotImplementedError  # IPython then prints the repr
        from notebookmail.view.widgets.live_output import show_page, show_static
        from notebookmail.view.words.results import headline

        if self._is_shown():
            show_static("", headline(self.counts))
        elif frontend.is_attended():
            show_page(self.table().widget, self._repr_html_(), repr(self))
        else:
            show_static(self._repr_html_(), repr(self))


class _ResultsActions:
    """What a table of these results can do."""

    def __init__(self, results: SendResults, sending: RunHandle) -> None:
        self._results = results
        self._sending = sending

    @property
    def waiting(self) -> int:
        """How many rows may be tried again."""
        return len(self._results.waiting())

    def letter(self, position: int) -> bytes:
        """Make the message of a row again."""
        return self._sending.letter(position)

    async def again(self, stage: Stage) -> SendResults:
        """Try again what may be tried again."""
        return await self._results._retry(stage)

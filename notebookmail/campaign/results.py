"""What send_frame returns: how every row came out, with the displays of it.

SendResults is the face: what happens to rows, sending them again, and showing them; what is told of rows is
RowResults' (row_results.py). What rows are sent again with is a RunHandle.
"""

from __future__ import annotations

import contextlib
import threading
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any, Final, Self
from weakref import WeakSet

from notebookmail.delivery.row_states import RowStates
from notebookmail.errors import FrameError
from notebookmail.tracebacks.rendering import rendered
from notebookmail.view import frontend

from .row_results import RowResults

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence
    from email.message import EmailMessage

    import pandas as pd

    from notebookmail.delivery.events import RowEvent
    from notebookmail.delivery.run_facts import RunFacts
    from notebookmail.view.widgets.inbox import Inbox
    from notebookmail.view.widgets.results_table import ResultsTable

    from .own_columns import OwnColumns
    from .run_handle import RunHandle, Stage

_OFFERED: Final = frozenset(
    {"addresses", "counts", "deferred", "exceptions", "explain", "facts", "failed", "frame", "inbox", "message",
     "notice", "pending", "raise_for_failures", "redacted", "retry", "sent", "sent_before", "skipped", "table",
     "to_csv", "to_excel", "unconfirmed"}
)  # fmt: skip
"""What completion offers."""

_TURN: Final = threading.Lock()
"""Held for a moment, to ask whether rows are being sent and to say so."""

_COLUMNS_BEFORE: Final = {
    "_labels": "labels", "_status": "statuses", "_tally": "counts", "_recipients": "recipients",
    "_to": "recipients_told", "_numbers": "numbers", "_message_ids": "message_ids", "_replies": "replies",
    "_reasons": "reasons", "_errors": "errors", "_addresses": "addresses", "_stop_reason": "stop_reason",
}  # fmt: skip
"""The columns of RowStates by their names in pickles of results that held them themselves."""


class SendResults(RowResults):
    """One entry per row of the frame, in its order.

    In a notebook it shows itself as a summary that can be saved and shared: counts, causes and the first problems,
    with masked addresses. `table()` opens all rows, live and with full addresses.

    Attributes:
        notice: What to know about the run as a whole ("nothing left this machine"), or "".
        sent_before: How many rows were skipped because an earlier run of the campaign had sent them.
        facts: What the run was for, where it went, when and how long; None before it has begun.
        shown_in: The notebook cell in whose output a board has already become the summary, or None.
    """

    facts: RunFacts | None = None  # of the class: results pickled by older versions have none

    def __init__(self, labels: Sequence[Hashable] | pd.Index[Any], notice: str = "") -> None:
        super().__init__(RowStates(labels))
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

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what they were sent with, and who shows them: these belong to this process."""
        made = {"_search", "_outcomes"}  # of what is kept, when it is asked for
        kept = {name: value for name, value in self.__dict__.items() if name not in made}
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

    @property
    def handle(self) -> RunHandle | None:
        """What is known of the run behind them; None for a copy, and for results that were loaded."""
        return self._sending

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

    # --- letters --------------------------------------------------------------------------------------------

    def message(self, label: Hashable) -> EmailMessage:
        """Return a row's message, as it was or would be sent.

        Args:
            label: The row's label in the frame's index; of a group the value of its column.

        Raises:
            FrameError: No row has the label, or several have it; or these results were loaded from a file.
            TemplateError: The row has no message; the error says why.
        """
        position = self._position(label)
        if self._sending is None:
            raise FrameError(
                "these results do not hold their letters: preview_frame(df, template) makes them again"
            )
        # Line ends as Python has them: `get_content()` is there to be read and compared.
        content = self._sending.letter(position).replace(b"\r\n", b"\n")
        return message_from_bytes(content, policy=policy.default)

    def inbox(self) -> Inbox:
        """Show what arrived in the sandbox that these rows were sent to, as a mail program would.

        Raises:
            FrameError: They did not go to a sandbox of this process.
        """
        box = None if self._sending is None else self._sending.box
        if box is None:
            raise FrameError(
                "these rows did not go to a sandbox of this process, so there is no inbox to show: "
                "results.message(label) is the letter of a row"
            )
        return box.inbox()

    # --- passing on -----------------------------------------------------------------------------------------

    def redacted(self) -> SendResults:
        """Return the same results without addresses, to be passed on: also whole, as a pickle or a CSV file.

        Masked (`a...@example.org`) are recipients, labels, replies, hints and exceptions; rows, counts, order,
        codes, causes and times are the same. They cannot `retry`. These results stay as they are.
        """
        from notebookmail.view.words.redaction import redacted_facts, redacted_notice, redacted_states

        recipients = self._states.all_recipients()
        twin = SendResults((), redacted_notice(self.notice, recipients))
        twin._hold(redacted_states(self._states))
        twin.sent_before, twin.facts = self.sent_before, self.facts and redacted_facts(self.facts)
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

    def __dir__(self) -> list[str]:
        """List what users of results want; what the run and the views call is left out."""
        return sorted({name for name in super().__dir__() if name.startswith("_")} | _OFFERED)

    def table(self) -> ResultsTable:
        """Open the table of all rows: live, with full addresses, for notebooks.

        Pages, a search, a filter by status, an order; columns of the frame that was sent; each row with its reply,
        the cause, the remedy and the message as it was sent; copy and download; and a button that tries again what
        may be tried again. `table().frame` is what it shows.
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
        if not frontend.is_notebook():
            raise NotImplementedError  # IPython then prints the repr
        from notebookmail.view.widgets.live_output import show_page, show_static
        from notebookmail.view.words.headlines import headline

        if self._is_shown():
            show_static("", headline(self.counts, self.facts))
        elif frontend.is_attended():
            show_page(self.table().widget, self._repr_html_(), repr(self))
        else:
            show_static(self._repr_html_(), repr(self))


frontend.complete_by_dir(SendResults)


class _ResultsActions:
    """What a table of these results can do."""

    def __init__(self, results: SendResults, sending: RunHandle) -> None:
        self._results = results
        self._sending = sending

    @property
    def waiting(self) -> int:
        """How many rows may be tried again."""
        return len(self._results.waiting())

    @property
    def columns(self) -> OwnColumns:
        """The columns of the analyst's frame."""
        return self._sending.columns

    def letter(self, position: int) -> bytes:
        """Make the message of a row again."""
        return self._sending.letter(position)

    async def again(self, stage: Stage) -> SendResults:
        """Try again what may be tried again."""
        return await self._results._retry(stage)

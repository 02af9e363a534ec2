"""What send_frame returns: the outcomes of every row, with their displays."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, Final, Protocol, Self
from weakref import WeakSet

from notebookmail.delivery.results_frame import Outcomes
from notebookmail.errors import FrameError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence

    import pandas as pd

    from notebookmail.view.widgets.results_table import ResultsTable

    Stage = Callable[[Any], None]  # takes a board's widget and shows it
    from notebookmail.view.words.masking import KnownNames

_TURN: Final = threading.Lock()
"""Held for a moment, to ask whether rows are being sent and to say so."""


class SendResults(Outcomes):
    """One entry per row of the frame, in its order.

    In a notebook it shows itself as a summary that can be saved and shared: counts, causes and the first problems,
    with masked addresses. `table()` opens all rows, live and with full addresses.

    Attributes:
        notice: What to know about the run as a whole ("nothing left this machine"), or "".
        sent_before: How many rows were skipped because an earlier run of the campaign had sent them.
        shown_in: The notebook cell in whose output a board has already become the summary, or None.
    """

    def __init__(self, labels: Sequence[Hashable] | pd.Index[Any], notice: str = "") -> None:
        super().__init__(labels)
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
        return {**self.__dict__, "_sending": None, "_is_being_sent": False, "_tables": None}

    def copy(self) -> Self:
        """Return results of their own that stay as these are now; they cannot `retry`."""
        twin = super().copy()
        twin._sending, twin._is_being_sent, twin._tables = None, False, None
        return twin

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
            return await self._sending.again(positions, stage) if positions else self

    def redacted(self) -> SendResults:
        """Return the same results without addresses, to be passed on: also whole, as a pickle or a CSV file.

        Masked (`a...@example.org`) are recipients, labels, replies, hints and exceptions; rows, counts, order,
        codes, causes and times are the same. They cannot `retry`. These results stay as they are.
        """
        from notebookmail.view.words.masking import mask_text
        from notebookmail.view.words.redaction import (
            redacted_addresses,
            redacted_error,
            redacted_labels,
            redacted_recipients,
        )

        to = self._all_to()
        twin = SendResults(redacted_labels(self._labels, to), _masked_words(self.notice, to))
        twin.sent_before = self.sent_before
        twin._recipients = [redacted_recipients(each) for each in to]
        twin._status, twin._tally, twin._numbers = self._status.copy(), self._tally.copy(), self._numbers.copy()
        twin._message_ids = self._message_ids.changed(lambda row, text: mask_text(text, *to[row].split(", ")))
        columns = self._numbers.columns()
        names = self._names_in_trouble()
        twin._replies = self._replies.changed(_masking(to, columns["reply"], names))
        twin._reasons = self._reasons.changed(_masking(to, columns["reason"], names))
        twin._stop_reason = _masked_words(self._stop_reason, to)
        twin._errors = {
            row: redacted_error(error, to[row], *names.found_in(str(error))) for row, error in self._errors.items()
        }
        twin._addresses = {row: redacted_addresses(each) for row, each in self._addresses.items()}
        return twin

    def _names_in_trouble(self) -> KnownNames:
        """Return what the rows that were not sent are called: servers speak of one in answer to another."""
        from notebookmail.view.words.masking import KnownNames

        rows = map(self.outcome, self.positions("failed", "deferred", "unconfirmed"))
        return KnownNames(each for row in rows for each in (row.label, *row.to.split(", ")))

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
        from notebookmail.view.words.masking import mask_label
        from notebookmail.view.words.redaction import redacted_error

        found: list[Exception] = []
        names = self._names_in_trouble()
        for position in self.positions("failed", "deferred", "unconfirmed"):
            outcome = self.outcome(position)
            if outcome.error is not None:
                error = redacted_error(outcome.error, outcome.to, *names.found_in(str(outcome.error)))
                error.add_note(f"row {mask_label(outcome.label)}, {outcome.status}")
                found.append(error)
        if found:
            raise ExceptionGroup(f"{len(found)} of {len(self)} rows were not sent", found)

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

        return results_html(self, title=self.notice)

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


class RunHandle(Protocol):
    """What results know of the run behind them."""

    @property
    def left_out(self) -> frozenset[int]:
        """The positions that were not to be sent: beyond the limit, or all of a rehearsal."""

    def again(self, positions: list[int], stage: Stage | None) -> Awaitable[SendResults]:
        """Send rows again, with the board on a stage, or where boards are shown."""

    def letter(self, position: int) -> bytes:
        """Make the message of a row again.

        Raises:
            TemplateError: The row has none.
        """


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
        self._results = await self._results._retry(stage)
        return self._results


def _masked_words(words: str, to: Sequence[str]) -> str:
    """Mask what is said of a run as a whole."""
    from notebookmail.view.words.masking import mask_text

    return mask_text(words, *sorted({each for each in to if each and each in words}))


def _masking(to: Sequence[str], numbers: Any, names: KnownNames) -> Callable[[int, str], str]:
    """Make what masks texts by number: every address, and what a text says of the mailboxes of its rows."""
    rows: dict[int, set[str]] = {}
    for recipients, number in zip(to, numbers.tolist(), strict=True):
        if number:
            rows.setdefault(number, set()).add(recipients)

    def masked(number: int, text: str) -> str:
        about = rows.get(number, set())
        is_of_one = len(about) == 1  # what is said of many rows in the same words names no one by a local part
        private = {each for recipients in about for each in recipients.split(", ")}
        return names.mask(text, *sorted(each for each in private if is_of_one or each in text))

    return masked

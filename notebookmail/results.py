"""What send_frame returns: the outcomes of every row, with their displays."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from .errors import FrameError
from .merge.outcomes import Outcomes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Sequence

    import pandas as pd

    from .view.table import ResultsTable


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
        self._send_again: Callable[[list[int]], Awaitable[SendResults]] | None = None

    @classmethod
    def begin(cls, plan: Any, before: SendResults | None) -> SendResults:
        """Begin the results of a plan; rows that it does not try keep how they stood before."""
        if before is not None:
            results = before.copy()
            results.reopen(plan.going)
        else:
            results = cls(plan.frame.labels)
            results.note_recipients(plan.recipients)
        results.sent_before = 0
        return results

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what `retry` sends with: it belongs to this process."""
        return {**self.__dict__, "_send_again": None}

    def retry_with(self, send: Callable[[list[int]], Awaitable[SendResults]]) -> None:
        """Take what `retry` sends with."""
        self._send_again = send

    async def retry(self) -> SendResults:
        """Send again what may be tried again: the deferred and the pending rows, with the same letter and server.

        Returns:
            The results of all rows: those tried now as they stand now, the others as before. These results
            themselves where there is nothing to try.

        Raises:
            FrameError, JournalError, SMTPException: As for send_frame.
        """
        positions = self.positions("deferred", "pending")
        if not positions:
            return self
        if self._send_again is None:
            raise FrameError("these results do not know how they were sent: run send_frame again")
        return await self._send_again(positions)

    def explain(self) -> pd.DataFrame:
        """Group the rows in trouble by cause, the largest group first.

        Returns:
            A frame with one line per cause: rows, status, category, cause, remedy, example, labels.
        """
        import pandas as pd

        columns = ["rows", "status", "category", "cause", "remedy", "example", "labels"]
        data = [
            (
                len(each.labels),
                each.status,
                each.category,
                each.cause,
                each.remedy,
                each.example,
                list(each.labels),
            )
            for each in self.causes()
        ]
        return pd.DataFrame(data, columns=columns)

    def raise_for_failures(self) -> None:
        """Turn troubled rows into an exception, for scripts that must not go on.

        Raises:
            ExceptionGroup: Holds the exception of every failed, deferred or unconfirmed row, with the row's label
                as a note.
        """
        found: list[Exception] = []
        for position in self.positions("failed", "deferred", "unconfirmed"):
            outcome = self.outcome(position)
            if outcome.error is not None:
                error = copy.copy(
                    outcome.error
                )  # the note is for the group; the row's own exception stays as it is
                error.add_note(f"row {outcome.label!r}, {outcome.status}")
                found.append(error)
        if found:
            raise ExceptionGroup(f"{len(found)} of {len(self)} rows were not sent", found)

    def table(self) -> ResultsTable:
        """Open the table of all rows: live, in pages, with a filter by status and text. For notebooks."""
        from .view.table import ResultsTable

        return ResultsTable(self)

    def __repr__(self) -> str:
        from .view.text import results_text

        return f"{self.notice}\n{results_text(self)}" if self.notice else results_text(self)

    def _is_shown(self) -> bool:
        """Tell whether the running cell's output shows these results already, where its board was."""
        from .view.frontend import current_cell

        return self.shown_in is not None and self.shown_in == current_cell()

    def _repr_html_(self) -> str | None:
        from .view.cards import results_html

        return None if self._is_shown() else results_html(self, title=self.notice)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ARG002 -- IPython's
        from .view.words import headline

        return {"text/plain": headline(self.counts) if self._is_shown() else repr(self)}

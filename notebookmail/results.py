"""What send_frame returns: the outcomes of every row, with their displays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .merge.outcomes import Outcomes

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import pandas as pd

    from .view.table import ResultsTable


class SendResults(Outcomes):
    """One entry per row of the frame, in its order.

    In a notebook it shows itself as a summary that can be saved and shared: counts, causes and the first problems,
    with masked addresses. `table()` opens all rows, live and with full addresses.

    Attributes:
        notice: What to know about the run as a whole ("nothing left this machine"), or "".
    """

    def __init__(self, labels: Sequence[Hashable] | pd.Index[Any], notice: str = "") -> None:
        super().__init__(labels)
        self.notice = notice

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
                outcome.error.add_note(f"row {outcome.label!r}, {outcome.status}")
                found.append(outcome.error)
        if found:
            raise ExceptionGroup(f"{len(found)} of {len(self)} rows were not sent", found)

    def table(self) -> ResultsTable:
        """Open the table of all rows: live, in pages, with a filter by status and text. For notebooks."""
        from .view.table import ResultsTable

        return ResultsTable(self)

    def __repr__(self) -> str:
        from .view.text import results_text

        return results_text(self)

    def _repr_html_(self) -> str:
        from .view.cards import results_html

        return results_html(self, title=self.notice)

"""Which rows the table shows, and in which order: also by the columns of the analyst's own frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from notebookmail.view.words.results import ResultsSource
from notebookmail.view.words.table_columns import cell_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from notebookmail.delivery.events import Status
    from notebookmail.delivery.row_search import Order

    from .column_choice import ColumnsSource


class TableSource(ResultsSource, Protocol):
    """What a table reads of the results of a run."""

    @property
    def frame(self) -> pd.DataFrame:
        """All rows as a frame."""

    def __len__(self) -> int:
        """Count the rows."""

    def find(
        self, status: Status | None = None, words: str = "", order: Order = "row", *, is_reversed: bool = False
    ) -> list[int]:
        """Return the positions of the rows with a status that hold these words, in an order."""


@dataclass(frozen=True, slots=True)
class Sorting:
    """What rows are sorted by.

    Attributes:
        key: An order of `RowSearch.find`, or the name of a column of the analyst's frame.
        is_own: Whether it is that.
        is_reversed: The other way round.
    """

    key: str = "row"
    is_own: bool = False
    is_reversed: bool = False


class RowFinder:
    """Finds rows by status, by words, in an order.

    Args:
        source: The analyst's own frame; None where there is none.
    """

    def __init__(self, source: ColumnsSource | None) -> None:
        self._source = source
        self._columns: dict[str, list[Any]] = {}  # those that somebody looked through

    def found(
        self, results: TableSource, status: Status | None, words: str, sorting: Sorting, shown: Sequence[str]
    ) -> list[int]:
        """Return the positions of the rows with a status that hold these words.

        Args:
            results: How every row stands.
            status: Only rows that stand so; None for all.
            words: Looked for as `RowSearch.find` does, and in the columns that are shown.
            sorting: The order.
            shown: Columns of the analyst's frame.
        """
        order = "row" if sorting.is_own else cast("Order", sorting.key)
        is_reversed = sorting.is_reversed and not sorting.is_own
        wanted = words.strip().casefold()
        if wanted and shown:
            known = set(results.find(status, words))
            found = results.find(status, "", order, is_reversed=is_reversed)
            columns = [self._values(name) for name in shown]
            found = [each for each in found if each in known or _holds(columns, each, wanted)]
        else:
            found = results.find(status, words, order, is_reversed=is_reversed)
        return self._by_own(found, sorting) if sorting.is_own else found

    def _values(self, name: str) -> list[Any]:
        if name not in self._columns and self._source is not None:
            self._columns[name] = self._source.values(name)
        return self._columns[name]

    def _by_own(self, found: list[int], sorting: Sorting) -> list[int]:
        """Sort by a column's values, by their texts where they cannot be compared; rows without one stand last."""
        values = self._values(sorting.key)
        there = [position for position in found if values[position] is not None]
        missing = [position for position in found if values[position] is None]

        def folded(position: int) -> Any:
            value = values[position]
            return value.casefold() if isinstance(value, str) else value

        try:
            ordered = sorted(there, key=folded, reverse=sorting.is_reversed)
        except TypeError:
            ordered = sorted(
                there, key=lambda position: cell_text(values[position]).casefold(), reverse=sorting.is_reversed
            )
        return [*ordered, *missing]


def _holds(columns: Sequence[list[Any]], position: int, wanted: str) -> bool:
    return any(wanted in cell_text(values[position]).casefold() for values in columns)

"""The rows of several groups, read at once: each column is looked at, and written, once for all of them.

A table of a group is written as if nothing stood beside it: how many decimals its numbers have, and whether its
dates have a time of day, is for its own cells to say. So what each cell needs is noted once, a group takes the
most of its stretch, and the cells are written once for each answer there is. A column that holds anything but
texts, numbers, truths and dates is left to each group: what writing somebody else's cell would do, nobody knows.
"""

from __future__ import annotations

import datetime as dt
import decimal
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .cells import (
    NUMBER,
    STYLES,
    Column,
    column_of,
    decimals_for,
    escaped,
    number_need,
    value_need,
    width_need,
    written_numbers,
    written_values,
)
from .content import Table
from .flattening import has_labels, is_pandas, label_columns, plain_cells

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Value = TypeVar("Value")
_NUMBERS: Final = frozenset({int, float, decimal.Decimal})
_VALUES: Final = frozenset({str, bool, dt.date, dt.datetime})
_NOTHING: Final = -2  # what a missing cell needs: less than any other


@dataclass(frozen=True, slots=True)
class _Written:
    """The cells of a column, written one way.

    Attributes:
        texts: As they are shown.
        html: The same, escaped.
        widths: What the words of each need.
    """

    texts: list[str]
    html: list[str]
    widths: list[int]


class ColumnBatch:
    """One column of the rows of several groups.

    Args:
        cells: Its cells, a missing one None.

    Attributes:
        cells: The same, as plain values.
    """

    def __init__(self, cells: list[Any]) -> None:
        self.cells = plain_cells(cells)
        self._ways: dict[tuple[int, str], _Written] = {}
        self._read: dict[Callable[[Any], str], list[str] | None] = {}

    @cached_property
    def _is_number(self) -> bool:
        return {*map(type, self.cells), type(None)} <= {*_NUMBERS, type(None)}

    @cached_property
    def _needs(self) -> list[int] | None:
        """What each cell needs; None where a group alone can say."""
        kinds = {*map(type, self.cells)} - {type(None)}
        if not (kinds <= _NUMBERS or all(kind in _VALUES or _is_timestamp(kind) for kind in kinds)):
            return None
        need = number_need if kinds <= _NUMBERS else value_need
        try:
            return _each(lambda cell: _NOTHING if cell is None else need(cell), self.cells)
        except ArithmeticError:  # a Decimal that signals: its own group will say so
            return None

    def column(self, head: str, stretch: slice, decimals: int | None, locale: str) -> Column:
        """Write a stretch of the column as column_of would: the other arguments are its."""
        needs = self._needs
        need = _NOTHING if needs is None else max(needs[stretch], default=_NOTHING)
        if need == _NOTHING:
            return column_of(head, self.cells[stretch], decimals, locale)
        if self._is_number:
            written = self._written(decimals_for(need, decimals), locale)
            style = NUMBER
        else:
            written = self._written(need, "")
            style = STYLES[max(width_need(head), *written.widths[stretch])]
        return Column(head, self._is_number, style, written.texts[stretch], written.html[stretch])

    def _written(self, need: int, locale: str) -> _Written:
        way = (need, locale)
        if way not in self._ways:
            texts = (
                written_numbers(self.cells, need, locale) if self._is_number else written_values(self.cells, need)
            )
            widths = [] if self._is_number else _each(width_need, texts)
            html = texts if self._is_number and locale == "en" else _each(escaped, texts)
            self._ways[way] = _Written(texts, html, widths)
        return self._ways[way]

    def each(self, stretch: slice, read: Callable[[Any], str]) -> list[str]:
        """Return what a function makes of each cell of a stretch; it is called once for a cell."""
        if read not in self._read:
            try:
                self._read[read] = _each(read, self.cells)
            except Exception:  # noqa: BLE001 - somebody's cell cannot be read: it is for whose it is to say so
                self._read[read] = None
        found = self._read[read]
        return list(map(read, self.cells[stretch])) if found is None else found[stretch]


def _each(read: Callable[[Any], Value], cells: Sequence[Any]) -> list[Value]:
    """Call a function for each cell; for texts and whole numbers that come again, once."""
    different = set(cells) if {*map(type, cells)} in ({str}, {int}) else ()
    if not 0 < len(different) < len(cells):
        return list(map(read, cells))
    known = {text: read(text) for text in different}
    return [known[text] for text in cells]


def _is_timestamp(kind: type) -> bool:
    return kind.__name__ == "Timestamp" and kind.__module__.partition(".")[0] == "pandas"


@dataclass(frozen=True, slots=True)
class SheetContent:
    """What a file of some rows is written of.

    Attributes:
        heads: The columns' names, as the frame has them.
        types: The columns' types, pandas'.
        table: The content.
        batch: What the rows stand in.
        stretch: Which of its rows they are.
    """

    heads: Sequence[Any]
    types: Sequence[Any]
    table: Table
    batch: GroupBatch
    stretch: slice


class GroupBatch:
    """The rows of several groups.

    Args:
        part: Their frame, in the library it came in or narwhals' of it.
        heads: The columns' names.
        columns: Their cells, a missing one None.
        cut: Returns the rows between two places as a frame of their own.
    """

    def __init__(
        self, part: Any, heads: Sequence[str], columns: Sequence[list[Any]], cut: Callable[[int, int], Any]
    ) -> None:
        self._part = part
        self._heads = tuple(heads)
        self._columns = list(map(ColumnBatch, columns))
        self._cut = cut
        self._lines: dict[Callable[[SheetContent], list[str] | None], list[str] | None] = {}

    def cut(self, stretch: slice) -> Any:
        """Return the rows of a stretch as a frame of their own."""
        return self._cut(stretch.start, stretch.stop)

    def table(self, stretch: slice, *, index: bool | None) -> Table | None:
        """Return the content of a stretch; None where its frame alone can tell.

        Args:
            stretch: Which rows.
            index: As for table_of.
        """
        if index is False or not (index or self._has_labels):
            return GroupTable(self._heads, self._columns, stretch)
        if self._labels is None:
            return None
        heads, labels = self._labels
        return GroupTable((*heads, *self._heads), [*labels, *self._columns], stretch)

    def sheet(self, stretch: slice) -> SheetContent | None:
        """Return what a file of a stretch is written of; None for frames that are not pandas', or have labels."""
        if not is_pandas(self._part) or self._has_labels:
            return None
        return self._sheet(stretch)

    def _sheet(self, stretch: slice) -> SheetContent:
        table = GroupTable(self._heads, self._columns, stretch)
        return SheetContent(self._names, self._types, table, self, stretch)

    def lines(self, write: Callable[[SheetContent], list[str] | None]) -> list[str] | None:
        """Return what a function writes of all rows; it is called once."""
        if write not in self._lines:
            self._lines[write] = write(self._sheet(slice(0, len(self._part))))
        return self._lines[write]

    @cached_property
    def _has_labels(self) -> bool:
        return has_labels(self._part)

    @cached_property
    def _names(self) -> list[Any]:
        return self._part.columns.tolist()  # type: ignore[no-any-return]

    @cached_property
    def _types(self) -> list[Any]:
        return list(self._part.dtypes)

    @cached_property
    def _labels(self) -> tuple[tuple[str, ...], list[ColumnBatch]] | None:
        found = label_columns(self._part)
        return None if found is None else (found[0], list(map(ColumnBatch, found[1])))


class GroupTable(Table):
    """The content of a stretch of a batch.

    Args:
        heads: The columns' names.
        columns: The columns of the batch.
        stretch: Which rows.
    """

    def __init__(self, heads: Sequence[str], columns: Sequence[ColumnBatch], stretch: slice) -> None:
        super().__init__(heads, (), stretch.stop - stretch.start)
        del self.columns  # made where they are read
        self._batches = columns
        self._stretch = stretch

    @cached_property
    def columns(self) -> Sequence[Sequence[Any]]:  # type: ignore[override]  # most are written without being read
        """The columns' cells."""
        return [each.cells[self._stretch] for each in self._batches]

    def column(self, place: int, decimals: int | None, locale: str) -> Column:
        """Write the column at a place; the other arguments are those of column_of."""
        return self._batches[place].column(self.heads[place], self._stretch, decimals, locale)

    def each(self, place: int, read: Callable[[Any], str]) -> Sequence[str]:
        """Return what a function makes of each cell of the column at a place."""
        return self._batches[place].each(self._stretch, read)

"""What stands in a table, before anybody writes it: the cells of frames and series of any library.

Cells are plain values, a missing one is None.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from notebookmail.compose.rows.frame import Frame

from .cells import column_of
from .flattening import flattened, framed, has_labels, plain_cells

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .cells import Column

_ROOMS: Final = frozenset({"pandas", "polars", "pyarrow", "narwhals", "modin", "cudf", "duckdb"})
_FRAMES: Final = frozenset({"DataFrame", "Table", "DuckDBPyRelation"})
_SERIES: Final = frozenset({"Series", "ChunkedArray"})


class Table:
    """A table's content.

    Args:
        heads: The columns' names.
        columns: Their cells, a missing one None.
        length: How many rows there are.

    Attributes:
        heads: The columns' names.
        columns: Their cells.
    """

    def __init__(self, heads: Sequence[str], columns: Sequence[Sequence[Any]], length: int) -> None:
        self.heads = tuple(heads)
        self.columns = columns
        self._length = length

    def __len__(self) -> int:
        return self._length

    @cached_property
    def rows(self) -> list[tuple[Any, ...]]:
        """The cells, row by row."""
        return list(zip(*self.columns, strict=True)) if self.columns else [()] * self._length

    def column(self, place: int, decimals: int | None, locale: str) -> Column:
        """Write the column at a place; the other arguments are those of column_of."""
        return column_of(self.heads[place], self.columns[place], decimals, locale)

    def each(self, place: int, read: Callable[[Any], str]) -> Sequence[str]:
        """Return what a function makes of each cell of the column at a place."""
        return list(map(read, self.columns[place]))


def is_frame(value: object) -> bool:
    """Tell whether a value is a frame of any library."""
    return _is_of(value, _FRAMES)


def is_series(value: object) -> bool:
    """Tell whether a value is a series of any library."""
    return _is_of(value, _SERIES)


def _is_of(value: object, names: frozenset[str]) -> bool:
    """Tell whether a value's class, or one it is made from, is a library's of that name."""
    kinds = type(value).__mro__
    return any(kind.__name__ in names and kind.__module__.partition(".")[0] in _ROOMS for kind in kinds)


def read_table(value: Any, *, index: bool | None = None) -> Table:
    """Read a frame or a series.

    Args:
        value: The frame or series.
        index: Whether the row labels are a column; by default where they say something (see has_labels).
    """
    if is_series(value):
        value = framed(value)
        index = has_labels(value, is_series=True) if index is None else index
    flat, heads = flattened(value, index)
    frame = Frame(flat)
    return Table(heads, list(map(plain_cells, frame.cells())), len(frame))

"""The rows of one group, as templates and functions see them, and all tables read alike.

The rows of a group are a stretch of what was read for several groups at once (see batch.py): their content is
there already, and their frame is made only where somebody asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebookmail.compose.rows.column_names import RowValues
from notebookmail.compose.rows.snapshot import own_value

from .content import Table, is_frame, is_series, read_table
from .flattening import framed

if TYPE_CHECKING:
    from .batch import GroupBatch, SheetContent


class GroupRows:
    """The rows of one group, as a template sees them: they print as a table, and a loop goes row by row.

    Args:
        frame: The group's rows, in the library they came in.
    """

    __slots__ = ("_batch", "_frame", "_is_open", "_stretch", "_table")

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self._batch: GroupBatch | None = None
        self._is_open = False
        self._stretch = slice(0, 0)
        self._table: Table | None = None

    @classmethod
    def of(cls, batch: GroupBatch, stretch: slice) -> GroupRows:
        """Return the rows that stand in a stretch of a batch."""
        rows = cls(None)
        rows._batch, rows._stretch = batch, stretch
        return rows

    def apart(self) -> GroupRows:
        """Return the same rows for a function, which may do to their frame what it likes."""
        if self._batch is None:
            return GroupRows(own_value(self._frame))
        rows = GroupRows.of(self._batch, self._stretch)
        rows._is_open = True
        return rows

    @property
    def frame(self) -> Any:
        """The frame itself."""
        if self._frame is None and self._batch is not None:
            self._frame = self._batch.cut(self._stretch)
            if self._is_open:  # from now on they are what the function makes of them
                self._frame, self._batch, self._table = own_value(self._frame), None, None
        return self._frame

    def sheet(self) -> SheetContent | None:
        """Return what a file of the rows is written of, if that is known without their frame."""
        return None if self._batch is None else self._batch.sheet(self._stretch)

    def table(self, *, index: bool | None = None) -> Table:
        """Return the content; the argument is that of table_of."""
        if index is False and self._table is not None:
            return self._table
        found = None if self._batch is None else self._batch.table(self._stretch, index=index)
        if found is None:
            found = read_table(self.frame, index=index)
        if index is False:
            self._table = found
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        # Its neighbours stay behind: a group that travels holds nobody else's rows.
        return GroupRows, (self.frame,)

    def __iter__(self) -> Any:
        table = self.table(index=False)
        return iter([RowValues(zip(table.heads, row, strict=True)) for row in table.rows])

    def __len__(self) -> int:
        return len(self._frame) if self._batch is None else self._stretch.stop - self._stretch.start

    def __getitem__(self, key: str | int | slice) -> Any:
        return self.frame[key] if isinstance(key, str) else list(self)[key]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.frame, name)

    def __repr__(self) -> str:
        return f"<Rows {len(self)}>"


def is_table(value: object) -> bool:
    """Tell whether a value is a frame or a series of any library."""
    return isinstance(value, GroupRows) or is_frame(value) or is_series(value)


def table_of(value: Any, *, index: bool | None = None) -> Table:
    """Read a frame, a series or the rows of a group.

    Args:
        value: The frame or series.
        index: Whether the row labels are a column; by default where they say something (see has_labels).
    """
    return value.table(index=index) if isinstance(value, GroupRows) else read_table(value, index=index)


def pandas_of(value: Any) -> Any:
    """Return a frame or a series as a pandas frame."""
    import narwhals as nw

    if isinstance(value, GroupRows):
        value = value.frame
    if is_series(value):
        value = framed(value)
    return nw.from_native(value, eager_only=True).to_pandas()

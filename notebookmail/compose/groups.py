"""One letter for several rows: a frame cut in groups, each read as one row with its own rows inside.

A column that says the same in all rows of a group is a value of the group, as it is of a row. One that differs is
none: printing it would pick a row by chance, so that fails and says to loop over `rows`. Two rows are in one group
only if their keys are equal, as Python has it: nothing is trimmed or folded. A row without a key belongs to
nobody; it is never put together with another, and no message is made of it.

A few numbers per row are kept, which row is of which group. The groups themselves are cut out of the frame as they
are asked for, their cells converted for many groups at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import FrameError, TemplateError

from .rows.frame import CHUNK, Frame, Row
from .tables.batch import GroupBatch
from .tables.group_rows import GroupRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

ROWS: Final = "rows"
"""The name a template knows a group's rows by."""


@dataclass(frozen=True, slots=True)
class Varying:
    """A column that has several values in a group.

    Attributes:
        column: Its name.
    """

    column: str

    @property
    def hint(self) -> str:
        """What to write instead."""
        return (
            f"column {self.column!r} has several values in this group: loop over them, as in "
            f"{{% for each in rows %}}{{{{ each[{self.column!r}] }}}}{{% endfor %}}, or print "
            "{{ rows | table }}"
        )


class GroupedFrame(Frame):
    """A frame read group by group, in the order the groups begin.

    The rows inside a group keep their order, and all their columns and labels.

    Args:
        df: As for Frame.
        group_by: The column, or named level of the index, whose equal values make a group.

    Attributes:
        columns: The names a template may use: those of the frame, and "rows".
        labels: The groups' keys; the key of a row that has none is missing here, too.

    Raises:
        FrameError: As for Frame; or there is no such column, its values cannot be told apart, or a column is named
            "rows".
    """

    unit = "group"

    def __init__(self, df: Any, /, group_by: str) -> None:
        import numpy as np
        import pandas as pd

        super().__init__(df)
        _check_columns(self.columns, group_by)
        self._group_by = group_by
        self._names = self.columns
        keys = self._source.keys(self.columns.index(group_by))
        groups = _group_numbers(keys, group_by)
        self._members: npt.NDArray[np.intp] = np.argsort(groups, kind="stable")
        self._bounds: npt.NDArray[np.intp] = np.concatenate(([0], np.cumsum(np.bincount(groups))))
        firsts = keys.take(self._members[self._bounds[:-1]])
        self._row_labels = self.labels
        self.labels = pd.Index(firsts, name=group_by)
        self.columns = (*self.columns, ROWS)

    def __repr__(self) -> str:
        return f"<GroupedFrame {len(self)} groups by {self._group_by!r}>"

    def refusals(self) -> dict[int, TemplateError]:
        """Return the positions of the rows without a key, each with the reason: nobody can say whose they are."""
        import numpy as np

        reason = (
            f"the row has no value in {self._group_by!r}, the column of group_by, so nobody can say which message "
            "it belongs to: fill it in, or drop the row"
        )
        keyless = np.flatnonzero(self.labels.isna()).tolist()
        labels = self._row_labels.take(self._members[self._bounds[keyless]]).tolist()
        return {
            position: TemplateError(reason, None, label) for position, label in zip(keyless, labels, strict=True)
        }

    def rows(self, positions: Iterable[int] | None = None) -> Iterator[Row]:
        """Walk the groups lazily, all of them or those at `positions`, in the order given."""
        for batch in self._batches(range(len(self)) if positions is None else positions):
            yield from self._read(batch)

    def gap(self, position: int, name: str) -> Any:
        """Return what the group's first row has in place of a missing value."""
        return super().gap(int(self._members[self._bounds[position]]), name)

    def _batches(self, positions: Iterable[int]) -> Iterator[list[int]]:
        """Put groups together until they are worth being converted at once; none is ever cut."""
        batch: list[int] = []
        count = 0
        for position in positions:
            size = self._size(position)
            if batch and size >= CHUNK:  # its neighbours need not be written with it
                yield batch
                batch, count = [], 0
            batch.append(position)
            count += size
            if count >= CHUNK:
                yield batch
                batch, count = [], 0
        if batch:
            yield batch

    def _size(self, position: int) -> int:
        return int(self._bounds[position + 1] - self._bounds[position])

    def _read(self, positions: list[int]) -> Iterator[Row]:
        chosen = [
            row
            for each in positions
            for row in self._members[self._bounds[each] : self._bounds[each + 1]].tolist()
        ]
        part = self._source.part(chosen)
        columns = self._source.columns(part)
        width = part.shape[1]
        batch = GroupBatch(part, self._names[:width], columns[:width], partial(self._source.native, part))
        start = 0
        for position, label in zip(positions, self.labels[positions].tolist(), strict=True):
            stop = start + self._size(position)
            fields = {
                name: _common(name, cells[start:stop]) for name, cells in zip(self._names, columns, strict=True)
            }
            fields[ROWS] = GroupRows.of(batch, slice(start, stop))
            yield Row(position, label, fields, self)
            start = stop


def _check_columns(columns: Sequence[str], group_by: str) -> None:
    if not isinstance(group_by, str):
        raise FrameError(
            f"group_by={group_by!r}: it is the name of one column; to group by several, add one that joins them"
        )
    if group_by not in columns:
        raise FrameError(
            f"group_by={group_by!r}: there is no such column; there are: {', '.join(map(repr, columns)) or 'none'}"
        )
    if ROWS in columns:
        raise FrameError('a column is named "rows", which means the rows of a group here: rename the column')


def _group_numbers(keys: pd.Series[Any] | pd.Index[Any], group_by: str) -> npt.NDArray[np.intp]:
    """Number the groups in the order they begin, and return each row's; a row without a key is a group alone."""
    import numpy as np
    import pandas as pd

    try:
        codes, values = pd.factorize(keys)
    except (TypeError, NotImplementedError) as problem:  # pandas' own columns and pyarrow's say it so
        raise FrameError(
            f"group_by={group_by!r}: its values cannot be told apart ({problem}); group by a column of texts, "
            "numbers or dates"
        ) from problem
    # One number for all that are missing would put strangers' rows into one mail.
    keyless = codes < 0
    codes[keyless] = len(values) + np.arange(keyless.sum())
    numbers, _ = pd.factorize(codes)
    return numbers


def _common(column: str, cells: list[Any]) -> Any:
    """Return what all rows of a group say, a Varying if they do not."""
    first = cells[0]
    if type(first) is str and cells.count(first) == len(cells) and {*map(type, cells)} == {str}:  # most of them
        return first
    if all(cell is first or _is_same(cell, first) for cell in cells):
        return first
    return Varying(column)


def _is_same(one: Any, other: Any) -> bool:
    """Tell whether two cells are equal, and read the same: 1, 1.0 and True are equal, too."""
    try:
        return type(one) is type(other) and bool(one == other)
    except Exception:  # noqa: BLE001 - arrays and the like have no answer: then they are not known to be the same
        return False

"""The columns of the analyst's own frame beside how its rows came out, read when somebody looks at them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from notebookmail.compose.groups import ROWS, Varying

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookmail.compose.rows.frame import Frame

_AT_ONCE: Final = 1024


class OwnColumns:
    """Reads the columns that the rows of a run have.

    Args:
        frame: The rows, or groups of them.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns; of a stream only those that the letter reads."""
        row = next(self._frame.rows([0]), None) if len(self._frame) else None
        return () if row is None else tuple(name for name in row.fields if name != ROWS)

    def values(self, name: str) -> list[Any]:
        """Return all values of a column, a missing one as None, and what differs within a group, too."""
        if self._frame.unit == "row":
            return [value for part in self._frame.column(name, _AT_ONCE) for value in part]
        return [_plain(row.fields[name]) for row in self._frame.rows()]

    def cells(self, names: Sequence[str], positions: Sequence[int]) -> list[list[Any]]:
        """Return the values of some columns of some rows, row by row."""
        return [[_plain(row.fields[name]) for name in names] for row in self._frame.rows(positions)]


def _plain(value: Any) -> Any:
    return None if isinstance(value, Varying) else value

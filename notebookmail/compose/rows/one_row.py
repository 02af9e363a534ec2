"""One row of a frame, as a frame of its own: for a letter that is made alone, with its results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .frame import Frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from .frame import Row


class OneRow(Frame):
    """A row, or group of rows, as all there is.

    Args:
        frame: Where it stands.
        position: Its place there.
    """

    def __init__(self, frame: Frame, position: int) -> None:
        self._row = next(frame.rows([position]))
        self._labels = frame.labels[[position]]
        self.columns = frame.columns
        self.unit = frame.unit

    @property
    def labels(self) -> pd.Index[Any]:
        """The row's label."""
        return self._labels

    def rows(self, positions: Iterable[int] | None = None) -> Iterator[Row]:
        """Walk the row, at position 0."""
        for position in range(1) if positions is None else positions:
            yield self._row._replace(position=position, origin=self)

    def gap(self, position: int, name: str) -> Any:  # noqa: ARG002 -- it is the only one
        """Return what the frame has in place of a missing value."""
        return self._row.gap(name)

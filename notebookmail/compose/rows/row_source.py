"""What a frame reads its rows through: one way for frames of pandas, of other libraries, and for streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd


class RowSource(Protocol):
    """Reads the rows of one frame.

    Attributes:
        names: Its columns, as templates write them; their places in it stand for them.
    """

    names: list[str]

    @property
    def labels(self) -> pd.Index[Any]:
        """The rows' labels."""

    def own(self, places: Iterable[int]) -> None:
        """Keep the columns at these places as they are now."""

    def part(self, selection: slice | list[int]) -> Any:
        """Return some rows, as a frame of the library they are kept in."""

    def columns(self, part: Any) -> list[list[Any]]:
        """Return the plain values of a part, column by column, None for what is missing."""

    def cells(self, place: int, count: int) -> Iterator[list[Any]]:
        """Walk the plain values of one column, so many rows at a time."""

    def keys(self, place: int) -> pd.Series[Any] | pd.Index[Any]:
        """Return a column whose equal values make groups."""

    def gap(self, position: int, place: int) -> Any:
        """Return what stands in a cell that has no value."""

    def native(self, part: Any, start: int, stop: int) -> Any:
        """Return rows of a part as a letter's table: a frame that holds no others."""

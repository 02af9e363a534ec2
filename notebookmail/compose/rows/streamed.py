"""The rows of a stream as a frame reads them: asked for once, and kept in a spool.

They are asked for when the columns that are read are known, and then only those. The cells a letter gets are those
the source's own library would give, and so is the frame of a group's rows.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from notebookmail.errors import FrameError, NotebookmailError

from .column_names import unique_names
from .spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pandas as pd

    from .row_source import RowSource
    from .streams import RowStream


class StreamedRows:
    """Reads the rows of a stream; they are labelled by their position.

    Args:
        stream: Where they come from.
        in_memory: Returns what reads a frame that is in memory.

    Attributes:
        names: The columns; once rows were read, only those that were read.

    Raises:
        FrameError: Two columns have the same name.
    """

    def __init__(self, stream: RowStream, in_memory: Callable[[Any], RowSource | None]) -> None:
        self.names = unique_names(stream.names)
        self._stream = stream
        self._in_memory = in_memory
        self._spool: Spool | None = None

    @property
    def labels(self) -> pd.Index[Any]:
        """Return the positions: 0, 1, 2, ..."""
        import pandas as pd

        return pd.RangeIndex(len(self._rows))

    def own(self, places: Iterable[int]) -> None:
        """Read the columns at these places, unless rows were read before."""
        if self._spool is None:
            # One at least: a letter without a word of its row's goes out once for each row all the same.
            self._read(sorted(set(places)) or [0])

    def part(self, selection: slice | Sequence[int]) -> Any:
        """Return some rows as a table of Arrow."""
        return self._rows.part(selection)

    def columns(self, part: Any) -> list[list[Any]]:
        """Return the plain values of a part, column by column."""
        rows = self._of_library(part)
        return rows.columns(rows.part(slice(None)))

    def cells(self, place: int, count: int) -> Iterator[list[Any]]:
        """Walk the plain values of one column, so many rows at a time."""
        rows = self._rows
        for start in range(0, len(rows), count):
            yield self.columns(rows.part(slice(start, start + count)).select([place]))[0]

    def keys(self, place: int) -> pd.Series[Any]:
        """Return a column whose equal values make groups; it is kept in memory."""
        import pandas as pd

        cells = [cell for each in self.cells(place, 1 << 14) for cell in each]
        return pd.Series(cells, dtype=object).infer_objects()

    def gap(self, position: int, place: int) -> Any:
        """Return what the source's library has in a cell without a value."""
        return self._of_library(self.part([position])).gap(0, place)

    def native(self, part: Any, start: int, stop: int) -> Any:
        """Return rows of a part in the library the analyst works in."""
        # Taken, not cut: when a slice of an Arrow table is pickled, its neighbours' rows travel with it.
        return self._stream.group(part.take(list(range(start, stop))))

    def _of_library(self, part: Any) -> RowSource:
        rows = self._in_memory(self._stream.cells(part))
        assert rows is not None  # noqa: S101 -- a table of Arrow, or the frame that was made of one
        return rows

    @property
    def _rows(self) -> Spool:
        if self._spool is None:
            self._read(range(len(self.names)))
            assert self._spool is not None  # noqa: S101 -- just read
        return self._spool

    def _read(self, places: Sequence[int]) -> None:
        try:
            with contextlib.closing(self._stream.batches(places)) as batches:
                self._spool = Spool(batches)
        except NotebookmailError:
            raise
        except Exception as problem:  # each library has its own words for a query that fails
            raise FrameError(f"the rows could not be read: {type(problem).__name__}: {problem}") from problem
        self.names = [self.names[place] for place in places]

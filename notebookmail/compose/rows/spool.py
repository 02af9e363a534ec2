"""Rows of a stream, kept in a temporary file for as long as a run needs them.

A source larger than memory is read once, at the call: a query without an order gives its rows in another one when
it is asked again, and what a run sends must be what it has counted. The file has no name where the system allows
that, nobody else may read it, and it is gone with its last reader, also after a crash. Only what is being read is
in memory.

The file is a row of blocks, each a whole Arrow stream: then a column may have another type, or a category other
values, in a later block, as they may in the partitions of a data set.
"""

from __future__ import annotations

import contextlib
import errno
import tempfile
import threading
import weakref
from array import array
from bisect import bisect_right
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import FrameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_BLOCK_ROWS: Final = 4096
_BLOCK_OCTETS: Final = 4 << 20


class Spool:
    """Rows in a temporary file, in the order they came.

    Args:
        batches: Record batches or tables of Arrow with the same columns; each is dropped once it is written.

    Raises:
        FrameError: The rows cannot be read, or have no room on the disk.
    """

    def __init__(self, batches: Iterable[Any]) -> None:
        self._starts = array("q", [0])  # block n begins at this row
        self._places = array("q", [0])  # and at this octet
        self._lock = threading.Lock()
        self._open: tuple[int, Any] = (-1, None)
        with disk_room():
            self._file = tempfile.TemporaryFile(prefix="notebookmail-")  # noqa: SIM115 -- open as long as it is read
        weakref.finalize(self, self._file.close)
        self._write(batches)

    def __len__(self) -> int:
        return self._starts[-1]

    def part(self, positions: slice | Sequence[int]) -> Any:
        """Return the rows at some positions, in the order given, as a table of Arrow."""
        import pyarrow as pa

        if isinstance(positions, slice):
            start, stop, _ = positions.indices(len(self))
            return _joined(list(self._pieces(start, stop)))
        import numpy as np

        wanted = np.asarray(positions, dtype=np.int64)
        order = np.argsort(wanted, kind="stable")
        ordered = wanted[order]
        cuts = np.searchsorted(ordered, self._starts)
        pieces = [
            self._block(block).take(pa.array(ordered[cuts[block] : cuts[block + 1]] - self._starts[block]))
            for block in np.flatnonzero(np.diff(cuts)).tolist()
        ]
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return _joined(pieces).take(pa.array(back))

    def _pieces(self, start: int, stop: int) -> Iterator[Any]:
        while start < stop:
            number = bisect_right(self._starts, start) - 1
            begin, end = self._starts[number], min(self._starts[number + 1], stop)
            yield self._block(number).slice(start - begin, end - start)
            start = end

    def _block(self, number: int) -> Any:
        """Read a block; the last one stays open."""
        import pyarrow as pa

        opened, table = self._open
        if opened == number:
            return table
        with self._lock:
            self._file.seek(self._places[number])
            octets = self._file.read(self._places[number + 1] - self._places[number])
        with pa.ipc.open_stream(pa.py_buffer(octets)) as reader:
            table = reader.read_all()
        self._open = (number, table)
        return table

    # --- writing --------------------------------------------------------------------------------------------

    def _write(self, batches: Iterable[Any]) -> None:
        pending: list[Any] = []
        rows = octets = 0
        for piece in _small(batches):
            is_full = rows + piece.num_rows > _BLOCK_ROWS or octets + piece.nbytes > _BLOCK_OCTETS
            if pending and (is_full or not piece.schema.equals(pending[0].schema)):
                self._write_block(pending, rows)
                pending, rows, octets = [], 0, 0
            pending.append(piece)
            rows, octets = rows + piece.num_rows, octets + piece.nbytes
        if pending:
            self._write_block(pending, rows)
        with disk_room():
            self._file.flush()

    def _write_block(self, pieces: list[Any], rows: int) -> None:
        import pyarrow as pa

        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, pieces[0].schema) as writer:
            for piece in pieces:
                writer.write(piece)
        octets = sink.getvalue()
        with disk_room():
            self._file.write(octets)
        self._starts.append(self._starts[-1] + rows)
        self._places.append(self._places[-1] + octets.size)


def _small(batches: Iterable[Any]) -> Iterator[Any]:
    """Cut batches where they are too long for a block."""
    for batch in batches:
        whole = _with_plain_texts(batch)
        count = whole.num_rows
        step = max(1, min(_BLOCK_ROWS, _BLOCK_OCTETS * count // max(whole.nbytes, 1)))
        for start in range(0, count, step):
            yield whole.slice(start, step)


def _with_plain_texts(batch: Any) -> Any:
    """Turn views of texts into texts: written as a view, a slice of them brings all its neighbours along."""
    import pyarrow as pa

    plain = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
    table = pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
    if not any(kind in plain for kind in table.schema.types):
        return table
    fields = [field.with_type(plain.get(field.type, field.type)) for field in table.schema]
    return table.cast(pa.schema(fields, table.schema.metadata))


def _joined(pieces: list[Any]) -> Any:
    import pyarrow as pa

    return pieces[0] if len(pieces) == 1 else pa.concat_tables(pieces, promote_options="permissive")


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder that only this user may read, and remove it in the end.

    Raises:
        FrameError: There is no room on its disk.
    """
    with disk_room(), tempfile.TemporaryDirectory(prefix="notebookmail-") as folder:
        yield Path(folder)


def rows_of_file(path: Path) -> Iterator[Any]:
    """Read the batches of an Arrow file, one at a time."""
    import pyarrow as pa

    with pa.memory_map(str(path)) as octets, pa.ipc.open_file(octets) as file:
        for number in range(file.num_record_batches):
            yield file.get_batch(number)


@contextlib.contextmanager
def disk_room() -> Iterator[None]:
    """Turn a full disk into a FrameError that names the remedy."""
    try:
        yield
    except OSError as problem:
        if problem.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise FrameError(
            f"the rows have no room in {tempfile.gettempdir()} ({problem}): let TMPDIR name a folder with more"
        ) from problem

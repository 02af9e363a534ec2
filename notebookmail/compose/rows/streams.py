"""Sources that hand out their rows as a stream: who they are, and how each is asked for the columns that are read.

polars' lazy frames, DuckDB's relations, Ibis' tables, Dask's data frames, readers and data sets of pyarrow, and
whatever else has `__arrow_c_stream__` (PySpark's data frames, for one). Each is asked once, for the columns that a
letter reads and no others, in batches small enough for a machine that could not hold all of it. Nothing is kept
here: spool.py keeps the rows.
"""

from __future__ import annotations

import contextlib
import importlib.util
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import FrameError

from .partitions import partitions

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

BATCH_ROWS: Final = 16_384
"""So many rows are asked for at a time, where that can be said."""


@dataclass(frozen=True, slots=True)
class RowStream:
    """A source whose rows can be read in batches, once.

    Attributes:
        names: Its columns, in order, as the source has them.
        batches: Reads the columns at these places: record batches of Arrow, or tables.
        cells: Turns a table of Arrow into the frame whose values the cells of a letter have.
        group: Turns a table of Arrow into the frame that a letter has as the rows of a group.
    """

    names: Sequence[Any]
    batches: Callable[[Sequence[int]], Generator[Any]]
    cells: Callable[[Any], Any] = lambda table: table
    group: Callable[[Any], Any] = lambda table: table


def stream_of(source: Any) -> RowStream | None:
    """Return how a source is read as a stream; None if it is none.

    Raises:
        FrameError: It is one, and pyarrow is missing.
    """
    names = ((kind.__module__.partition(".")[0].strip("_"), kind.__name__) for kind in type(source).__mro__)
    opened = next((_OPENED[each] for each in names if each in _OPENED), None)
    if opened is None and not hasattr(source, "__arrow_c_stream__"):
        return None
    if importlib.util.find_spec("pyarrow") is None:
        raise FrameError(
            f'a {type(source).__name__} is read through Arrow, which is missing: pip install "notebookmail[arrow]"'
        )
    return (opened or _stream_of_capsules)(source)


def _stream_of_polars(lazy: Any) -> RowStream:
    names = lazy.collect_schema().names()

    def batches(places: Sequence[int]) -> Generator[Any]:
        import polars as pl

        chosen = lazy.select([names[place] for place in places])
        with contextlib.closing(_frames_of_polars(chosen)) as frames:
            for frame in frames:  # in which texts are views, also within lists and categories
                yield frame.to_arrow(compat_level=pl.CompatLevel.oldest())

    return RowStream(names, batches, cells=_as_polars, group=_as_polars)


def _frames_of_polars(chosen: Any) -> Generator[Any]:
    """Run a query; it waits when its rows are not taken."""
    import polars as pl

    if hasattr(chosen, "collect_batches"):
        yield from chosen.collect_batches(chunk_size=BATCH_ROWS)
        return

    from .spool import rows_of_file, temporary_folder

    with temporary_folder() as folder:  # an older polars
        path = folder / "rows.arrow"
        try:
            chosen.sink_ipc(path, compression="lz4")
        except pl.exceptions.InvalidOperationError:  # before 1.30 it streams not every query
            chosen.collect().write_ipc(path, compression="lz4")
        for batch in rows_of_file(path):
            yield pl.from_arrow(batch)


def _stream_of_duckdb(relation: Any) -> RowStream:
    names = list(relation.columns)

    def batches(places: Sequence[int]) -> Generator[Any]:
        quoted = ('"{}"'.format(names[place].replace('"', '""')) for place in places)
        chosen = relation.project(", ".join(quoted))
        read = getattr(chosen, "to_arrow_reader", None) or chosen.fetch_arrow_reader  # the older name
        yield from read(BATCH_ROWS)

    return RowStream(names, batches, group=_as_pandas_of_arrow)


def _stream_of_ibis(table: Any) -> RowStream:
    names = list(table.columns)

    def batches(places: Sequence[int]) -> Generator[Any]:
        yield from table.select(*(names[place] for place in places)).to_pyarrow_batches(chunk_size=BATCH_ROWS)

    return RowStream(names, batches, group=_as_pandas_of_arrow)


def _stream_of_dask(frame: Any) -> RowStream:
    index = frame.index.name
    has_index = isinstance(index, str) and index not in frame.columns
    names = [*frame.columns, *([index] if has_index else [])]

    def batches(places: Sequence[int]) -> Generator[Any]:
        return partitions(frame.reset_index() if has_index else frame, [names[place] for place in places])

    return RowStream(names, batches, cells=_as_pandas, group=_as_pandas)


def _stream_of_dataset(dataset: Any) -> RowStream:
    names = dataset.schema.names

    def batches(places: Sequence[int]) -> Generator[Any]:
        yield from dataset.to_batches(columns=[names[place] for place in places], batch_size=BATCH_ROWS)

    return RowStream(names, batches)


def _stream_of_reader(reader: Any) -> RowStream:
    def batches(places: Sequence[int]) -> Generator[Any]:
        count = 0
        for batch in _batches_of(reader, places):
            count += batch.num_rows
            yield batch
        if not count:  # read before, most likely: nobody shall take that for "everybody was mailed"
            raise FrameError(
                "the RecordBatchReader has no rows left: it can be read only once, so make it anew for every "
                "call, or pass the table or data set it reads"
            )

    return RowStream(reader.schema.names, batches)


def _stream_of_capsules(source: Any) -> RowStream | None:
    """Open what has `__arrow_c_stream__`, once; None if it is a column."""
    import pyarrow as pa

    try:
        reader = pa.RecordBatchReader.from_stream(source)
    except pa.ArrowInvalid:
        return None
    return RowStream(reader.schema.names, partial(_batches_of, reader), group=_as_pandas_of_arrow)


def _batches_of(reader: Any, places: Sequence[int]) -> Generator[Any]:
    for batch in reader:
        yield batch.select(list(places))


def _as_polars(table: Any) -> Any:
    import polars as pl

    return pl.from_arrow(table, rechunk=False)


def _as_pandas(table: Any) -> Any:
    return table.to_pandas()


def _as_pandas_of_arrow(table: Any) -> Any:
    """Return a pandas frame in which a whole number beside a gap stays one."""
    import pandas as pd

    return table.to_pandas(types_mapper=pd.ArrowDtype)


_OPENED: Final[dict[tuple[str, str], Callable[[Any], RowStream | None]]] = {
    ("polars", "LazyFrame"): _stream_of_polars,
    ("duckdb", "DuckDBPyRelation"): _stream_of_duckdb,
    ("ibis", "Table"): _stream_of_ibis,
    ("dask", "DataFrame"): _stream_of_dask,
    ("pyarrow", "RecordBatchReader"): _stream_of_reader,
    ("pyarrow", "Dataset"): _stream_of_dataset,
}
"""How the sources are opened that have ways of their own; by the room and the name of their classes."""

"""A Dask data frame, partition by partition: one is computed, handed on and forgotten before the next.

Where a client of a cluster is the scheduler, its workers compute them; a partition that is computed again, because
a worker died, is the same one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebookmail.errors import FrameError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    import pandas as pd


def partitions(frame: Any, names: Sequence[Any]) -> Generator[Any]:
    """Compute the partitions of a Dask data frame, one after the other.

    Args:
        frame: The data frame.
        names: The columns to compute.

    Yields:
        Tables of Arrow.

    Raises:
        FrameError: A cell is of a type that Arrow does not know; the message names its row and column.
    """
    chosen, start = frame[list(names)], 0
    for number in range(chosen.npartitions):
        part: pd.DataFrame = chosen.partitions[number].compute()
        yield _table(part.set_axis([str(name) for name in part.columns], axis=1), start)
        start += len(part)


def _table(part: pd.DataFrame, start: int) -> Any:
    import pyarrow as pa

    try:
        return pa.Table.from_pandas(part, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as problem:
        name, place = next(_misfits(part), (None, 0))
        where = "" if name is None else f"row {start + place}, column {name!r}: "
        raise FrameError(
            f"{where}Dask's partitions are kept as Arrow, which has no type for this cell beside those before it "
            f"({problem}): let the column hold values of one type, as in df[column].astype(str)"
        ) from problem


def _misfits(part: pd.DataFrame) -> Iterator[tuple[str, int]]:
    """Find the first cell of each column that Arrow cannot take, by halves."""
    for name in part.columns:
        if _is_taken(part[name]):
            continue
        good, bad = 0, len(part)
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if _is_taken(part[name].iloc[:middle]) else (good, middle)
        yield name, bad - 1


def _is_taken(cells: pd.Series[Any]) -> bool:
    import pyarrow as pa

    try:
        pa.Array.from_pandas(cells)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return False
    return True

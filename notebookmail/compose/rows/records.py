"""Lists of dicts, dataclasses or named tuples as frames: `[{"email": ..., "name": ...}, ...]`.

What a row does not have is missing in it. A column keeps its values as they are: 17 stays 17 beside a gap and
beside 2.5. An iterator is refused, because a run reads its rows more than once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import FrameError

if TYPE_CHECKING:
    import pandas as pd

_DTYPES: Final[dict[type, tuple[str, str]]] = {
    int: ("int64", "Int64"),
    float: ("float64", "float64"),
    bool: ("bool", "boolean"),
}
"""How a column whose values are all of a type is kept: without gaps, and with some."""


def frame_of_records(source: Any) -> pd.DataFrame | None:
    """Make a pandas frame of a list of rows; None if it is no list.

    Raises:
        FrameError: A row is nothing that has named fields, or the rows can be read only once.
    """
    if isinstance(source, Iterator):
        raise FrameError(
            f"a {type(source).__name__} can be read only once, and a run reads its rows again: pass list(rows)"
        )
    if not isinstance(source, Sequence) or isinstance(source, str | bytes | bytearray) or _is_record(source):
        return None
    import pandas as pd

    rows = [_fields(row, number) for number, row in enumerate(source)]
    names = dict.fromkeys(name for row in rows for name in row)
    columns = [_column([row.get(name) for row in rows]) for name in names]
    index = pd.RangeIndex(len(rows))
    frame = pd.DataFrame(dict(enumerate(columns)), index=index)
    return frame.set_axis(pd.Index(list(names), dtype=object), axis=1)


def _is_record(row: Any) -> bool:
    return isinstance(row, tuple) and hasattr(row, "_fields")


def _fields(row: Any, number: int) -> Mapping[Any, Any]:
    if isinstance(row, Mapping):
        return row
    if _is_record(row):
        return dict(zip(row._fields, row, strict=True))
    if dataclasses.is_dataclass(row) and not isinstance(row, type):
        return {each.name: getattr(row, each.name) for each in dataclasses.fields(row)}
    raise FrameError(
        f"this list is not a data frame: its row {number} is a {type(row).__name__}, and a row of a list is a "
        "dict of column names to values, a dataclass or a named tuple"
    )


def _column(cells: list[Any]) -> pd.Series[Any]:
    import pandas as pd

    kinds = set(map(type, cells))
    has_gaps = type(None) in kinds
    kinds.discard(type(None))
    dtype = _DTYPES[kinds.pop()][has_gaps] if len(kinds) == 1 and kinds <= _DTYPES.keys() else "object"
    try:
        return pd.Series(cells, dtype=dtype)
    except OverflowError:  # a number of more than 64 bits
        return pd.Series(cells, dtype=object)

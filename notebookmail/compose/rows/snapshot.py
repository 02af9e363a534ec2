"""A frame as it was when the call was made, whatever is done to it afterwards.

The columns that are read are copied, and no others: 8 bytes a cell, and nothing for pandas 3's texts, which are
Arrow's and never change. That pandas 3 copies what is written to is not enough, for what is written through a
column's `.array` it does not see. Frames of other libraries share their columns with a copy.
Cells that can be changed in place (lists, dicts, arrays) are copied wherever they are read. What an object of the
analyst's own class holds is not: nobody here knows how to copy it.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

_UNCHANGEABLE: Final = frozenset({
    "string", "bytes", "boolean", "integer", "floating", "decimal", "complex", "date", "datetime", "datetime64",
    "time", "timedelta", "timedelta64", "period", "interval", "mixed-integer-float", "empty",
})  # fmt: skip
"""What pandas calls columns of objects no cell of which can be changed in place."""


def own_pandas(df: pd.DataFrame, places: Iterable[int]) -> pd.DataFrame:
    """Return a pandas frame that no later change of this one reaches.

    Args:
        df: The frame.
        places: The columns that are read; what is written into others may be seen.
    """
    own = df.copy(deep=False)
    own.index = df.index.view()  # its names belong to the frame, too
    for place in places:
        column: Any = df.iloc[:, place]
        if column.dtype == object and _has_changeable(column):
            own.isetitem(place, _copied_cells(column))
        else:
            own.isetitem(place, column.copy())
    return own


def own_value(value: Any) -> Any:
    """Return a value, or a copy where it is one that can be changed in place."""
    match value:
        case list():
            items = copy.copy(value)
            items[:] = map(own_value, value)
            return items
        case dict():
            pairs = copy.copy(value)
            pairs.update((key, own_value(item)) for key, item in value.items())
            return pairs
        case set() | bytearray():
            return copy.copy(value)
        case tuple() if type(value) is tuple:
            return tuple(map(own_value, value))
    return _own_data(value)


def _own_data(value: Any) -> Any:
    room = type(value).__module__.partition(".")[0]
    if room in {"pandas", "numpy", "modin"} and hasattr(value, "copy") and hasattr(value, "ndim"):
        return value.copy()
    if room == "polars" and hasattr(value, "clone"):
        return value.clone()
    return value


def _has_changeable(column: pd.Series[Any]) -> bool:
    import pandas as pd

    if pd.api.types.infer_dtype(column, skipna=True) in _UNCHANGEABLE:
        return False
    kinds = set(map(type, column.array))
    return not kinds <= {str, int, float, bool, bytes, type(None)}


def _copied_cells(column: pd.Series[Any]) -> Any:
    import numpy as np
    import pandas as pd

    cells = np.empty(len(column), dtype=object)
    for place, value in enumerate(column.array):
        cells[place] = own_value(value)
    return pd.Series(cells, index=column.index, name=column.name, dtype=object)

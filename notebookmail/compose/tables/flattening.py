"""Frames of any shape made flat: one name a column, the row labels a column among them or none.

A frame that is mailed row by row needs names nobody can mistake. A table is only looked at: it may have columns of
several levels, and two of one name.
"""

from __future__ import annotations

from typing import Any

from notebookmail.compose.rows.frame import PLAIN_TYPES, Frame


def framed(series: Any) -> Any:
    """Turn a series of any library into a frame of one column."""
    name = getattr(series, "name", None)
    if hasattr(series, "to_frame"):
        return series.to_frame("" if name is None else _head(name))
    import narwhals as nw

    return nw.from_native(series, series_only=True).to_frame().to_native()


def flattened(frame: Any, index: bool | None) -> tuple[Any, tuple[str, ...]]:
    """Return a frame whose columns have names of their own, and the names to show.

    Args:
        frame: A frame of any library; not changed.
        index: Whether the row labels are a column; None where they say something.
    """
    if not is_pandas(frame):
        names = tuple(getattr(frame, "column_names", frame.columns))
        # pyarrow is the only other one with two columns of one name
        return (frame if len(set(names)) == len(names) else frame.rename_columns(_places(len(names)))), names
    flat = frame.set_axis([_head(name) for name in frame.columns], axis="columns")
    if index or (index is None and has_labels(frame)):
        labels = ["" if name is None else _head(name) for name in frame.index.names]
        flat = flat.reset_index(names=labels if len(labels) > 1 else labels[0], allow_duplicates=True)
    names = tuple(flat.columns)
    return flat.set_axis(_places(len(names)), axis="columns").reset_index(drop=True), names


def has_labels(frame: Any, *, is_series: bool = False) -> bool:
    """Tell whether a frame's row labels say something: they have a name, or are no mere numbers; only pandas' do.

    Args:
        frame: A frame of any library.
        is_series: Whether it was a series, whose labels say something unless they count the rows.
    """
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        return False
    index = frame.index
    if any(name is not None for name in index.names):
        return True
    if len(index) == 0:
        return False
    if is_series:
        return not isinstance(index, pd.RangeIndex)
    return not pd.api.types.is_integer_dtype(index.dtype)


def label_columns(frame: Any) -> tuple[tuple[str, ...], list[list[Any]]] | None:
    """Return the row labels of a frame as columns, with their names; only pandas' has any.

    None where a part of the rows could have labels of another type: pandas guesses it anew for what it keeps as
    objects.
    """
    import pandas as pd

    if not is_pandas(frame):
        return (), []
    levels = [frame.index.get_level_values(level) for level in range(frame.index.nlevels)]
    if any(each.dtype == object and pd.api.types.infer_dtype(each, skipna=False) != "string" for each in levels):
        return None
    flat, heads = flattened(frame.iloc[:, :0], index=True)
    return heads, Frame(flat).cells()


def plain_cells(cells: list[Any]) -> list[Any]:
    """Return a column's cells with numbers of numpy's, which columns of objects have, as Python's own."""
    return cells if PLAIN_TYPES.issuperset(map(type, cells)) else list(map(_plain, cells))


def _plain(cell: Any) -> Any:
    if type(cell) in PLAIN_TYPES:
        return cell
    is_number = getattr(getattr(cell, "dtype", None), "kind", "-") in "biuf" and cell.ndim == 0
    return cell.item() if is_number else cell


def is_pandas(frame: Any) -> bool:
    """Tell whether a frame is one of pandas'."""
    import pandas as pd

    return isinstance(frame, pd.DataFrame)


def _places(width: int) -> list[str]:
    return [str(place) for place in range(width)]


def _head(name: Any) -> str:
    """Return a column's name; the levels of one that has several, after each other."""
    return " ".join(str(part) for part in name if str(part)) if isinstance(name, tuple) else str(name)

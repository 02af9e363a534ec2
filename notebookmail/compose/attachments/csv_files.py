"""The rows of a group as CSV, of what was read for many groups: the same octets as pandas writes.

pandas writes a column by its type: dates without a time of day only if none of them has one. A type that is not
named here is left to it.
"""

from __future__ import annotations

import csv
import datetime as dt
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notebookmail.compose.tables.batch import SheetContent
    from notebookmail.compose.tables.content import Table

_TEXTS: Final = frozenset({str, type(None)})
_AS_THEY_PRINT: Final = frozenset({"int64", "int32", "bool", "float64", "Int64", "boolean"})
_MIDNIGHT: Final = " 00:00:00"
_LENGTH: Final = len("2025-12-31 00:00:00")


def csv_text(sheet: SheetContent, separator: str) -> str | None:
    """Write rows as CSV with a line of heads; None where pandas has to.

    The lines of all groups that were read at once are written at once, unless one of them needs a way of its own.

    Args:
        sheet: The rows.
        separator: What stands between two cells.
    """
    of_all = sheet.batch.lines(_LINES[separator])
    if of_all is not None:
        return of_all[0] + "".join(of_all[sheet.stretch.start + 1 : sheet.stretch.stop + 1])
    own = _lines(sheet, separator, _moments)
    return None if own is None else "".join(own)


def _lines(
    sheet: SheetContent, separator: str, moments: Callable[[Sequence[str]], Sequence[str] | None]
) -> list[str] | None:
    """Write the line of heads and a line for each row."""
    columns = []
    for place, kind in enumerate(sheet.types):
        cells = _cells(sheet.table, place, kind, moments)
        if cells is None:
            return None
        columns.append(cells)
    lines = _CsvLines()
    writer = csv.writer(lines, delimiter=separator, lineterminator="\r\n")
    writer.writerow(sheet.heads)
    writer.writerows(zip(*columns, strict=True))
    return lines


class _CsvLines(list[str]):
    """Takes what is written, a line at a time."""

    write = list.append


@lru_cache(maxsize=256)
def _name(kind: Any) -> str:
    return str(kind)  # of NumPy, whose types take their time for it


def _cells(
    table: Table, place: int, kind: Any, moments: Callable[[Sequence[str]], Sequence[str] | None]
) -> Sequence[Any] | None:
    """Return a column's cells that print as pandas writes them, None if only it knows."""
    name = _name(kind)
    if name in _AS_THEY_PRINT:  # as the csv module writes them, too, nothing for None
        return table.columns[place]
    if name == "object" or name.startswith(("str", "string", "category")):
        cells = table.columns[place]
        return cells if _TEXTS.issuperset(map(type, cells)) else None
    return moments(table.each(place, _moment)) if name.startswith("datetime64[") and "," not in name else None


def _written(cell: Any) -> str:
    return "" if cell is None else str(cell)


def _moment(cell: Any) -> str:
    # datetime's own way: pandas' takes ten times as long, and writes the same.
    is_own = cell is None or cell.nanosecond or not 0 < cell.year <= dt.MAXYEAR
    return _written(cell) if is_own else dt.datetime.isoformat(cell, " ")


def _moments(texts: Sequence[str]) -> Sequence[str] | None:
    """Return dates and times as pandas writes a column of them, None if one has a part of a second."""
    present = [*filter(None, texts)]
    if not {*map(len, present)} <= {_LENGTH}:
        return None
    if all(text.endswith(_MIDNIGHT) for text in present):
        return [text.removesuffix(_MIDNIGHT) for text in texts]
    return texts


def _moments_of_groups(texts: Sequence[str]) -> Sequence[str] | None:
    """Return dates and times as pandas writes them in any stretch of a column, None if not in all the same way."""
    are_dates = {text.endswith(_MIDNIGHT) for text in texts if text}
    return _moments(texts) if len(are_dates) <= 1 else None


_LINES: Final = {
    separator: partial(_lines, separator=separator, moments=_moments_of_groups) for separator in (",", "\t")
}

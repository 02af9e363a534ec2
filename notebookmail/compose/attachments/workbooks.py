"""Columns of plain values as an Excel file, written straight with XlsxWriter.

A text that begins with "=" is a text, never a formula (CWE-1236). A number keeps all its digits, of which
XlsxWriter would write sixteen. What Excel cannot hold is refused, never cut. The same columns are the same bytes:
the file does not say when it was written.
"""

from __future__ import annotations

import datetime as dt
import decimal
import io
import math
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

WRITTEN: Final = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - XlsxWriter takes it for UTC
"""When every file says it was written."""
OPTIONS: Final = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
"""How a workbook is made: no temporary files, and texts are texts."""
_MOST_CHARACTERS: Final = 32_767
_MOST_ROWS: Final = 1_048_576
_MOST_COLUMNS: Final = 16_384
_FIRST_DAY: Final = dt.date(1900, 1, 1)
_FORMATS: Final = {"day": "YYYY-MM-DD", "moment": "YYYY-MM-DD HH:MM:SS", "span": "0", "gap": "General"}
_DAY: Final = 86_400
_BREAKS: Final = frozenset("\t\n\r")


def workbook_of(heads: Sequence[Any], columns: Sequence[Sequence[Any]]) -> bytes:
    """Write columns as a workbook of one sheet.

    Args:
        heads: What stands above each; a missing one None.
        columns: Their cells, a missing one None.

    Raises:
        ImportError: XlsxWriter is not installed.
        ValueError: Excel cannot hold a value, or so many.
    """
    from xlsxwriter import Workbook

    length = len(columns[0]) if columns else 0
    if length >= _MOST_ROWS or len(columns) > _MOST_COLUMNS:
        raise ValueError(f"Excel holds {_MOST_ROWS:,} rows with the heads, and {_MOST_COLUMNS:,} columns")
    file = io.BytesIO()
    with Workbook(file, OPTIONS) as book:
        book.set_properties({"created": WRITTEN})
        writer = _CellWriter(
            book.add_worksheet(), {name: book.add_format({"num_format": f}) for name, f in _FORMATS.items()}
        )
        for place, (head, cells) in enumerate(zip(heads, columns, strict=True)):
            writer.write(0, place, head)
            for row, cell in enumerate(cells, 1):
                writer.write(row, place, cell)
    return file.getvalue()


class _CellWriter:
    """Writes cells by what they are.

    Args:
        sheet: Where to.
        formats: How days, moments and spans of time are shown.
    """

    def __init__(self, sheet: Worksheet, formats: dict[str, Format]) -> None:
        self._sheet = sheet
        self._formats = formats

    def write(self, row: int, place: int, cell: Any) -> None:
        """Write a value; what says nothing leaves its cell empty, and there."""
        kind = type(cell)
        if cell is None or (kind is str and not cell):
            self._sheet.write_blank(row, place, None, self._formats["gap"])
        elif kind is str:
            self._sheet.write_string(row, place, _checked(cell))
        elif kind is int or kind is float:
            self._number(row, place, cell)
        elif isinstance(cell, bool):
            self._sheet.write_boolean(row, place, cell)
        elif isinstance(cell, (float, decimal.Decimal)):
            self._number(row, place, float(cell))
        elif isinstance(cell, int):
            self._number(row, place, int(cell))
        elif isinstance(cell, dt.timedelta):
            self._number(row, place, cell.total_seconds() / _DAY, self._formats["span"])
        elif isinstance(cell, (dt.date, dt.time)):
            self._moment(row, place, cell)
        else:
            self._sheet.write_string(row, place, _checked(str(cell)))

    def _number(self, row: int, place: int, number: float, shown: Format | None = None) -> None:
        if not math.isfinite(number):
            self._sheet.write_string(row, place, str(number))
            return
        if float(f"{number:.16G}") != number:
            number = _ExactInteger(number) if isinstance(number, int) else _ExactNumber(number)
        self._sheet.write_number(row, place, number, shown)

    def _moment(self, row: int, place: int, cell: dt.date | dt.time) -> None:
        if getattr(cell, "tzinfo", None) is not None:
            raise ValueError(
                "Excel does not support dates with a timezone: take it off, as in "
                'df["day"].dt.tz_localize(None), or attach the table as CSV'
            )
        if isinstance(cell, dt.time) or cell.year < _FIRST_DAY.year:  # Excel's calendar begins there
            self._sheet.write_string(row, place, str(cell))
            return
        self._sheet.write_datetime(
            row, place, cell, self._formats["moment" if isinstance(cell, dt.datetime) else "day"]
        )


class _ExactNumber(float):
    """A number that is written with all its digits."""

    def __format__(self, _: str) -> str:
        return repr(float(self)).upper()


class _ExactInteger(int):
    """A whole number that is written with all its digits."""

    def __format__(self, _: str) -> str:
        return str(int(self))


def _checked(text: str) -> str:
    """Return a text that Excel can hold."""
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"a text has {len(text):,} characters, and a cell of Excel holds {_MOST_CHARACTERS:,}")
    if not text.isprintable() and any(char < " " and char not in _BREAKS for char in text):
        raise ValueError("a text holds a control character, which Excel cannot hold")
    return text

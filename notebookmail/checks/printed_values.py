"""Values that print as a computer writes them: 3.0, 00:00:00, 1.23e+10, Excel's day numbers.

A spreadsheet or a library has changed them on the way, and nothing is wrong with the row. So whole columns are
looked at first: a 2.0 among 1.5 and 7.25 is a measure, one among 3.0 and 4.0 is a count with a gap in its column.
A value is a finding only where the message has it as it prints: a template that formats it is silent.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .findings import warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from .findings import Remark
    from .parsed_message import ParsedMessage

_NAME: Final = 1e9  # a float from here on was a phone number, an account, an order: nobody counts so far
_LONG_FRACTION: Final = 10  # digits nobody has measured
_MOST_DAYS: Final = 80_000  # Excel's number of a day in 2119
_SCIENTIFIC: Final = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{1,3}")
_FLOAT_NAME: Final = re.compile(r"\d{8,}\.0")
_DATE: Final = re.compile(r"\d{4}-\d{1,2}-\d{1,2}.*|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})\b.*")
_MIDNIGHT: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]00:00:00(?:\.0+)?")
_DAY_NUMBER: Final = re.compile(r"[2-6]\d{4}(?:\.0)?")
_ODD: Final = re.compile(r"\d[eE]\+?\d|\d{8}\.0$|00:00:00|^[2-6]\d{4}(?:\.0)?$", re.MULTILINE)
"""One look at many texts: whether any of them may be found."""


@dataclass(slots=True)
class _ColumnCounts:
    """What a column holds, counted."""

    floats: int = 0
    whole: int = 0
    dates: int = 0
    midnights: int = 0
    texts: int = 0
    date_texts: int = 0
    midnight_texts: int = 0
    is_text_odd: bool = False

    def add(self, cells: Sequence[Any]) -> None:
        """Count a chunk of cells, by their types: a column has few."""
        kinds: set[type] = set(map(type, cells))
        self.is_text_odd |= str in kinds and not kinds.isdisjoint({int, float})  # numbers among texts
        for kind in kinds - {int, bool, type(None)}:
            of_kind: list[Any] = [cell for cell in cells if type(cell) is kind]
            if issubclass(kind, float):
                self.floats += len(of_kind)
                self.whole += sum(map(float.is_integer, of_kind))
            elif issubclass(kind, str):
                self._add_texts(of_kind)
            elif issubclass(kind, dt.date):
                self.dates += len(of_kind)
                self.midnights += sum(
                    isinstance(cell, dt.datetime) and cell.time() == dt.time() for cell in of_kind
                )

    def _add_texts(self, texts: Sequence[str]) -> None:
        self.texts += len(texts)
        is_open = any(text.strip("\r\n") != text for text in texts)
        self.is_text_odd |= is_open or _ODD.search("\n".join(texts)) is not None
        if self.is_text_odd:
            self.date_texts += sum(_DATE.fullmatch(text) is not None for text in texts)
            self.midnight_texts += sum(_MIDNIGHT.fullmatch(text) is not None for text in texts)


class ColumnValues:
    """The rules for the columns a template reads.

    Args:
        columns: The cells of each column by its name, in chunks; a missing one is None.
    """

    def __init__(self, columns: Mapping[str, Iterable[Sequence[Any]]]) -> None:
        self._rules: dict[str, _Judge] = {}
        self._said: dict[tuple[str, str], Remark] = {}
        for name, chunks in columns.items():
            counts = _ColumnCounts()
            for chunk in chunks:
                counts.add(chunk)
            if counts.floats or counts.is_text_odd or counts.dates:
                self._rules[name] = _Judge(name, counts)

    def __bool__(self) -> bool:
        """Tell whether any column holds something that may be found in a message."""
        return bool(self._rules)

    def remarks(
        self, cells: Callable[[str], Iterable[Any]], parsed: ParsedMessage, *, is_alone: bool = False
    ) -> Iterator[Remark]:
        """Say which values of a row stand in its message as a computer writes them.

        Of all rows is said what is said of the first: findings in the same words are counted, not listed.

        Args:
            cells: Gives the row's cells of a column: one, or those of a group.
            parsed: The message, read back.
            is_alone: True for a row that is looked at by itself: its own value is named.
        """
        for name, rule in self._rules.items():
            for cell in cells(name):
                remark = None if cell is None else rule(cell)
                if remark is not None and _stands(str(cell).strip(), parsed):
                    yield remark if is_alone else self._said.setdefault((name, remark.kind), remark)
                    break


class _Judge:
    """Judges the cells of one column.

    Args:
        name: The column's name.
        counts: What it holds.
    """

    def __init__(self, name: str, counts: _ColumnCounts) -> None:
        self._name = name
        self._is_count = counts.floats == counts.whole
        self._is_day = counts.dates == counts.midnights
        self._is_day_text = counts.date_texts == counts.midnight_texts
        self._has_dates = counts.dates > 0
        self._has_date_texts = 0 < counts.texts <= 2 * counts.date_texts

    def __call__(self, cell: Any) -> Remark | None:
        """Return what is wrong with a cell as it prints, if anything."""
        if isinstance(cell, str):
            return self._text(cell)
        if isinstance(cell, dt.datetime):
            is_day = self._is_day and cell.time() == dt.time()
            return self._remark("date-format", f"a date is written as {cell}") if is_day else None
        if type(cell) is int or isinstance(cell, float):
            return self._number(cell)
        return None

    def _number(self, cell: float) -> Remark | None:
        is_day = self._has_dates and 0 < cell < _MOST_DAYS
        if is_day or (self._has_date_texts and _DAY_NUMBER.fullmatch(str(cell))):
            return self._day_number(cell)
        if type(cell) is int:
            return None
        if cell.is_integer():
            if abs(cell) >= _NAME:
                return self._remark("number-name", f"a number is written as {cell}")
            is_count = self._is_count
            return self._remark("number-format", f"{cell:.0f} is written as {cell}") if is_count else None
        fraction = repr(cell).partition(".")[2]
        if len(fraction) < _LONG_FRACTION and "e" not in fraction:
            return None
        return self._remark("number-format", f"{cell} is written with all its digits")

    def _text(self, cell: str) -> Remark | None:
        if _SCIENTIFIC.fullmatch(cell) or _FLOAT_NAME.fullmatch(cell):
            return self._remark("number-name", f"a number is written as {cell}")
        if _MIDNIGHT.fullmatch(cell) and self._is_day_text:
            return self._remark("date-format", f"a date is written as {cell}")
        if (self._has_dates or self._has_date_texts) and _DAY_NUMBER.fullmatch(cell):
            return self._day_number(cell)
        is_open = cell != cell.strip("\r\n") and cell.strip() != ""
        return self._remark("line-break", "a value begins or ends with a line break") if is_open else None

    def _day_number(self, cell: object) -> Remark:
        return self._remark("day-number", f"{cell} is written among dates: Excel's number of a day")

    def _remark(self, kind: str, said: str) -> Remark:
        return warning(kind, None, f"column {self._name!r}: {said}")


def _stands(printed: str, parsed: ParsedMessage) -> bool:
    """Tell whether a value stands in a message, not as a part of another."""
    for text in (parsed.subject, parsed.text, parsed.html):
        start = text.find(printed)
        while start >= 0:
            end = start + len(printed)
            before, after = text[start - 1 : start], text[end : end + 1]
            is_number_end = not after.isalnum() and not (after == "." and text[end + 1 : end + 2].isdigit())
            if not before.isalnum() and is_number_end:
                return True
            start = text.find(printed, end)
    return False

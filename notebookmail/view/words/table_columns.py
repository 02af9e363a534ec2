"""The columns of the table of rows, and its rows as CSV and as text for a spreadsheet's clipboard.

What a server or a row says may begin with "=", and a spreadsheet would reckon it: such a text gets an apostrophe
before it (CWE-1236).
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .results import lines
from .visible_text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .results import ResultsSource

_HEADS: Final = ("row", "to", "status", "code", "reply", "hint", "sent_at")
_RECKONED: Final = ("=", "+", "-", "@")
"""What a spreadsheet takes for the beginning of a formula."""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of the table.

    Attributes:
        key: What it is sorted by: an order of `RowSearch.find`, or the name of a column of the analyst's frame.
        title: What stands above it.
        width: As CSS has it.
        is_own: Whether it is one of the analyst's frame.
    """

    key: str
    title: str
    width: str
    is_own: bool = False


ROW: Final = TableColumn("row", "Row", "")
_TO: Final = TableColumn("to", "To", "30%")
_FURTHER: Final = (
    TableColumn("status", "Status", "9.5em"),
    TableColumn("reply", "Code", "8em"),
    TableColumn("said", "What was said", "auto"),
    TableColumn("latest", "Sent at (UTC)", "12em"),
)


def columns_of(own: Iterable[str] = ()) -> list[TableColumn]:
    """Return the columns of the table beside the row's label, with those chosen of the analyst's frame."""
    return [_TO, *(TableColumn(name, name, "11em", is_own=True) for name in own), *_FURTHER]


def cell_text(value: Any) -> str:
    """Return a value of the analyst's frame as it is shown; a missing one is empty."""
    return "" if value is None else visible(value)


def rows_written(
    results: ResultsSource,
    positions: Sequence[int],
    names: Sequence[str] = (),
    cells: Iterable[Sequence[Any]] = (),
    *,
    delimiter: str = ",",
) -> str:
    """Write rows as CSV with their heads, in the order given: with full addresses, for the person who sends.

    Args:
        results: How every row stands.
        positions: Which rows.
        names: Columns of the analyst's frame beside them.
        cells: Their values, row by row.
        delimiter: What stands between cells; spreadsheets take tabs from the clipboard.
    """
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, lineterminator="\r\n")  # RFC 4180
    writer.writerow(map(_harmless, (*_HEADS, *names)))
    further = cells if names else ([] for _ in positions)
    for row, own in zip(lines(results, positions, is_public=False), further, strict=True):
        said = (row.label, row.to, row.status, row.code, row.reply, row.hint, row.sent_at)
        writer.writerow([_harmless(each) for each in (*said, *map(cell_text, own))])
    return written.getvalue()


def _harmless(text: str) -> str:
    text = visible(text)
    return f"'{text}" if text.startswith(_RECKONED) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

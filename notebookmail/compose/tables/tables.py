"""Frames and series as tables of a letter: HTML for mail clients, aligned text for the other half.

A mail client honours little more than styles in the elements, so every cell carries its own. The text takes its
colour from the letter: the same table reads on a light and on a dark ground. Numbers stand right-aligned, in
figures of one width, so that they can be compared. Everything is escaped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup, escape

from notebookmail.compose.markup.line_breaks import broken
from notebookmail.compose.markup.text_layout import aligned
from notebookmail.compose.rows.column_names import RowValues
from notebookmail.errors import TemplateError

from .cells import Column
from .flattening import flattened, framed, has_labels, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOMS: Final = frozenset({"pandas", "polars", "pyarrow", "narwhals", "modin", "cudf", "duckdb"})
_FRAMES: Final = frozenset({"DataFrame", "Table", "DuckDBPyRelation"})
_SERIES: Final = frozenset({"Series", "ChunkedArray"})
CELL: Final = "padding:7px 10px;border-bottom:1px solid #d0d7de;vertical-align:top;text-align:"
HEAD: Final = "padding:7px 10px;border-bottom:2px solid #b3bac2;font-weight:600;vertical-align:bottom;text-align:"
TABLE: Final = "border-collapse:collapse;margin:0;font-size:15px;line-height:1.45"
"""The styles of a cell, a column's head and a table; those of cells end where the side is to be said."""
MOST_ROWS: Final = 1_000
"""A letter with more rows is an attachment that lost its way; a mail client would clip it."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table's content.

    Attributes:
        heads: The columns' names.
        columns: Their cells, a missing one None.
        rows: The same, row by row.
    """

    heads: tuple[str, ...]
    columns: list[list[Any]]
    rows: list[tuple[Any, ...]]


def is_table(value: object) -> bool:
    """Tell whether a value is a frame or a series of any library."""
    return isinstance(value, GroupRows) or _is_of(value, _FRAMES) or is_series(value)


def is_series(value: object) -> bool:
    """Tell whether a value is a series of any library."""
    return _is_of(value, _SERIES)


def _is_of(value: object, names: frozenset[str]) -> bool:
    """Tell whether a value's class, or one it is made from, is a library's of that name."""
    kinds = type(value).__mro__
    return any(kind.__name__ in names and kind.__module__.partition(".")[0] in _ROOMS for kind in kinds)


class GroupRows:
    """The rows of one group, as a template sees them: they print as a table, and a loop goes row by row.

    Args:
        frame: The group's rows, in the library they came in.
    """

    __slots__ = ("_frame", "_table")

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self._table: Table | None = None

    @property
    def frame(self) -> Any:
        """The frame itself."""
        return self._frame

    def __iter__(self) -> Any:
        table = self._read()
        return iter([RowValues(zip(table.heads, row, strict=True)) for row in table.rows])

    def __len__(self) -> int:
        return len(self._frame)

    def __getitem__(self, key: str | int | slice) -> Any:
        return self._frame[key] if isinstance(key, str) else list(self)[key]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._frame, name)

    def __repr__(self) -> str:
        return f"<Rows {len(self)}>"

    def _read(self) -> Table:
        if self._table is None:
            self._table = table_of(self._frame, index=False)
        return self._table


def table_of(value: Any, *, index: bool | None = None) -> Table:
    """Read a frame or a series.

    Args:
        value: The frame or series.
        index: Whether the row labels are a column; by default where they say something (see has_labels).
    """
    from notebookmail.compose.rows.frame import Frame

    if isinstance(value, GroupRows):
        value = value.frame
    if is_series(value):
        value = framed(value)
        index = has_labels(value, is_series=True) if index is None else index
    flat, heads = flattened(value, index)
    frame = Frame(flat)
    columns = [list(map(plain, cells)) for cells in frame.cells()]
    return Table(heads, columns, list(zip(*columns, strict=True)) if columns else [()] * len(frame))


def pandas_of(value: Any) -> Any:
    """Return a frame or a series as a pandas frame."""
    import narwhals as nw

    if isinstance(value, GroupRows):
        value = value.frame
    if is_series(value):
        value = framed(value)
    return nw.from_native(value, eager_only=True).to_pandas()


def html_table(
    value: Any,
    *,
    columns: Sequence[str] | None = None,
    index: bool | None = None,
    decimals: int | None = None,
    caption: str = "",
    locale: str = "en",
) -> Markup:
    """Write a frame or a series as a table for mail clients.

    Args:
        value: The frame or series.
        columns: The columns to show, in this order; by default all.
        index: Whether the row labels are a column; by default where they say something.
        decimals: The decimals of numbers with a fraction; by default as few as all of a column need, at most two.
        caption: A line above the table.
        locale: The language the numbers are written for, such as "de" or "pt_BR".

    Raises:
        TemplateError: A column is not there, it has more rows than a letter can hold, or nobody knows the locale.
    """
    shown = [Column(head, cells, decimals, locale) for head, cells in _columns(value, columns, index)]
    parts = [f'<table style="{TABLE}">']
    if caption:
        parts.append(
            f'<caption style="text-align:left;font-weight:600;padding:0 0 6px">{escape(caption)}</caption>'
        )
    if _has_heads(shown):
        parts.append("<thead><tr>")
        parts += [f'<th scope="col" style="{HEAD}{each.style}">{escape(each.head)}</th>' for each in shown]
        parts.append("</tr></thead>")
    parts.append("<tbody>")
    openings = [f'<td style="{CELL}{each.style}">' for each in shown]
    for cells in zip(*(each.texts for each in shown), strict=True):
        parts.append("<tr>")
        parts += [f"{opening}{_shown(text)}</td>" for opening, text in zip(openings, cells, strict=True)]
        parts.append("</tr>")
    parts.append("</tbody></table>")
    return Markup(wrapped("".join(parts)))  # noqa: S704 - every value in it is escaped above


def _shown(text: str) -> Markup:
    return broken(text) if "\n" in text else escape(text)


def text_table(
    value: Any,
    *,
    columns: Sequence[str] | None = None,
    index: bool | None = None,
    decimals: int | None = None,
    caption: str = "",
    locale: str = "en",
) -> str:
    """Write a frame or a series as an aligned table of a text; the arguments are those of html_table."""
    shown = [Column(head, cells, decimals, locale) for head, cells in _columns(value, columns, index)]
    has_head = _has_heads(shown)
    heads = [[each.head for each in shown]] if has_head else []
    rows = [*heads, *zip(*(each.texts for each in shown), strict=True)]
    table = aligned(rows, "".join("r" if each.is_number else "l" for each in shown), has_head=has_head)
    return f"{caption}\n\n{table}" if caption else table


def _has_heads(shown: Sequence[Column]) -> bool:
    """Tell whether there are names to show: a series of no name has none."""
    return any(each.head for each in shown)


def wrapped(table: str) -> str:
    """Put a table element in a box that scrolls where the screen is narrower than the table."""
    return f'<div style="overflow-x:auto;margin:8px 0 24px">{table}</div>'


def check_length(rows: int) -> None:
    """Check that a letter can hold so many rows.

    Raises:
        TemplateError: The table has more rows than a letter can hold.
    """
    if rows > MOST_ROWS:
        raise TemplateError(
            f"a table of {rows:,} rows does not belong in a letter: show its head, or attach it with "
            'attachments=[("table.csv", ...)]'
        )


def _columns(value: Any, wanted: Sequence[str] | None, index: bool | None) -> list[tuple[str, list[Any]]]:
    check_length(len(value))
    table = table_of(value, index=index)
    columns = list(zip(table.heads, table.columns, strict=True))
    if wanted is None:
        return columns
    absent = [name for name in wanted if name not in table.heads]
    if absent:
        raise TemplateError(f"the table has no column {absent[0]!r}; it has {', '.join(map(repr, table.heads))}")
    return [column for name in wanted for column in columns if column[0] == name]

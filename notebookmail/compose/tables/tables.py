"""Frames and series as tables of a letter: HTML for mail clients, aligned text for the other half.

A mail client honours little more than styles in the elements, so every cell carries its own. The text takes its
colour from the letter: the same table reads on a light and on a dark ground. Numbers stand right-aligned, in
figures of one width, so that they can be compared. Everything is escaped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup, escape

from notebookmail.compose.markup.text_layout import aligned
from notebookmail.errors import TemplateError

from .group_rows import table_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .cells import Column

CELL: Final = "padding:7px 10px;border-bottom:1px solid #d0d7de;vertical-align:top;text-align:"
HEAD: Final = "padding:7px 10px;border-bottom:2px solid #b3bac2;font-weight:600;vertical-align:bottom;text-align:"
TABLE: Final = "border-collapse:collapse;margin:0;font-size:15px;line-height:1.45"
"""The styles of a cell, a column's head and a table; those of cells end where the side is to be said."""
MOST_ROWS: Final = 1_000
"""A letter with more rows is an attachment that lost its way; a mail client would clip it."""


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
    shown = _columns(value, columns, index, decimals, locale)
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
    if shown:
        row = "".join(f'<td style="{CELL}{each.style}">%s</td>' for each in shown)
        parts += [f"<tr>{row}</tr>" % cells for cells in zip(*(each.html for each in shown), strict=True)]
    parts.append("</tbody></table>")
    return Markup(wrapped("".join(parts)))  # noqa: S704 - every value in it is escaped


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
    shown = _columns(value, columns, index, decimals, locale)
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


def _columns(
    value: Any, wanted: Sequence[str] | None, index: bool | None, decimals: int | None, locale: str
) -> list[Column]:
    check_length(len(value))
    table = table_of(value, index=index)
    places = list(range(len(table.heads)))
    if wanted is not None:
        absent = [name for name in wanted if name not in table.heads]
        if absent:
            raise TemplateError(
                f"the table has no column {absent[0]!r}; it has {', '.join(map(repr, table.heads))}"
            )
        places = [place for name in wanted for place in places if table.heads[place] == name]
    return [table.column(place, decimals, locale) for place in places]

"""The last touch to a text alternative, once its values are in.

What only the values decide (the width of a table's columns, the length of a heading's underline) is left in the
text template as control characters and settled here, for next to nothing where there are none.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNDERLINE, TABLE, ROW, CELL = "\x1c", "\x1d", "\x1e", "\x1f"
"""Underline the line above with the next character; begin or end a table; end a row; end a cell."""

_TABLES = re.compile(rf"{TABLE}([^{TABLE}]*){TABLE}(h?)([lrc]*){TABLE}")
_LEFTOVERS = re.compile(rf"[{UNDERLINE}{TABLE}{ROW}{CELL}]")
_BLANK_LINES = re.compile(r"\n{3,}")


def tidy(text: str) -> str:
    """Align the tables, underline the headings, and leave never more than one blank line."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if TABLE in text:
        text = _TABLES.sub(_aligned, text)
    if UNDERLINE in text:
        text = _underlined(text)
    if CELL in text or ROW in text or TABLE in text or UNDERLINE in text:  # from a value
        text = _LEFTOVERS.sub("", text)
    if " \n" in text or "\t\n" in text:
        *lines, last = text.split("\n")
        text = "\n".join([*(line.rstrip(" \t") for line in lines), last])
    if "\n\n\n" in text:
        text = _BLANK_LINES.sub("\n\n", text)
    return text.strip("\n") + "\n"


def _underlined(text: str) -> str:
    first, *others = text.split(f"\n{UNDERLINE}")
    done = first
    for part in others:
        heading = done[done.rfind("\n") + 1 :]
        done += f"\n{part[:1] * display_width(heading.strip())}{part[1:]}"
    return done


def _aligned(match: re.Match[str]) -> str:
    rows = [row.split(CELL)[:-1] for row in match[1].split(ROW) if CELL in row]
    return aligned(rows, match[3], has_head=bool(match[2]))


def aligned(rows: Iterable[Sequence[str]], sides: str, *, has_head: bool) -> str:
    """Write a table with its columns under each other.

    Args:
        rows: The cells; a row may be short.
        sides: One letter a column: l(eft), r(ight) or c(entre).
        has_head: Whether the first row is underlined.
    """
    columns = list(zip_longest(*(map(_on_one_line, row) for row in rows), fillvalue=""))
    is_ascii = all(map(str.isascii, chain.from_iterable(columns)))
    measure = len if is_ascii else display_width
    widths = [max(map(measure, column)) for column in columns]
    pad = _PADDED if is_ascii else {}
    padded = [
        [pad[side](cell, width) for cell in column]
        if side in pad
        else [_padded(cell, width - measure(cell), side) for cell in column]
        for column, width, side in zip(columns, widths, sides.ljust(len(widths), "l"), strict=False)
    ]
    lines = ["  ".join(row).rstrip() for row in zip(*padded, strict=True)]
    if has_head:
        lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _on_one_line(cell: str) -> str:
    return cell if cell.isprintable() and " " not in cell else " ".join(cell.split())


_PADDED: Final = {"l": str.ljust, "r": str.rjust}
"""How a cell is padded whose characters are as wide as they are many."""


def _padded(text: str, room: int, side: str) -> str:
    before = {"l": 0, "r": room, "c": room // 2}[side]
    return " " * before + text + " " * (room - before)


def display_width(text: str) -> int:
    """Return the columns a text takes in a fixed-width font: an East Asian wide character takes two."""
    if text.isascii():
        return len(text)
    columns = {"W": 2, "F": 2}
    return sum(
        0 if unicodedata.combining(char) else columns.get(unicodedata.east_asian_width(char), 1) for char in text
    )

"""The table of a piece of HTML read back as rows of text: what stands where once cells have spread.

It reads well-formed HTML only (sanitised before), and of one table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

_SIDE: Final = re.compile(r"text-align:\s*([lrc])")
_HIDDEN: Final = re.compile(r"display:\s*none|visibility:\s*hidden")
_MOST_SPAN: Final = 1_000  # HTML's own limit for colspan
_VOID: Final = frozenset({"br", "col"})
_BREAKS: Final = frozenset({"br", "li", "p"})


@dataclass(slots=True)
class _Cell:
    """A cell as it is written: its text, the columns and rows it takes, the side it stands on."""

    columns: int
    rows: int
    side: str
    text: str = ""


@dataclass(slots=True)
class Grid:
    """A table as a text shows it.

    Attributes:
        titles: The caption, and what stands above all columns.
        rows: The texts by row and column; the first row has the columns' names, if there are any.
        notes: What stands below all columns.
        sides: One letter a column: l(eft), r(ight) or c(entre).
        has_head: Whether the first row has the columns' names.
    """

    titles: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sides: str = ""
    has_head: bool = False

    @classmethod
    def read(cls, html: str) -> Grid:
        """Read a table's HTML."""
        reader = _GridReader()
        reader.feed(html)
        reader.close()
        head, body, foot = (reader.sections[name] for name in ("thead", "tbody", "tfoot"))
        width = max((sum(cell.columns for cell in row) for row in [*head, *body, *foot]), default=0)
        grid = cls()
        grid.titles = [*filter(None, [" ".join(reader.caption.split())]), *_lines(head, width)]
        grid.notes = _lines(foot, width)
        names = _names(_spread([row for row in head if not _is_line(row, width)]))
        grid.has_head = any(names)
        spread = _spread([*body, *(row for row in foot if not _is_line(row, width))])
        grid.rows = [
            *([names] if grid.has_head else []),
            *([cell.text if is_first else "" for cell, is_first in row] for row in spread),
        ]
        grid.sides = "".join(cell.side for cell, _ in max(spread, key=len, default=[]))
        return grid


def _is_line(row: list[_Cell], width: int) -> bool:
    """Tell whether a row is one text above or below all columns."""
    return len(row) == 1 and width > 1 and row[0].columns == width


def _lines(rows: list[list[_Cell]], width: int) -> list[str]:
    return [row[0].text for row in rows if _is_line(row, width) and row[0].text]


def _spread(rows: list[list[_Cell]]) -> list[list[tuple[_Cell, bool]]]:
    """Lay the cells out, one in every place they take, and tell whether it is the first of these places."""
    spread: list[list[tuple[_Cell, bool]]] = []
    hanging: dict[int, tuple[_Cell, int]] = {}  # by column: cells from above, and the rows they still take
    for row in rows:
        line: list[tuple[_Cell, bool]] = []
        waiting = list(reversed(row))
        while waiting or len(line) in hanging:
            if (place := len(line)) in hanging:
                cell, left = hanging.pop(place)
                line.append((cell, False))
                if left > 1:
                    hanging[place] = (cell, left - 1)
                continue
            cell = waiting.pop()
            for column in range(cell.columns):
                if cell.rows > 1:
                    hanging[place + column] = (cell, cell.rows - 1)
                line.append((cell, column == 0))
        spread.append(line)
    return spread


def _names(rows: list[list[tuple[_Cell, bool]]]) -> list[str]:
    """Join what stands above each column to its name; a heading over several columns is part of each."""
    width = max(map(len, rows), default=0)
    names: list[list[str]] = [[] for _ in range(width)]
    seen: list[set[int]] = [set() for _ in range(width)]
    for row in rows:
        for place, (cell, _) in enumerate(row):
            if cell.text and id(cell) not in seen[place]:
                seen[place].add(id(cell))
                names[place].append(cell.text)
    return [" ".join(name) for name in names]


class _GridReader(HTMLParser):
    """The cells as they are written, by section."""

    def __init__(self) -> None:
        super().__init__()
        self.caption = ""
        self.sections: dict[str, list[list[_Cell]]] = {"thead": [], "tbody": [], "tfoot": []}
        self._section = "tbody"
        self._cell: _Cell | None = None
        self._is_caption = False
        self._hidden = 0  # elements open since the one that is not shown

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        style = values.get("style") or ""
        if tag not in _VOID and (self._hidden or _HIDDEN.search(style)):
            self._hidden += 1
        elif tag in self.sections:
            self._section = tag
        elif tag == "caption":
            self._is_caption = True
        elif tag == "tr":
            self.sections[self._section].append([])
        elif tag in {"td", "th"}:
            side = _SIDE.search(style)
            self._cell = _Cell(
                _span(values.get("colspan")), _span(values.get("rowspan")), side[1] if side else "l"
            )
            self.sections[self._section][-1].append(self._cell)
        elif tag in _BREAKS:
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            self._hidden -= 1
        elif tag in {"td", "th"} and self._cell is not None:
            self._cell.text = " ".join(self._cell.text.split())
            self._cell = None
        elif tag == "caption":
            self._is_caption = False
        elif tag in _BREAKS:
            self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if self._is_caption:
            self.caption += data
        elif self._cell is not None:
            self._cell.text += data


def _span(text: str | None) -> int:
    return min(int(text), _MOST_SPAN) if text and text.isdecimal() and int(text) else 1

"""The text alternative of an HTML body, written once for the template.

A streaming converter: it never builds a tree, so that Jinja statements that reach across elements stay where they
stand. What only a row's values can decide it leaves to `text_layout.tidy`, as control characters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .html_events import HTMLEvents
from .html_nesting import check_depth
from .html_visibility import Visibility, without_fillers
from .jinja_tags import Tag
from .text_layout import CELL, ROW, TABLE, UNDERLINE, display_width

if TYPE_CHECKING:
    from .jinja_tags import Masks

_SKIPPED = frozenset({"head", "style", "script", "title", "template"})
_BLOCKS = frozenset({
    "address", "article", "aside", "body", "center", "dd", "dl", "dt", "figure", "footer", "form", "header",
    "html", "main", "nav", "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
})  # fmt: skip
_SPACED = frozenset(["p", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6"])
_SPACES = re.compile(r"[ \t\n\r\f]+")
_ALIGNMENT = re.compile(r"text-align:\s*([lrc])")
_RULE = "-" * 40
_BLANK_LINE = 2  # newlines in a row


def to_text(html: str, masks: Masks) -> str:
    """Write masked HTML as masked text; `text_layout.tidy` finishes it when the values are in.

    Raises:
        TemplateError: Its elements stand too deep in one another.
    """
    check_depth(html)
    survey = _BlockSurvey(masks)
    survey.feed(html)
    writer = _TextWriter(masks, survey)
    writer.feed(html)
    return "".join(writer.lines.out)


def is_block(name: str) -> bool:
    """Tell whether an element begins on a line of its own."""
    return name in _BLOCKS or name in _SPACED or name in {"div", "hr", "li", "ol", "ul"}


class _BlockSurvey(HTMLEvents):
    """What must be known before the writing: which tables hold data, and which numbered lists hold statements."""

    def __init__(self, masks: Masks) -> None:
        super().__init__()
        self._prefix = masks.prefix
        self._open: dict[str, list[int]] = {"table": [], "ol": []}
        self._count = {"table": 0, "ol": 0}
        self.data_tables: set[int] = set()
        self.counted_lists: set[int] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in self._open:
            if tag == "table":  # a table with tables in it lays out a page
                self.data_tables -= set(self._open["table"])
            self._open[tag].append(self._count[tag])
            self._count[tag] += 1
        elif tag == "th" and self._open["table"]:
            self.data_tables.add(self._open["table"][-1])

    def handle_endtag(self, tag: str) -> None:
        if self._open.get(tag):
            self._open[tag].pop()

    def handle_comment(self, data: str) -> None:
        if data.startswith(self._prefix):
            self.counted_lists |= set(self._open["ol"])


class _Lines:
    """The text so far; newlines are owed until something follows them."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.indents: list[str] = []
        self.marker: str | None = None  # what begins the item the next text belongs to
        self.is_flat = False  # inside a cell a new line is a space
        self._last_indents: list[str] = []
        self._owed = 0
        self._newlines = _BLANK_LINE  # what the text ends in; at the beginning none are needed
        self._ends_in_space = False

    def end_line(self, newlines: int = 1) -> None:
        self._owed = max(self._owed, newlines)

    def add_line(self) -> None:
        """End the line, or leave a blank one where it has ended."""
        self._owed = min(_BLANK_LINE, max(self._owed, self._newlines) + 1)

    def statement(self, token: str) -> None:
        if self.marker is not None:
            self.text("")
        if not self.is_flat:
            self._settle()
        self.out.append(token)

    def text(self, text: str, *, verbatim: bool = False) -> None:
        """Write a text; its leading space goes where space or a new line is already."""
        if self.is_flat:
            self.out.append(f" {text}" if self._owed else text)
            self._owed = 0
            return
        if text.startswith(" ") and not verbatim and (self._ends_in_space or self._owed or self._newlines):
            text = text[1:]
        if text or self.marker is not None:
            self._settle()
            self._begin_line()
            self.out.append(text)
            self._ends_in_space = text.endswith(" ") if text else True

    def _settle(self) -> None:
        while self._newlines < self._owed:
            if self._newlines:  # a blank line inside a quotation is quoted
                common = [new for new, old in zip(self.indents, self._last_indents, strict=False) if new == old]
                self.out.append("".join(common).rstrip())
            self.out.append("\n")
            self._newlines += 1
        self._owed = 0

    def _begin_line(self) -> None:
        if self._newlines:
            self.out.append("".join(self.indents if self.marker is None else self.indents[:-1]))
        if self.marker is not None:
            self.out.append(self.marker)
            self.marker = None
        self._newlines = 0
        self._last_indents = self.indents.copy()


class _TextWriter(HTMLEvents):
    """Turns elements into lines as they stream by."""

    def __init__(self, masks: Masks, survey: _BlockSurvey) -> None:
        super().__init__()
        self.lines = _Lines()
        self._masks = masks
        self._survey = survey
        self._seen = {"table": 0, "ol": 0}
        self._visibility = Visibility()
        self._skipping = 0
        self._preformatted = 0
        self._markers: list[_Bullets] = []
        self._links: list[tuple[int, str]] = []
        self._divisions: list[int] = []  # the blank lines owed at the end of each open div
        self._heading_start = 0
        self._table: _TextTable | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        is_seen = self._visibility.start(tag, values)
        if tag in _SKIPPED:
            self._skipping += 1
        elif not is_seen:
            return
        elif self._table and tag in {"td", "th", "tr"}:
            self._table.begin(tag, values.get("style", ""))
        elif tag == "a":
            self._links.append((len(self.lines.out), values.get("href", "")))
        elif tag == "img":
            self.lines.text(values.get("alt", ""))
        else:
            self._begin_block(tag, values)

    def handle_endtag(self, tag: str) -> None:
        was_seen = self._visibility.end(tag)
        if tag in _SKIPPED:
            self._skipping = max(0, self._skipping - 1)
        elif not was_seen:
            return
        elif self._table and tag in {"td", "th", "tr", "table"}:
            self._table.end(tag)
            self._table = None if tag == "table" else self._table
        elif tag == "a" and self._links:
            self._end_link(*self._links.pop())
        else:
            self._end_block(tag)

    def handle_comment(self, data: str) -> None:
        if not data.startswith(self._masks.prefix) or self._skipping:
            return
        if self._visibility.shows_text:
            self.lines.statement(f"${data}$")
        else:  # it may begin what ends where there is something to see
            self.lines.out.append(f"${data}$")

    def handle_data(self, data: str) -> None:
        if self._skipping or (self._table and not self._table.in_cell) or not self._visibility.shows_text:
            return
        data = without_fillers(data)
        if not self._preformatted:
            text = _SPACES.sub(" ", data)
            if text != " " or self.lines.marker is None:  # a blank before an item's first paragraph begins no line
                self.lines.text(text)
            return
        for number, line in enumerate(data.split("\n")):
            if number:
                self.lines.add_line()
            self.lines.text(line, verbatim=True)

    def _begin_block(self, tag: str, values: dict[str, str]) -> None:
        if tag == "br":
            self.lines.add_line()
        elif tag == "hr":
            self.lines.end_line(_BLANK_LINE)
            self.lines.text(_RULE)
            self.lines.end_line(_BLANK_LINE)
        elif tag == "table":
            self._begin_table()
        elif tag in {"ul", "ol"}:
            self._begin_list(tag, values.get("start", "1"))
        elif tag == "li":
            self.lines.end_line()
            markers = self._markers[-1] if self._markers else _Bullets()
            self.lines.indents.append(markers.indent)
            self.lines.marker = markers.next_marker()
        elif tag == "div":
            self._divisions.append(_BLANK_LINE if values.get("class") == "paragraph" else 1)
            self.lines.end_line(self._divisions[-1])
        elif tag in _SPACED or tag in _BLOCKS:
            self.lines.end_line(_BLANK_LINE if tag in _SPACED else 1)
            self._heading_start = len(self.lines.out)
            self._preformatted += tag == "pre"
            if tag == "blockquote":
                self.lines.indents.append("> ")

    def _end_block(self, tag: str) -> None:
        if tag in {"ul", "ol"} and self._markers:
            self._markers.pop()
            self.lines.end_line(1 if self._markers else _BLANK_LINE)
        elif tag in {"li", "blockquote"} and self.lines.indents:
            self.lines.indents.pop()
            self.lines.marker = None
            self.lines.end_line(1 if tag == "li" else _BLANK_LINE)
        elif tag == "div":
            self.lines.end_line(self._divisions.pop() if self._divisions else 1)
        elif tag in {"h1", "h2"}:
            self._end_heading("=" if tag == "h1" else "-")
        elif tag in _SPACED or tag in _BLOCKS:
            self._preformatted = max(0, self._preformatted - (tag == "pre"))
            self.lines.end_line(_BLANK_LINE if tag in _SPACED else 1)

    def _begin_table(self) -> None:
        number = self._seen["table"]
        self._seen["table"] += 1
        self.lines.end_line(_BLANK_LINE)
        if number in self._survey.data_tables:
            self._table = _TextTable(self.lines)

    def _begin_list(self, tag: str, start: str) -> None:
        self.lines.end_line(1 if self._markers else _BLANK_LINE)
        if tag == "ul":
            self._markers.append(_Bullets())
            return
        number = self._seen["ol"]
        self._seen["ol"] += 1
        first = int(start) if start.isdecimal() else 1
        if number in self._survey.counted_lists:
            counter = _CountedItems(self._masks, number)
            self.lines.end_line()
            self.lines.statement(counter.beginning(first))
            self._markers.append(counter)
        else:
            self._markers.append(_NumberedItems(first))

    def _end_heading(self, line: str) -> None:
        text = "".join(self.lines.out[self._heading_start :]).strip()
        if self._masks.numbers(text):
            line = UNDERLINE + line
        else:
            line *= display_width(text)
        self.lines.end_line()
        self.lines.text(line)
        self.lines.end_line(_BLANK_LINE)

    def _end_link(self, start: int, target: str) -> None:
        label = self._masks.unmask("".join(self.lines.out[start:])).strip()
        shown = target.removeprefix("mailto:")
        if not shown or shown.startswith("#") or label in {self._masks.unmask(target), self._masks.unmask(shown)}:
            return
        self.lines.text(f" ({shown})" if label else shown)


class _TextTable:
    """A table's cells, set apart by control characters until their widths are known."""

    def __init__(self, lines: _Lines) -> None:
        lines.statement(TABLE)
        lines.is_flat = True
        self.in_cell = False
        self._lines = lines
        self._in_row = False
        self._alignments = ""
        self._rows = 0
        self._heads = ""

    def begin(self, tag: str, style: str) -> None:
        self.end(tag)
        if tag == "tr":
            self._in_row = True
            return
        self.in_cell = True
        if not self._rows:
            alignment = _ALIGNMENT.search(style)
            self._alignments += alignment[1] if alignment else "l"
            self._heads = "h" if tag == "th" else self._heads

    def end(self, tag: str) -> None:
        if self.in_cell:
            self._lines.out.append(CELL)
            self.in_cell = False
        if tag in {"tr", "table"} and self._in_row:
            self._lines.out.append(ROW)
            self._in_row = False
            self._rows += 1
        if tag == "table":
            self._lines.is_flat = False
            self._lines.text(f"{TABLE}{self._heads}{self._alignments}{TABLE}")
            self._lines.end_line(_BLANK_LINE)


class _Bullets:
    """The markers of a list without numbers."""

    indent = "  "

    def next_marker(self) -> str:
        return "- "


class _NumberedItems(_Bullets):
    """The markers of a numbered list whose items are known."""

    indent = "   "

    def __init__(self, first: int) -> None:
        self._next = first

    def next_marker(self) -> str:
        self._next += 1
        return f"{self._next - 1}. "


class _CountedItems(_Bullets):
    """The markers of a numbered list with statements in it: its items are counted when it is rendered."""

    indent = "   "

    def __init__(self, masks: Masks, number: int) -> None:
        self._masks = masks
        self._name = f"_{masks.prefix}{number}"

    def beginning(self, first: int) -> str:
        return self._masks.add(Tag(f"{{% set {self._name} = {first} | _count %}}", "statement", "set"))

    def next_marker(self) -> str:
        return f"{self._masks.add(Tag(f'{{{{ {self._name} | _next }}}}', 'expression'))}. "

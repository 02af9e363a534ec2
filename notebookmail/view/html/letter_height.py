"""How tall a letter will be, told from its HTML: a frame that runs nothing cannot be asked.

A browser's layout in short: text runs in lines, blocks stand below each other with their margins and paddings, the
cells of a table's row side by side. Styles are read where mail keeps them, on the elements themselves; a style
sheet is not. It is an estimate, for a frame that scrolls where it is wrong.
"""

from __future__ import annotations

import base64
import binascii
import math
from dataclasses import dataclass, field
from typing import Final

from notebookmail.compose.markup.html_events import HTMLEvents
from notebookmail.compose.markup.html_tokens import VOID_ELEMENTS

LEAST, MOST = 120, 640
"""Bounds of a frame's height, in CSS pixels."""

_SLACK: Final = 12
_MOST_NODES: Final = 4_000  # a letter of more is taller than the frame
_DEEPEST: Final = 120
_CHARACTER: Final = 0.5  # of the font's size, on the average of a line of Latin text
_IDEOGRAPHS: Final = "\u2e80"  # from there on characters are as wide as they are high
_LARGEST_LENGTH: Final = 100_000.0
_UNKNOWN_PICTURE: Final = 150.0
_UNSEEN: Final = frozenset({"head", "style", "script", "title", "template", "noscript"})
_INLINE: Final = frozenset(
    {"a", "abbr", "b", "big", "bdi", "bdo", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "label",
     "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var"}
)  # fmt: skip
_FONTS: Final = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h5": 0.83, "h6": 0.67, "small": 0.83}
_MARGINS: Final = {
    "p": 1.0, "ul": 1.0, "ol": 1.0, "dl": 1.0, "blockquote": 1.0, "pre": 1.0, "figure": 1.0, "h1": 0.67,
    "h2": 0.83, "h3": 1.0, "h4": 1.33, "h5": 1.67, "h6": 2.33,
}  # fmt: skip
"""What browsers leave above and below, in the element's own font size."""
_INDENTS: Final = {"ul": 40.0, "ol": 40.0, "dd": 40.0, "blockquote": 80.0, "figure": 80.0}
_CLOSES: Final = {
    "p": {"p"}, "li": {"li"}, "tr": {"tr", "td", "th"}, "td": {"td", "th"}, "th": {"td", "th"}, "dt": {"dt", "dd"},
    "dd": {"dt", "dd"},
}  # fmt: skip


@dataclass(slots=True)
class _Node:
    """An element."""

    tag: str
    attributes: dict[str, str]
    style: dict[str, str]
    children: list[_Node | str] = field(default_factory=list)


def letter_height(document: str, width: float) -> int:
    """Estimate how tall a letter is, within bounds.

    Args:
        document: Its HTML.
        width: How wide its frame is, in CSS pixels.

    Returns:
        CSS pixels.
    """
    reader = _Reader()
    reader.feed(document)
    if reader.count > _MOST_NODES:
        return MOST
    height = _Block(reader.root, 16.0, 1.2).height(width - 16.0) + 16.0  # the body's own margin
    return int(min(MOST, max(LEAST, math.ceil(height) + _SLACK)))


class _Reader(HTMLEvents):
    """Reads a document as a tree; what is too deep stands one level up."""

    def __init__(self) -> None:
        self.root = _Node("body", {}, {})
        self.count = 0
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count += 1
        if self.count > _MOST_NODES or tag in {"html", "body"}:
            return
        while len(self._open) > 1 and self._open[-1].tag in _CLOSES.get(tag, ()):
            self._open.pop()
        attributes = {name: value or "" for name, value in attrs}
        node = _Node(tag, attributes, _style(attributes.get("style", "")))
        self._open[-1].children.append(node)
        if tag not in VOID_ELEMENTS and len(self._open) < _DEEPEST:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, 0, -1):
            if self._open[place].tag == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


class _Block:
    """An element that is laid out below what is before it.

    Args:
        node: The element.
        font: The font size around it, in CSS pixels.
        line: The height of a line around it, as a multiple of the font size.
    """

    def __init__(self, node: _Node, font: float, line: float) -> None:
        self._node = node
        self._font = _length(node.style.get("font-size"), font, font) or font * _FONTS.get(node.tag, 1.0)
        self._line = _line_height(node.style.get("line-height"), self._font) or line
        self._run = 0.0  # pixels of text that wait for a line
        self._tallest = 0.0  # of what stands in that line
        self._height = 0.0

    @property
    def margin(self) -> float:
        """What is left free above and below, each."""
        sides = _sides(self._node.style, "margin", self._font)
        own = _MARGINS.get(self._node.tag, 0.0) * self._font
        return own if sides is None else (sides[0] + sides[2]) / 2

    def height(self, width: float) -> float:
        """Lay it out, without its margin."""
        node, style = self._node, self._node.style
        if node.tag in _UNSEEN or "none" in style.get("display", "") or "hidden" in style.get("visibility", ""):
            return 0.0
        if node.tag == "hr":
            return 2.0
        top, right, bottom, left = _sides(style, "padding", self._font) or (0.0, 0.0, 0.0, 0.0)
        asked = _length(style.get("width") or node.attributes.get("width"), width, self._font)
        most = _length(style.get("max-width"), width, self._font)
        inner = min(each for each in (width, asked, most) if each) - left - right - _INDENTS.get(node.tag, 0.0)
        content = self._table(max(inner, 40.0)) if node.tag == "table" else self._flow(max(inner, 40.0))
        least = _length(style.get("height") or node.attributes.get("height"), 0.0, self._font) or 0.0
        return max(content + top + bottom, least if "%" not in style.get("height", "") else 0.0)

    # --- lines ----------------------------------------------------------------------------------------------

    def _flow(self, width: float) -> float:
        below = 0.0
        self._height = 0.0
        for child in self._pieces(self._node):
            if isinstance(child, str):
                self._text(child, width)
            elif child.tag == "br":
                self._run += 0.01
                self._end_line(width)
            elif child.tag == "img":
                self._picture(child, width)
            else:
                self._end_line(width)
                block = _Block(child, self._font, self._line)
                tall = block.height(width)
                if tall:
                    self._height += max(below, block.margin) + tall
                    below = block.margin
                continue
            if self._run or self._tallest:
                self._height, below = self._height + below, 0.0
        self._end_line(width)
        return self._height + below

    def _pieces(self, node: _Node) -> list[_Node | str]:
        """Return texts and blocks, with inline elements opened."""
        pieces: list[_Node | str] = []
        for child in node.children:
            if isinstance(child, _Node) and child.tag in _INLINE and "block" not in child.style.get("display", ""):
                pieces += self._pieces(child) if "none" not in child.style.get("display", "") else []
            else:
                pieces.append(child)
        return pieces

    def _text(self, text: str, width: float) -> None:
        if self._node.tag == "pre" or self._node.style.get("white-space", "").startswith("pre"):
            lines = text.strip("\n").split("\n")
            for number, line in enumerate(lines):
                self._run += max(len(line) * self._font * 0.6, 0.01)
                if number < len(lines) - 1:
                    self._end_line(width)
            return
        words = " ".join(text.split())
        self._run += sum(_CHARACTER if char < _IDEOGRAPHS else 1.0 for char in words) * self._font

    def _picture(self, node: _Node, width: float) -> None:
        wide, tall = _picture_size(node, width, self._font)
        if self._run + wide > width:
            self._end_line(width)
        self._run += wide
        self._tallest = max(self._tallest, tall)

    def _end_line(self, width: float) -> None:
        if self._run > 0:
            lines = max(1, math.ceil(self._run / width - 0.02))
            self._height += max(lines * self._line * self._font, self._tallest)
        self._run = self._tallest = 0.0

    # --- tables ---------------------------------------------------------------------------------------------

    def _table(self, width: float) -> float:
        rows = [_cells(row) for row in _rows(self._node)]
        if not any(rows):
            return 0.0
        padding = float(_number(self._node.attributes.get("cellpadding")) or 0.0)
        widths = self._columns(rows, width)
        height = 0.0
        for row in rows:
            tallest, place = 0.0, 0
            for cell in row:
                span = max(1, int(_number(cell.attributes.get("colspan")) or 1))
                room = sum(widths[place : place + span]) or width
                tallest = max(
                    tallest, _Block(cell, self._font, self._line).height(room - 2 * padding) + 2 * padding
                )
                place += span
            height += tallest
        return height

    def _columns(self, rows: list[list[_Node]], width: float) -> list[float]:
        """Share the width by what columns ask for, else by the longest text in each."""
        count = max(sum(max(1, int(_number(cell.attributes.get("colspan")) or 1)) for cell in row) for row in rows)
        wanted = [1.0] * count
        for row in rows:
            if len(row) == count:
                for place, cell in enumerate(row):
                    asked = _length(cell.style.get("width") or cell.attributes.get("width"), width, self._font)
                    wanted[place] = max(
                        wanted[place], asked or _text_length(cell) * self._font * _CHARACTER + 20.0
                    )
        total = sum(wanted)
        return [each * width / total for each in wanted] if total > width else wanted


def _rows(table: _Node) -> list[_Node]:
    rows: list[_Node] = []
    for child in table.children:
        if isinstance(child, _Node):
            rows += (
                [child] if child.tag == "tr" else _rows(child) if child.tag in {"tbody", "thead", "tfoot"} else []
            )
    return rows


def _cells(row: _Node) -> list[_Node]:
    return [child for child in row.children if isinstance(child, _Node) and child.tag in {"td", "th"}]


def _text_length(node: _Node) -> int:
    if node.tag in _UNSEEN:
        return 0
    return sum(
        len(" ".join(child.split()))
        if isinstance(child, str)
        else 20
        if child.tag == "img"
        else _text_length(child)
        for child in node.children
    )


# --- what is written on elements ------------------------------------------------------------------------------


def _style(text: str) -> dict[str, str]:
    pairs = (each.partition(":") for each in text.split(";"))
    return {
        name.strip().lower(): value.replace("!important", "").strip().lower() for name, _, value in pairs if value
    }


def _length(text: str | None, whole: float, font: float) -> float | None:
    """Read a CSS length or an attribute's number as pixels; None where there is none."""
    if not text:
        return None
    for unit, factor in (("px", 1.0), ("rem", 16.0), ("em", font), ("pt", 4 / 3), ("%", whole / 100), ("", 1.0)):
        if text.endswith(unit):
            number = _number(text.removesuffix(unit))
            return None if number is None else number * factor
    return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < _LARGEST_LENGTH else None


def _line_height(text: str | None, font: float) -> float | None:
    """Read a line's height as a multiple of the font size."""
    factor = _number(text)
    if factor is not None:
        return factor
    pixels = _length(text, font, font)
    return pixels / font if pixels and font else None


def _sides(style: dict[str, str], name: str, font: float) -> tuple[float, float, float, float] | None:
    """Read a margin or padding: top, right, bottom, left; None where none is given."""
    given = [_length(each, 0.0, font) or 0.0 for each in style.get(name, "").split()[:4]]
    ones = [style.get(f"{name}-{side}") for side in ("top", "right", "bottom", "left")]
    if not given and not any(ones):
        return None
    top, *rest = given or [0.0]
    right = rest[0] if rest else top
    bottom = rest[1] if len(rest) > 1 else top
    left = rest[2] if len(rest) > 2 else right  # noqa: PLR2004 -- CSS has them clockwise
    written = [
        before if one is None else _length(one, 0.0, font) or 0.0
        for one, before in zip(ones, (top, right, bottom, left), strict=True)
    ]
    return (written[0], written[1], written[2], written[3])


def _picture_size(node: _Node, width: float, font: float) -> tuple[float, float]:
    """Tell how large a picture is shown, from what its element says or from its own first bytes."""
    wide = _length(node.style.get("width") or node.attributes.get("width"), width, font)
    tall = _length(node.style.get("height") or node.attributes.get("height"), 0.0, font)
    own = _size_of_png_or_gif(node.attributes.get("src", ""))
    if tall is None:
        tall = own[1] * (wide / own[0] if wide and own[0] else 1.0) if own else _UNKNOWN_PICTURE
    if wide is None:
        wide = own[0] if own else _UNKNOWN_PICTURE
    most = min(_length(node.style.get("max-width"), width, font) or wide, width)
    return (most, tall * most / wide) if wide > most else (wide, tall)


def _size_of_png_or_gif(source: str) -> tuple[float, float] | None:
    head, _, encoded = source[:120].partition("base64,")
    try:
        start = base64.b64decode(encoded[:32]) if head.startswith("data:image/") else b""
    except (ValueError, binascii.Error):
        return None
    if start.startswith(b"\x89PNG") and len(start) >= 24:  # noqa: PLR2004 -- width and height end there (PNG 5.6)
        return float(int.from_bytes(start[16:20])), float(int.from_bytes(start[20:24]))
    if start.startswith(b"GIF8"):
        return float(int.from_bytes(start[6:8], "little")), float(int.from_bytes(start[8:10], "little"))
    return None

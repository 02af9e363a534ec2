"""What of a document a reader sees: no preheaders, and none of the fillers behind them.

Newsletters hide a line for the inbox's list in front of the letter, and pad it with characters of no width. Mail
programs hide it by the styles of its element; a text has none, so it is left out there. An element is hidden where
every program hides it: `mso-hide` alone is for Outlook, and what stands under it is the letter of all others. A
font size of nought hides the text of an element, not that of elements in it with a size of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import tinycss2

from .html_tokens import VOID_ELEMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

_ZERO: Final = re.compile(r"[+-]?0*\.?0+(?:px|pt|em|ex|rem|%|in|cm|mm|vw|vh)?")
_RELATIVE: Final = re.compile(r".*(?:em|ex|%|smaller|larger|inherit|unset)")  # of nought they are nought
_HIDING: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|(?:max-)?height\s*:\s*0|opacity\s*:\s*[0.]"
    r"|font(?:-size)?\s*:\s*0",
    re.IGNORECASE,
)
_NO_WIDTH: Final = (
    "\u00ad\u034f\u061c\u115f\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"
)
_BLANK_RUN: Final = re.compile(rf"[{_NO_WIDTH}\s\u2007\u2800]+")
_FILLERS_AT_LEAST: Final = 3
_PARAGRAPH_ENDS: Final = frozenset({
    "address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main",
    "nav", "ol", "p", "pre", "section", "table", "ul",
})  # fmt: skip
_ENDED_BY: Final[Mapping[str, frozenset[str]]] = {
    "p": _PARAGRAPH_ENDS,
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "td": frozenset({"td", "th", "tr", "tbody", "thead", "tfoot"}),
    "th": frozenset({"td", "th", "tr", "tbody", "thead", "tfoot"}),
    "tr": frozenset({"tr", "tbody", "thead", "tfoot"}),
}
"""The start tags that end an element whose own end tag is left out (WHATWG HTML, 13.1.2.4)."""


@dataclass(frozen=True, slots=True)
class _Open:
    """An open element: its name, whether it is hidden, and whether its text has no size."""

    name: str
    is_hidden: bool
    has_no_size: bool


class Visibility:
    """Follows the tags of a document, and tells whether what comes next is seen."""

    def __init__(self) -> None:
        self._open: list[_Open] = []

    @property
    def is_hidden(self) -> bool:
        """Whether the open element, or one around it, is hidden."""
        return bool(self._open) and self._open[-1].is_hidden

    @property
    def shows_text(self) -> bool:
        """Whether the text of the open element is seen."""
        return not (self._open and (self._open[-1].is_hidden or self._open[-1].has_no_size))

    def start(self, name: str, attributes: Mapping[str, str]) -> bool:
        """Take a start tag; tell whether its element is seen."""
        while self._open and name in _ENDED_BY.get(self._open[-1].name, ()):
            self._open.pop()
        style = _style(attributes.get("style", ""))
        is_hidden = self.is_hidden or "hidden" in attributes or _is_hiding(style)
        if name not in VOID_ELEMENTS:
            has_no_size = bool(self._open) and self._open[-1].has_no_size
            size = style.get("font-size", "")
            if size and not _RELATIVE.fullmatch(size):
                has_no_size = False
            self._open.append(_Open(name, is_hidden, has_no_size or _ZERO.fullmatch(size) is not None))
        return not is_hidden

    def end(self, name: str) -> bool:
        """Take an end tag; tell whether its element was seen."""
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place].name == name:
                was_hidden = self._open[place].is_hidden
                del self._open[place:]
                return not was_hidden
        return not self.is_hidden  # of nothing that is open


def may_hide(css: str) -> bool:
    """Tell whether a style sheet may hide something; it is a quick look, which a reading of it follows."""
    return _HIDING.search(css) is not None


def without_fillers(text: str) -> str:
    """Take out runs of characters of no width with the blanks between them; one between letters stays."""
    return text if text.isascii() else _BLANK_RUN.sub(_without_fillers, text)


def _without_fillers(run: re.Match[str]) -> str:
    """Take a run of blanks for padding where characters of no width make it one; they are counted in one pass."""
    return " " if sum(map(_NO_WIDTH.count, run[0])) >= _FILLERS_AT_LEAST else run[0]


def _style(css: str) -> dict[str, str]:
    """Read the declarations of a style attribute; one that a row decides says nothing."""
    if not css or (_HIDING.search(css) is None and "font" not in css.lower()):
        return {}
    nodes = tinycss2.parse_blocks_contents(css, skip_comments=True, skip_whitespace=True)
    return {
        node.lower_name: tinycss2.serialize(node.value).strip().lower()
        for node in nodes
        if node.type == "declaration"
    }


def _is_hiding(style: Mapping[str, str]) -> bool:
    if style.get("display") == "none" or style.get("visibility") in {"hidden", "collapse"}:
        return True
    if _ZERO.fullmatch(style.get("opacity", "")):
        return True
    # Laid over what follows: an element of no height that shows its content.
    is_laid_over = "position" in style or "opacity" in style or style.get("overflow") == "visible"
    is_cut = style.get("overflow") == "hidden" and _ZERO.fullmatch(style.get("height", "")) is not None
    return is_cut or (_ZERO.fullmatch(style.get("max-height", "")) is not None and not is_laid_over)

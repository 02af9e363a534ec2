"""Style sheets written into the elements they fit, in a document that otherwise stays as it is.

Mail clients honour styles in elements best. So what is sure to be in force is written into the elements; the
letter's own style elements stay in their place too, for all that no element can hold. The one promise: what a
browser computes for every element is the same as before. A declaration in an element beats every style sheet, so
one is left out where a rule that is only sometimes in force (a media query, :hover) could have won against it.

What only a row decides (`class="{{ status }}"`, :nth-child over a loop, Jinja in a style element) makes a document
unsettled: then nothing is written into the template, and every letter is inlined once it is filled in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .css_cascade import Cascade
from .css_style_sheet import read_sheet
from .html_elements import read_tree, told_apart
from .html_nesting import check_depth
from .html_tokens import edited, read_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .css_style_sheet import Rule, Sheet
    from .html_tokens import Token
    from .jinja_tags import Masks

OWN_PLACE: Final = "<style data-notebookmail></style>"
"""Where the style sheet goes that comes with the letter; it keeps only what elements cannot hold."""
_OWN_ATTRIBUTE: Final = "data-notebookmail"
_KEPT_BACK: Final = "data-embed"


@dataclass(frozen=True, slots=True)
class OwnSheet:
    """A style sheet that comes with the letter, and does not stand in its HTML.

    Attributes:
        design: The default design.
        css: The author's style sheet, which comes after it.
        keeps_css: Whether the author's rules stay in a style element although all their elements hold them: values
            may bring further elements.
    """

    design: str = ""
    css: str = ""
    keeps_css: bool = False


@dataclass(frozen=True, slots=True)
class Inlined:
    """What became of a document.

    Attributes:
        html: The document.
        is_settled: Whether it is done for every row; if not, nothing was written into it yet.
    """

    html: str
    is_settled: bool


def inline(
    html: str, own: OwnSheet | None, masks: Masks | None = None, *, has_open_elements: bool = False
) -> Inlined:
    """Write the rules of all style sheets into the elements they fit.

    Args:
        html: The document; it holds OWN_PLACE if there is an own style sheet.
        own: The style sheet that comes with the letter.
        masks: The Jinja tags in it; None for a letter that is filled in, which is always settled.
        has_open_elements: Whether values bring elements that the author's style sheets are for.

    Raises:
        TemplateError: The document's elements stand too deep in one another.
    """
    check_depth(html)
    found = read_tokens(html)
    sheets = _Sheets(own)
    seen = {token.start for token in told_apart(html, found)}
    for tag, text in _styles(html, found):
        if masks is not None and any(masks.tags[number].word != "cid" for number in masks.numbers(text)):
            return Inlined(html, is_settled=False)
        sheets.add(tag, text, is_seen=tag.start in seen)
    if not sheets.can_be_inlined:
        return Inlined(edited(html, sheets.own_style(None)), is_settled=True)
    tree = read_tree(html, found, masks)
    if masks is not None and (not tree.is_whole or (has_open_elements and sheets.has_authors)):
        return Inlined(html, is_settled=False)
    cascade = Cascade(sheets.rules)
    edits = cascade.edits(tree) if tree.is_readable else []
    if cascade.is_open:
        return Inlined(html, is_settled=False)
    edits += sheets.own_style(cascade.kept if tree.is_readable else None)
    return Inlined(edited(html, edits), is_settled=True)


def _styles(html: str, found: Sequence[Token]) -> Iterator[tuple[Token, str]]:
    """Walk the style elements: each start tag, and the style sheet."""
    for token, after in zip(found, (*found[1:], None), strict=False):
        if token.kind == "start" and token.name == "style":
            yield token, html[after.start : after.end] if after is not None and after.kind == "raw" else ""


class _Sheets:
    """The style sheets of a document.

    Attributes:
        rules: Their rules, in order.
        has_authors: Whether the author has written one.
    """

    def __init__(self, own: OwnSheet | None) -> None:
        self._own = own or OwnSheet()
        self._own_place = -1
        self._own_sheets: list[tuple[Sheet, bool]] = []
        self.rules: list[Rule] = []
        self.has_authors = bool(self._own.css)

    @property
    def can_be_inlined(self) -> bool:
        """Whether there is a rule that an element can hold."""
        return any(rule.force == "always" for rule in self.rules)

    def add(self, tag: Token, text: str, *, is_seen: bool) -> None:
        """Take up a style element; one in `<noscript>` and its like is in force for some clients only."""
        if tag.attribute(_OWN_ATTRIBUTE) is not None and self._own_place < 0:
            self._own_place = tag.start
            for css, is_kept in ((self._own.design, False), (self._own.css, self._own.keeps_css)):
                sheet = read_sheet(css)
                self._own_sheets.append((sheet, is_kept))
                self.rules += sheet.rules
            return
        kind, media = tag.attribute("type"), tag.attribute("media")
        if kind is None or kind.value.strip().lower() in {"", "text/css"}:
            self.has_authors = True
            is_kept_back = tag.attribute(_KEPT_BACK) is not None or not is_seen
            query = media.value if media is not None else ""
            self.rules += read_sheet(text.replace("\r\n", "\n"), query, is_kept_back=is_kept_back).rules

    def own_style(self, kept: set[Rule] | None) -> list[tuple[int, int, str]]:
        """Write what stays of the style sheet that comes with the letter: None for all of it."""
        if self._own_place < 0:
            return []
        imports: list[str] = []
        others: list[str] = []
        for sheet, is_kept in self._own_sheets:
            for text, rule in sheet.statements:
                if rule is None or is_kept or kept is None or rule in kept:
                    (imports if text.lower().startswith("@import") else others).append(text)
        text = "\n".join([*imports, *others])
        style = f"<style>\n{text}\n</style>" if text else ""
        return [(self._own_place, self._own_place + len(OWN_PLACE), style)]

"""The elements a browser makes of a document, each with the start tag it comes from.

The tree is html5ever's (by way of css-inline): implied, moved and split elements are where a browser has them. It
is given the bare tags alone, numbered, and what it makes of them is read back; the document itself passes through
no parser that could change it. A Jinja tag among elements is a comment to it, which it leaves in its place: so we
know which elements have siblings, parents or attributes that only a row decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from typing import TYPE_CHECKING, Any, Final

from .html_tokens import VOID_ELEMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .html_tokens import Token
    from .jinja_tags import Masks

_OPAQUE: Final = frozenset({"svg", "math", "noscript", "template", "select", "object", "applet", "frameset"})
"""What stands in these is another language, or is shown by some clients only: nothing in them is told apart."""
_ELSEWHERE: Final = frozenset({"macro", "call", "filter", "set", "block"})
"""Statements whose content is written to another place than where it stands."""
_ODD_SIGNS: Final = frozenset("<\"'&\0")
_DEEPEST: Final = 300


class Siblings(list["Element"]):
    """The elements of one parent.

    Attributes:
        are_open: Whether a row decides how many there are.
    """

    __slots__ = ("are_open",)

    def __init__(self) -> None:
        super().__init__()
        self.are_open = False


@dataclass(slots=True, eq=False)
class Element:
    """An element.

    Attributes:
        name: Its name, in lower case.
        parent: What it stands in.
        siblings: The elements of its parent, itself among them.
        index: Its place among them, from 0.
        attributes: Its attributes, those of its start tag.
        classes: Its classes, as far as the template says.
        tag: Its start tag; None for one the source leaves out.
        open_attributes: The names of attributes that hold a Jinja tag; "*" if one stands outside of all values.
        is_detached: Whether the template writes it to another place than where it stands.
        is_split: Whether one start tag became several elements.
    """

    name: str
    parent: Element | None
    siblings: Siblings
    index: int
    attributes: dict[str, str] = field(default_factory=dict)
    classes: frozenset[str] = frozenset()
    tag: Token | None = None
    open_attributes: frozenset[str] = frozenset()
    is_detached: bool = False
    is_split: bool = False

    @property
    def has_open_siblings(self) -> bool:
        """Whether a row decides how many siblings it has."""
        return self.siblings.are_open

    def is_open(self, name: str) -> bool:
        """Tell whether a row decides what an attribute says."""
        return name in self.open_attributes or "*" in self.open_attributes


@dataclass(slots=True)
class Tree:
    """The elements of a document.

    Attributes:
        elements: All of them, in the document's order.
        is_whole: Whether every Jinja block begins and ends among the same siblings.
        is_readable: Whether the tree is one a browser would make.
    """

    elements: list[Element]
    is_whole: bool = True
    is_readable: bool = True


def read_tree(html: str, found: Sequence[Token], masks: Masks | None) -> Tree:
    """Read the elements of a document.

    Args:
        html: The document.
        found: The document's tokens.
        masks: The Jinja tags in it, if there are any.
    """
    tags: list[Token] = []
    bare = "".join(_bare(html, found, tags, masks))
    reader = _TreeReader(html, tags, masks)
    for piece in _parser().inline(bare).split("<")[1:]:
        reader.take(piece)
    return reader.tree


@lru_cache(maxsize=1)
def _parser() -> Any:
    import css_inline

    return css_inline.CSSInliner(
        inline_style_tags=False, keep_style_tags=True, keep_link_tags=True, load_remote_stylesheets=False
    )


def _bare(html: str, found: Sequence[Token], tags: list[Token], masks: Masks | None) -> Iterator[str]:
    """Write what decides the tree's shape: tags with a number each, that there is text, Jinja tags as comments."""
    for token in told_apart(html, found):
        written = html[token.start : token.end]
        if token.kind == "start":
            yield _numbered(html, token, len(tags))
            tags.append(token)
        elif token.kind == "end":
            yield f"</{_plain(token.name)}>"
        elif token.kind == "doctype":
            yield written
        elif token.kind != "raw":
            yield from _comments(written, masks)
            yield "x" if token.kind == "text" and token.is_closed and not written.isspace() else ""


def told_apart(html: str, found: Sequence[Token]) -> Iterator[Token]:
    """Walk the tokens, without those inside of elements that some clients only show, or that hold no HTML."""
    opaque: list[str] = []
    for token in found:
        if opaque and token.kind == "end" and token.name == opaque[-1]:
            opaque.pop()
        is_seen = not opaque
        if token.kind == "start" and token.name in _OPAQUE and not html.startswith("/>", token.end - 2):
            opaque.append(token.name)
        if is_seen:
            yield token


def _numbered(html: str, tag: Token, number: int) -> str:
    kind = tag.attribute("type") if tag.name == "input" else None
    is_hidden = kind is not None and kind.value.lower() == "hidden"
    end = "/>" if html.startswith("/>", tag.end - 2) else ">"
    return f'<{_plain(tag.name)} n="{number}"{" type=hidden" if is_hidden else ""}{end}'


def _plain(name: str) -> str:
    """Return a name that a tag is written with; one with signs in it is nobody's."""
    return name if _ODD_SIGNS.isdisjoint(name) else "x-odd"


def _comments(text: str, masks: Masks | None) -> Iterator[str]:
    if masks is not None and masks.prefix in text:
        yield from (f"<!--{number}-->" for number in masks.numbers(text))


class _TreeReader:
    """Reads the tree from the parser's output: each element has its end tag, and `<` begins nothing but markup."""

    def __init__(self, html: str, tags: list[Token], masks: Masks | None) -> None:
        self.tree = Tree([])
        self._html = html
        self._tags = tags
        self._masks = masks
        self._open: list[Element] = []
        self._children = [Siblings()]
        self._known: dict[int, Element] = {}
        self._places: dict[int, int] = {}  # where the first tag of a Jinja block stands, by its number
        self._elsewhere: list[int] = []  # how deep those stand that are written to another place

    def take(self, piece: str) -> None:
        """Read what follows a `<`, up to the next one."""
        if piece.startswith("!--"):
            self._statement(int(piece[3 : piece.index("-->")]))
        elif piece.startswith("/"):
            if self._open:
                self._open.pop()
                self._children.pop()
        elif not piece.startswith("!"):
            self._begin(piece.partition(">")[0])

    def _begin(self, written: str) -> None:
        name, _, number = written.partition(' n="')
        siblings = self._children[-1]
        parent = self._open[-1] if self._open else None
        element = Element(name.partition(" ")[0], parent, siblings, len(siblings))
        element.is_detached = bool(self._elsewhere) and len(self._open) == self._elsewhere[-1]
        siblings.append(element)
        if number:
            self._attribute(element, int(number.partition('"')[0]))
        self.tree.elements.append(element)
        if element.name not in VOID_ELEMENTS:
            self._open.append(element)
            self._children.append(Siblings())
        if len(self._open) > _DEEPEST:
            self.tree.is_readable = False

    def _attribute(self, element: Element, number: int) -> None:
        """Give an element what its start tag says."""
        element.tag = tag = self._tags[number]
        other = self._known.setdefault(number, element)
        if other is not element:
            other.is_split = element.is_split = True
        for each in reversed(tag.attributes):  # the first of a name holds
            element.attributes[each.name] = unescape(each.value) if "&" in each.value else each.value
        if self._masks is not None and self._masks.prefix in self._html[tag.start : tag.end]:
            self._open_attributes(element, tag, self._masks)
        elif "class" in element.attributes:
            element.classes = frozenset(element.attributes["class"].split())

    def _open_attributes(self, element: Element, tag: Token, masks: Masks) -> None:
        names = {each.name for each in tag.attributes if masks.prefix in each.value}
        if any(masks.prefix in each.name for each in tag.attributes) or masks.prefix in tag.name:
            names.add("*")
        element.open_attributes = frozenset(names)
        self.tree.is_whole &= masks.prefix not in tag.name
        classes = element.attributes.get("class", "")
        statements, _ = masks.numbers_by_kind(classes)
        if not statements and "*" not in names:
            element.classes = frozenset(word for word in classes.split() if masks.prefix not in word)

    def _statement(self, number: int) -> None:
        """Take note of a Jinja tag among elements: what a row decides begins or ends here."""
        assert self._masks is not None  # noqa: S101 - without masks there are no comments
        tag = self._masks.tags[number]
        if tag.word == "set" and not tag.opens:
            return
        self._children[-1].are_open = True
        if tag.kind == "expression":
            return
        place = id(self._open[-1]) if self._open else 0
        if self._places.setdefault(tag.group, place) != place:
            self.tree.is_whole = False
        if tag.word in _ELSEWHERE:
            self._elsewhere.append(len(self._open))
        elif tag.closes and tag.word.removeprefix("end") in _ELSEWHERE and self._elsewhere:
            self._elsewhere.pop()

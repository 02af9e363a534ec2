"""HTML cut into tokens that know where they stand in the source (WHATWG HTML, 13.2.5).

For what must change a few places of a document and keep every other byte: a token is a kind and two places, and
nothing lies between tokens. Comments (conditional and bogus ones too), the text of `<style>` and `<title>`, quotes
in attributes and tags that never end are read as a browser reads them, in linear time whatever the source. No tree
is built, nothing is decoded, nothing is repaired. Masked Jinja tags (see jinja_tags.py) are letters and signs that
mean nothing in HTML, and so pass as parts of the tokens they stand in. The patterns below match runs of one class
of characters; what they mean is the tokenizer's to say.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Kind = Literal["text", "start", "end", "comment", "doctype", "raw"]

RAW_ELEMENTS: Final = frozenset({
    "style", "script", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext",
})  # fmt: skip
"""The elements that hold text alone: `<` begins nothing in them but their own end tag."""
VOID_ELEMENTS: Final = frozenset({
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link",
    "meta", "param", "source", "track", "wbr",
})  # fmt: skip
"""The elements that have no content and no end tag."""

_SPACE: Final = re.compile(r"[\t\n\f\r ]*")
_BETWEEN_ATTRIBUTES: Final = re.compile(r"[\t\n\f\r /]*")
_TAG_NAME: Final = re.compile(r"[^\t\n\f\r />]*")
_ATTRIBUTE_NAME: Final = re.compile(r"=?[^\t\n\f\r />=]*")
_UNQUOTED: Final = re.compile(r"[^\t\n\f\r >]*")
_COMMENT_END: Final = re.compile(r"--!?>")
_AFTER_NAME: Final = frozenset("\t\n\f\r />")
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Attribute(NamedTuple):
    """An attribute of a start tag.

    Attributes:
        name: Its name, in lower case.
        value: Its value as it is written, character references not decoded; "" without one.
        start: Where its name begins.
        end: Where it ends, the closing quote included.
        value_start: Where its value begins, inside the quotes; `end` where it has none.
        value_end: Where its value ends, inside the quotes.
        quote: The quote around its value, or "".
    """

    name: str
    value: str
    start: int
    end: int
    value_start: int
    value_end: int
    quote: str


class Token(NamedTuple):
    """A piece of a document.

    Attributes:
        kind: "raw" is the text of an element that holds text alone; a tag that never ends is "text".
        start: Where it begins.
        end: Where it ends.
        name: The name of a tag's element, or of the element a raw text stands in, in lower case.
        attributes: The attributes of a start tag, in order; of several with one name the first holds.
        is_closed: Whether what ends it is there; a comment without is one to the end of the document.
    """

    kind: Kind
    start: int
    end: int
    name: str = ""
    attributes: tuple[Attribute, ...] = ()
    is_closed: bool = True

    def attribute(self, name: str) -> Attribute | None:
        """Return the attribute of that name that holds, if there is one."""
        return next((each for each in self.attributes if each.name == name), None)

    @property
    def insertion_place(self) -> int:
        """Where a further attribute can be written, after the last one or after the name."""
        return self.attributes[-1].end if self.attributes else self.start + 1 + len(self.name)


def tokens(html: str) -> Iterator[Token]:
    """Cut a document into tokens; their texts, joined, are the document."""
    place = text_start = 0
    while (opening := html.find("<", place)) >= 0:
        token = _markup(html, opening)
        if token is None:
            place = opening + 1
            continue
        if text_start < opening:
            yield Token("text", text_start, opening)
        yield token
        place = text_start = token.end
        if token.kind == "start" and token.name in RAW_ELEMENTS:
            place = text_start = _raw_end(html, token)
            if token.end < place:
                yield Token("raw", token.end, place, token.name)
    if text_start < len(html):
        yield Token("text", text_start, len(html))


@lru_cache(maxsize=16)
def read_tokens(html: str) -> tuple[Token, ...]:
    """Return the tokens of a document; the steps of making a template each want those of the last step's."""
    return tuple(tokens(html))


def comment_text(html: str, token: Token) -> str:
    """Return what stands in a comment that begins with `<!--`; "" for a bogus one."""
    start, end = token.start + len("<!--"), token.end
    if not html.startswith("<!--", token.start):
        return ""
    if token.is_closed:
        end -= len("--!>") if html.startswith("--!>", token.end - len("--!>")) else len("-->")
    return html[start:end]  # empty where it ends abruptly, as in <!-->


def edited(html: str, edits: Collection[tuple[int, int, str]]) -> str:
    """Write texts in place of parts of a document; what no edit names stays, byte for byte.

    Args:
        html: The document.
        edits: Where each part begins and ends, and what comes in its place; they do not overlap.
    """
    if not edits:
        return html
    parts: list[str] = []
    cursor = 0
    for start, end, text in sorted(edits, key=lambda edit: edit[:2]):
        parts += [html[cursor:start], text]
        cursor = end
    return "".join([*parts, html[cursor:]])


def _markup(html: str, start: int) -> Token | None:
    """Read what a `<` begins, or None where it begins nothing."""
    following = html[start + 1 : start + 2]
    if following in _LETTERS and following:
        return _tag(html, start, start + 1, "start")
    if following == "/":
        if html[start + 2 : start + 3] in _LETTERS and start + 2 < len(html):
            return _tag(html, start, start + 2, "end")
        return _until_bracket(html, start, "comment") if start + 2 < len(html) else None
    if following == "!":
        return _declaration(html, start)
    return _until_bracket(html, start, "comment") if following == "?" else None


def _declaration(html: str, start: int) -> Token:
    if not html.startswith("<!--", start):
        is_doctype = html[start + 2 : start + 9].lower() == "doctype"
        return _until_bracket(html, start, "doctype" if is_doctype else "comment")
    for abrupt in ("<!-->", "<!--->"):
        if html.startswith(abrupt, start):
            return Token("comment", start, start + len(abrupt))
    ending = _COMMENT_END.search(html, start + 4)
    return Token("comment", start, ending.end() if ending else len(html), is_closed=ending is not None)


def _until_bracket(html: str, start: int, kind: Kind) -> Token:
    end = html.find(">", start)
    return Token(kind, start, len(html) if end < 0 else end + 1, is_closed=end >= 0)


def _tag(html: str, start: int, name_start: int, kind: Literal["start", "end"]) -> Token:
    """Read a tag; one that never ends is no tag, and the rest of the document is lost with it."""
    place = _TAG_NAME.match(html, name_start).end()  # type: ignore[union-attr]  # it matches the empty text
    name = html[name_start:place].lower()
    attributes: list[Attribute] = []
    while True:
        place = _BETWEEN_ATTRIBUTES.match(html, place).end()  # type: ignore[union-attr]
        following = html[place : place + 1]
        if following == ">":
            return Token(kind, start, place + 1, name, tuple(attributes))
        if not following:
            return Token("text", start, len(html), is_closed=False)
        attribute = _attribute(html, place)
        if attribute is None:
            return Token("text", start, len(html), is_closed=False)
        attributes.append(attribute)
        place = attribute.end


def _attribute(html: str, start: int) -> Attribute | None:
    """Read an attribute; None where the document ends in it."""
    name_end = _ATTRIBUTE_NAME.match(html, start).end()  # type: ignore[union-attr]
    name = html[start:name_end].lower()
    place = _SPACE.match(html, name_end).end()  # type: ignore[union-attr]
    if html[place : place + 1] != "=":
        return Attribute(name, "", start, name_end, name_end, name_end, "")
    place = _SPACE.match(html, place + 1).end()  # type: ignore[union-attr]
    quote = html[place : place + 1]
    if quote in {'"', "'"}:
        end = html.find(quote, place + 1)
        return None if end < 0 else Attribute(name, html[place + 1 : end], start, end + 1, place + 1, end, quote)
    end = _UNQUOTED.match(html, place).end()  # type: ignore[union-attr]
    return Attribute(name, html[place:end], start, end, place, end, "")


def _raw_end(html: str, tag: Token) -> int:
    """Find where the text of an element that holds text alone ends: at its end tag, or nowhere."""
    if tag.name == "plaintext":
        return len(html)
    place = tag.end
    while (place := html.find("</", place)) >= 0:
        end = place + 2 + len(tag.name)
        if html[place + 2 : end].lower() == tag.name and html[end : end + 1] in {
            "\t",
            "\n",
            "\f",
            "\r",
            " ",
            "/",
            ">",
        }:
            return place
        place += 2
    return len(html)

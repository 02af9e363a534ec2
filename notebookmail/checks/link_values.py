"""Values that cut a link: `?q={{ q }}` with q = "A&B #1" asks for A, and the rest is lost.

And + means a blank there: ?email={{ email }} of ann+news@example.org asks for somebody else. Escaping for HTML
keeps a value inside its attribute; inside a URL it is the template's to say `| urlencode`. The links the author
wrote are laid beside those of a message, so what a loop fills in is seen, too. A value that is a whole address, a
whole query or comes after `#` may hold what it likes.
"""

from __future__ import annotations

import html as escapes
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jinja2 import TemplateSyntaxError, nodes

from notebookmail.compose.definition import environment_of
from notebookmail.compose.markup.html_tokens import tokens
from notebookmail.compose.markup.html_value_guards import statements_to_comments
from notebookmail.compose.markup.jinja_tags import Masks, split_tags
from notebookmail.compose.markup.markdown_to_html import to_html
from notebookmail.errors import TemplateError

from .findings import warning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jinja2 import Environment

    from notebookmail.compose.definition import Definition

    from .findings import Remark

_ATTRIBUTES: Final = frozenset({"href", "src", "action", "background"})
_BARE: Final = re.compile(r"\bhttps?://[^\s<>\"]+")
_ENCODING: Final = frozenset({"urlencode", "urlize"})
_FORM_SIGNS: Final = frozenset("+%-_.~*")
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class _Link:
    """A link with values in it.

    Attributes:
        pattern: Matches what it may be filled in to; a group a tag.
        tags: Each tag as it is written, and the characters its value may not hold; "" where it may hold all.
        shown: Its constant beginning.
    """

    pattern: re.Pattern[str]
    tags: tuple[tuple[str, str], ...]
    shown: str


class LinkValues:
    """The rules for the links of one template.

    Args:
        definition: What the author wrote.
    """

    def __init__(self, definition: Definition) -> None:
        self._field = "markdown" if definition.markdown is not None else "html"
        self._links = list(_links(definition)) if "{{" in "".join(filter(None, _sources(definition))) else []

    def remarks(self, html: str, text: str) -> Iterator[Remark]:
        """Say which links of a message are cut by what stands in them."""
        if not self._links:
            return
        for target in targets(html) if html else _BARE.findall(text):
            url = escapes.unescape(target) if html else target
            for link in self._links:
                match = link.pattern.fullmatch(url)
                if match is not None:
                    yield from self._judged(link, match.groups(), self._field if html else "text")

    @staticmethod
    def _judged(link: _Link, values: Iterable[str], field: str) -> Iterator[Remark]:
        for (tag, forbidden), value in zip(link.tags, values, strict=True):
            found = [char for char in forbidden if char in value]
            if found:
                said = f"{' and '.join(found)} in the value of {tag} cuts the link {link.shown[:_SHOWN]}"
                yield warning("link-value", field, said)
            elif "&" in forbidden and _holds_plus(value):
                said = f"+ in the value of {tag} means a blank in the link {link.shown[:_SHOWN]}"
                yield warning("link-value", field, said)


def _holds_plus(value: str) -> bool:
    """Tell whether + stands for itself: a value encoded as forms are has few other signs (HTML 4.01 17.13)."""
    return "+" in value and any(not (char.isalnum() or char in _FORM_SIGNS) for char in value)


def targets(html: str) -> Iterator[str]:
    """Walk the addresses in the attributes of a document, as they are written."""
    for token in tokens(html):
        if token.kind == "start":
            yield from (each.value for each in token.attributes if each.name in _ATTRIBUTES and each.value)


def _sources(definition: Definition) -> tuple[str | None, ...]:
    return definition.markdown, definition.html, definition.text


def _links(definition: Definition) -> Iterator[_Link]:
    env = environment_of(definition, html=True)
    page = definition.markdown if definition.html is None else definition.html
    source = page if page is not None else definition.text
    if source is None:
        return
    masks = Masks(source)
    pieces = split_tags(env, source)
    if page is None:
        found: Iterable[str] = _BARE.findall(masks.mask(pieces))
    else:
        try:
            masked = masks.mask(pieces) if definition.markdown is None else to_html(pieces, masks)
        except TemplateError:  # only the Markdown of a row can be converted
            masked = masks.mask(pieces)
        found = map(escapes.unescape, targets(statements_to_comments(masked, masks)))
    for target in dict.fromkeys(found):
        link = _link(env, target, masks)
        if link is not None:
            yield link


def _link(env: Environment, target: str, masks: Masks) -> _Link | None:
    """Read a masked link; None if no value can cut it."""
    pattern: list[str] = []
    tags: list[tuple[str, str]] = []
    constant, cursor = "", 0
    for match in masks.token.finditer(target):
        constant += target[cursor : match.start()]
        pattern += [re.escape(target[cursor : match.start()]), "(.*?)"]
        tag = masks.tags[masks.numbers(match[0])[0]]
        forbidden = "" if tag.kind != "expression" or _is_encoded(env, tag.source) else _forbidden(constant)
        tags.append((tag.source, forbidden))
        cursor = match.end()
        constant += "\0"
    pattern.append(re.escape(target[cursor:]))
    if not any(forbidden for _, forbidden in tags):
        return None
    return _Link(re.compile("".join(pattern), re.DOTALL), tuple(tags), constant.partition("\0")[0])


def _forbidden(before: str) -> str:
    """Return what a value must not hold, by what stands before it in the link (RFC 3986 3)."""
    site = before.partition("://")[2]
    if not before or "#" in before or ("/" not in site and "?" not in site):
        return ""  # it is the whole address, the fragment, or a part of the site's name
    if "?" not in before:
        return "?#"
    return "#" if before.endswith(("?", "&")) else "&#"


def _is_encoded(env: Environment, source: str) -> bool:
    try:
        tree = env.parse(source)
    except TemplateSyntaxError:
        return True
    return any(each.name in _ENCODING for each in tree.find_all(nodes.Filter))

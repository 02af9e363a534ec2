"""Masked HTML made fit for values: statements as comments, links guarded, expressions only where they are safe.

Escaping makes a value harmless in text and inside quotes, and nowhere else: an expression that is the name of an
element or an unquoted attribute is refused when the template is made. A link that begins with an expression is
guarded against javascript: and data: (see schemes.guard_link), a value in a style element against everything that
is no plain value of CSS (see css_values); one in an attribute keeps its line ends as they are (see line_breaks).
Pictures of the letter are taken along.
"""

from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from notebookmail.errors import TemplateError

from .css_values import picture_urls
from .html_tokens import edited, read_tokens
from .jinja_tags import Tag
from .link_schemes import is_elsewhere

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from .html_tokens import Attribute, Token
    from .jinja_tags import Masks

_LINK_NAMES: Final = frozenset({
    "href", "src", "action", "formaction", "background", "poster", "cite", "longdesc",
})  # fmt: skip
_CHOICES: Final = frozenset({"else", "elif"})
_PICTURED: Final = frozenset({"body", "table", "tbody", "td", "tfoot", "th", "thead", "tr"})
"""The elements whose `background` is a picture."""

Edit = tuple[int, int, str]


def statements_to_comments(html: str, masks: Masks) -> str:
    """Write the statements among elements and text as comments, which an HTML parser leaves in their place."""
    if f"${masks.prefix}" not in html:
        return html
    edits = [
        (token.start + match.start(), token.start + match.end(), f"<!--{match[0].strip('$')}-->")
        for token in read_tokens(html)
        if token.kind == "text" and masks.prefix in html[token.start : token.end]
        for match in masks.token.finditer(html[token.start : token.end])
        if match[0].startswith("$")
    ]
    return edited(html, edits)


def guard(html: str, masks: Masks) -> str:
    """Put every link that begins with an expression under guard, and every expression in a style sheet.

    Raises:
        TemplateError: An expression stands inside an element's tag and outside of quotes.
    """
    if not masks.tags:
        return html
    edits: list[Edit] = []
    for token in read_tokens(html):
        if masks.prefix not in html[token.start : token.end]:
            continue
        if token.kind in {"start", "end"}:
            _check_quoted(html, token, masks)
            for attribute in token.attributes:
                guarded = _guarded_link(attribute, masks) if _last_word(attribute.name) in _LINK_NAMES else []
                places = {start: (start, end, text) for start, end, text in guarded}
                kept = _filtered_values(html, attribute.value_start, attribute.value_end, "_attribute", masks)
                edits += [places.get(edit[0], edit) for edit in kept]
        elif token.kind in {"raw", "comment"}:
            name = "_css" if token.name == "style" else "_attribute"
            edits += _filtered_values(html, token.start, token.end, name, masks)
    return edited(html, edits)


def pictures(html: str, masks: Masks, inline: Collection[str]) -> str:
    """Take along the pictures of a letter: `src="cid:name"` is something inline, `src="logo.png"` a file.

    Those of `background="..."` and of `url(...)` in a style are taken along like those of `<img>`. What stands on
    the web, or begins with a value, is left as it is.

    Raises:
        TemplateError: There is nothing inline of that name.
    """
    return edited(html, list(_Pictures(masks, inline).edits(html)))


class _Pictures:
    """The places of a letter that show a picture."""

    def __init__(self, masks: Masks, inline: Collection[str]) -> None:
        self._masks = masks
        self._inline = inline

    def edits(self, html: str) -> Iterator[Edit]:
        """Walk what is to be written in place of the names of pictures."""
        for token in read_tokens(html):
            if token.kind == "raw" and token.name == "style":
                yield from self._styled(html, token.start, token.end)
            elif token.kind == "start":
                yield from self._shown(html, token)

    def _shown(self, html: str, tag: Token) -> Iterator[Edit]:
        named = "src" if tag.name == "img" else "background" if tag.name in _PICTURED else ""
        attribute = tag.attribute(named) if named else None
        if attribute is not None and (wanted := self._wanted(attribute.value)):
            # Where the author names no width, the picture's own is said: it is drawn twice as dense as shown.
            has_width = named != "src" or any(each.name in {"width", "style"} for each in tag.attributes)
            token = self._token(wanted, "_cid" if has_width else "_cid_and_width")
            yield (
                attribute.start,
                attribute.end,
                f'{html[attribute.start : attribute.start + len(named)]}="{token}"',
            )
        style = tag.attribute("style")
        if style is not None:
            yield from self._styled(html, style.value_start, style.value_end)

    def _styled(self, html: str, start: int, end: int) -> Iterator[Edit]:
        for place, after, name in picture_urls(html[start:end]):
            if wanted := self._wanted(unescape(name).strip("\"'")):
                yield start + place, start + after, f"url({self._token(wanted, '_cid')})"

    def _wanted(self, source: str) -> str | None:
        """Return the expression for what a picture's name says, or None where it is none of the letter's."""
        name = unescape(source).strip()
        if name.lower().startswith("cid:"):
            if name[4:] in self._inline:
                return name[4:]
            raise TemplateError(
                f"{name!r} names nothing inline: give it, as in inline={{{name[4:]!r}: figure}} (there is: "
                f"{', '.join(self._inline) or 'nothing'})"
            )
        # Double braces in a raw block are a value too: that of whoever fills in the letter after us.
        begins_with_value = "{{" in name or self._masks.token.search(name)
        return None if is_elsewhere(name) or begins_with_value else repr(unquote(name))

    def _token(self, wanted: str, filter_name: str) -> str:
        return self._masks.add(Tag(f"{{{{ {wanted} | {filter_name} }}}}", "expression", "cid"))


def _check_quoted(html: str, tag: Token, masks: Masks) -> None:
    """Check that no expression stands in a tag outside of quotes.

    Raises:
        TemplateError: One does.
    """
    bare = html[tag.start : tag.end]
    for attribute in reversed(tag.attributes):
        if attribute.quote:
            bare = bare[: attribute.value_start - tag.start] + bare[attribute.value_end - tag.start :]
    _, expressions = masks.numbers_by_kind(bare)
    if expressions:
        raise TemplateError(
            f"{masks.tags[expressions[0]].source} stands inside an HTML tag without quotes, where a value could "
            'add attributes: write it in quotes, as in title="{{ name }}"'
        )


def _guarded_link(attribute: Attribute, masks: Masks) -> Iterator[Edit]:
    """Guard the expressions a link may begin with: the first ones, and those of each branch of a condition."""
    is_beginning, cursor = True, 0
    for match in masks.token.finditer(attribute.value):
        is_beginning = is_beginning and not attribute.value[cursor : match.start()].strip()
        cursor = match.end()
        (number,) = masks.numbers(match[0])
        tag = masks.tags[number]
        if tag.kind == "expression":
            if is_beginning and tag.word != "cid":
                start = attribute.value_start + match.start()
                yield start, start + len(match[0]), _filtered(tag, "_link", masks)
        elif tag.word in _CHOICES:
            is_beginning = True


def _filtered_values(html: str, start: int, end: int, name: str, masks: Masks) -> Iterator[Edit]:
    """Let the values in a part of a document pass a filter."""
    for match in masks.token.finditer(html[start:end]):
        (number,) = masks.numbers(match[0])
        tag = masks.tags[number]
        if tag.kind == "expression" and tag.word != "cid":
            yield start + match.start(), start + match.end(), _filtered(tag, name, masks)


def _filtered(tag: Tag, name: str, masks: Masks) -> str:
    return masks.add(Tag(f"{{{{ ({tag.expression}) | {name} }}}}", "expression"))


def _last_word(name: str) -> str:
    """Return the last word of an attribute's name: that of `data-href` and `xlink:href` too."""
    return name.replace(":", "-").rpartition("-")[2]

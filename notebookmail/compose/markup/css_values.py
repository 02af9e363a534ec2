"""Values in style sheets, and the pictures style sheets show.

A style element is no place where escaping helps: what stands there is CSS. So a value may be a plain value of CSS
(a colour, a length, a font's name) and nothing that ends a declaration, calls for a resource, or hides text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import tinycss2
from jinja2 import Undefined
from markupsafe import Markup

from notebookmail.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PLAIN_KINDS: Final = frozenset({"whitespace", "ident", "number", "percentage", "dimension", "hash", "string"})
_PLAIN_SIGNS: Final = frozenset({",", "/"})
_PLAIN_FUNCTIONS: Final = frozenset({
    "rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch", "calc", "min", "max", "clamp",
})  # fmt: skip
_PICTURE_PROPERTIES: Final = ("background", "list-style", "border-image", "content")
_UNTOUCHED_RULES: Final = frozenset({"import", "font-face", "namespace"})


def guard_style_value(value: Any) -> Any:
    """Return the value if it may stand in a style sheet; what the author calls safe may say anything.

    Raises:
        TemplateError: It is more than a plain value of CSS.
    """
    if isinstance(value, (Undefined, Markup)) or value is None:
        return value
    text = str(value)
    nodes = tinycss2.parse_component_value_list(text)
    if "<" in text or "\\" in text or not _is_plain(nodes):
        raise TemplateError(
            f"{text[:60]!r} is no plain value for a style sheet, such as #0b5fa5, 12px or Georgia; if it is CSS "
            "of your own, write | safe after it"
        )
    return Markup(text)  # noqa: S704 - a plain value, which ends nothing


def _is_plain(nodes: Sequence[Any]) -> bool:
    return all(
        node.type in _PLAIN_KINDS
        or (node.type == "literal" and node.value in _PLAIN_SIGNS)
        or (node.type == "function" and node.lower_name in _PLAIN_FUNCTIONS and _is_plain(node.arguments))
        for node in nodes
    )


def picture_urls(css: str) -> Iterator[tuple[int, int, str]]:
    """Find the pictures a style sheet or the declarations of an element show.

    Args:
        css: The text; its lines end in LF.

    Yields:
        Where each `url(...)` begins and ends in the text, and what it names.
    """
    if "url(" not in css.lower():
        return
    lines = [0]
    while (end := css.find("\n", lines[-1])) >= 0:
        lines.append(end + 1)
    nodes = tinycss2.parse_component_value_list(css)
    for node in _shown(nodes):
        start = lines[node.source_line - 1] + node.source_column - 1
        end = _url_end(css, start)
        if end:
            yield start, end, css[start + len("url(") : end - 1].strip()


def _shown(nodes: Sequence[Any]) -> Iterator[Any]:
    """Walk the url() of the declarations that show pictures, in blocks too."""
    name, is_name, skips = "", True, False
    for node in nodes:
        if node.type == "at-keyword":
            skips = node.lower_value in _UNTOUCHED_RULES
        elif node == ";" or node.type == "{} block":
            if node != ";" and not skips:
                yield from _shown(node.content)
            name, is_name, skips = "", True, False
        elif node.type == "ident" and is_name:
            name = node.lower_value
        elif node == ":":
            is_name = False
        elif not skips and name.startswith(_PICTURE_PROPERTIES):
            yield from _urls(node)


def _urls(node: Any) -> Iterator[Any]:
    if node.type == "url" or (node.type == "function" and node.lower_name == "url"):
        yield node
    elif node.type == "function":
        for each in node.arguments:
            yield from _urls(each)


def _url_end(css: str, start: int) -> int:
    """Find where a `url(` ends; 0 where it is never closed."""
    place = start + len("url(")
    while css[place : place + 1].isspace():
        place += 1
    quote = css[place : place + 1]
    if quote in {'"', "'"}:
        place = css.find(quote, place + 1)
        if place < 0:
            return 0
    return css.find(")", place) + 1

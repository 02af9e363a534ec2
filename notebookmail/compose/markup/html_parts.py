"""Masked HTML made fit for values: statements as comments, links guarded, expressions only where they are safe.

Escaping makes a value harmless in text and inside quotes, and nowhere else: an expression that is the name of an
element or an unquoted attribute is refused when the template is made. A link that begins with an expression is
guarded against javascript: and data: (see schemes.guard_link). Pictures of the letter are taken along.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from notebookmail.errors import TemplateError

from .tags import Tag

if TYPE_CHECKING:
    from collections.abc import Collection

    from .tags import Masks

_MARKUP = re.compile(
    r"<!--.*?-->|<(?:style|script|title|textarea)\b.*?</(?:style|script|title|textarea)\s*>"
    r"|</?[a-zA-Z](?:[^\"'>]|\"[^\"]*\"|'[^']*')*>",
    re.DOTALL | re.IGNORECASE,
)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_RAW = re.compile(r"<(?:style|script|title|textarea)\b", re.IGNORECASE)
_IMAGE = re.compile(r"<img\b(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE)
_SOURCE = re.compile(r"(\ssrc\s*=\s*)(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_WIDTH = re.compile(r"\s(?:width|style)\s*=", re.IGNORECASE)
_ELSEWHERE = re.compile(r"\s*(?:[a-zA-Z][a-zA-Z0-9+.-]*:|//|#|$)")
_LINK_ATTRIBUTES = "href|src|action|formaction|background|poster|cite|longdesc"


def statements_to_comments(html: str, masks: Masks) -> str:
    """Write the statements among elements and text as comments, which an HTML parser leaves in their place."""
    statement = re.compile(rf"\$({masks.prefix}[ib]\d+z)\$")
    parts, cursor = [], 0
    for markup in _MARKUP.finditer(html):
        parts += [statement.sub(r"<!--\1-->", html[cursor : markup.start()]), markup[0]]
        cursor = markup.end()
    return "".join([*parts, statement.sub(r"<!--\1-->", html[cursor:])])


def has_statement_in_tag(html: str, masks: Masks) -> bool:
    """Tell whether a statement stands inside an element's tag and outside of quotes."""
    statement = re.compile(rf"{masks.prefix}[ib]\d+z")
    return any(
        statement.search(_QUOTED.sub("", markup[0]))
        for markup in _MARKUP.finditer(html)
        if masks.prefix in markup[0] and not (markup[0].startswith("<!") or _RAW.match(markup[0]))
    )


def guard(html: str, masks: Masks) -> str:
    """Put every link that begins with an expression under guard.

    Raises:
        TemplateError: An expression stands inside an element's tag and outside of quotes.
    """
    link = re.compile(
        rf"(\b(?:{_LINK_ATTRIBUTES})\s*=\s*[\"']\s*)((?:\$?{masks.prefix}[eib]\d+z\$?\s*)+)", re.IGNORECASE
    )
    expression = re.compile(rf"{masks.prefix}e(\d+)z")

    def guarded(match: re.Match[str]) -> str:
        inner = masks.tags[int(match[1])].expression
        return masks.add(Tag(f"{{{{ ({inner}) | _link }}}}", "expression"))

    def look(markup: re.Match[str]) -> str:
        if markup[0].startswith("<!"):
            return markup[0]
        opening = markup[0].partition(">")[0] if _RAW.match(markup[0]) else markup[0]
        bare = expression.search(_QUOTED.sub("", opening))
        if bare:
            raise TemplateError(
                f"{masks.tags[int(bare[1])].source} stands inside an HTML tag without quotes, where a value could "
                'add attributes: write it in quotes, as in title="{{ name }}"'
            )
        return link.sub(lambda match: match[1] + expression.sub(guarded, match[2]), markup[0])

    return _MARKUP.sub(look, html)


def pictures(html: str, masks: Masks, inline: Collection[str]) -> str:
    """Take along the pictures of a letter: `src="cid:name"` is something inline, `src="logo.png"` a file.

    What stands on the web, or begins with a value, is left as it is.

    Raises:
        TemplateError: There is nothing inline of that name.
    """

    def expression(name: str) -> str | None:
        if name.lower().startswith("cid:"):
            if name[4:] in inline:
                return name[4:]
            raise TemplateError(
                f"{name!r} names nothing inline: give it, as in inline={{{name[4:]!r}: figure}} (there is: "
                f"{', '.join(inline) or 'nothing'})"
            )
        return None if _ELSEWHERE.match(name) or masks.token.search(name) else repr(unquote(name))

    def look(image: re.Match[str]) -> str:
        source = _SOURCE.search(image[0])
        if source is None:
            return image[0]
        wanted = expression(next(name for name in source.groups()[1:] if name is not None).strip())
        if wanted is None:
            return image[0]
        # Where the author says nothing of a width, the picture's own is said: it is drawn twice as dense as shown.
        filter_name = "_cid" if _WIDTH.search(image[0]) else "_cid_and_width"
        token = masks.add(Tag(f"{{{{ {wanted} | {filter_name} }}}}", "expression"))
        return f'{image[0][: source.start()]}{source[1]}"{token}"{image[0][source.end() :]}'

    return _IMAGE.sub(look, html)

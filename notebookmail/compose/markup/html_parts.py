"""Masked HTML made fit for values: statements as comments, links guarded, expressions only where they are safe.

Escaping makes a value harmless in text and inside quotes, and nowhere else: an expression that is the name of an
element or an unquoted attribute is refused when the template is made. A link that begins with an expression is
guarded against javascript: and data: (see environment.guard_link).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from notebookmail.errors import TemplateError

from .tags import Tag

if TYPE_CHECKING:
    from .tags import Masks

_MARKUP = re.compile(
    r"<!--.*?-->|<(?:style|script|title|textarea)\b.*?</(?:style|script|title|textarea)\s*>"
    r"|</?[a-zA-Z](?:[^\"'>]|\"[^\"]*\"|'[^']*')*>",
    re.DOTALL | re.IGNORECASE,
)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_RAW = re.compile(r"<(?:style|script|title|textarea)\b", re.IGNORECASE)
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
        if not (markup[0].startswith("<!") or _RAW.match(markup[0]))
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

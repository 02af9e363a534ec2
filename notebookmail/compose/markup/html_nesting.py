"""How deep the elements of a document stand in one another: a letter that no mail program could show is refused.

What parses HTML as a browser does takes time by the square of the depth, and ends the process where its stack
does: some thousand elements are enough. A letter, its tables of tables included, has some dozens.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from notebookmail.errors import TemplateError

from .html_tokens import VOID_ELEMENTS, read_tokens

DEEPEST: Final = 500
"""How many elements may stand in one another."""

_ENDING_BY_THEMSELVES: Final = frozenset({
    "p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot", "colgroup", "option", "optgroup", "rt",
    "rp", "a", "nobr",
})  # fmt: skip
"""The elements that another one of them ends (HTML, 13.1.2.4 and 13.2.6.4.7): their end tags may be left out."""


def check_depth(html: str) -> None:
    """Check that a document can be parsed.

    An element counts until its own end tag, for one of the formatting kind is opened anew where another's end tag
    closed it.

    Raises:
        TemplateError: Too many elements are open at once.
    """
    if html.count("<") <= DEEPEST:
        return
    not_counted = VOID_ELEMENTS | _ENDING_BY_THEMSELVES
    open_now: Counter[str] = Counter()
    depth = 0
    for token in read_tokens(html):
        if token.name in not_counted:
            continue
        is_foreign = bool(open_now["svg"] or open_now["math"])  # there an element may close itself
        if token.kind == "start" and not (is_foreign and html.startswith("/>", token.end - 2)):
            open_now[token.name] += 1
            depth += 1
        elif token.kind == "end" and open_now[token.name]:
            open_now[token.name] -= 1
            depth -= 1
        if depth > DEEPEST:
            raise _too_deep(html, token.start, open_now)


def _too_deep(html: str, place: int, open_now: Counter[str]) -> TemplateError:
    name, count = open_now.most_common(1)[0]
    line = html.count("\n", 0, place) + 1
    return TemplateError(
        f"more than {DEEPEST} HTML elements stand in one another near line {line} of the letter's HTML, {count} "
        f"of them <{name}>: close each with </{name}>"
    )

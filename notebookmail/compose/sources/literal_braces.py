"""Braces of a style sheet that Jinja would read as the beginning of a comment: `@media print{#head{...}}`.

Minified style sheets have them, and no comment of Jinja's that begins in a style element ends outside of it. So a
`{#` in a style element with no `#}` behind it is CSS, and is written so that Jinja prints it.
"""

from __future__ import annotations

from bisect import bisect
from typing import Final

from notebookmail.compose.markup.html_tokens import edited, read_tokens
from notebookmail.compose.markup.jinja_tags import LITERAL_BRACE

_LONGEST: Final = 40
"""How far a tag of one word reaches."""


def with_literal_braces(source: str) -> str:
    """Return a source in which braces of style sheets begin no comment."""
    if "{#" not in source or "<style" not in source.lower():
        return source
    edits: list[tuple[int, int, str]] = []
    raw = _raw_blocks(source)
    for token in read_tokens(source):
        if token.kind == "raw" and token.name == "style":
            if bisect(raw, token.start) % 2:  # it stands behind a beginning, and before the end
                continue
            place = max(source.rfind("#}", token.start, token.end), token.start)
            while (place := source.find("{#", place, token.end)) >= 0:
                edits.append((place, place + 1, LITERAL_BRACE))
                place += 2
    return edited(source, edits)


def _raw_blocks(source: str) -> list[int]:
    """Find where blocks of `{% raw %}` begin and end, in turn: Jinja reads nothing in them."""
    places: list[int] = []
    start = source.find("{%")
    while start >= 0:
        word = source[start + 2 : source.find("%}", start, start + _LONGEST)].strip("-+ \t\n")
        if word == ("endraw" if len(places) % 2 else "raw"):
            places.append(start)
        start = source.find("{%", start + 2)
    return places

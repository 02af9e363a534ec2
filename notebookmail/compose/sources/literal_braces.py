"""Braces of a style sheet that Jinja would read as the beginning of a comment: `@media print{#head{...}}`.

Minified style sheets have them, and no comment of Jinja's that begins in a style element ends outside of it. So a
`{#` in a style element with no `#}` behind it is CSS, and is written so that Jinja prints it.
"""

from __future__ import annotations

from notebookmail.compose.markup.html_tokens import edited, read_tokens
from notebookmail.compose.markup.tags import LITERAL_BRACE


def with_literal_braces(source: str) -> str:
    """Return a source in which braces of style sheets begin no comment."""
    if "{#" not in source or "<style" not in source.lower():
        return source
    edits: list[tuple[int, int, str]] = []
    for token in read_tokens(source):
        if token.kind == "raw" and token.name == "style" and not _is_raw(source, token.start):
            place = max(source.rfind("#}", token.start, token.end), token.start)
            while (place := source.find("{#", place, token.end)) >= 0:
                edits.append((place, place + 1, LITERAL_BRACE))
                place += 2
    return edited(source, edits)


def _is_raw(source: str, place: int) -> bool:
    """Tell whether a place stands in a block of `{% raw %}`, where Jinja reads nothing."""
    is_raw, start = False, source.find("{%", 0, place)
    while start >= 0:
        end = source.find("%}", start)
        word = source[start + 2 : end].strip("-+ \t\n")
        is_raw = word == "raw" or (is_raw and word != "endraw")
        start = source.find("{%", start + 2, place)
    return is_raw

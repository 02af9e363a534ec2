"""Outcomes as plain text: the repr, and the text/plain half of every display.

No colours and no box drawing, so that it survives logs, mails and old consoles. Saved with the notebook like the
static page, so it is masked and bounded the same way.
"""

from __future__ import annotations

import textwrap
import unicodedata
from typing import TYPE_CHECKING

from notebookmail.view.words.headlines import facts_in_words, headline, next_step
from notebookmail.view.words.results import causes_in_words, lines, problem_positions
from notebookmail.view.words.visible_text import clip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notebookmail.view.words.results import CauseWords, ResultsSource, RowLine

_WIDTH = 100
_CAUSES = 8
_LABEL, _ADDRESS, _REPLY = 16, 32, 200
_GAP = "  "


def results_text(results: ResultsSource, *, limit: int = 20) -> str:
    """Show how a run ended in at most 100 columns, addresses masked.

    Args:
        results: How every row stands.
        limit: How many problem rows are listed at most.
    """
    written = [headline(results.counts, results.facts)]
    about = [", ".join(facts_in_words(results.facts)), next_step(results.facts)]
    written += [line for each in about if each for line in _wrapped(each, "")]
    found = causes_in_words(results)
    if found:
        written += ["", *(text for cause in found[:_CAUSES] for text in _cause(cause))]
    positions = problem_positions(results)
    if positions and limit > 0:
        shown = list(lines(results, positions[:limit], is_public=True))
        written += ["", *_table(shown)]
        if len(positions) > limit:
            written += ["", f"The first {limit:,} of {len(positions):,} rows; results.table() opens all of them."]
    return "\n".join(written)


def _cause(cause: CauseWords) -> Iterator[str]:
    yield from _wrapped(clip(cause.headline, _REPLY), "  ")
    for detail in filter(None, (cause.remedy, cause.example)):
        yield from _wrapped(clip(detail, _REPLY), "      ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
    )


def _table(shown: Sequence[RowLine]) -> Iterator[str]:
    heads = ("row", "to", "status", "code", "reply")
    rows = [
        (clip(row.label, _LABEL), clip(row.to, _ADDRESS), row.status, row.code, clip(row.reply, _REPLY))
        for row in shown
    ]
    widths = [max(map(_width, column)) for column in zip(heads, *rows, strict=True)]
    for cells in (heads, *rows):
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
        yield _cut(f"  {_GAP.join(padded)}".rstrip())


def _cut(text: str) -> str:
    """Cut a line to the width, by the columns it takes up."""
    if _width(text) <= _WIDTH:
        return text
    while _width(text) >= _WIDTH:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _width(text: str) -> int:
    """Count the columns a text takes up: East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF") for each in text
    )

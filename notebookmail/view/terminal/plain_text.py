"""Outcomes as plain text: the repr, and the text/plain half of every display.

No colours and no box drawing, so that it survives logs, mails and old consoles. Saved with the notebook like the
static page, so it is masked and bounded the same way.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from notebookmail.view.words.headlines import facts_in_words, headline, next_step
from notebookmail.view.words.results import causes_in_words
from notebookmail.view.words.visible_text import clip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookmail.view.words.results import CauseWords, ResultsSource, SaidOfRows

_WIDTH = 100
_CAUSES = 8
_LABEL, _ADDRESS, _REPLY = 40, 64, 200  # characters shown of each
_TOGETHER = "\0"  # no value shows one; a line is not broken there


def results_text(results: ResultsSource, *, limit: int = 20) -> str:
    """Show how a run ended in at most 100 columns, addresses masked.

    Args:
        results: How every row stands.
        limit: How many rows in trouble are named at most, divided among the causes.
    """
    written = [headline(results.counts, results.facts)]
    about = [", ".join(facts_in_words(results.facts)), next_step(results.facts)]
    written += [line for each in about if each for line in _wrapped(each, "")]
    found = causes_in_words(results, shown=_CAUSES, rows=limit)
    if found:
        written += ["", *(text for cause in found[:_CAUSES] for text in _cause(cause))]
    if len(found) > _CAUSES or any(cause.more for cause in found):
        written += ["", "results.table() opens every row; results.failed holds those that failed."]
    return "\n".join(written)


def _cause(cause: CauseWords) -> Iterator[str]:
    """Write a cause with its remedy, and below them what was said of which rows: each thing once."""
    yield from _wrapped(clip(cause.headline, _REPLY), "  ")
    if cause.remedy:
        yield from _wrapped(clip(cause.remedy, _REPLY), "      ")
    for each in cause.said:
        yield from _wrapped(clip(each.text, _REPLY), "      ")
        yield from (line.replace(_TOGETHER, " ") for line in _wrapped(_rows_said(each), "        "))
    if not cause.said and cause.example:
        yield from _wrapped(clip(cause.example, _REPLY), "      ")
    if cause.more:
        yield f"      and {cause.more:,} more rows"


def _rows_said(said: SaidOfRows) -> str:
    """Name rows, each by its label and its address."""
    names = (
        f"{clip(label, _LABEL)}{_TOGETHER}{clip(to, _ADDRESS)}" if to and to != label else clip(label, _LABEL)
        for label, to in said.rows
    )
    return f"{'row' if len(said.rows) == 1 else 'rows'} {', '.join(names)}"


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
    )

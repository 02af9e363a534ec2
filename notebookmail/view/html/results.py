"""Outcomes and progress as static HTML: no scripts, nothing loaded from anywhere, no more than asked for.

What is saved with a notebook (`results_html`) names no one, and its size depends on its limits, never on the
number of rows. Everything is built by escaping.element, which escapes. Headings are bold paragraphs with a role:
real ones would show in JupyterLab's table of contents, and bold still reads where styles are stripped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookmail.privacy.masking import mask_text
from notebookmail.view.words.results import (
    SYMBOLS,
    causes_in_words,
    headline,
    lines,
    problem_positions,
)
from notebookmail.view.words.visible_text import clip

from .escaping import BREAK, Html, element, join
from .style import ROOT, STYLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from notebookmail.delivery.events import Status
    from notebookmail.view.words.results import CauseWords, ResultsSource, RowLine

_CAUSES = 8
_LABEL, _ADDRESS, _REPLY, _HINT, _LONG = (
    40,
    64,
    160,
    160,
    400,
)  # characters shown of each: strangers decide how long they are


def results_html(results: ResultsSource, *, title: str = "", limit: int = 20) -> str:
    """Show how a run ended, for a saved notebook: addresses masked, size bounded.

    Args:
        results: How every row stands.
        title: A line above the headline, such as the campaign and the server.
        limit: How many problem rows are listed at most.
    """
    counts = results.counts
    return element(
        "div",
        STYLE,
        element("p", clip(mask_text(title), _LONG), class_="nbm-title") if title else None,
        element("div", headline_html(headline(counts)), class_="nbm-head"),
        bar_html(counts, headline(counts)),
        chips_html(counts),
        _causes(causes_in_words(results)),
        _problems(results, limit),
        class_=ROOT,
    )


def table_html(results: ResultsSource, positions: Sequence[int]) -> str:
    """Show one page of rows with full addresses, for the live view only, without the style sheet.

    Each row is one line of a fixed height, so that the rows' buttons can stand beside them.

    Args:
        results: How every row stands.
        positions: The rows to show, from 0; the caller keeps their number small.
    """
    widths = element("colgroup", *(element("col", style=f"width:{width}") for width, _ in _COLUMNS))
    head = element("thead", element("tr", *(element("th", words, scope="col") for _, words in _COLUMNS)))
    body = element("tbody", *map(_one_line, lines(results, positions, is_public=False)))
    table = element("table", widths, head, body)
    return element("div", table, class_="nbm-scroll", tabindex=0, role="region", aria_label="Results by row")


_COLUMNS = (
    ("30%", "To"), ("9.5em", "Status"), ("8em", "Code"), ("auto", "What was said"), ("12em", "Sent at (UTC)"),
)  # fmt: skip


def _one_line(row: RowLine) -> Html:
    said = row.reply or row.hint
    cells = (
        element("td", clip(row.to, _ADDRESS), title=clip(row.to, _REPLY)),
        element("td", _sign(row.status), " ", row.status, class_=f"nbm-{row.status}"),
        element("td", _code(row.code, 16)),
        element("td", clip(said, _REPLY), title=clip(f"{said} {row.hint}" if row.reply else said, _LONG) or None),
        element("td", row.sent_at),
    )
    return element("tr", *cells)


def headline_html(words: str) -> Html:
    """Show what a page is about in large letters."""
    return element("p", element("strong", words), class_="nbm-headline", role="heading", aria_level=3)


def bar_html(counts: Mapping[Status, int], words: str) -> Html:
    """Show counts by status as one bar; the words say the same to who cannot see it."""
    parts = (
        element("span", class_=f"nbm-{status}", style=f"flex-grow:{count}")
        for status, count in counts.items()
        if count
    )
    return element("div", *parts, class_="nbm-bar", role="img", aria_label=words)


def chips_html(counts: Mapping[Status, int]) -> Html:
    """Show counts by status, each with its sign and word."""
    chips = (
        element("li", _sign(status), " ", element("strong", f"{count:,}"), f" {status}", class_=f"nbm-{status}")
        for status, count in counts.items()
        if count
    )
    return element("ul", *chips, class_="nbm-chips")


def _sign(status: Status) -> Html:
    return element("span", SYMBOLS[status], class_="nbm-sign", aria_hidden="true")


def _section(words: str) -> Html:
    return element("p", element("strong", words), class_="nbm-section", role="heading", aria_level=4)


def _causes(found: Sequence[CauseWords]) -> Html | None:
    if not found:
        return None
    rest = len(found) - _CAUSES
    more = element("p", f"and {rest} rarer causes", class_="nbm-quiet") if rest > 0 else None
    return join(_section("Why"), element("ul", *map(_cause, found[:_CAUSES]), class_="nbm-causes"), more)


def _cause(cause: CauseWords) -> Html:
    words = element("strong", clip(cause.headline, _HINT))
    shown = _lines(words, _quiet(cause.remedy), _code(cause.example, _REPLY))
    return element("li", shown, class_=f"nbm-{cause.status}")


def _problems(results: ResultsSource, limit: int) -> Html | None:
    positions = problem_positions(results)
    if not positions or limit < 1:
        return None
    shown = list(lines(results, positions[:limit], is_public=True))
    table = _table(("Row", "To", "Status", "Code", "What was said"), map(_public_row, shown))
    scroll = element("div", table, class_="nbm-scroll", tabindex=0, role="region", aria_label="Rows not sent")
    more = None
    if len(positions) > limit:
        words = f"The first {limit:,} of {len(positions):,} rows; results.table() opens all of them."
        more = element("p", words, class_="nbm-quiet nbm-note")
    return element("div", _section("Rows"), scroll, more, class_="nbm-rows")


def _table(heads: Iterable[str], rows: Iterable[Html]) -> Html:
    head = element("tr", *(element("th", words, scope="col") for words in heads))
    return element("table", element("thead", head), element("tbody", *rows))


def _public_row(row: RowLine) -> Html:
    return element("tr", *_cells(row))


def _cells(row: RowLine) -> list[Html]:
    return [
        element("td", clip(row.label, _LABEL), class_="nbm-tight"),
        element("td", clip(row.to, _ADDRESS), class_="nbm-tight"),
        element("td", _sign(row.status), " ", row.status, class_=f"nbm-tight nbm-{row.status}"),
        element("td", _code(row.code, 16), class_="nbm-tight"),
        element("td", _lines(_code(row.reply, _REPLY), _quiet(row.hint)), class_="nbm-wide"),
    ]


def _lines(*parts: Html | None) -> Html:
    """Put what there is on lines of its own."""
    return Html(BREAK.join(part for part in parts if part))


def _code(text: str, limit: int) -> Html | None:
    return element("code", clip(text, limit)) if text else None


def _quiet(text: str) -> Html | None:
    return element("span", clip(text, _HINT), class_="nbm-quiet") if text else None

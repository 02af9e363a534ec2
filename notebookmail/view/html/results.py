"""Outcomes and progress as static HTML: no scripts, nothing loaded from anywhere, no more than asked for.

What is saved with a notebook (`results_html`) names no one, and its size depends on its limits, never on the
number of rows. Everything is built by escaping.element, which escapes. Headings are bold paragraphs with a role:
real ones would show in JupyterLab's table of contents, and bold still reads where styles are stripped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookmail.privacy.masking import mask_text
from notebookmail.view.words.headlines import (
    SYMBOLS,
    facts_in_words,
    headline,
    next_step,
    others,
    short_headline,
    standings_of,
)
from notebookmail.view.words.results import causes_in_words, lines
from notebookmail.view.words.table_columns import cell_text, columns_of
from notebookmail.view.words.visible_text import clip

from .charts import charts_html
from .escaping import BREAK, Html, element, join
from .style import ROOT, STYLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notebookmail.view.words.headlines import Standing
    from notebookmail.view.words.results import CauseWords, ResultsSource, RowLine, SaidOfRows
    from notebookmail.view.words.table_columns import TableColumn

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
        title: A line above the headline, such as what else there is to know of the run.
        limit: How many rows in trouble are named at most, divided among the causes.
    """
    counts, facts = results.counts, results.facts
    found = standings_of(counts, facts)
    hue = "sent" if facts is None or facts.purpose == "mail" else "ready"
    return element(
        "div",
        STYLE,
        element("p", clip(mask_text(title), _LONG), class_="nbm-title") if title else None,
        element("div", headline_html(short_headline(counts, facts)), class_="nbm-head"),
        bar_html(found, headline(counts, facts)),
        chips_html(others(found)),
        dotted_html(facts_in_words(facts)),
        element("p", next_step(facts), class_="nbm-note") if next_step(facts) else None,
        _causes(causes_in_words(results, shown=_CAUSES, rows=limit)),
        charts_html(results.tallies.by_domain(), results.tallies.over_time(), hue),
        class_=ROOT,
    )


def table_html(
    results: ResultsSource,
    positions: Sequence[int],
    columns: Sequence[TableColumn] = (),
    own: Sequence[Sequence[object]] = (),
) -> str:
    """Show one page of rows with full addresses, for the live view only, without the style sheet.

    Each row is one line of a fixed height, so that the rows' buttons can stand beside them.

    Args:
        results: How every row stands.
        positions: The rows to show, from 0; the caller keeps their number small.
        columns: Which columns; without any, those that are not the analyst's own.
        own: The values of the analyst's own columns, row by row.
    """
    columns = columns or columns_of()
    widths = element(
        "colgroup", *(element("col", style=f"width:{each.width}", class_=_class_of(each)) for each in columns)
    )
    heads = (element("th", clip(each.title, _LABEL), scope="col", class_=_class_of(each)) for each in columns)
    rows = zip(lines(results, positions, is_public=False), own or ((),) * len(positions), strict=True)
    body = element("tbody", *(_one_line(row, iter(cells), columns) for row, cells in rows))
    table = element("table", widths, element("thead", element("tr", *heads)), body)
    return element("div", table, class_="nbm-scroll", tabindex=0, role="region", aria_label="Results by row")


def _class_of(column: TableColumn) -> str | None:
    return "nbm-when" if column.key == "latest" and not column.is_own else None


def _one_line(row: RowLine, own: Iterator[object], columns: Sequence[TableColumn]) -> Html:
    return element("tr", *(_own_cell(next(own)) if each.is_own else _cell(row, each) for each in columns))


def _own_cell(value: object) -> Html:
    text = cell_text(value)
    return element("td", clip(text, _ADDRESS), title=clip(text, _LONG))


def _cell(row: RowLine, column: TableColumn) -> Html:
    said = row.reply or row.hint
    match column.key:
        case "to":
            return element("td", clip(row.to, _ADDRESS), title=clip(row.to, _REPLY))
        case "status":
            return element("td", _sign(row.status), " ", row.status, class_=f"nbm-{row.status}")
        case "reply":
            return element("td", _code(row.code, 16))
        case "said":
            whole = clip(f"{said} {row.hint}" if row.reply else said, _LONG)
            return element("td", clip(said, _REPLY), title=whole or None)
        case _:
            return element("td", row.sent_at, class_=_class_of(column))


def headline_html(words: str) -> Html:
    """Show what a page is about in large letters."""
    return element("p", element("strong", words), class_="nbm-headline", role="heading", aria_level=3)


def bar_html(found: Sequence[Standing], words: str) -> Html | None:
    """Show how rows stand as one bar; the words say the same to who cannot see it."""
    if not found:
        return None
    parts = (element("span", class_=f"nbm-{each.hue}", style=f"flex-grow:{each.count}") for each in found)
    return element("div", *parts, class_="nbm-bar", role="img", aria_label=words)


def chips_html(found: Sequence[Standing]) -> Html | None:
    """Show how many rows stand how, each with its sign and word."""
    chips = [
        element(
            "li",
            _sign(each.hue),
            " ",
            element("strong", f"{each.count:,}"),
            f" {each.word}",
            class_=f"nbm-{each.hue}",
        )
        for each in found
    ]
    return element("ul", *chips, class_="nbm-chips") if chips else None


def dotted_html(phrases: Sequence[str]) -> Html | None:
    """Show short phrases in a line, with a dot between that also stands where styles are stripped."""
    if not phrases:
        return None
    first, *rest = (element("span", each) for each in phrases)
    return element("p", first, *(join(" · ", each) for each in rest), class_="nbm-pace")


def _sign(hue: str) -> Html:
    return element("span", SYMBOLS[hue], class_="nbm-sign", aria_hidden="true")


def _section(words: str) -> Html:
    return element("p", element("strong", words), class_="nbm-section", role="heading", aria_level=4)


def _causes(found: Sequence[CauseWords]) -> Html | None:
    if not found:
        return None
    shown, rest = found[:_CAUSES], len(found) - _CAUSES
    further = [f"and {rest} rarer causes"] if rest > 0 else []
    further += ["results.table() opens every row"] if any(cause.more for cause in shown) or rest > 0 else []
    more = element("p", "; ".join(further), class_="nbm-quiet nbm-note") if further else None
    return join(_section("Why"), element("ul", *map(_cause, shown), class_="nbm-causes"), more)


def _cause(cause: CauseWords) -> Html:
    """Show a cause with its remedy, and below them what was said of which rows: each thing once."""
    said = [
        element("p", _code(each.text, _REPLY), BREAK, _rows_said(each), class_="nbm-said") for each in cause.said
    ]
    return element(
        "li",
        element("p", element("strong", clip(cause.headline, _HINT))),
        element("p", clip(cause.remedy, _HINT), class_="nbm-quiet") if cause.remedy else None,
        *(said or ([element("p", _code(cause.example, _REPLY))] if cause.example else [])),
        element("p", f"and {cause.more:,} more rows", class_="nbm-whom") if cause.more else None,
        class_=f"nbm-{cause.status}",
    )


def _rows_said(said: SaidOfRows) -> Html:
    """Name rows, each by its label and its address."""
    last = len(said.rows) - 1
    rows = []
    for place, (label, to) in enumerate(said.rows):
        address = f" {clip(to, _ADDRESS)}" if to and to != label else ""
        name = element("span", element("b", clip(label, _LABEL)), address, "" if place == last else ",")
        rows.append(join(" ", name))
    return element("span", "row" if last == 0 else "rows", *rows, class_="nbm-whom")


def _code(text: str, limit: int) -> Html | None:
    return element("code", clip(text, limit)) if text else None

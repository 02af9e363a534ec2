"""A check's report as static HTML: no scripts, nothing loaded, its size bounded whatever the number of rows.

What has to be mended stands first, grouped by kind with the remedy and the first rows of each; below it how
large the messages are, against what Gmail shows, and where they go. Masked like all that a notebook saves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notebookmail.view.words.report import (
    SIGNS,
    TALLY_WORDS,
    headline,
    html_share,
    html_words,
    left_out_words,
    row_tally,
    sections,
    size_words,
)

from .charts import CHART_STYLE, bar_item, bars_html, track_html
from .escaping import BREAK, Html, element, join
from .results import dotted_html
from .style import ROOT, STYLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notebookmail.checks.summary import CheckSummary
    from notebookmail.view.words.report import Section

_HUES: Final[Mapping[str, str]] = {
    "error": "failed", "warning": "deferred", "fine": "sent", "left out": "skipped",
}  # fmt: skip
"""The status whose colour a row's state has."""

_SECTIONS = 12
_DOMAINS = 6
_NEARLY = 0.9


def report_html(report: CheckSummary) -> str:
    """Show what a check found.

    Args:
        report: What was found.
    """
    words = headline(report)
    return element(
        "div",
        STYLE,
        CHART_STYLE,
        element("p", "Checked before sending; nothing has gone out", class_="nbm-title"),
        element("div", _headline(words[:1].upper() + words[1:]), class_="nbm-head"),
        _bar(report),
        _chips(report),
        _findings(sections(report)),
        _facts(report),
        class_=ROOT,
    )


def _headline(words: str) -> Html:
    return element("p", element("strong", words), class_="nbm-headline", role="heading", aria_level=3)


def _bar(report: CheckSummary) -> Html | None:
    tally = {state: count for state, count in row_tally(report).items() if count}
    if not tally:
        return None
    parts = (
        element("span", class_=f"nbm-{_HUES[state]}", style=f"flex-grow:{count}") for state, count in tally.items()
    )
    words = ", ".join(f"{count:,} {report.unit}s {TALLY_WORDS[state]}" for state, count in tally.items())
    return element("div", *parts, class_="nbm-bar", role="img", aria_label=words)


def _chips(report: CheckSummary) -> Html | None:
    chips = [
        element(
            "li", _sign(state), " ", element("strong", f"{count:,}"), f" {TALLY_WORDS[state]}",
            class_=f"nbm-{_HUES[state]}",
        )
        for state, count in row_tally(report).items()
        if count
    ]  # fmt: skip
    return element("ul", *chips, class_="nbm-chips") if chips else None


def _sign(state: str) -> Html:
    return element("span", SIGNS[state], class_="nbm-sign", aria_hidden="true")


def _heading(words: str) -> Html:
    return element("p", element("strong", words), class_="nbm-section", role="heading", aria_level=4)


def _findings(found: Sequence[Section]) -> Html:
    titles = {"error": "Errors: these do not go out", "warning": "Warnings: these go out as they are"}
    shown = found[:_SECTIONS]
    parts: list[Html] = []
    for severity, title in titles.items():
        items = [_item(each) for each in shown if each.severity == severity]
        if items:
            parts += [_heading(title), element("ul", *items, class_="nbm-causes")]
    if len(found) > len(shown):
        parts.append(element("p", f"and {len(found) - len(shown)} rarer kinds; report.frame has them all",
                             class_="nbm-quiet"))  # fmt: skip
    return join(*parts)


def _item(section: Section) -> Html:
    heading = element("p", _sign(section.severity), " ", element("strong", section.heading))
    examples = [
        element("p", element("code", said), BREAK, element("span", rows, class_="nbm-whom"), class_="nbm-said")
        for said, rows in section.examples
    ]
    more = element("p", f"{section.more}; report.frame lists them", class_="nbm-quiet") if section.more else None
    remedy = element("p", section.remedy)
    return element("li", heading, remedy, *examples, more, class_=f"nbm-{_HUES[section.severity]}")


def _facts(report: CheckSummary) -> Html | None:
    parts = [_left_out(report)] if report.left_out else []
    parts += [_sizes(report), _domains(report)] if report.messages else []
    return element("div", *parts, class_="nbm-facts") if parts else None


def _left_out(report: CheckSummary) -> Html:
    return element("div", _heading("Left out"), dotted_html(left_out_words(report)))


def _sizes(report: CheckSummary) -> Html:
    parts = [_heading("Size")]
    if report.sizes.largest_html:
        share = html_share(report)
        hue = "failed" if share > 1 else "deferred" if share > _NEARLY else "sent"
        parts += [track_html([(hue, min(share, 1))], html_words(report)), element("p", html_words(report))]
    return element("div", *parts, dotted_html(size_words(report)))


def _domains(report: CheckSummary) -> Html:
    found = report.recipients
    items = [
        bar_item(domain, [("skipped", count / found[0][1])], f"{count:,}") for domain, count in found[:_DOMAINS]
    ]
    return bars_html("Recipients by domain", items, sum(count for _, count in found[_DOMAINS:]))

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
    row_tally,
    sections,
    size_words,
)
from notebookmail.view.words.visible_text import clip

from .escaping import BREAK, Html, element, join
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
_DOMAIN = 40
_NEARLY = 0.9
_RULES: Final = f"""
.{ROOT} .nbm-facts{{display:flex;flex-wrap:wrap;gap:0 48px}}
.{ROOT} .nbm-facts>div{{flex:1 1 280px;min-width:0}}
.{ROOT} .nbm-track{{display:flex;height:6px;margin:4px 0 6px;border-radius:3px;overflow:hidden;
background:var(--nbm-track)}}
.{ROOT} .nbm-track span{{flex:none;background:var(--nbm-hue)}}
.{ROOT}.{ROOT} .nbm-domains li{{display:grid;grid-template-columns:minmax(90px,45%) 1fr auto;gap:12px;
align-items:center;margin:0 0 2px}}
.{ROOT} .nbm-domains .nbm-track{{margin:0}}
.{ROOT} .nbm-domains strong{{min-width:3.6em;text-align:right;font-weight:400}}
.{ROOT} .nbm-domains .nbm-name{{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;unicode-bidi:isolate}}
.{ROOT} .nbm-causes .nbm-said{{display:block;overflow-wrap:anywhere;unicode-bidi:isolate}}
"""
_STYLE: Final = Html(element("style", Html(_RULES.replace("\n", ""))))


def report_html(report: CheckSummary) -> str:
    """Show what a check found.

    Args:
        report: What was found.
    """
    words = headline(report)
    return element(
        "div",
        STYLE,
        _STYLE,
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
    heading = join(_sign(section.severity), " ", element("strong", section.heading))
    examples = [
        element("span", element("code", said), _quiet(rows), class_="nbm-said") for said, rows in section.examples
    ]
    more = _quiet(f"{section.more}; report.frame lists them") if section.more else None
    return element("li", heading, BREAK, section.remedy, *examples, more, class_=f"nbm-{_HUES[section.severity]}")


def _quiet(words: str) -> Html | None:
    return element("span", f" {words}", class_="nbm-quiet") if words else None


def _facts(report: CheckSummary) -> Html | None:
    if not report.messages:
        return None
    return element("div", _sizes(report), _domains(report), class_="nbm-facts")


def _sizes(report: CheckSummary) -> Html:
    parts = [_heading("Size")]
    if report.sizes.largest_html:
        share = html_share(report)
        hue = "failed" if share > 1 else "deferred" if share > _NEARLY else "sent"
        parts += [_track(min(share, 1), hue, html_words(report)), element("p", html_words(report))]
    parts.append(element("p", *(element("span", each) for each in size_words(report)), class_="nbm-pace"))
    return element("div", *parts)


def _domains(report: CheckSummary) -> Html:
    found = report.recipients
    most = found[0][1]
    items = [
        element(
            "li", element("span", clip(domain, _DOMAIN), class_="nbm-name"),
            _track(count / most, "skipped", None), element("strong", f"{count:,}"),
        )
        for domain, count in found[:_DOMAINS]
    ]  # fmt: skip
    rest = found[_DOMAINS:]
    people = sum(count for _, count in rest)
    more = f"and {people:,} at other domains" if rest else None
    return element(
        "div", _heading("Recipients by domain"), element("ul", *items, class_="nbm-domains"),
        element("p", more, class_="nbm-quiet") if more else None,
    )  # fmt: skip


def _track(share: float, hue: str, words: str | None) -> Html:
    filled = element("span", class_=f"nbm-{hue}", style=f"width:{max(1, round(100 * share))}%")
    hidden = "true" if words is None else None
    return element("div", filled, class_="nbm-track", role=words and "img", aria_label=words, aria_hidden=hidden)

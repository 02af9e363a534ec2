"""What came back as static HTML: a card to be saved, and one for while the mailbox is read.

No scripts, nothing loaded, no one named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookmail.view.words.feedback import (
    feedback_causes,
    feedback_headline,
    feedback_notes,
    reading_found,
    reading_headline,
    reading_percent,
    shares,
    tallies,
    title,
)

from .escaping import BREAK, Html, element, join
from .results import headline_html
from .style import ROOT, STYLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notebookmail.view.words.feedback import FeedbackSource, FeedbackTally, ReadingState
    from notebookmail.view.words.results import CauseWords


def feedback_html(source: FeedbackSource) -> str:
    """Show what came back of a campaign, for a saved notebook: its size does not depend on the number of rows."""
    counts = source.counts
    words = feedback_headline(counts)
    return element(
        "div",
        STYLE,
        element("p", title(source), class_="nbm-title") if title(source) else None,
        element("div", headline_html(words), class_="nbm-head"),
        _bar(shares(counts), words),
        element("ul", *map(_chip, tallies(counts)), class_="nbm-chips"),
        _causes(feedback_causes(source)),
        _notes(feedback_notes(source)),
        class_=ROOT,
    )


def reading_html(state: ReadingState) -> str:
    """Show how far a mailbox is read."""
    words, percent = reading_headline(state), reading_percent(state)
    parts = (
        element("span", class_="nbm-sent", style=f"flex-grow:{percent}") if percent else None,
        element("span", class_="nbm-pending", style=f"flex-grow:{100 - percent}"),
    )
    bar = element("div", *parts, class_="nbm-bar", role="img", aria_label=f"{percent} percent")
    head = element(
        "div", headline_html(words), element("p", f"{percent} %", class_="nbm-percent"), class_="nbm-head"
    )
    found = element("p", reading_found(state), class_="nbm-quiet")
    return element("div", STYLE, element("p", title(state), class_="nbm-title"), head, bar, found, class_=ROOT)


def _bar(parts: Sequence[FeedbackTally], words: str) -> Html | None:
    if not parts:
        return None
    spans = (element("span", class_=f"nbm-{each.status}", style=f"flex-grow:{each.count}") for each in parts)
    return element("div", *spans, class_="nbm-bar", role="img", aria_label=words)


def _chip(tally: FeedbackTally) -> Html:
    sign = element("span", tally.sign, class_="nbm-sign", aria_hidden="true")
    return element(
        "li", sign, " ", element("strong", f"{tally.count:,}"), f" {tally.words}", class_=f"nbm-{tally.status}"
    )


def _causes(found: Sequence[CauseWords]) -> Html | None:
    if not found:
        return None
    heading = element("p", element("strong", "Why"), class_="nbm-section", role="heading", aria_level=4)
    return join(heading, element("ul", *map(_cause, found), class_="nbm-causes"))


def _cause(cause: CauseWords) -> Html:
    lines = [element("strong", cause.headline)]
    if cause.remedy:
        lines.append(element("span", cause.remedy, class_="nbm-quiet"))
    if cause.example:
        lines.append(element("code", cause.example))
    return element("li", Html(BREAK.join(lines)), class_=f"nbm-{cause.status}")


def _notes(notes: Iterable[str]) -> Html:
    return join(*(element("p", note, class_="nbm-quiet nbm-note") for note in notes))

"""The card of what came back: true in its numbers, fit to be saved, and read by everybody."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from support.accessibility import axe_script, grave_violations

from notebookmail.view.html.feedback import feedback_html, reading_html
from notebookmail.view.terminal.feedback import feedback_text, reading_text
from notebookmail.view.widgets.feedback import CellReading
from notebookmail.view.words.feedback import ReadingState, feedback_headline, reading_percent, shares, tallies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.sync_api import Browser
    from support.captured_displays import Screen

NAMES = (
    "letters", "bounced", "hard_bounces", "delayed", "delivered", "replied", "auto_replied", "complained",
    "unsubscribed", "silent", "unmatched",
)  # fmt: skip
CAUSES = (
    (
        17,
        "bounce",
        "there is no such mailbox",
        "correct the address",
        "550 5.1.1 <ann.lee@b.example>: unknown",
    ),
    (3, "bounce", "the mailbox is full", "retry() in some days", "552 5.2.2 over quota"),
    (2, "complaint", "the recipient called the letter spam", "never mail it again", ""),
    (
        4,
        "delay",
        "it is not delivered yet",
        "wait, and read again",
        "451 4.7.1 later",
    ),
)


def counted(**known: int) -> dict[str, int]:
    return dict.fromkeys(NAMES, 0) | known


@dataclass
class CameBack:
    """What a view reads, with numbers of its own."""

    counts: Mapping[str, int]
    campaign: str = "may-letters"
    mailbox: str = "imap.letters.example/desk@letters.example"
    new: int = 0
    suppressed: int = 0
    unmatched: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"kind": ["bounce", "bounce", "reply"]}))
    causes: tuple[tuple[object, ...], ...] = CAUSES

    def explain(self) -> pd.DataFrame:
        return pd.DataFrame(list(self.causes), columns=["rows", "kind", "cause", "remedy", "example"])


MANY = CameBack(
    counted(
        letters=412, bounced=20, hard_bounces=17, delayed=4, replied=31, auto_replied=12, complained=2,
        unsubscribed=5, silent=354, unmatched=3,
    ),
    suppressed=24,
)  # fmt: skip
NONE = CameBack(counted(letters=412, silent=412), causes=(), unmatched=pd.DataFrame({"kind": []}))
MAILBOX = "imap.letters.example/desk@letters.example"
READING = ReadingState(MAILBOX, "may-letters", 1_200, 5_000, {"bounce": 3, "reply": 1})


def test_the_headline_says_what_came_back_of_how_many() -> None:
    assert feedback_headline(MANY.counts) == (
        "412 letters: 31 answered, 20 bounced, 2 called it spam, 5 unsubscribed"
    )
    assert feedback_headline(NONE.counts) == "412 letters: nothing came back yet"
    assert feedback_headline(counted(letters=1, replied=1)) == "1 letter: 1 answered"


def test_every_number_stands_once_with_its_words() -> None:
    shown = {tally.words: tally.count for tally in tallies(MANY.counts)}
    assert shown["bounced for good"] == 17
    assert shown["bounced for now"] == 3
    assert shown["silent"] == 354
    assert "on their way still" not in {tally.words for tally in shares(MANY.counts)}


def test_causes_remedies_and_what_belongs_to_nobody_are_told() -> None:
    page = feedback_html(MANY)
    assert "17 bounced: there is no such mailbox" in page
    assert "Correct the address" in page
    assert "2 bounces, 1 reply belong to no letter of this campaign: feedback.unmatched" in page
    assert "24 addresses were put into the book of suppressions" in page


@pytest.mark.parametrize("shown", [feedback_html(MANY), feedback_text(MANY), reading_html(READING)])
def test_what_is_saved_names_no_one(shown: str) -> None:
    assert "ann.lee@" not in shown
    assert "desk@" not in shown


def test_text_says_the_same_within_100_columns() -> None:
    text = feedback_text(MANY)
    assert all(len(line) <= 100 for line in text.splitlines())
    assert "17  bounced for good" in text
    assert "feedback.replies" in text
    assert feedback_text(NONE).splitlines()[1] == "412 letters: nothing came back yet"


def test_while_it_is_read_the_card_says_how_far_and_what_was_found() -> None:
    assert reading_percent(READING) == 24
    assert reading_text(READING) == "1,200 of 5,000 messages read; 3 bounces, 1 reply until now"
    assert "24 %" in reading_html(READING)
    assert "Looking for new messages" in reading_html(ReadingState("imap.letters.example", "", 0, 0, {}))


def test_a_strangers_words_are_no_markup() -> None:
    bad = CameBack(MANY.counts, causes=((1, "bounce", "<b>x</b>", "<i>", "<script>alert(1)</script>"),))
    page = feedback_html(bad)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_in_a_cell_one_card_is_replaced_as_it_is_read_and_nothing_of_it_stays(screen: Screen) -> None:
    card = CellReading()
    card.close()
    assert screen.pages == []
    card.show(READING)
    card.show(ReadingState(MAILBOX, "may-letters", 5_000, 5_000, {}))
    (page,) = screen.pages
    assert "5,000 of 5,000 messages read" in page["text/html"]
    card.close()
    assert screen.pages == [{"text/html": "", "text/plain": ""}]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_the_card_at_any_width(chromium: Browser, scheme: str) -> None:
    axe_script()
    context = chromium.new_context()
    page = context.new_page()
    theme = "data-jp-theme-light=false style='background:#111;color:#eee'" if scheme == "dark" else ""
    for shown in (feedback_html(MANY), feedback_html(NONE), reading_html(READING)):
        page.set_content(f"<!doctype html><html lang=en><title>x</title><body {theme}><main>{shown}</main>")
        assert grave_violations(page, "main") == []
        for width in (460, 800, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()

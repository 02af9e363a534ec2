"""The live views in JupyterLab in Firefox: they move, are heard, turn pages, and load nothing from outside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator
    from support.jupyter_browser import Opened

pytestmark = pytest.mark.browser

PREPARE = """
import pandas as pd
from notebookmail import *
df = pd.DataFrame({"name": [f"Canary{n}" for n in range(60)], "email": [f"n{n}@acme.org" for n in range(60)]})
template = Template("News for {{ name }}", markdown="Dear {{ name }}, *all* well?", sender="desk@acme.org")
many = pd.DataFrame({"name": "Di", "email": [f"d{n}@acme.org" for n in range(3000)]})
slow = await Sandbox(delay_seconds=0.05).__aenter__()
box = await Sandbox(faults={"n59@acme.org": "550 5.1.1 No such user"}).__aenter__()
results = await send_frame(df, template, box.server, progress=False)
"""
CELLS = {
    "board": "job = start_frame(many, template, slow.server, max_connections=2)",
    "table": "results.table()",
    "preview": "preview_frame(df, template)",
    "inbox": "box.inbox()",
}
MILLISECONDS = 60_000


@pytest.fixture(scope="module")
def opened(firefox_notebook: Callable[..., Opened]) -> Opened:
    opened = firefox_notebook(PREPARE, *CELLS.values())
    opened.run(0)
    opened.wait_until_idle(90)
    return opened


@pytest.fixture
def view(opened: Opened) -> Callable[[str], Locator]:
    """Run a view's cell; returns its output."""

    def run(name: str) -> Locator:
        number = 1 + list(CELLS).index(name)
        opened.run(number)
        shown = opened.output(number)
        shown.locator(f".nbm-{name}").wait_for(timeout=MILLISECONDS)
        opened.wait_until_idle()
        return shown

    return run


def say(shown: Locator, words: str) -> None:
    expect(shown.get_by_text(words).first).to_be_visible(timeout=MILLISECONDS)


def press(shown: Locator, words: str) -> None:
    shown.get_by_role("button", name=words, exact=True).click()


def test_the_board_moves_and_hears_its_buttons(view: Callable[[str], Locator]) -> None:
    shown = view("board")
    headline = shown.locator(".nbm-board .nbm-headline")
    first = headline.inner_text()
    expect(headline).not_to_have_text(first, timeout=MILLISECONDS)
    assert re.fullmatch(r"[\d,]+ of 3,000", headline.inner_text())
    press(shown, "Pause")
    expect(shown.get_by_role("button", name="Resume", exact=True)).to_be_visible(timeout=MILLISECONDS)
    press(shown, "Stop")
    expect(shown.locator(".nbm-board")).to_have_count(0, timeout=MILLISECONDS)
    expect(shown.locator(".nbm-headline").first).to_contain_text("of 3,000 rehearsed", timeout=MILLISECONDS)


def test_the_table_turns_pages_sorts_and_filters(view: Callable[[str], Locator]) -> None:
    shown = view("table")
    say(shown, "rows 1\u201325 of 60")
    press(shown, "Last")
    say(shown, "rows 51\u201360 of 60")
    shown.locator(".nbm-head-button", has_text="To").click()
    say(shown, "rows 1\u201325 of 60")
    expect(shown.locator(".nbm-row").nth(1)).to_have_text("10", timeout=MILLISECONDS)  # n0@, n10@, n11@
    shown.get_by_label("Status", exact=True).select_option(label="\u2715 failed 1")
    say(shown, "rows 1\u20131 of 1")
    shown.locator(".nbm-row").click()
    say(shown, "Row 59: failed")
    assert shown.get_by_text("5.1.1 No such user").first.is_visible()


def test_the_preview_walks_and_finds_and_shows_the_letter(view: Callable[[str], Locator]) -> None:
    shown = view("preview")
    press(shown, "Next")
    say(shown, "2 of 60")
    letter = shown.frame_locator("iframe").frame_locator("iframe")
    expect(letter.get_by_text("Dear Canary1,")).to_be_visible(timeout=MILLISECONDS)
    shown.get_by_label("Find", exact=True).fill("canary42")
    expect(letter.get_by_text("Dear Canary42,")).to_be_visible(timeout=MILLISECONDS)
    assert shown.get_by_role("heading", name="Row 42").is_visible()


def test_the_inbox_scrolls_its_list_and_opens_what_is_clicked(view: Callable[[str], Locator]) -> None:
    shown = view("inbox")
    mails = shown.locator(".nbm-list")
    assert mails.evaluate("list => [list.scrollHeight > list.clientHeight, getComputedStyle(list).overflowY]") == [
        True,
        "auto",
    ]
    shown.locator(".nbm-mail", has_text="n42@acme.org").click()
    letter = shown.frame_locator("iframe").frame_locator("iframe")
    expect(letter.get_by_text("Dear Canary42,")).to_be_visible(timeout=MILLISECONDS)
    press(shown, "Source")
    expect(shown.get_by_text("MIME-Version: 1.0")).to_be_visible(timeout=MILLISECONDS)

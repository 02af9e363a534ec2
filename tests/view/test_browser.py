"""The views in a real JupyterLab in Chromium: they move, make way, page, filter, and load nothing from outside."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from support.jupyter_browser import LEAST_CONTRAST

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from support.jupyter_browser import Opened

pytestmark = pytest.mark.browser

SAMPLE = """
import asyncio
from datetime import UTC, datetime
from notebookmail.errors import SMTPRecipientRefused, SMTPRecipientsRefused
from notebookmail.delivery.events import RowFailed, RowSent, RowStarted
from notebookmail.campaign.results import SendResults
from notebookmail.delivery.progress import Progress
from notebookmail.response import SMTPResponse
from notebookmail.view.widgets.board import Board
from notebookmail.view.widgets.results_table import ResultsTable

outcomes = SendResults(range(120))

def step(position):
    to = f"person{position}@example.org"
    outcomes.apply(RowStarted(position, to, f"<{position}@example.org>"))
    if position in (3, 60):
        refusal = SMTPRecipientRefused(550, f"5.1.1 <{to}> <script>window.attacked = 1</script>", to)
        outcomes.apply(RowFailed(position, SMTPRecipientsRefused([refusal]), 1, 0.1))
    else:
        outcomes.apply(RowSent(position, SMTPResponse(250, "2.0.0 queued"), {}, 1, 0.1, datetime.now(UTC)))

def progress():
    return Progress(outcomes.counts, 1.0, 40.0, 2.0, "the sandbox", 2, "")
"""
RUN = """
board = Board(progress)
board.show()
for position in range(120):
    step(position)
    board.refresh()
    await asyncio.sleep(0.02)
board.close(outcomes, title="may-letters")
"""
DONE = "118 of 120 sent"


@dataclass
class Watched:
    """A notebook that ran, and the headlines its board showed on the way."""

    opened: Opened
    headlines: set[str | None]

    @property
    def page(self) -> Page:
        return self.opened.page


@pytest.fixture(scope="module")
def watched(open_notebook: Callable[..., Opened]) -> Watched:
    opened = open_notebook(SAMPLE, RUN, "ResultsTable(outcomes)")
    opened.run_all()
    headline = opened.page.locator(".nbm-headline").first
    headline.wait_for(timeout=60_000)
    seen = set()
    while DONE not in seen:
        seen.add(headline.text_content(timeout=30_000))
    opened.page.get_by_text("rows 1\u201325 of 120").wait_for(timeout=60_000)
    return Watched(opened, seen)


def test_the_board_moves_while_the_run_goes_on(watched: Watched) -> None:
    assert len([words for words in watched.headlines if re.fullmatch(r"\d+ of 120", words or "")]) > 3


def test_the_board_makes_way_for_a_static_result(watched: Watched) -> None:
    cell = watched.page.locator(".jp-CodeCell").nth(1)

    assert cell.locator(".nbm-headline").all_text_contents() == [DONE]
    assert cell.locator(".jupyter-widgets").count() == 0


def test_the_saved_result_is_static_and_names_no_one(watched: Watched) -> None:
    saved = watched.opened.save()
    outputs = saved["cells"][1]["outputs"]

    assert [set(output["data"]) for output in outputs] == [{"text/html", "text/plain"}] * 2
    assert not any(map("".join, outputs[1]["data"].values()))  # where the live board was
    assert not re.search(r"person\d+@", json.dumps(saved["cells"][1:]))


def test_a_live_view_hides_the_page_that_stands_in_for_it(watched: Watched) -> None:
    stand_in = watched.page.locator(".nbm-standin")

    assert stand_in.count() == 1
    assert not stand_in.is_visible()


def test_the_table_turns_its_pages_and_filters(watched: Watched) -> None:
    page = watched.page
    page.get_by_role("button", name="Next").click()
    page.get_by_text("rows 26\u201350 of 120").wait_for()
    assert page.get_by_text("person30@example.org", exact=True).count() == 1

    page.get_by_label("Status", exact=True).select_option(label="✕ failed 2")
    page.get_by_text("rows 1\u20132 of 2").wait_for()
    assert page.locator(".nbm-cells tbody tr").count() == page.locator(".nbm-row").count() == 2

    page.get_by_label("Find", exact=True).fill("person60@")
    page.get_by_text("rows 1\u20131 of 1").wait_for()
    page.get_by_label("Find", exact=True).fill("")
    page.get_by_label("Status", exact=True).select_option(label="All 120")


def test_the_table_can_be_used_from_the_keyboard(watched: Watched) -> None:
    page = watched.page
    page.get_by_text("rows 1\u201325 of 120").wait_for()
    page.get_by_role("button", name="Last").focus()
    page.keyboard.press("Enter")
    page.get_by_text("rows 101\u2013120 of 120").wait_for()
    page.locator(".nbm-row").nth(3).focus()
    page.keyboard.press("Enter")
    page.get_by_text("Row 103: sent").wait_for()
    assert page.evaluate("document.activeElement.innerText") == "Back"
    page.keyboard.press("Enter")
    page.get_by_text("rows 101\u2013120 of 120").wait_for()

    assert page.evaluate("document.activeElement.innerText") == "103"


def test_a_rows_button_stands_beside_its_row(watched: Watched) -> None:
    page = watched.page
    tops = "chosen => [...document.querySelectorAll(chosen)].map(each => each.getBoundingClientRect().top)"
    buttons, rows = (page.evaluate(tops, chosen) for chosen in (".nbm-row", ".nbm-cells tbody tr"))

    assert len(buttons) == len(rows) > 10
    assert all(abs(button - row) <= 1 for button, row in zip(buttons, rows, strict=True))


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_every_text_stands_out_from_its_ground(watched: Watched, theme: str) -> None:
    watched.opened.choose_theme(theme)

    assert watched.page.evaluate(LEAST_CONTRAST, ".nbmail *") >= 4.5


def test_no_reply_ran_nothing_came_from_outside_and_nothing_of_ours_failed(watched: Watched) -> None:
    assert watched.page.evaluate("window.attacked") is None
    assert watched.opened.foreign_requests == []
    assert watched.opened.errors_of_ours == []

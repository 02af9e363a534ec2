"""The results table of a hundred thousand rows in a browser: small, quick, used by mouse and by keyboard alone."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from support.jupyter_browser import FACES

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from support.jupyter_browser import Opened

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Every thousandth row is refused; the rest was sent, the slowest last.
RESULTS = """
from datetime import UTC, datetime
from notebookmail.errors import SMTPRecipientRefused, SMTPRecipientsRefused
from notebookmail.delivery.events import RowFailed, RowSent, RowStarted
from notebookmail.response import SMTPResponse
from notebookmail.campaign.results import SendResults

results = SendResults(range(100_000))
now = datetime.now(UTC)
for position in range(100_000):
    to = f"person{position}@example.org"
    results.apply(RowStarted(position, to, f"<{position}@example.org>"))
    if position % 1000 == 999:
        refusal = SMTPRecipientRefused(550, "5.1.1 <i>No such</i> user", to)
        results.apply(RowFailed(position, SMTPRecipientsRefused([refusal]), 1, 0.1))
    else:
        results.apply(RowSent(position, SMTPResponse(250, "2.0.0 queued"), {}, 1, position / 1000, now))
"""
TABLE = """
import time
start = time.process_time()
display(results.table())
print(f"opened in {time.process_time() - start:.3f} s")
"""


@pytest.fixture
def table(quiet_notebook: Callable[..., Opened]) -> Callable[[str], Opened]:
    def open_one(face: str) -> Opened:
        opened = quiet_notebook(RESULTS, TABLE, face=face)
        opened.run_all()
        opened.page.get_by_text("rows 1\u201325 of 100,000").wait_for(timeout=90_000)
        opened.wait_until_idle()  # JupyterLab takes the focus once more when all cells have run
        return opened

    return open_one


def wait_for(page: Page, words: str) -> None:
    page.get_by_text(words, exact=True).first.wait_for(timeout=90_000)


@pytest.mark.parametrize("face", FACES)
def test_a_hundred_thousand_rows_open_at_once_and_are_read_by_mouse(
    table: Callable[[str], Opened], face: str
) -> None:
    opened = table(face)
    page = opened.page
    seconds = re.search(r"opened in ([\d.]+) s", opened.output(1).inner_text())
    assert seconds is not None
    assert float(seconds[1]) < 0.5

    page.get_by_role("button", name="Next", exact=True).click()
    wait_for(page, "rows 26\u201350 of 100,000")
    page.get_by_role("button", name="Last", exact=True).click()
    wait_for(page, "rows 99,976\u2013100,000 of 100,000")

    page.get_by_label("Sort", exact=True).select_option(label="Slowest first")
    wait_for(page, "rows 1\u201325 of 100,000")
    page.locator(".nbm-row", has_text="99998").wait_for()
    assert page.locator(".nbm-row").first.inner_text() == "99998"

    page.get_by_label("Status", exact=True).select_option(index=2)
    wait_for(page, "rows 1\u201325 of 100")
    page.get_by_label("Sort", exact=True).select_option(label="Rows in order")
    page.get_by_label("Find", exact=True).fill("person60999@")
    wait_for(page, "rows 1\u20131 of 1")

    page.locator(".nbm-row").first.click()
    detail = page.locator(".nbm-one")
    detail.get_by_text("Row 60999: failed").wait_for()
    assert "<i>No such</i> user" in detail.inner_text()
    assert page.locator(".nbm-one i").count() == 0
    page.get_by_role("button", name="Back", exact=True).click()
    wait_for(page, "rows 1\u20131 of 1")

    saved = opened.save()
    assert len(json.dumps(saved["cells"][1]["outputs"])) < 10_000
    assert "person" not in json.dumps(saved["cells"][1]["outputs"])
    assert "widgets" not in saved["metadata"]


def focused(page: Page) -> str:
    """What the keyboard is on: a control's label, or its words."""
    found: str = page.evaluate(
        """() => { const it = document.activeElement;
                   return it.labels && it.labels.length ? it.labels[0].textContent : it.textContent }"""
    )
    return found.strip()


def tab_to(page: Page, wanted: str) -> None:
    for _ in range(12):
        page.keyboard.press("Tab")
        if focused(page) == wanted:
            return
    pytest.fail(f"the keyboard did not come to {wanted}, but to {focused(page)}")


@pytest.mark.parametrize("face", FACES)
def test_a_row_is_found_opened_and_left_by_keyboard_alone(table: Callable[[str], Opened], face: str) -> None:
    page = table(face).page
    page.get_by_label("Status", exact=True).focus()
    tab_to(page, "Find")
    page.keyboard.type("person60999@")
    wait_for(page, "rows 1\u20131 of 1")
    tab_to(page, "Sort")
    tab_to(page, "60999")
    page.keyboard.press("Enter")
    page.get_by_text("Row 60999: failed").wait_for()
    page.wait_for_function("document.activeElement.textContent.trim() === 'Back'")
    page.keyboard.press("Enter")
    wait_for(page, "rows 1\u20131 of 1")
    page.wait_for_function("document.activeElement.textContent.trim() === '60999'")
    assert focused(page) == "60999"

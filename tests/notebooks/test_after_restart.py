"""A notebook that is opened again after its kernel ended: what was shown still reads, and no widget complains."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.jupyter_browser import FACES

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator
    from support.jupyter_browser import Opened

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PREPARE = """
import pandas as pd
from notebookmail import *
df = pd.DataFrame({"email": ["ann@example.org", "bo@example.org", "nobody@example.org"]})
template = Template("Hello", text="hello", sender="desk@example.org")
box = await Sandbox(faults={"nobody@example.org": "550 5.1.1 No such user"}).__aenter__()
"""
CELLS = {
    "a run that a cell waits for": "results = await send_frame(df, template, box.server)",
    "a job": "job = start_frame(df, template, box.server)",
    "results": "await job",
    "their table": "results.table()",
}
TABLES = 2  # whole results have theirs below them
COMPLAINTS = ("Error displaying widget", "Loading widget", "Error creating widget", "model not found")
CHANNELS = re.compile(r"/api/kernels/.*/channels")


@pytest.mark.parametrize("face", FACES)
def test_what_was_shown_still_reads_after_a_restart_and_a_reload(
    open_notebook: Callable[..., Opened], face: str
) -> None:
    opened = open_notebook(PREPARE, *CELLS.values(), name=f"restarted-{face}", face=face)
    opened.run_all()
    opened.page.locator(".nbm-table").last.wait_for(timeout=90_000)
    opened.wait_until_idle()
    opened.save()
    opened.restart()
    opened.reload()

    for number in range(1, len(CELLS) + 1):
        opened.output(number).get_by_text("2 of 3 rehearsed").first.wait_for(timeout=90_000)
    # The last that the widget manager says; it is in the page, and nobody sees it.
    expect(opened.page.get_by_text("Error displaying widget: model not found")).to_have_count(
        TABLES, timeout=90_000
    )
    assert [complaints(opened, each).count() for each in COMPLAINTS] == [0] * len(COMPLAINTS)
    assert opened.page.locator(".nbm-table").count() == 0
    assert opened.errors_of_ours == []
    assert opened.foreign_requests == []


@pytest.mark.parametrize("face", FACES)
def test_until_a_kernel_answers_the_page_stands_and_no_word_of_loading(
    open_notebook: Callable[..., Opened], face: str
) -> None:
    opened = open_notebook(PREPARE, *CELLS.values(), name=f"unanswered-{face}", face=face)
    opened.run_all()
    opened.page.locator(".nbm-table").last.wait_for()
    opened.wait_until_idle()
    opened.save()
    opened.page.route_web_socket(CHANNELS, lambda _: None)  # it is open, and nothing comes of it
    opened.page.reload()

    expect(opened.page.get_by_text("Loading widget")).to_have_count(TABLES, timeout=90_000)
    table = opened.output(len(CELLS))
    table.get_by_text("run the cell again to open it").wait_for()
    assert [complaints(opened, each).count() for each in COMPLAINTS] == [0] * len(COMPLAINTS)


def complaints(opened: Opened, words: str) -> Locator:
    """What a reader sees of it."""
    return opened.page.get_by_text(words).locator("visible=true")

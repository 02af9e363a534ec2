"""A notebook that is opened again after its kernel ended: what was shown still reads, and no widget complains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browser import FACES
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser import Opened

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
COMPLAINTS = ("Error displaying widget", "Loading widget", "Error creating widget", "model not found")


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
        opened.output(number).get_by_text("2 of 3 sent, 1 failed").first.wait_for(timeout=90_000)
    complaints = [opened.page.get_by_text(each).locator("visible=true") for each in COMPLAINTS]
    for each in complaints:  # JupyterLab says that it is loading until it knows that there is nothing to load
        expect(each).to_have_count(0, timeout=90_000)
    opened.page.wait_for_timeout(1_000)  # what it would say then
    assert [each.count() for each in complaints] == [0] * len(complaints)
    assert opened.page.locator(".nbm-table").count() == 0
    # The one error is the widget manager's: it looks for the view that the page stands in for.
    assert [each for each in opened.errors_of_ours if "widget model not found" not in each] == []
    assert opened.foreign_requests == []

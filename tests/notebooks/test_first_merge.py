"""The first notebook in a real JupyterLab, run from top to bottom as a newcomer would."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.jupyter_browser import Lab, Opened

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
ERROR_OUTPUT = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"


@pytest.mark.browser
def test_the_first_notebook_runs_and_shows_its_story(lab: Lab, open_notebook: Callable[..., Opened]) -> None:
    shutil.copytree(NOTEBOOKS / "data", lab.folder / "data")
    notebook = json.loads((NOTEBOOKS / "01-first-merge.ipynb").read_text())
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = []  # what is read below must come from this run
    (lab.folder / "01-first-merge.ipynb").write_text(json.dumps(notebook))
    lab.configure("notebook-extension", "tracker", windowingMode="none")  # cells out of sight stay on the page
    opened = open_notebook(name="01-first-merge")
    opened.run_all()
    page = opened.page
    page.get_by_text("3 letters rehearsed").first.wait_for(timeout=60_000)
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    shown = page.locator(".jp-Notebook").inner_text()
    assert "13 of 16 rehearsed; none left this machine" in shown
    assert "550 5.1.1" in shown
    letter = page.frame_locator(".nbm-sheet iframe").last.frame_locator("iframe")
    assert "Endeavor Air Inc." in letter.locator("body").inner_text()
    assert page.locator(ERROR_OUTPUT).count() == 0
    assert opened.errors_of_ours == []
    assert opened.foreign_requests == []


SLOW_RUN = """
import pandas as pd
from notebookmail import Sandbox, Template, last_results, send_frame
df = pd.DataFrame({"email": [f"n{number}@example.org" for number in range(2000)]})
template = Template("Hello", text="hello", sender="desk@example.org")
async with Sandbox(delay_seconds=0.1) as box:
    await send_frame(df, template, box.server)
"""
AFTERWARDS = "print('afterwards', last_results().counts['sent'] == len(box.received), last_results().counts)"


@pytest.mark.browser
def test_a_run_in_a_cell_moves_and_an_interrupt_leaves_exact_results(open_notebook: Callable[..., Opened]) -> None:
    opened = open_notebook(SLOW_RUN, AFTERWARDS, name="slow")
    page = opened.page
    opened.run_all()
    headline = page.locator(".nbm-headline").first
    headline.wait_for(timeout=60_000)
    seen: set[str | None] = set()
    while len(seen) < 4:
        seen.add(headline.text_content(timeout=30_000))
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_text("Interrupt Kernel", exact=True).click()
    page.locator(ERROR_OUTPUT).first.wait_for(timeout=60_000)
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    assert "pending: interrupted" in page.locator(".jp-CodeCell").first.inner_text()
    assert page.locator(".jp-CodeCell").first.locator(".jupyter-widgets").count() == 0  # the board made way
    page.locator(".jp-CodeCell").nth(1).click()
    page.keyboard.press("Shift+Enter")
    page.get_by_text("afterwards True").wait_for(timeout=60_000)

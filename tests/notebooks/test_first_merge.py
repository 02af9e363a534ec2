"""The first notebook in a real JupyterLab, run from top to bottom as a newcomer would."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser import Lab, Opened

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
FOREIGN_PAGE = "<script>parent.postMessage('ran')</script><img src='http://127.0.0.1:9/tracker.png'>"


@pytest.mark.browser
def test_the_first_notebook_runs_and_shows_its_story(lab: Lab, open_notebook: Callable[..., Opened]) -> None:
    shutil.copytree(NOTEBOOKS / "data", lab.folder / "data")
    notebook = nbformat.read(NOTEBOOKS / "01-first-merge.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []  # what is read below must come from this run
    nbformat.write(notebook, lab.folder / "01-first-merge.ipynb")
    opened = open_notebook(name="01-first-merge")
    opened.run_all()
    page = opened.page
    page.get_by_text("All 3 sent").first.wait_for(timeout=60_000)
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    shown = page.locator(".jp-Notebook").inner_text()
    assert "13 of 16 sent, 3 failed" in shown
    assert "550 5.1.1" in shown
    letter = page.frame_locator(".nbm-message iframe").last
    assert "Endeavor Air Inc." in letter.locator("body").inner_text()
    assert page.locator(".jp-OutputArea-output[data-mime-type*=error]").count() == 0
    assert opened.console_errors == []
    assert opened.foreign_requests == []


@pytest.mark.browser
def test_a_received_message_can_neither_run_nor_load_anything(open_notebook: Callable[..., Opened]) -> None:
    opened = open_notebook(
        "from email.message import EmailMessage\n"
        "from notebookmail import Received\n"
        "message = EmailMessage()\n"
        "message['Subject'] = '<img src=x onerror=alert(1)>'\n"
        "message.set_content('text')\n"
        f"message.add_alternative({FOREIGN_PAGE!r} + '<p>still here</p>', subtype='html')\n"
        "Received('a@example.org', ('b@example.org',), message, b'')",
        name="attack",
    )
    opened.page.evaluate("window.heard = []; addEventListener('message', event => heard.push(event.data))")
    opened.run_all()
    frame = opened.page.frame_locator(".nbm-message iframe")
    frame.get_by_text("still here").wait_for()
    assert opened.page.locator(".nbm-message").get_by_text("onerror=alert(1)").count() == 1
    assert "ran" not in opened.page.evaluate("heard")
    assert opened.foreign_requests == []

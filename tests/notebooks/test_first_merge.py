"""The first notebook in a real JupyterLab, run from top to bottom as a newcomer would."""

from __future__ import annotations

import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from browser import Lab, Opened

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
ERROR_OUTPUT = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"


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
    assert page.locator(ERROR_OUTPUT).count() == 0
    assert opened.errors_of_ours == []
    assert opened.foreign_requests == []


class Listener(ThreadingHTTPServer):
    """Remembers every path somebody asks for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked: list[str] = []


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.browser
def test_a_received_message_can_neither_run_nor_load_anything(
    open_notebook: Callable[..., Opened], listener: Listener
) -> None:
    home = f"http://127.0.0.1:{listener.server_port}"
    page = (
        "<script>parent.postMessage('ran', '*')</script>"
        f"<img src='{home}/tracker.png'><link rel=stylesheet href='{home}/style.css'>"
        f"<iframe src='{home}/frame'></iframe>"
        f"<form action='{home}/form'><button>go</button></form><p>still here</p>"
    )
    opened = open_notebook(
        "from email.message import EmailMessage\n"
        "from notebookmail import Received\n"
        "message = EmailMessage()\n"
        "message['Subject'] = '<img src=x onerror=alert(1)>'\n"
        "message.set_content('text')\n"
        f"message.add_alternative({page!r}, subtype='html')\n"
        "Received('a@example.org', ('b@example.org',), message, b'')",
        name="attack",
    )
    opened.page.evaluate("window.heard = []; addEventListener('message', event => heard.push(event.data))")
    opened.run_all()
    frame = opened.page.frame_locator(".nbm-message iframe")
    frame.get_by_text("still here").wait_for()
    frame.get_by_role("button", name="go").click()
    assert opened.page.locator(".nbm-message").get_by_text("onerror=alert(1)").count() == 1
    # The same picture outside of the frame: it arrives, so what the frame asked for would have arrived before.
    load = "url => new Promise(done => { const image = new Image(); image.onerror = done; image.src = url })"
    opened.page.evaluate(load, f"{home}/control")
    assert listener.asked == ["/control"]
    assert "ran" not in opened.page.evaluate("heard")


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
    headline.wait_for(timeout=30_000)
    seen: set[str | None] = set()
    while len(seen) < 4:
        seen.add(headline.text_content(timeout=5_000))
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_text("Interrupt Kernel", exact=True).click()
    page.locator(ERROR_OUTPUT).first.wait_for(timeout=10_000)
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    assert "pending: interrupted" in page.locator(".jp-CodeCell").first.inner_text()
    assert page.locator(".jp-CodeCell").first.locator(".jupyter-widgets").count() == 0  # the board made way
    page.locator(".jp-CodeCell").nth(1).click()
    page.keyboard.press("Shift+Enter")
    page.get_by_text("afterwards True").wait_for(timeout=10_000)

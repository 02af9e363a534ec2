"""Cells in a real kernel: what their outputs hold."""

from __future__ import annotations

from support.kernels import execute, new_notebook

PREPARE = """
import pandas as pd
from notebookmail import Template, send_frame, send_frame_sync
df = pd.DataFrame({"email": [f"n{number}@example.org" for number in range(20)]})
template = Template("Hello", text="hello", sender="desk@example.org")
"""


def outputs_of(*cells: str) -> list[list[dict[str, str]]]:
    notebook = new_notebook(PREPARE, *cells)
    execute(notebook)
    return [[output.get("data", output) for output in cell.outputs] for cell in notebook.cells[1:]]


def test_results_are_shown_once_and_again_where_they_are_asked_for() -> None:
    assigned, asked, awaited = outputs_of(
        "results = await send_frame(df, template)", "results", "await send_frame(df, template)"
    )
    assert ["text/html" in data for data in assigned] == [True]
    assert ["text/html" in data for data in asked] == [True]
    assert ["text/html" in data for data in awaited] == [True, False]
    assert awaited[1]["text/plain"].startswith("20 letters rehearsed")


def test_results_are_shown_in_full_where_only_a_line_of_text_was() -> None:
    (shown,) = outputs_of("await send_frame(df, template, progress='text')")
    assert ["text/html" in data for data in shown].count(True) == 1
    assert "text/html" in shown[-1]


def test_a_cell_without_await_shows_its_results_too() -> None:
    (shown,) = outputs_of("results = send_frame_sync(df, template)")
    assert ["text/html" in data for data in shown] == [True]
    assert "none left this machine" in shown[0]["text/html"]
    assert "n0@example.org" not in shown[0]["text/html"]


def test_a_client_connected_in_an_earlier_cell_sends_without_await() -> None:
    *sent, last = outputs_of(
        "from notebookmail import SMTP, Sandbox\nbox = await Sandbox().__aenter__()\n"
        "client = SMTP(hostname='127.0.0.1', port=box.server.port)\nawait client.connect()",
        "client.sendmail_sync('a@example.org', 'b@example.org', 'Subject: x')",
        "await client.sendmail('a@example.org', 'b@example.org', 'Subject: x')",
        "client.sendmail_sync('a@example.org', 'b@example.org', 'Subject: x')",
        "await client.quit()\nlen(box.received), client.is_connected",
    )
    for number, (output,) in enumerate(sent[1:], start=1):
        assert output["text/plain"] == f"({{}}, '2.0.0 OK, message {number} is in the sandbox')"
    assert last[0]["text/plain"] == "(3, False)"

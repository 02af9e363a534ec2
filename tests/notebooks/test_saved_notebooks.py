"""What a notebook says of ten thousand people once it is saved: their number, and nothing about any of them.

The run goes through a server that wants a password, refuses a share of the rows and repeats their addresses; the
notebook is saved from JupyterLab, and executed by what runs notebooks where nobody watches.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.jupyter_browser import write_notebook
from support.kernels import execute, new_notebook

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.jupyter_browser import Opened

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PASSWORD = "canary-password-4711"
# A sandbox with a login of our own making: the password is nowhere in a cell.
CELLS = (
    """
import os
import pandas as pd
from notebookmail import *
from notebookmail.sandbox import session
secret = "-".join(("canary", "password", "4711"))
session.CREDENTIALS = ("canary-user", secret)
df = pd.DataFrame({"email": [f"person{number}@people.example.org" for number in range(10_000)]})
template = Template("Your canary-subject", text="Dear {{ email }}, canary-letter", sender="desk@example.org")
faults = {"refuse_login": (1e-9, "535 5.7.8 Wrong password"),
          "*@people.example.org": (0.01, "550 5.1.1 <person@people.example.org> is not known")}
box = await Sandbox(faults=faults).__aenter__()
server = Server("127.0.0.1", box.server.port, username="canary-user", password=secret, security="none")
""",
    "results = await send_frame(df, template, server, journal=False)",
    "results",
    "server",
    "check_frame(df, template)",
    "await results.retry()",
    "print(len(box.received) == results.counts['sent'] > 0)",
)
FEWER = tuple(cell.replace("10_000", "1_000") for cell in CELLS)
"""What papermill and nbconvert execute: they do it with nbclient, too."""
LETTERS = re.compile(r"canary-letter|canary-subject|[\w.+-]+@people\.example\.org")


def assert_says_nothing(saved: str, rows: str = "10,000") -> None:
    """The outputs and the metadata: the cells themselves are the reader's own."""
    notebook = json.loads(saved)
    outputs = [cell["outputs"] for cell in notebook["cells"]]
    assert "True" in json.dumps(outputs[-1])
    assert f"of {rows} sent" in json.dumps(outputs[1])
    kept = json.dumps([outputs, notebook["metadata"]])
    assert PASSWORD not in kept
    found = [each for each in LETTERS.findall(kept) if not each.startswith(("p...", "..."))]
    assert found == []
    assert len(saved) < 100_000


@pytest.mark.browser
def test_saved_from_jupyterlab(quiet_notebook: Callable[..., Opened]) -> None:
    opened = quiet_notebook(*CELLS)
    opened.run_all()
    opened.output(len(CELLS) - 1).get_by_text("True").wait_for(timeout=180_000)
    opened.wait_until_idle()
    opened.save()
    assert_says_nothing(opened.path.read_text())


def executed(*cells: str) -> str:
    notebook = new_notebook(*cells)
    execute(notebook, cell_seconds=120)
    return json.dumps(notebook)


def test_executed_by_nbclient() -> None:
    assert_says_nothing(executed(*CELLS))


def test_live_views_executed_by_nbclient() -> None:
    cells = (
        *FEWER[:-1],
        "results.table()",
        "box.inbox()",
        "box.received[0]",
        "preview_frame(df, template)",
        FEWER[-1],
    )
    assert_says_nothing(executed(*cells), "1,000")


@pytest.mark.parametrize(
    "command",
    [
        ("papermill", "run.ipynb", "done.ipynb", "--no-progress-bar", "--no-log-output"),
        ("jupyter", "nbconvert", "--to", "notebook", "--execute", "run.ipynb", "--output", "done.ipynb"),
    ],
    ids=["papermill", "nbconvert"],
)
def test_executed_by_a_program(command: tuple[str, ...], tmp_path: Path) -> None:
    write_notebook(tmp_path / "run.ipynb", FEWER)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": ""}
    module = {"papermill": ["papermill"], "jupyter": ["nbconvert"]}[command[0]]
    arguments = command[1:] if command[0] == "papermill" else command[2:]
    done = subprocess.run(
        [sys.executable, "-m", *module, *arguments],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert_says_nothing((tmp_path / "done.ipynb").read_text(), "1,000")

"""Notebooks for marimo: run as its own commands run them, and what it saves of them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from textwrap import indent
from typing import TYPE_CHECKING

import nbformat
import pytest
from peers.process import free_port

from support.jupyter_browser import ROOT, START_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from nbformat import NotebookNode

COMMAND = (sys.executable, "-m", "marimo", "--yes")


def write_notebook(path: Path, cells: Sequence[str], theme: str = "light") -> None:
    """Write a notebook of code cells."""
    settings = f'# /// script\n# [tool.marimo.display]\n# theme = "{theme}"\n# ///\n'
    written = [f"@app.cell\nasync def _():\n{indent(each.strip(), '    ')}\n    return\n" for each in cells]
    path.write_text("\n\n".join([f"{settings}\nimport marimo\n\napp = marimo.App()\n", *written]))


def executed(path: Path) -> NotebookNode:
    """Run a notebook without a front end, and return it as one of Jupyter, with what its cells put out."""
    done = path.with_suffix(".ipynb")
    command = (*COMMAND, "export", "ipynb", str(path), "--output", str(done), "--include-outputs")
    run = subprocess.run(
        command, env=_environment(path.parent), capture_output=True, text=True, check=False, timeout=START_SECONDS
    )
    assert run.returncode == 0, f"{run.stderr[-2000:]}\n{done.read_text()[-3000:] if done.exists() else ''}"
    return nbformat.read(done, as_version=4)


@contextlib.contextmanager
def served(path: Path) -> Iterator[str]:
    """Serve a notebook as an application, and give its address."""
    port = free_port()
    command = (*COMMAND, "run", str(path), "--headless", "--no-token", "--host", "127.0.0.1", "--port", str(port))
    log = path.with_suffix(".log")
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=_environment(path.parent), stdout=file, stderr=file)
    try:
        _wait_until_up(f"http://127.0.0.1:{port}", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_until_up(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"marimo did not start: {log.read_text()[-2000:]}")


def _environment(home: Path) -> dict[str, str]:
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home), "PYTHONPATH": str(ROOT)}
    return {**os.environ, **own, "MARIMO_SKIP_UPDATE_CHECK": "1"}

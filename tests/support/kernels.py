"""Kernels of several ipykernel versions: their specifications, why one is missing, and cells in one.

Colab and older hubs run ipykernel 6, which hears a click only between cells; 7.3 hears it on a thread of its own;
the newest on the loop. A version is a folder that `pip install --target` made (`.ci/run` does): only ipykernel
itself differs. What runs notebooks takes seconds to import, and is imported by the tests that run one.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from nbformat import NotebookNode

ROOT: Final = Path(__file__).parents[2]
NEWEST: Final = "python3"
FURTHER: Final = {"ipykernel-6.31": "6.31.0", "ipykernel-7.3": "7.3.0"}
"""Names of kernel specifications and the versions they stand for."""

KERNELS: Final = (NEWEST, *FURTHER)
VARIABLE: Final = "NOTEBOOKMAIL_KERNELS"


def folder_of(kernel: str) -> Path | None:
    """Find the folder of a further version; None where it is not installed."""
    home = os.environ.get(VARIABLE)
    folder = Path(home) / FURTHER[kernel] if home else None
    return folder if folder is not None and (folder / "ipykernel").is_dir() else None


def require_kernel(kernel: str) -> None:
    """Skip the test, with the reason, where that version is missing."""
    if kernel != NEWEST and folder_of(kernel) is None:
        pytest.skip(f"ipykernel {FURTHER[kernel]} is not in the folder that {VARIABLE} names; .ci/run fetches it")


def write_kernelspecs(jupyter_path: Path) -> None:
    """Write the specifications of all versions there are below a folder for JUPYTER_PATH."""
    for kernel in FURTHER:
        folder = folder_of(kernel)
        if folder is None:
            continue
        specification = {
            "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": kernel,
            "language": "python",
            "interrupt_mode": "signal",
            "env": {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
        }
        path = jupyter_path / "kernels" / kernel / "kernel.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(specification))


def new_notebook(*cells: str, kernel: str = NEWEST) -> NotebookNode:
    """Make a notebook of code cells that names its kernel."""
    import nbformat

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
    return notebook


def execute(notebook: NotebookNode, *, cell_seconds: int = 60) -> None:
    """Run a notebook's cells, and keep what they put out in it; the first that fails raises."""
    import nbclient

    client = nbclient.NotebookClient(notebook, timeout=cell_seconds)
    # Its own `execute` leaves a loop open, which another test is blamed for; on this thread a browser's may run.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, client.async_execute()).result()

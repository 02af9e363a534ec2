"""Run the notebooks and save them with what came of it, clean: outputs for readers, no trace of who ran them.

    python notebooks/refresh.py                    all of them
    python notebooks/refresh.py 01-first-merge     this one

Needs `pip install -e ".[test]"`. A cell that fails, or writes to stderr, ends it; the notebook stays as it was.
What is saved: sources, outputs, tags, the kernel's name. Widgets are left out, since they live only as long as
their kernel; each has a static stand-in beside it, which stays.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import nbclient
import nbformat

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER = Path(__file__).parent
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
SECONDS = 300
"""How long a cell may take on a busy machine; they are meant for seconds."""


def executed(path: Path) -> Any:
    """Run a notebook in its own folder, with a journal that is thrown away, and return it clean."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as state:
        own = {name: value for name, value in os.environ.items() if name != "NOTEBOOKMAIL_URL"}
        with patch.dict(os.environ, {**own, "XDG_STATE_HOME": state}, clear=True):
            resources = {"metadata": {"path": str(path.parent)}}
            client = nbclient.NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources=resources)
            client.store_widget_state = False
            asyncio.run(client.async_execute())
    return cleaned(notebook)


def cleaned(notebook: Any) -> Any:
    """Leave what a reader sees, in the form every run gives it."""
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    for number, cell in enumerate(notebook.cells, start=1):
        cell.metadata = {name: value for name, value in cell.metadata.items() if name == "tags"}
        cell.id = f"cell-{number:02}"
        if cell.cell_type == "code":
            cell.outputs = _joined(_kept(output) for output in cell.outputs)
    return notebook


def _joined(outputs: Iterable[Any]) -> list[Any]:
    """Put together what was printed without anything between: in how many pieces it came is chance."""
    joined: list[Any] = []
    for output in outputs:
        if output.output_type == "stream" and joined and joined[-1].output_type == "stream":
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def _kept(output: Any) -> Any:
    if output.get("name") == "stderr":
        raise SystemExit(f"a cell complains: {output.text}")
    if "data" in output:
        output.data.pop(WIDGET_VIEW, None)
        output.metadata = {}
    return output


def main(names: list[str]) -> None:
    """Refresh the notebooks of these names, or all."""
    every = [
        *sorted(FOLDER.glob("reports/*.ipynb")),
        *sorted(FOLDER.glob("*.ipynb")),
    ]  # reports are mailed as saved
    for path in [FOLDER / f"{name}.ipynb" for name in names] or every:
        nbformat.write(executed(path), path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Notebooks made for tests: reports with a title, figures, tables, and cells that are tagged."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}


def png(colour: str = "teal", width: int = 40) -> bytes:
    """Draw a picture."""
    file = io.BytesIO()
    Image.new("RGB", (width, 20), colour).save(file, format="PNG")
    return file.getvalue()


def base64_png(colour: str = "teal") -> str:
    return base64.b64encode(png(colour)).decode("ascii")


def text(source: str, *tags: str, **further: Any) -> Any:
    return new_markdown_cell(source, metadata={"tags": list(tags)}, **further)


def code(source: str = "", *outputs: Any, tags: tuple[str, ...] = (), **metadata: Any) -> Any:
    return new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags), **metadata})


def shown(**data: Any) -> Any:
    """Return an output by its forms; `text_html=` is text/html."""
    kinds = {name.replace("__", "+").replace("_", "/", 1): content for name, content in data.items()}
    return new_output("display_data", data=kinds)


def media(data: dict[str, Any]) -> Any:
    """Return an output by its media types."""
    return new_output("display_data", data=data)


def printed(content: str, name: str = "stdout") -> Any:
    return new_output("stream", name=name, text=content)


def failed(kind: str = "ValueError", words: str = "no rows") -> Any:
    return new_output("error", ename=kind, evalue=words, traceback=[f"{kind}: {words}"])


def written(folder: Path, *cells: Any, name: str = "report.ipynb", **metadata: Any) -> Path:
    """Write a notebook, and return its path."""
    path = folder / name
    notebook = new_notebook(cells=list(cells), metadata={"kernelspec": PYTHON, **metadata})
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    return path

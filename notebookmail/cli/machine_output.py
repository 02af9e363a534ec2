"""What programs read: one JSON object on standard output, and nothing else there.

Its fields are those of the frames and objects that Python's callers get, under the same names; README.md beside
the package lists them. Addresses are in it, for whoever asks for it wants to know which row is which.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import pandas as pd


def print_json(value: dict[str, Any]) -> None:
    """Write an object; what JSON does not know, such as a moment, is written as text."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str, indent=2))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a frame's rows as objects; a missing value is null, a moment ISO 8601."""
    text = frame.to_json(orient="records", date_format="iso", default_handler=str)
    rows: list[dict[str, Any]] = json.loads(text)
    return rows


def told_aside(*, is_json: bool) -> AbstractContextManager[object]:
    """Let progress and notices go to standard error where standard output is for programs."""
    return contextlib.redirect_stdout(sys.stderr) if is_json else contextlib.nullcontext()

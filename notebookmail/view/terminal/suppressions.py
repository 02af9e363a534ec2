"""The book of suppressions, as a table for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from notebookmail.view.words.visible_text import clip

if TYPE_CHECKING:
    import pandas as pd

_LONGEST: Final = 200
_QUIET: Final = "bright_black"


def print_suppressions(found: pd.DataFrame, *, console: Console | None = None) -> None:
    """Print a line an address: who is never mailed again, since when, and why.

    Args:
        found: As suppressed() returns it.
        console: Where to write; standard output by default.
    """
    console = console or Console(force_jupyter=False)
    if found.empty:
        console.print("Nobody is suppressed.")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=_QUIET)
    table.add_column("address", overflow="fold")
    table.add_column("since", no_wrap=True)
    for name in ("cause", "reason", "campaign"):
        table.add_column(name, overflow="fold")
    for row in found.to_dict("records"):
        words = (clip(row[name], _LONGEST) for name in ("cause", "reason", "campaign"))
        cells = (clip(row["address"], _LONGEST), row["since"].strftime("%Y-%m-%d"), *words)
        table.add_row(*map(Text, cells))
    console.print(table)

"""The campaigns in a journal, as a table for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from notebookmail.view.words.visible_text import clip

if TYPE_CHECKING:
    import pandas as pd

_COUNTED: Final = ("sent", "failed", "deferred", "unconfirmed", "pending")
_LONGEST: Final = 200
_QUIET: Final = "bright_black"


def print_campaigns(found: pd.DataFrame, *, console: Console | None = None) -> None:
    """Print a line a campaign: its name or digest, when it ran last, by whom and where, and how its rows stand.

    Args:
        found: As campaigns() returns it.
        console: Where to write; standard output by default.
    """
    console = console or Console(force_jupyter=False)
    if found.empty:
        console.print("Nothing was sent yet, or it is not remembered here.")
        return
    counted = [name for name in _COUNTED if found[name].any()]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=_QUIET)
    table.add_column("campaign", overflow="fold", min_width=12)
    table.add_column("last run", no_wrap=True)
    table.add_column("server", overflow="fold")
    table.add_column("sender", overflow="fold")
    for name in counted:
        table.add_column(name, justify="right")
    for row in found.to_dict("records"):
        when = row["last_run"].tz_convert(None).strftime("%Y-%m-%d %H:%M")
        state = " (running)" if row["is_running"] else ""
        known_as = clip(row["name"], _LONGEST) if row["name"] else row["digest"][:12]
        cells = (f"{known_as}{state}", when, clip(row["server"], _LONGEST), clip(row["sender"], _LONGEST))
        table.add_row(*map(Text, cells), *(f"{row[each]:,}" for each in counted))
    console.print(table)
    console.print(Text("Times are UTC.", style=_QUIET))

"""How the journal's SQLite file is opened: it must be there, and transactions are begun and ended by us alone."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE_SECONDS: Final = 30.0
"""How long another process's transaction is waited for; they take milliseconds, forgetting a campaign seconds."""


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open a file that is there.

    Args:
        path: An absolute path.
        mode: "rw", "ro", or "ro&immutable=1" (https://www.sqlite.org/uri.html).
    """
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        timeout=_PATIENCE_SECONDS,
        isolation_level=None,
        check_same_thread=False,  # a run may be in another thread than the cell that began it
    )


def roll_back(connection: sqlite3.Connection) -> None:
    """Give up the transaction that is open, if one is: after some errors SQLite has done so already."""
    with contextlib.suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")

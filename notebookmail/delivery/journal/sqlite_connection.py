"""How the journal's SQLite file is opened: it must be there, and transactions are begun and ended by us alone."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, Final

from .checksums import install
from .error_messages import primary_code

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE_SECONDS: Final = 30.0
"""How long another process's transaction is waited for; they take milliseconds, forgetting a campaign seconds."""

_PAUSE_SECONDS: Final = 0.005


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open a file that is there.

    Args:
        path: An absolute path.
        mode: "rw", "ro", or "ro&immutable=1" (https://www.sqlite.org/uri.html).
    """
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        timeout=_PATIENCE_SECONDS,
        isolation_level=None,
        check_same_thread=False,  # a run may be in another thread than the cell that began it
    )
    install(connection)
    return connection


def keep_log(connection: sqlite3.Connection) -> str:
    """Ask for a write-ahead log, and tell what the file keeps now: "wal", or what it kept before.

    Whoever reads the file and wants to write, too, could wait for another one who does the same; so SQLite has no
    patience here, whatever its timeout (https://www.sqlite.org/c3ref/busy_handler.html). Two runs that find a new
    journal at the same moment are such two: who is sent away asks again.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])
        except sqlite3.OperationalError as problem:
            if primary_code(problem) != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(_PAUSE_SECONDS)


def roll_back(connection: sqlite3.Connection) -> None:
    """Give up the transaction that is open, if one is: after some errors SQLite has done so already."""
    with contextlib.suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")

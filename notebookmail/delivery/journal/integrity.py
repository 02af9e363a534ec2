"""Whether a file is a journal of ours, and whole, found out without changing a byte of it.

`immutable` reads the file as it lies there, and no log beside it: enough for its header, and it does not even
touch what belongs to another program. The second look sees the log. Where one was left by a crash it may not
write, since who closes the file last moves the log into it; where there is none, it may: it then puts away after
itself.
"""

from __future__ import annotations

import contextlib
import sqlite3
import stat
from typing import TYPE_CHECKING, Final

from notebookmail.errors import JournalError

from . import sqlite_schema
from .error_messages import DAMAGE, ELSEWHERE, damaged, foreign, primary_code
from .file_systems import has_shared_memory
from .sqlite_connection import connect

if TYPE_CHECKING:
    from pathlib import Path

_EXAMINED_BYTES: Final = 16 * 1024 * 1024
"""Up to this size a file is checked page by page when it is opened; larger ones only where they are read."""


def examine(path: Path) -> None:
    """Refuse what is no journal, a damaged one, and one of a newer version.

    Raises:
        JournalError: Which of these it is, and what to do.
        OSError: It cannot be reached.
        sqlite3.Error: It cannot be read, or proved damaged when it was.
    """
    kind = path.stat()
    if not stat.S_ISREG(kind.st_mode):
        raise foreign(path, "is no file")
    if kind.st_size == 0:
        raise foreign(path, "is empty, which a journal never is")
    _check_header(path)
    has_log = _is_filled(path, "-wal")
    if has_log and not has_shared_memory(path.parent):
        return  # it can be read only by who is alone with the file: who opens it looks, too
    try:
        with contextlib.closing(connect(path, "ro" if has_log else "rw")) as connection:
            if not has_log and not _is_filled(path, "-journal"):
                _check_length(path, connection, kind.st_size)
            check_contents(path, connection, is_whole=kind.st_size <= _EXAMINED_BYTES)
    except sqlite3.OperationalError as problem:
        if primary_code(problem) in DAMAGE:
            raise
        # A crash left something that only a connection which may write can put in order.


def _is_filled(path: Path, side: str) -> bool:
    try:
        return path.with_name(path.name + side).stat().st_size > 0
    except OSError:
        return False


def _check_header(path: Path) -> None:
    """Refuse a file that does not say it is ours. Torn pages are not what is looked for here."""
    try:
        with contextlib.closing(connect(path, "ro&immutable=1")) as connection:
            application = sqlite_schema.application_of(connection)
    except sqlite3.DatabaseError as problem:
        if primary_code(problem) == sqlite3.SQLITE_NOTADB:
            raise foreign(path, "is no database") from problem
        if primary_code(problem) not in DAMAGE:
            raise
    else:
        if application != sqlite_schema.APPLICATION_ID:
            raise foreign(path, "belongs to another program")


def _check_length(path: Path, connection: sqlite3.Connection, octets: int) -> None:
    """Refuse a file whose last page is cut short: SQLite would read zeros for what is missing."""
    ((page_octets,),) = connection.execute("PRAGMA page_size").fetchall()
    if octets % page_octets:
        raise damaged(path, "its last page is not whole")


def check_contents(path: Path, connection: sqlite3.Connection, *, is_whole: bool) -> None:
    """Refuse what cannot be read by this version.

    Args:
        path: The file's path, for the message.
        connection: To the file.
        is_whole: Every page is looked at, which takes time in proportion to them.
    """
    version = sqlite_schema.version_of(connection)
    if version > sqlite_schema.VERSION:
        raise JournalError(
            f"the journal {path} was written by a newer notebookmail (version {version} of its form; this one "
            f"knows {sqlite_schema.VERSION}): upgrade (pip install -U notebookmail), or {ELSEWHERE}",
            str(path),
        )
    if version < 1:
        raise damaged(path, f"version {version}")
    connection.execute("SELECT (SELECT max(id) FROM campaign), (SELECT campaign FROM entry LIMIT 1)").fetchall()
    if is_whole:
        ((found,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
        if found != "ok":
            raise damaged(path, " ".join(found.split()))

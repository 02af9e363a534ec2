"""The journal's SQLite file: made, examined, opened, and written so that what was committed survives a power cut.

A new file is made whole beside its place and then put there, so that an empty or half-made one is never ours. One
that is there already is looked at through connections that cannot write; only when it has proved to be a journal
is it opened. It is never opened in any other way: closing a plain file object would drop the locks SQLite holds on
it in this process (https://www.sqlite.org/howtocorrupt.html, 2.2).

A write-ahead log is kept where processes can share memory, a rollback journal elsewhere (network file systems).
The file and all that SQLite puts beside it are readable by the user alone. SQLite's exceptions become JournalError
here and nowhere else.

Refuses, and leaves byte for byte as they are: files of other programs, of a newer version, and damaged ones.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import sys
from typing import TYPE_CHECKING, Final

from notebookmail.errors import JournalError

from . import sqlite_schema
from .error_messages import ELSEWHERE, damaged, gone, primary_code, replaced, translated
from .file_systems import has_shared_memory
from .integrity import check_contents, examine
from .sqlite_connection import connect, keep_log, roll_back

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SIDES: Final = ("", "-wal", "-shm", "-journal")

_NO_SHARING: Final = frozenset({
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_IOERR_LOCK, sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMLOCK, sqlite3.SQLITE_IOERR_SHMMAP,
})  # fmt: skip
"""What SQLite says where the memory beside the log cannot be shared."""


class JournalFile:
    """One connection to a journal. Used by one thread at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection, identity: os.stat_result) -> None:
        self.path = path
        self.connection = connection
        self._identity = identity
        self._log_identity = _stat(_log_of(path))

    @classmethod
    def open(cls, path: Path) -> JournalFile:
        """Open a journal, and make it if there is none.

        Args:
            path: An absolute path without symbolic links; its folder is there.

        Raises:
            JournalError: It is no journal, cannot be read, or cannot be written.
        """
        try:
            if not os.path.lexists(path):
                _make(path)
            examine(path)
            _protect(path)
            identity = path.stat()
            file = cls(path, _connect(path), identity)
        except (sqlite3.Error, UnicodeDecodeError) as problem:
            raise translated(problem, path) from problem
        except OSError as problem:
            raise JournalError(
                f"the journal {path} cannot be used ({problem.strerror}); make it and its folder readable and "
                f"writable for you, {ELSEWHERE}",
                str(path),
            ) from problem
        if not file.is_in_place:  # replaced in this very moment
            file.close()
            raise replaced(path)
        return file

    @property
    def is_in_place(self) -> bool:
        """True while the path leads to the file that is open: whoever opens it reads what is written here."""
        found = _stat(self.path)
        return found is not None and os.path.samestat(found, self._identity)

    @contextlib.contextmanager
    def transaction(self, *, in_place: bool = True) -> Iterator[sqlite3.Connection]:
        """Write all of it or nothing; what was written when the block has ended is on the disk.

        Args:
            in_place: False writes also where the path leads elsewhere by now, and nobody else will read it.

        Raises:
            JournalError: It could not be written. The same may be tried again.
        """
        with self.translating():
            if in_place:
                self._check_place()  # SQLite would go on writing to what nobody can open any more
            roll_back(self.connection)  # of one whose end an interrupt swallowed
            try:
                self.connection.execute("BEGIN IMMEDIATE")
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                roll_back(self.connection)
                raise
            if in_place:
                self._check_place()

    def _check_place(self) -> None:
        if not self.is_in_place:
            raise replaced(self.path) if _stat(self.path) else gone(self.path)

    @contextlib.contextmanager
    def translating(self) -> Iterator[sqlite3.Connection]:
        """Turn what SQLite raises into JournalError."""
        try:
            yield self.connection
        except (sqlite3.Error, UnicodeDecodeError) as problem:
            raise translated(problem, self.path) from problem

    def scrub(self) -> None:
        """Write the file anew from what it holds, so that nothing of what was deleted is left in its bytes.

        Raises:
            JournalError: It could not be done now: the disk is full, or somebody reads the file all the time.
        """
        with self.translating():
            self.connection.execute("VACUUM")
            is_busy, *_ = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise JournalError(
                f"the rows were deleted, but the journal {self.path} is being read by another process, and until "
                "that one has ended their bytes may still be found in its log",
                str(self.path),
            )

    def close(self) -> None:
        """Close the connection. A second call does nothing.

        Who closes last moves the log into the file and deletes it, by its name. Where another file and its log
        have come to this place meanwhile, that would be theirs.
        """
        log = _stat(_log_of(self.path))
        is_ours = log is None or (self._log_identity is not None and os.path.samestat(log, self._log_identity))
        if not is_ours and not self.is_in_place:
            _leave_log(self.connection)
        self.connection.close()


def _make(path: Path) -> None:
    """Put an empty journal in its place, unless somebody else is faster."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(6)}.new")
    try:
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        new.chmod(0o600)  # whatever the umask
        with contextlib.closing(connect(new, "rw")) as connection:
            connection.execute("PRAGMA synchronous=EXTRA")
            connection.execute("BEGIN IMMEDIATE")
            sqlite_schema.create(connection)
            connection.execute("COMMIT")
        _put(new, path)
    finally:
        new.unlink(missing_ok=True)


def _put(new: Path, path: Path) -> None:
    with contextlib.suppress(FileExistsError):  # somebody was faster: theirs is as good
        try:
            os.link(new, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            if not os.path.lexists(path):
                new.rename(path)


def _connect(path: Path) -> sqlite3.Connection:
    if has_shared_memory(path.parent):
        try:
            return _ready(path, has_log=True)
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode not in _NO_SHARING and primary_code(problem) not in _NO_SHARING:
                raise
    return _ready(path, has_log=False)


def _ready(path: Path, *, has_log: bool) -> sqlite3.Connection:
    """Open the file for writing, and prove that it can be written."""
    connection = connect(path, "rw")
    try:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA cell_size_check=ON")
        connection.execute("PRAGMA fullfsync=ON")  # macOS: its fsync alone does not reach the disk
        mode = _log(connection) if has_log else _roll(connection)
        # EXTRA: where a rollback journal is given up, its folder is synchronised, too.
        connection.execute(f"PRAGMA synchronous={'FULL' if mode == 'wal' else 'EXTRA'}")
        connection.execute("BEGIN IMMEDIATE")
        check_contents(path, connection, is_whole=False)
        _migrate(path, connection)
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        connection.close()
        raise
    return connection


def _migrate(path: Path, connection: sqlite3.Connection) -> None:
    try:
        sqlite_schema.migrate(connection)
    except ValueError as problem:
        raise damaged(path, str(problem)) from problem


def _log(connection: sqlite3.Connection) -> str:
    """Ask for a write-ahead log; take what SQLite can give."""
    mode = keep_log(connection)
    return mode if mode == "wal" else _roll(connection)


def _roll(connection: sqlite3.Connection) -> str:
    """Ask for a rollback journal. Alone with the file, a log that another machine left needs no shared memory."""
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    mode = str(connection.execute("PRAGMA journal_mode=TRUNCATE").fetchone()[0])
    connection.execute("PRAGMA locking_mode=NORMAL")  # lets others in after the next transaction
    return mode


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _leave_log(connection: sqlite3.Connection) -> None:
    """Let a connection be closed without a look at the log."""
    if sys.version_info >= (3, 12):
        with contextlib.suppress(sqlite3.Error):
            connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)


def _protect(path: Path) -> None:
    """Take a file that came from elsewhere out of the sight of others."""
    for side in _SIDES:
        with contextlib.suppress(OSError):  # not there, or not ours
            each = path.with_name(path.name + side)
            if each.stat().st_mode & 0o077:
                each.chmod(0o600)

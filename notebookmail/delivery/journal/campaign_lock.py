"""Who runs a campaign now: a lock file that the operating system gives up with its holder, however that one ends.

The file is there only while the lock is held (or its holder was killed), and says who holds it. The lock belongs
to the open file, not to the process, so that two threads or cells of one process keep each other out, too.

Refuses to guess: where the file system cannot lock, there is a JournalError, not a lock that holds nobody.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import JournalError

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

_TRIES: Final = 5
_PAUSE_SECONDS: Final = 0.01
"""Somebody who only asks whether a campaign runs holds its lock for a moment."""

_TAKEN: Final = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK})
_HOLDER_BYTES: Final = 4096

if sys.platform == "win32":
    import msvcrt

    def _lock(file: FileIO, *, is_shared: bool) -> None:  # noqa: ARG001 -- Windows knows no shared ones here
        file.seek(1 << 30)  # beyond the text: what is locked cannot be read by others
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _unlock(file: FileIO) -> None:
        file.seek(1 << 30)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: FileIO, *, is_shared: bool) -> None:
        fcntl.flock(file, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    def _unlock(file: FileIO) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)  # said aloud: a forked child may have the file open


class CampaignLock:
    """The right to run a campaign, until release(), or until this process ends."""

    def __init__(self, path: Path, file: FileIO) -> None:
        self._path = path
        self._file = file

    @classmethod
    def acquire(cls, path: Path, campaign: str, since: float) -> CampaignLock:
        """Take the lock, or say who has it.

        Args:
            path: The lock file.
            campaign: The campaign's name, for the message.
            since: The time it is taken at (unix time, seconds), for others' messages.

        Raises:
            JournalError: Somebody else holds it, or it cannot be taken here at all.
        """
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(_PAUSE_SECONDS)
            file = _open(path)
            try:
                if _try_lock(file, path) and _is_at(path, file):
                    _sign(file, since)
                    return cls(path, file)
            except BaseException:
                file.close()
                raise
            file.close()
        raise JournalError(
            f"campaign {campaign!r} is being run by {_holder(path)}; wait until that run has ended, or end it "
            "there, then run this again: it goes on where that one stopped",
            str(path),
        )

    def release(self) -> None:
        """Give the lock up, and take its file away. A second call does nothing."""
        if self._file.closed:
            return
        with contextlib.suppress(OSError):
            if _is_at(self._path, self._file):
                self._path.unlink()  # while it is held: who opens it later finds that it is gone, and tries again
        with contextlib.suppress(OSError):
            _unlock(self._file)
        self._file.close()


def is_held(path: Path) -> bool:
    """Tell whether somebody holds the lock of this file."""
    try:
        file = path.open("r+b", buffering=0)
    except OSError:
        return False
    with file, contextlib.suppress(JournalError):  # where nobody can lock, nobody does
        return not _try_lock(file, path, is_shared=True)
    return False


def _open(path: Path) -> FileIO:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if sys.platform != "win32":
            os.fchmod(descriptor, 0o600)  # whatever the umask
        return os.fdopen(descriptor, "r+b", buffering=0)
    except OSError as problem:
        raise JournalError(
            f"the lock file {path} cannot be written ({problem.strerror}); make its folder writable, or keep the "
            "journal elsewhere: journal='another/path.sqlite'",
            str(path),
        ) from problem


def _try_lock(file: FileIO, path: Path, *, is_shared: bool = False) -> bool:
    try:
        _lock(file, is_shared=is_shared)
    except OSError as problem:
        if problem.errno in _TAKEN:
            return False
        raise JournalError(
            f"{path.parent} is on a file system without locks ({problem.strerror}), and nothing would keep two "
            "runs apart; keep the journal on a local disk: journal='/another/path.sqlite'",
            str(path),
        ) from problem
    return True


def _is_at(path: Path, file: FileIO) -> bool:
    """Tell whether the open file is still the one others would find: it may have been taken away meanwhile."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _sign(file: FileIO, since: float) -> None:
    text = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since})
    with contextlib.suppress(OSError):  # a full disk: the lock holds without its text
        file.seek(0)
        file.truncate()
        file.write(text.encode())


def _holder(path: Path) -> str:
    """Say who holds a lock, as far as its file tells."""
    said: Any = None
    with contextlib.suppress(OSError, ValueError), path.open("rb") as file:
        said = json.loads(file.read(_HOLDER_BYTES))
    if not isinstance(said, dict):
        return "another process"
    pid, host, since = said.get("pid"), said.get("host"), said.get("since", float("nan"))
    where = f"process {pid} on {host}"
    if (pid, host) == (os.getpid(), socket.gethostname()):
        where += " (this very kernel or script: another cell, task or thread of it)"
    with contextlib.suppress(TypeError, ValueError, OverflowError, OSError):
        where += f" since {datetime.fromtimestamp(since, UTC).astimezone():%Y-%m-%d %H:%M}"
    return where

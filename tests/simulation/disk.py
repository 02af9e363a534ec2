"""The disk a journal is on, and what is left of it when a process dies.

The journal is the real one, on a real file in memory. Most worlds share one file, each with its campaign in it, as
campaigns do: opening a file costs more than a whole world. What dies there leaves its lock, and what it had not
committed is gone. Some worlds have a file of their own, opened anew by every run; when a process dies in such a
world, what goes on is a copy of the bytes that were on the disk at that moment.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebookmail.delivery.journal import Claim, Journal, campaign_lock
from notebookmail.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notebookmail.delivery.journal import Entry

    from .process import Process

_STATES = ("committing", "sent", "failed", "deferred", "unconfirmed", "pending")
_READ = """SELECT key, state FROM entry JOIN campaign ON campaign.id = entry.campaign
    WHERE digest = ? AND entry.generation = campaign.generation"""


def memory_folder() -> Path:
    """Make a folder whose files cost no disk, where there is one."""
    fast = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="simulation", dir=fast if fast.is_dir() else None))


@contextlib.contextmanager
def hurried() -> Iterator[None]:
    """Let the journal wait for a lock in no time: time is ours, and nothing changes meanwhile."""
    pause, campaign_lock._PAUSE_SECONDS = campaign_lock._PAUSE_SECONDS, 0.0  # type: ignore[misc]
    try:
        yield
    finally:
        campaign_lock._PAUSE_SECONDS = pause  # type: ignore[misc]


class Disk:
    """One file for many worlds.

    Args:
        folder: Where it is.
    """

    is_own = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._journals: dict[str, Journal] = {}
        self._reader: sqlite3.Connection | None = None

    @property
    def path(self) -> Path:
        return self.folder / "journal.sqlite"

    def journal(self, who: str) -> Journal:
        """Open the journal for a process, or for its rival."""
        if who not in self._journals:
            self._journals[who] = Journal.open(self.path)
        return self._journals[who]

    def done(self, who: str) -> None:
        """A process has ended in order."""

    def crash(self, claim: Claim) -> None:
        """A process has died: its lock is free, and the journal does not know that it ended."""
        claim._lock.release()

    def states(self, digest: str) -> dict[bytes, str]:
        """Read how the rows of a campaign stand, as another program would."""
        if self._reader is None:
            self._reader = sqlite3.connect(self.path, isolation_level=None)
        return {key: _STATES[state] for key, state in self._reader.execute(_READ, (digest,))}

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        for journal in self._journals.values():
            with contextlib.suppress(JournalError):
                journal.close()
        self._journals.clear()


class OwnDisk(Disk):
    """A file of one world's own."""

    is_own = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._lives = 0

    def done(self, who: str) -> None:
        self._journals.pop(who).close()

    def crash(self, claim: Claim) -> None:
        self._lives += 1
        after = self.folder.with_name(f"{self.folder.name}-{self._lives}")
        after.mkdir()
        for name in ("journal.sqlite", "journal.sqlite-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(self.folder / name, after / name)
        self.close()  # of the dead process's file, which nobody reads again
        self.folder = after

    def close(self) -> None:
        super().close()
        shutil.rmtree(self.folder)


class Ledger:
    """The claim as the engine sees it: a disk may be full, a commit may seem to have failed, a process may die."""

    def __init__(self, process: Process, claim: Claim, troubles: dict[int, str]) -> None:
        self._process, self._claim, self._troubles = process, claim, troubles
        self._writes = 0
        self.durable: dict[bytes, str] = {}
        """What this process has written so far, by key."""
        self.failures = 0

    def write(self, entries: Sequence[Entry]) -> frozenset[bytes]:
        process = self._process
        if process.is_dead or process.may_die("before a commit"):
            return frozenset()
        self._writes += 1
        trouble = self._troubles.get(self._writes, "")
        if trouble:
            process.world.tally[f"journal: {trouble}"] += 1
            self.failures += 1
        if trouble == "full":
            raise JournalError("the disk is full", "journal.sqlite")
        refused = self._claim.write(entries)
        entries = [entry for entry in entries if entry.key not in refused]
        for entry in entries:
            self.durable[entry.key] = entry.state
        process.recorded(entries)
        if trouble:
            raise JournalError("written, and not known to be", "journal.sqlite")
        process.may_die("after a commit")
        return refused

    def committing(self) -> int:
        return sum(state == "committing" for state in self.durable.values())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._claim, name)

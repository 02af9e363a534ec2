"""What runs came to, so that equal ones run once: in this process, and among the workers of one machine.

Kept in a folder that ends with the call. A lock that the system gives back when its holder dies keeps two workers
from the same run. Memory and folder are bounded: what was used longest ago goes first, and is run again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from notebookmail.compose.cache import Cache
from notebookmail.errors import TemplateError

from .executing import RunFaultError
from .letter import NotebookLetter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_KEPT_OCTETS: Final = 32 * 1024 * 1024
_KEPT_ON_DISK: Final = 256 * 1024 * 1024


class RunResults:
    """Keeps what runs came to.

    Args:
        folder: Where another process keeps them; None for a folder of our own, which ends with this object.
    """

    def __init__(self, folder: str | None = None) -> None:
        if folder is None:
            folder = tempfile.mkdtemp(prefix="notebookmail-")
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._folder = Path(folder)
        self._kept: Cache[NotebookLetter | TemplateError] = Cache(_KEPT_OCTETS)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle where they are: a worker finds them there, if it is on this machine."""
        return (RunResults, (str(self._folder),))

    def find(self, key: str, run: Callable[[], NotebookLetter]) -> NotebookLetter:
        """Return what a run came to, or run it.

        Args:
            key: What the run is known by.
            run: Runs it.

        Raises:
            TemplateError: A cell failed, now or before.
        """
        name = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        found = self._kept.get(name)
        if found is None:
            with self._locked(name):
                found = self._read(name)
                if found is None:
                    found = self._run(run)
                    self._write(name, found)
            self._kept.put(name, found, _octets(found))
        if isinstance(found, TemplateError):
            raise TemplateError(found.message, found.field)
        return found

    @staticmethod
    def _run(run: Callable[[], NotebookLetter]) -> NotebookLetter | TemplateError:
        try:
            return run()
        except RunFaultError:  # of the machine, not of the parameters: the next row tries again
            raise
        except TemplateError as problem:
            return TemplateError(problem.message, problem.field)  # without what its frames hold

    def _read(self, name: str) -> NotebookLetter | TemplateError | None:
        try:
            found = pickle.loads((self._folder / name).read_bytes())  # noqa: S301 -- a worker of ours wrote it
        except (OSError, EOFError, pickle.UnpicklingError):
            return None
        return found if isinstance(found, (NotebookLetter, TemplateError)) else None

    def _write(self, name: str, found: NotebookLetter | TemplateError) -> None:
        written = self._folder / f"{name}.{os.getpid()}"
        with contextlib.suppress(OSError):  # on a full disk, or on another machine, it is kept here alone
            written.write_bytes(pickle.dumps(found, protocol=5))
            written.replace(self._folder / name)
            self._tidy()

    def _tidy(self) -> None:
        """Let go of what was written longest ago, where it is too much."""
        files = [(each.stat(), each) for each in self._folder.iterdir() if not each.suffix]
        octets = sum(state.st_size for state, _ in files)
        for state, file in sorted(files, key=lambda pair: pair[0].st_mtime_ns):
            if octets <= _KEPT_ON_DISK:
                break
            file.unlink(missing_ok=True)
            octets -= state.st_size

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Keep others from the same run; where there are no such locks, they may run it, too."""
        try:
            import fcntl

            file = (self._folder / f"{name}.lock").open("ab")
        except (ImportError, OSError):
            yield
            return
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _octets(found: NotebookLetter | TemplateError) -> int:
    if isinstance(found, TemplateError):
        return len(found.message)
    return len(found.html) + len(found.text) + sum(len(picture.part) for picture in found.pictures)

"""Who works: processes of our own, renewed when one dies, or an executor of the caller's, left as it is.

Our processes are loky's: they need no `if __name__ == "__main__"`, and share nothing with this one. They hear no
Ctrl-C, and end with the run, with this process, or after a minute without work.
"""

from __future__ import annotations

import os
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import FrameError

from .batch import begin_worker, make_batch

if TYPE_CHECKING:
    from concurrent.futures import Future

_IDLE_SECONDS: Final = 60
_ENVIRONMENT: Final = {"MPLBACKEND": "agg"}  # nobody looks at a worker's windows


def cores() -> int:
    """Tell how many processors this process may use."""
    count = getattr(os, "process_cpu_count", None)  # Python 3.13
    if count is not None:
        return count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Crew:
    """Makes batches somewhere else.

    Args:
        workers: How many processes, or an executor.

    Attributes:
        is_own: Whether the processes are ours.
        size: How many batches are worked on at once.

    Raises:
        FrameError: The processes need a library that is not installed.
    """

    def __init__(self, workers: int | Executor) -> None:
        self.is_own = not isinstance(workers, Executor)
        self._executor: Executor | None = None if isinstance(workers, int) else workers
        self.size = workers if isinstance(workers, int) else _size_of(workers)
        self._number = 0
        if self.is_own:
            self.renew()

    def renew(self) -> None:
        """Begin with new processes, in place of those that broke."""
        try:
            from loky.process_executor import ProcessPoolExecutor
        except ImportError as problem:
            raise FrameError('workers= needs loky: pip install "notebookmail[workers]"') from problem
        self.close()
        self._executor = ProcessPoolExecutor(
            self.size, timeout=_IDLE_SECONDS, initializer=begin_worker, env=_ENVIRONMENT
        )

    def submit(self, digest: str, parcel: bytes | None, requests: bytes) -> Future[bytes]:
        """Have a batch made.

        Raises:
            RuntimeError: The executor takes nothing any more.
        """
        assert self._executor is not None  # noqa: S101 -- there is one until `close`
        self._number += 1
        return self._executor.submit(make_batch, self._number, digest, parcel, requests)

    def close(self) -> None:
        """End our processes, whatever they are at; an executor of the caller's stays."""
        if self.is_own and self._executor is not None:
            executor: Any = self._executor
            self._executor = None
            executor.shutdown(wait=False, kill_workers=True)


def _size_of(executor: Executor) -> int:
    """Tell how many calls an executor works on at once, as far as it says so."""
    client = getattr(executor, "_client", None)  # of dask.distributed
    if client is not None:
        return sum(client.nthreads().values()) or 1
    size = getattr(executor, "_max_workers", None)
    return size if isinstance(size, int) and size > 0 else cores()

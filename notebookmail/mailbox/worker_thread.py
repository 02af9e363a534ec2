"""One thread that does one thing after the other for an event loop, for libraries that wait.

A daemon: a server that does not answer must not keep a kernel from ending.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


class WorkerThread:
    """A thread and what it has to do.

    Args:
        name: For lists of threads.
    """

    def __init__(self, name: str) -> None:
        self._orders: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    async def call(self, work: Callable[[], _T], seconds: float) -> _T:
        """Do something there, and wait for it so long.

        Raises:
            TimeoutError: It takes longer; it goes on, and nobody waits for it.
            BaseException: What it raises.
        """
        future: Future[_T] = Future()
        self._orders.put((future, work))
        async with asyncio.timeout(seconds):
            return await asyncio.wrap_future(future)

    def end(self, last: Callable[[], object]) -> None:
        """End once everything is done, this as the last."""
        self._orders.put((Future(), last))
        self._orders.put(None)

    def _serve(self) -> None:
        while (order := self._orders.get()) is not None:
            future, work = order
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = work()
            except BaseException as problem:  # noqa: BLE001 -- it is raised where it is waited for
                future.set_exception(problem)
            else:
                future.set_result(result)
                del result
            del future, work, order  # a thread that waits keeps nothing alive

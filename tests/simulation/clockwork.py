"""An event loop in virtual time, that can stop between any two steps.

Nothing ever waits: when no callback is ready, the clock moves to the next timer. Callbacks run one at a time,
in the order asyncio's own loop would run them, so that a process can die between any two of them. A loop that
has neither a callback nor a timer while somebody still waits has found a hang.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import socket
from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextvars import Context

    from .network import Network

MOST_STEPS = 60_000
"""No world needs a tenth of them: what goes on longer goes in circles."""


class HangError(Exception):
    """Somebody waits for what can never happen, or runs in circles."""


class VirtualLoop(asyncio.AbstractEventLoop):
    """Runs one process of a world.

    Args:
        now: The time it begins at, in seconds.
        network: Where connections lead.
    """

    def __init__(self, now: float, network: Network) -> None:
        self._now = now
        self._network = network
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._order = count()
        self._tasks: list[asyncio.Task[Any]] = []
        self._batch = 0
        self._is_dead = False
        self.steps = 0
        self.troubles: list[str] = []
        """What reached the exception handler: nothing ever should."""

    # --- what asyncio and the engine call --------------------------------------------------------------------

    def time(self) -> float:
        return self._now

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return not self._is_dead

    def is_closed(self) -> bool:
        return self._is_dead

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> Any:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(self, delay: float, callback: Any, *args: Any, context: Context | None = None) -> Any:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> Any:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._order), handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled timers are passed over when their time comes."""

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:  # type: ignore[override]
        task = asyncio.Task(coro, loop=self, **options)
        self._tasks.append(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if not self._is_dead:
            self.troubles.append(f"{context.get('message')}: {context.get('exception')!r}")

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> Any:  # type: ignore[override]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    async def create_connection(self, factory: Any, host: Any = None, port: Any = None, **_: Any) -> Any:  # type: ignore[override]
        return await self._network.connect(self, factory, port)

    # --- what a world calls ----------------------------------------------------------------------------------

    def run(
        self, work: Coroutine[Any, Any, Any], after_step: Callable[[asyncio.Task[Any]], bool]
    ) -> asyncio.Task[Any]:
        """Run until the work is done, or until `after_step`, told the work's task, is True: the process is dead.

        Raises:
            HangError: Neither will ever happen.
        """
        asyncio._set_running_loop(self)
        try:
            task = self.create_task(work)
            while not task.done():
                self._step()
                if after_step(task):
                    break
            return task
        finally:
            asyncio._set_running_loop(None)

    def _step(self) -> None:
        """Run the next callback; those that are ready now come before timers, as in asyncio."""
        while True:
            if self._batch <= 0:
                self._gather()
            self._batch -= 1
            handle = self._ready.popleft()
            if not handle.cancelled():
                break
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise HangError(f"{MOST_STEPS} steps, and no end")
        handle._run()

    def _gather(self) -> None:
        """Begin a turn of the loop; where nothing is ready, time passes."""
        timers = self._timers
        if not self._ready:
            while timers and timers[0][2].cancelled():
                heapq.heappop(timers)
            if not timers:
                raise HangError("nothing is left to happen, and the run has not ended")
            self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            handle = heapq.heappop(timers)[2]
            if not handle.cancelled():
                self._ready.append(handle)
        self._batch = len(self._ready)
        if not self._batch:
            self._gather()

    def bury(self) -> None:
        """Let go of everything: no code of the process has any effect from here on."""
        self._is_dead = True
        asyncio._set_running_loop(self)  # what is torn down may ask for it
        try:
            for task in self._tasks:
                if not task.done():
                    task._log_destroy_pending = False  # type: ignore[attr-defined]
                    _tear_down(task)
        finally:
            asyncio._set_running_loop(None)
        self._tasks.clear()
        self._ready.clear()
        self._timers.clear()


def _tear_down(task: asyncio.Task[Any]) -> None:
    """Close a coroutine that may want to wait for something in its `finally`."""
    coroutine = task.get_coro()
    for _ in range(10):
        with contextlib.suppress(BaseException):
            coroutine.close()  # type: ignore[union-attr]
            return

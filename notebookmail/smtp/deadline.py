"""One timer for all the waits of a connection.

A wait for a reply is short and there is one for every message, so a timer of its own for each would cost more than
the rest of the wait. Here the due time moves with every wait, and the one timer looks at it when it fires.
"""

from __future__ import annotations

import asyncio
import math


class Deadline:
    """Bounds one wait at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._due = self._rings_at = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._waiter: asyncio.Future[bool] | None = None

    def wait(self, seconds: float | None) -> asyncio.Future[bool]:
        """Begin a wait, to be awaited at once: True when `wake` was called, False when the time was up.

        Args:
            seconds: How long at most; None for no limit.
        """
        self._due = math.inf if seconds is None else self._loop.time() + seconds
        if self._due < self._rings_at:
            self.close()
            self._start()
        self._waiter = waiter = self._loop.create_future()
        return waiter

    def wake(self) -> None:
        """End the wait, if there is one."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(True)

    def close(self) -> None:
        """Give the timer back; a wait goes on until it is woken."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._rings_at = None, math.inf

    def _start(self) -> None:
        self._rings_at = self._due
        self._timer = self._loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        self.close()
        if self._waiter is None or self._waiter.done():
            return
        if self._loop.time() >= self._due:
            self._waiter.set_result(False)
        elif self._due < math.inf:
            self._start()

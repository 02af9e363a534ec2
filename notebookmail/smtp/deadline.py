"""One timer for all the waits of a connection.

A wait for a reply is short and there is one for every message, so a timer of its own for each would cost more than
the rest of the wait. Here the due time moves with every wait, and the one timer looks at it when it fires.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Deadline:
    """Bounds one wait at a time.

    Args:
        time_is_up: Called when the newest wait has lasted too long, also when it ended long ago: who is called
            knows whether anybody waits.
    """

    def __init__(self, time_is_up: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._time_is_up = time_is_up
        self._due = self._rings_at = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def start(self, seconds: float | None) -> None:
        """Begin a wait of so many seconds at most; None for no limit."""
        self._due = math.inf if seconds is None else self._loop.time() + seconds
        if self._due < self._rings_at:
            self.close()
            self._set_timer()

    def pause(self) -> None:
        """Wait for nobody until the next `start`."""
        self._due = math.inf

    def close(self) -> None:
        """Give the timer back."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._rings_at = None, math.inf

    def _set_timer(self) -> None:
        self._rings_at = self._due
        self._timer = self._loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        self.close()
        if self._loop.time() >= self._due:
            self._time_is_up()
        elif self._due < math.inf:
            self._set_timer()

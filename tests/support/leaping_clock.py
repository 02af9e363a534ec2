"""A loop whose clock leaps to the next timer as soon as no socket has anything to say: a day passes in a moment.

For tests in which both ends of every connection live on this loop: what one end wrote lies in the other end's
socket when the next look is taken.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_GRACE_SECONDS = 0.003  # real time for the kernel to carry over what was written
_ECHOES = 3


class _LeapingSelector(selectors.DefaultSelector):
    """Leaps when nothing comes while a byte goes over loopback: a busy machine takes as long over that."""

    def __init__(self) -> None:
        super().__init__()
        self.leapt_seconds = 0.0
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._near = socket.create_connection(listener.getsockname())
            self._far, _ = listener.accept()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        for _ in range(_ECHOES):
            self._near.send(b"?")
            self._far.recv(1)
            if events := super().select(min(timeout, _GRACE_SECONDS)):
                return events
        self.leapt_seconds += timeout
        return []

    def close(self) -> None:
        super().close()
        self._near.close()
        self._far.close()


class LeapingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = _LeapingSelector()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.leapt_seconds

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Do the work at once: the clock would leap over what another thread is still at."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as problem:  # noqa: BLE001 -- whoever waits is told, as by a thread
            done.set_exception(problem)
        return done


def in_leaps(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on such a loop."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=LeapingLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run

"""The one seam between callers without `await` and the package's coroutines.

Three situations, three ways. No event loop runs in the caller's thread: asyncio.run. One runs, as in a notebook's
cell, and a whole run of messages is wanted: a loop of its own in a background thread, while the caller waits;
nothing is patched, and an interrupt ends the work. One runs, and the work belongs to it, because a connection or
the server itself lives on it: that loop is entered a second time, by nest-asyncio2. That changes asyncio for the
whole process and slows its tasks, so it happens only when such a call is made, never on import.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from .errors import INTERRUPTS

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from contextlib import AbstractAsyncContextManager

_T = TypeVar("_T")


def run_sync(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end from code that cannot await, also from inside a running event loop.

    An interrupt cancels it, waits for its end and goes on upwards.

    Raises:
        BaseException: What the coroutine raised, or the interrupt.
    """
    if running_loop() is not None:
        return _LoopThread(work).result()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(held(work)).result()


class Held(Generic[_T]):
    """What came of a coroutine: its value, or the interrupt that it ended by."""

    def __init__(self, value: _T | None = None, interrupt: BaseException | None = None) -> None:
        self._value = value
        self._interrupt = interrupt

    def result(self) -> _T:
        """Return the value.

        Raises:
            KeyboardInterrupt, SystemExit: The coroutine ended by it.
        """
        if self._interrupt is not None:
            raise self._interrupt
        return cast("_T", self._value)


async def held(work: Coroutine[Any, Any, _T]) -> Held[_T]:
    """Run a coroutine and hold an interrupt that it raises: through an event loop it would tear down the loop."""
    try:
        return Held(value=await work)
    except INTERRUPTS as interrupt:
        return Held(interrupt=interrupt)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Make an event loop of our own: uvloop's where it is installed, which costs about half the time."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def run_nested(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end on the loop that already runs in this thread; it must be one `can_nest` allows.

    An interrupt cancels it, drives it to its end and goes on upwards: left alone it would go on running.

    Raises:
        BaseException: What the coroutine raised, or the interrupt.
    """
    import nest_asyncio2

    loop = asyncio.get_running_loop()
    nest_asyncio2.apply(loop)
    task = loop.create_task(work)
    try:
        return loop.run_until_complete(task)
    except BaseException:
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        raise


def can_nest(loop: asyncio.AbstractEventLoop) -> bool:
    """Tell whether a running loop can be entered a second time: asyncio's own can, uvloop's cannot."""
    return isinstance(loop, asyncio.BaseEventLoop)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that runs in this thread, if one does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class OpenedInThread:
    """Keeps an async context manager open on an event loop in a thread, for callers without `await`.

    Args:
        manager: What is entered and left there.
    """

    def __init__(self, manager: AbstractAsyncContextManager[Any]) -> None:
        self._manager = manager
        self._is_open: Future[None] = Future()
        self._is_over: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._serve, name="notebookmail", daemon=True)

    def open(self) -> None:
        """Enter it, and go on when that is done.

        Raises:
            BaseException: What entering it raised.
        """
        self._thread.start()
        self._is_open.result()

    def close(self) -> None:
        """Leave it, and go on when that is done.

        Raises:
            BaseException: What leaving it raised.
        """
        if self._loop is not None and self._end is not None:
            self._loop.call_soon_threadsafe(self._end.set)
        self._is_over.result()

    def _serve(self) -> None:
        try:
            asyncio.run(self._keep_open())
        except BaseException as problem:  # noqa: BLE001 -- whoever opens or closes it is told
            (self._is_over if self._is_open.done() else self._is_open).set_exception(problem)
        else:
            self._is_over.set_result(None)

    async def _keep_open(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        async with self._manager:
            self._is_open.set_result(None)
            await self._end.wait()


class _LoopThread(Generic[_T]):
    """Runs a coroutine on an event loop of its own while the caller's thread, and its loop, wait.

    The caller's context comes along, so that a board shows in the cell that asked for it.
    """

    def __init__(self, work: Coroutine[Any, Any, _T]) -> None:
        self._work = held(work)
        self._loop = new_event_loop()
        self._task: asyncio.Task[Held[_T]] | None = None
        self._started = threading.Event()
        self._ended = threading.Event()
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._serve,), name="notebookmail", daemon=True)

    def _serve(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._main())
        finally:
            self._started.set()
            self._ended.set()

    async def _main(self) -> None:
        self._task = asyncio.ensure_future(self._work)
        self._started.set()
        await asyncio.wait([self._task])

    def result(self) -> _T:
        """Wait for the coroutine; an interrupt cancels it and waits for its end.

        Raises:
            BaseException: What the coroutine raised, or the interrupt.
        """
        self._thread.start()
        try:
            # Not Thread.join: before Python 3.13, one that was interrupted takes the thread for ended (bpo-45274).
            self._ended.wait()
        except KeyboardInterrupt:
            self._started.wait()
            with contextlib.suppress(RuntimeError):  # its loop is closed: it has ended just now
                self._loop.call_soon_threadsafe(self._cancel)
            self._ended.wait()
            raise
        assert self._task is not None  # noqa: S101 -- set before the event, told to the checker
        return self._task.result().result()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

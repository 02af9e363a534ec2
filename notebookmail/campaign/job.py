"""A run in the background, with buttons for it: pause, resume, stop.

In a notebook it is a task of the kernel's loop, so cells go on and clicks are heard. Where no loop runs it has a
thread with a loop of its own. Commands may come from any thread: they are handed to the loop the run is on.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Literal

from notebookmail.sync import Held, held, new_event_loop, running_loop
from notebookmail.tracebacks.interrupts import JOB_GOES_ON, explained

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from notebookmail.delivery.progress import Progress

    from .results import SendResults
    from .run import Run

State = Literal["running", "paused", "finished", "failed"]


class SendJob:
    """A run in the background; `await job` waits for its results.

    Args:
        run: What to carry out.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._error: BaseException | None = None
        self._is_done = threading.Event()
        run.show(self)
        loop = running_loop()
        self._loop = loop or new_event_loop()
        self._task: asyncio.Task[Held[SendResults]] | None = None
        self._thread: threading.Thread | None = None
        if loop is not None:
            self._begin()
        else:
            self._thread = threading.Thread(target=self._serve, name="notebookmail", daemon=True)
            self._thread.start()

    def _begin(self) -> None:
        self._task = self._loop.create_task(held(self._run.carry_out()))
        self._task.add_done_callback(self._ended)

    def _serve(self) -> None:
        async def work() -> None:
            self._begin()
            assert self._task is not None  # noqa: S101 -- just made
            await asyncio.wait([self._task])

        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(work())

    def _ended(self, task: asyncio.Task[Held[SendResults]]) -> None:
        try:
            task.result().result()
        except asyncio.CancelledError:
            self._error = asyncio.CancelledError("the run was cancelled")
        except BaseException as problem:  # noqa: BLE001 -- whoever waits for the job is told
            self._error = problem
        self._is_done.set()

    # --- commands -------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Take no further rows until `resume`; messages on their way go on."""
        self._tell(self._run.control.pause)

    def resume(self) -> None:
        """Take rows again after `pause`."""
        self._tell(self._run.control.resume)

    def stop(self) -> None:
        """End the run: messages on their way finish, the other rows stay pending and a later run takes them up."""
        self._tell(self._run.control.stop)

    def _tell(self, command: Callable[[], None]) -> None:
        if not self._is_done.is_set():
            self._loop.call_soon_threadsafe(command)

    # --- state ----------------------------------------------------------------------------------------------

    @property
    def progress(self) -> Progress:
        """How the run stands at this moment: counts by status, messages per second, time left."""
        return self._run.progress()

    @property
    def results(self) -> SendResults:
        """How the rows stand at this moment; complete once the job is done."""
        return self._run.results

    @property
    def state(self) -> State:
        """One of "running", "paused", "finished", "failed"."""
        if self._is_done.is_set():
            return "finished" if self._error is None else "failed"
        return "paused" if self._run.control.is_paused else "running"

    @property
    def done(self) -> bool:
        """True once the run has ended, however it did."""
        return self._is_done.is_set()

    def wait(self, timeout: float | None = None) -> SendResults:
        """Wait for the run's end in a script, where there is no `await`.

        Args:
            timeout: Seconds to wait at most.

        Raises:
            TimeoutError: The run has not ended yet; it goes on.
            RuntimeError: The job runs on this thread's own event loop, which waiting would stop: `await job`.
            NotebookmailError: As send_frame would have raised.
        """
        if self._thread is None and not self.done and running_loop() is self._loop:
            raise RuntimeError("this job runs on the event loop of this cell: write `await job`")
        if not self._is_done.wait(timeout):
            raise TimeoutError(f"the run has not ended within {timeout} seconds; it goes on")
        if self._error is not None:
            raise self._error
        return self._run.results

    def __await__(self) -> Generator[None, None, SendResults]:
        return self._awaited().__await__()

    async def _awaited(self) -> SendResults:
        with explained(lambda: "" if self.done else JOB_GOES_ON):
            if self._task is not None and self._thread is None:
                return (await asyncio.shield(self._task)).result()
            return await asyncio.to_thread(self.wait)

    def __repr__(self) -> str:
        from notebookmail.view.words.headlines import headline

        why = f": {self._error}" if self._error is not None else ""
        return f"<SendJob {self.state}{why}, {headline(self.results.counts, self.results.facts)}>"

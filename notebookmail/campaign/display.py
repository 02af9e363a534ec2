"""What shows a run while it goes: a widget, a terminal's progress bar, or nothing; and who hears its buttons.

And what shows how far a mailbox is read.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from typing import TYPE_CHECKING, Final, Protocol

from notebookmail.view.frontend import current_cell, hears_clicks, is_attended, is_notebook

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookmail.delivery.progress import Progress
    from notebookmail.view.widgets.board import Commands
    from notebookmail.view.words.feedback import ReadingState
    from notebookmail.view.words.results import ResultsSource

    from .options import ProgressMode
    from .results import SendResults
    from .run_handle import Stage

REFRESH_SECONDS: Final = 0.1
"""How often the board may repaint. The tick also wakes an idle kernel's loop, so that an interrupt is noticed."""


class Display(Protocol):
    """What shows a run."""

    shows_results: bool
    """True when closing it leaves the whole summary in the output."""

    def show(self) -> None:
        """Show the run from now on."""

    def refresh(self) -> None:
        """Show how the run stands at this moment."""

    def close(self, results: ResultsSource, *, title: str = "") -> None:
        """Leave the summary in its place."""

    def abandon(self, results: ResultsSource, why: str) -> None:
        """Leave in its place why nothing was sent."""


class ReadingDisplay(Protocol):
    """What shows how far a mailbox is read."""

    def show(self, state: ReadingState) -> None:
        """Show how far it is."""

    def close(self) -> None:
        """Leave nothing of it."""


def reading_display() -> ReadingDisplay | None:
    """Return what can show how far a mailbox is read; None where nobody watches."""
    if is_notebook():
        if not is_attended():
            return None
        from notebookmail.view.widgets.feedback import CellReading

        return CellReading()
    if not (sys.stdout is not None and sys.stdout.isatty()):
        return None
    from notebookmail.view.terminal.feedback import TerminalReading

    return TerminalReading()


class Screen:
    """Shows one run, once.

    Args:
        mode: What to show it with.
        stage: Where its board is shown, if not in the running cell's output.
    """

    def __init__(self, mode: ProgressMode, stage: Stage | None) -> None:
        self._mode = mode
        self._stage = stage
        self._display: Display | None = None

    def show(
        self, results: SendResults, read: Callable[[], Progress], commands: Commands, *, is_in_cell: bool
    ) -> Display:
        """Show the board in the output of the running cell, unless it is shown already.

        Args:
            results: What the run leads to.
            read: Tells how it stands.
            commands: What its buttons do.
            is_in_cell: Whether the cell that shows it also waits for the run: not every kernel hears clicks then.
        """
        if self._display is None:
            # send_frame_sync has a thread of its own here, and keeps the kernel's from hearing anything.
            is_loop_free = threading.current_thread() is threading.main_thread()
            is_heard = not is_in_cell or self._stage is not None or (is_loop_free and hears_clicks())
            self._display = make_display(self._mode, read, commands if is_heard else None, self._stage)
            self._display.show()
            if self._display.shows_results:
                results.shown_in = current_cell()
        return self._display


def make_display(
    mode: ProgressMode, read: Callable[[], Progress], commands: Commands | None, stage: Stage | None
) -> Display:
    """Make what shows a run.

    Args:
        mode: What the caller asked for.
        read: Tells how the run stands.
        commands: What its buttons do; None where nobody would hear them.
        stage: Where it is shown, if not in the running cell's output.
    """
    if stage is not None:
        from notebookmail.view.widgets.board import Board

        return Board(read, commands, stage=stage)
    if mode is False:
        return _NoDisplay()
    if mode == "auto" and is_notebook() and not is_attended():
        from notebookmail.view.widgets.board import StillBoard

        return StillBoard()
    if mode == "widget" or (mode == "auto" and is_notebook()):
        from notebookmail.view.widgets.board import NO_BUTTONS, Board

        return Board(read, commands, advice="" if commands is not None else NO_BUTTONS)
    from notebookmail.view.terminal.results import TerminalBoard

    return TerminalBoard(read)


async def repaint(display: Display) -> None:
    """Let a display show how the run stands, again and again, until cancelled."""
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        display.refresh()


class _NoDisplay:
    """Shows nothing; the tick goes on all the same."""

    shows_results = False

    def show(self) -> None:
        """Print and display nothing; `progress=False` asked for that."""

    def refresh(self) -> None:
        """Show nothing new."""

    def close(self, results: ResultsSource, *, title: str = "") -> None:
        """Leave nothing behind."""

    def abandon(self, results: ResultsSource, why: str) -> None:
        """Leave nothing behind: the exception says why."""


class ThreadsafeCommands:
    """A run's commands for whoever is on another thread: they are handed to the loop it runs on."""

    def __init__(self, loop: asyncio.AbstractEventLoop, commands: Commands) -> None:
        self._loop = loop
        self._commands = commands

    def pause(self) -> None:
        """Take no further rows until `resume`."""
        self._tell(self._commands.pause)

    def resume(self) -> None:
        """Let the run take rows again after `pause`."""
        self._tell(self._commands.resume)

    def stop(self) -> None:
        """End the run; messages on their way finish."""
        self._tell(self._commands.stop)

    def _tell(self, command: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the run is over
            self._loop.call_soon_threadsafe(command)

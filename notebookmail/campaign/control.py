"""Pause, resume and stop: heard before a run begins, while it goes and after its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notebookmail.delivery.runner import Runner


class RunControl:
    """The commands of one run, on its loop's thread.

    Attributes:
        is_paused: True between `pause` and `resume`.
        stop_reason: Why no further rows are taken, or "".
        runner: What carries them out, once it has begun.
    """

    def __init__(self) -> None:
        self.is_paused = False
        self.stop_reason = ""
        self.runner: Runner | None = None

    def begin(self, runner: Runner) -> None:
        """Hand over to a runner what was commanded before there was one."""
        self.runner = runner
        if self.is_paused:
            runner.pause()
        if self.stop_reason:
            runner.stop(self.stop_reason)

    def pause(self) -> None:
        """Take no further rows until `resume`."""
        self.is_paused = True
        if self.runner is not None:
            self.runner.pause()

    def resume(self) -> None:
        """Take rows again after `pause`, from where it stopped; does nothing to a run that is not paused."""
        self.is_paused = False
        if self.runner is not None:
            self.runner.resume()

    def stop(self) -> None:
        """Take no further rows; those on their way finish."""
        self.stop_reason = "stopped"
        if self.runner is not None:
            self.runner.stop(self.stop_reason)

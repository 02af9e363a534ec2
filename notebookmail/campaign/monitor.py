"""How a run stands at this moment: read from its results, its pool and its commands for whoever shows it."""

from __future__ import annotations

import time
from datetime import UTC
from typing import TYPE_CHECKING

from notebookmail.delivery.progress import PAUSED, STOPPING, WINDOW_SECONDS, Meter, Progress
from notebookmail.errors import TemplateError
from notebookmail.view.words.making import making_limit

from .workers.crew import cores

if TYPE_CHECKING:
    from notebookmail.delivery.events import RowEvent
    from notebookmail.delivery.making import Making
    from notebookmail.delivery.run_facts import Purpose
    from notebookmail.delivery.transport import Transport

    from .control import RunControl
    from .plan import Plan
    from .results import SendResults


class Monitor:
    """Watches one run.

    Args:
        target: Where its messages go, in words.
        purpose: What it is for.

    Attributes:
        target: Where its messages go, in words.
        purpose: What it is for.
        transport: What carries them, once there is one.
        making: What makes the messages, once there is something.
    """

    def __init__(self, target: str, purpose: Purpose) -> None:
        self.target = target
        self.purpose = purpose
        self._meter = Meter(time.monotonic())
        self._complaint = ""
        self.transport: Transport | None = None
        self.making: Making | None = None

    def note(self, event: RowEvent) -> None:
        """Keep what was said last of a row in trouble."""
        error = getattr(event, "error", None)
        if error is not None and not isinstance(error, TemplateError):
            self._complaint = str(error)

    def progress(self, plan: Plan, results: SendResults, control: RunControl) -> Progress:
        """Tell how a run stands.

        Args:
            plan: Which rows go, and what each gets.
            results: How its rows stand.
            control: What was commanded.
        """
        now = time.monotonic()
        counts = results.counts
        left = counts["pending"] - len(plan.beyond)
        seconds = self._meter.seconds(now)
        per_second = self._meter.per_second(now, max(0, len(plan.going) - left))  # 0 before it has begun
        return Progress(
            counts=counts,
            seconds=seconds,
            per_second=per_second,
            seconds_left=_seconds_left(left, per_second, seconds),
            server=self.target,
            connections=self.transport.connections if self.transport is not None else 0,
            complaint=self._complaint,
            note=_note(plan, control),
            making=self.making_limit(plan, left),
            purpose=self.purpose,
        )

    def making_limit(self, plan: Plan, left: int) -> str:
        """Say that making messages is the limit, and what workers would bring; "" where it is not.

        Args:
            plan: Which rows go.
            left: How many are still to go.
        """
        if self.making is None:
            return ""
        workers = plan.settings.workers
        if workers is not None and not isinstance(workers, int):
            return ""  # how many more an executor could have, its owner knows
        return making_limit(self.making.times, left, workers, cores())


def _seconds_left(left: int, per_second: float, seconds: float) -> float | None:
    """Estimate what is left, once the pace of the first seconds, when connections are opened, is past."""
    if not left:
        return 0.0
    return left / per_second if per_second > 0 and seconds >= WINDOW_SECONDS else None


def _note(plan: Plan, control: RunControl) -> str:
    if control.stop_reason:
        return STOPPING
    if control.is_paused:
        return PAUSED
    not_before = plan.settings.not_before
    if not_before is not None and not_before.timestamp() > time.time():
        return f"waiting until {not_before.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return ""

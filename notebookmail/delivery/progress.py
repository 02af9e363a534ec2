"""A run's progress at one moment, for whoever shows it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .events import Status
    from .run_facts import Purpose

WINDOW_SECONDS = 5.0

PAUSED, STOPPING = "paused", "stopping"
"""What `Progress.note` says of a run that somebody commanded."""


@dataclass(frozen=True, slots=True, repr=False)
class Progress:
    """How a run stands at one moment.

    Attributes:
        counts: Rows by status, every status present; their sum is the number of rows.
        seconds: Since the run began.
        per_second: Messages per second over the last few seconds.
        seconds_left: An estimate, or None while there is nothing to go by, as in the first seconds.
        server: Where it goes, such as "smtp.example.org:587", or "the sandbox".
        connections: How many are open.
        complaint: The server's last refusal, or "".
        note: What it waits for ("paused"), or "".
        making: That making messages is the limit, and what to do about it, or "".
        purpose: What the run is for.
    """

    counts: Mapping[Status, int]
    seconds: float
    per_second: float
    seconds_left: float | None
    server: str
    connections: int
    complaint: str
    note: str = ""
    making: str = ""
    purpose: Purpose = "mail"

    @property
    def total(self) -> int:
        """All rows of the run."""
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """The rows that are no longer pending."""
        return self.total - self.counts["pending"]

    def __repr__(self) -> str:
        others = [f"{count:,} {status}" for status, count in self.counts.items() if count and status != "pending"]
        pace = f"{self.per_second:,.1f} a second" if self.per_second else ""
        left = f"about {self.seconds_left:,.0f} s left" if self.seconds_left else ""
        said = [f"{self.done:,} of {self.total:,} done", *others, pace, left, self.note, self.complaint]
        return f"<Progress: {', '.join(filter(None, said))}>"


class Meter:
    """Measures messages per second over the last few seconds.

    Time is an argument: any clock that only goes forward.
    """

    def __init__(self, now: float) -> None:
        self._started = now
        self._samples: deque[tuple[float, int]] = deque([(now, 0)])

    def seconds(self, now: float) -> float:
        """Tell how long the run has lasted."""
        return now - self._started

    def per_second(self, now: float, done: int) -> float:
        """Note how much is done and return the speed over the window."""
        self._samples.append((now, done))
        while len(self._samples) > 2 and now - self._samples[0][0] > WINDOW_SECONDS:  # noqa: PLR2004 -- first and last
            self._samples.popleft()
        then, before = self._samples[0]
        return (done - before) / (now - then) if now > then else 0.0

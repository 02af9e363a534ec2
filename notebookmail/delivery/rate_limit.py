"""A shared rate: a bucket of tokens, one for each message."""

from __future__ import annotations

import math
import re
from numbers import Real
from typing import Final, cast

from notebookmail.errors import FrameError

_RATE: Final = re.compile(
    r"\s*(\d+(?:\.\d+)?)\s*(?:/|per)\s*(s|sec|second|min|minute|m|h|hour|day|d)\s*", re.IGNORECASE
)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def parse_rate(rate: float | str) -> float:
    """Read a rate as messages a second: a number of them, or a text such as "30/min" or "14/s".

    Raises:
        FrameError: It is neither, or not above 0.
    """
    value = math.nan
    if isinstance(rate, str):
        match = _RATE.fullmatch(rate)
        if match:
            value = float(match[1]) / _SECONDS[match[2][0].lower()]
    elif isinstance(cast("object", rate), Real) and not isinstance(rate, bool):  # NumPy's integers, too
        value = float(rate)
    if not 0 < value < math.inf:
        raise FrameError(f"rate={rate!r}: it is a number of messages a second above 0, or like '30/min' or '14/s'")
    return value


class Bucket:
    """Grants messages at a rate: in any stretch of time at most `rate * seconds + burst`.

    Args:
        rate: Messages a second, above 0.
        burst: How many may go at once after a rest; one by default, so that a minute's limit is never met early.
    """

    def __init__(self, rate: float, burst: int = 1) -> None:
        self._interval = 1 / rate
        self._slack = (burst - 1) * self._interval
        self._due = -math.inf

    def take(self, now: float) -> float:
        """Take a token: 0.0 if there was one, else the seconds until there is.

        Args:
            now: Seconds of a clock. One that goes back grants nothing early, and holds nothing longer than one
                message's time.
        """
        wait = self._due - self._slack - now
        if wait > self._interval:
            self._due = now + self._interval + self._slack
            return self._interval
        if wait > 0:
            return wait
        self._due = max(self._due, now) + self._interval
        return 0.0

    def slow_down(self, factor: float) -> None:
        """Grant only this share of the rate from now on; what was granted already still counts.

        Args:
            factor: Above 0, at most 1.
        """
        self._interval /= factor  # the slack stays in seconds: to widen it, too, would grant a burst at once

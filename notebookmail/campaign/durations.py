"""A length of time as an option says it: "5d", "36h", "90min", or a timedelta."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from notebookmail.errors import FrameError

_SECONDS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LONGEST_SECONDS: Final = 100 * 366 * 86_400


def seconds_of(option: str, value: object) -> float:
    """Return how long an option says, in seconds; None is no time.

    Args:
        option: The option's name, for the message.
        value: What it says.

    Raises:
        FrameError: It is no length of time.
    """
    seconds = 0.0 if value is None else _read(value)
    if seconds is None or not 0 <= seconds <= _LONGEST_SECONDS:
        raise FrameError(f"{option}={value!r}: it is a time, as in '5d', '36h', '90min', '2w', or a timedelta")
    return seconds


def _read(value: object) -> float | None:
    if isinstance(value, timedelta):
        return value.total_seconds() if value == value else None  # noqa: PLR0124 -- pandas' NaT is a timedelta
    if not isinstance(value, str):
        return None
    number = value.strip().rstrip("".join(_SECONDS)).rstrip()
    unit = value.strip()[len(number) :].strip()
    is_number = number.isascii() and number.replace(".", "", 1).isdigit()
    return float(number) * _SECONDS[unit] if is_number and unit in _SECONDS else None

"""Sizes, durations and moments as people say them; the one place where they are written.

Moments are UTC, and say so: what is saved is read in other zones, and `results.frame` holds UTC, too.
"""

from __future__ import annotations

import math
from datetime import UTC
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_UNITS: Final = (("GB", 10**9), ("MB", 10**6), ("kB", 10**3))
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def size_in_words(octets: int) -> str:
    """Write a number of octets as a mail program does: "640 bytes", "4.2 kB", "1.3 MB"."""
    for unit, factor in _UNITS:
        if octets >= factor:
            return f"{octets / factor:,.{1 if octets < 100 * factor else 0}f} {unit}"
    return "1 byte" if octets == 1 else f"{octets} bytes"


def duration(seconds: float) -> str:
    """Say a time span: "12 s", "2 min 05 s", "1 h 12 min", "3 d 04 h"."""
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR:02} h"


def least_duration(seconds: float) -> str:
    """Say how long something takes at the least: never more than it does, and no more exact than it is known.

    Example:
        >>> least_duration(150), least_duration(600)
        ('2 min 30 s', '10 min')
    """
    words = duration(math.floor(seconds))
    for nothing in (" 00 s", " 00 min", " 00 h"):
        words = words.removesuffix(nothing)
    return words


def counted_in_words(counted: Sequence[tuple[str, int]], most: int = 5) -> list[str]:
    """Say how many there are of each sort: ["17 answered", "6 bounced", "2 others"].

    Args:
        counted: The sorts with their numbers, in the order they are said in.
        most: How many sorts are named.
    """
    rest = sum(count for _, count in counted[most:])
    named = [f"{count:,} {what}" for what, count in counted[:most]]
    return [*named, f"{rest:,} other{'' if rest == 1 else 's'}"] if rest else named


def moment(when: datetime) -> str:
    """Write a moment: "2026-05-04 14:02:31 UTC"."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def span_in_utc(began: datetime, ended: datetime) -> str:
    """Write from when to when: "2026-05-04 14:02 to 14:05 UTC"; a single moment once."""
    first, last = (f"{each.astimezone(UTC):%Y-%m-%d %H:%M}" for each in (began, ended))
    if first == last:
        return f"{first} UTC"
    is_one_day = first[:10] == last[:10]
    return f"{first} to {last[11:] if is_one_day else last} UTC"

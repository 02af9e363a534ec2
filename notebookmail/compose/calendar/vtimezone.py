"""Time zones as iCalendar defines them (RFC 5545 3.6.5), for the years an event is in.

Not icalendar's own definitions: those are of seventy years, and have the clocks go forward an hour too late.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAY: Final = dt.timedelta(days=1)


def definition(key: str, years: frozenset[int]) -> Timezone:
    """Define a zone for some years.

    Args:
        key: Its IANA name, which stands in TZID.
        years: The years with a time in them.
    """
    timezone = Timezone()
    timezone.add("tzid", key)
    for year in sorted(years):
        timezone.subcomponents += _observances(key, year)
    return timezone


@lru_cache(maxsize=256)
def _observances(key: str, year: int) -> tuple[TimezoneStandard | TimezoneDaylight, ...]:
    zone = ZoneInfo(key)
    observances: list[TimezoneStandard | TimezoneDaylight] = []
    for onset, before in _onsets(zone, year):
        local = onset.astimezone(zone)
        observance = TimezoneDaylight() if local.dst() else TimezoneStandard()
        # The onset is told by the clock as it was until then (RFC 5545 3.6.5).
        observance.add("dtstart", onset.replace(tzinfo=None) + before)
        observance.add("tzoffsetfrom", before)
        observance.add("tzoffsetto", _offset(onset, zone))
        observance.add("tzname", local.tzname())
        observances.append(observance)
    return tuple(observances)


def _onsets(zone: ZoneInfo, year: int) -> Iterator[tuple[dt.datetime, dt.timedelta]]:
    """Find the start of a year and when its clocks change, in UTC, each with the offset until then."""
    at = dt.datetime(year, 1, 1, tzinfo=zone).astimezone(dt.UTC)
    end = dt.datetime(year + 1, 1, 1, tzinfo=zone).astimezone(dt.UTC)
    before = _offset(at, zone)
    yield at, before
    while at < end:
        if _offset(at + _DAY, zone) != before:
            seconds = range(int(_DAY.total_seconds()))
            at += dt.timedelta(
                seconds=bisect_left(
                    seconds, True, key=lambda second: _offset(at + dt.timedelta(seconds=second), zone) != before
                )
            )
            yield at, before
            before = _offset(at, zone)
        else:
            at += _DAY


def _offset(instant: dt.datetime, zone: ZoneInfo) -> dt.timedelta:
    return instant.astimezone(zone).utcoffset() or dt.timedelta()

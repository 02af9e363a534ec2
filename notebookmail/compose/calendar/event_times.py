"""When an event is: start, end and alarm, read from what a cell or a template may hold.

No time zone is guessed: a time without one is refused, unless the author has named the zone it is meant in. A date
alone is a whole day; as in RFC 5545 3.6.1 the end is then the first day that no longer belongs to the event.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any, Final
from zoneinfo import ZoneInfo

from notebookmail.compose.rows.missing import is_missing
from notebookmail.errors import TemplateError

_YEARS: Final = range(1900, 3000)
_EXAMPLES: Final = "give a date, a datetime, or a text like 2026-05-01 or 2026-05-01 10:00"


def read_zone(value: Any) -> ZoneInfo | None:
    """Return the zone of an IANA name, such as Europe/Berlin; None for no value.

    Raises:
        TemplateError: There is no such zone.
    """
    if is_missing(value) or value == "":
        return None
    if isinstance(value, ZoneInfo) and value.key:
        return value
    try:
        return ZoneInfo(value)
    except (TypeError, ValueError, KeyError, OSError) as problem:
        raise TemplateError(
            f"timezone {value!r:.60} is not the name of a time zone: write one like 'Europe/Berlin' or 'UTC'"
        ) from problem


def read_times(
    start: Any, end: Any, duration: Any, zone: ZoneInfo | None
) -> tuple[dt.date, dt.date] | tuple[dt.datetime, dt.datetime]:
    """Return when an event starts and ends: two dates, or two datetimes with a zone, to the second.

    Args:
        start: A date, a datetime (of pandas, too), or ISO 8601 text of one.
        end: The same; or nothing, if there is a duration, or for the whole day `start` is.
        duration: Minutes, as a number or text, or a timedelta; or nothing.
        zone: The zone of times that name none; the others are told in it, too.

    Raises:
        TemplateError: One of them cannot be read, or they do not fit together.
    """
    first = _moment(start, "start", zone)
    has_end, has_duration = _is_given(end), _is_given(duration)
    if has_end and has_duration:
        raise TemplateError("end and duration exclude each other: give one of them")
    if has_end:
        last = _moment(end, "end", zone)
    elif has_duration:
        last = _after(first, read_span(duration, "duration"))
    elif isinstance(first, dt.datetime):
        raise TemplateError("the event has no end: give end= or duration= (in minutes)")
    else:
        last = first + dt.timedelta(days=1)
    return _in_order(first, last)


def read_span(value: Any, name: str) -> dt.timedelta:
    """Return a span of time given in minutes or as a timedelta; never a negative one.

    Raises:
        TemplateError: It is something else.
    """
    try:
        span = value if isinstance(value, dt.timedelta) else dt.timedelta(minutes=_number(value))
    except (ValueError, OverflowError) as problem:
        raise TemplateError(
            f"{name} {value!r:.60} is not a span of time: give minutes, as 90 or '90', or a timedelta"
        ) from problem
    if span < dt.timedelta():
        raise TemplateError(f"{name} {value!r:.60} is negative")
    return span


def _is_given(value: Any) -> bool:
    return not is_missing(value) and value != ""


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or not math.isfinite(float(value)):
        raise ValueError(value)
    return float(value)


def _moment(value: Any, name: str, zone: ZoneInfo | None) -> dt.date:
    """Read a date, or a datetime and put it into its zone."""
    if not _is_given(value):
        raise TemplateError(f"the event has no {name}: {_EXAMPLES}")
    moment = _parsed(value, name) if isinstance(value, str) else value
    if not isinstance(moment, dt.date):
        raise TemplateError(f"{name} is a {type(value).__name__}: {_EXAMPLES}")
    if moment.year not in _YEARS:
        raise TemplateError(f"{name} is in the year {moment.year}, which calendars do not hold")
    if not isinstance(moment, dt.datetime):
        return moment
    plain = dt.datetime.combine(moment.date(), moment.time().replace(microsecond=0), moment.tzinfo)
    return _placed(plain.replace(fold=moment.fold), name, zone)


def _parsed(text: str, name: str) -> dt.date:
    for kind in (dt.date, dt.datetime):
        try:
            return kind.fromisoformat(text.strip())
        except ValueError:
            continue
    raise TemplateError(f"{name} {text!r:.60} is not a time: {_EXAMPLES}")


def _placed(moment: dt.datetime, name: str, zone: ZoneInfo | None) -> dt.datetime:
    if moment.utcoffset() is not None:
        return _told(moment, zone or ZoneInfo(_zone_name(moment)))
    if zone is None:
        raise TemplateError(
            f"{name} {moment:%Y-%m-%d %H:%M} says no time zone: name the one that is meant, as in "
            "timezone='Europe/Berlin'"
        )
    placed = moment.replace(tzinfo=zone)
    if placed.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) != moment:
        raise TemplateError(f"{name} {moment:%Y-%m-%d %H:%M} does not exist in {zone.key}: the clocks skip it")
    return _told(placed, zone)


def _zone_name(moment: dt.datetime) -> str:
    """Return the name of the zone a time is in, UTC for a bare offset; `zone` is what pytz calls it."""
    return getattr(moment.tzinfo, "key", None) or getattr(moment.tzinfo, "zone", None) or "UTC"


def _told(moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Return a moment in a zone; in UTC if the zone has that hour twice, which a local time cannot tell apart."""
    instant = moment.astimezone(dt.UTC)
    local = instant.astimezone(zone)
    return instant if local.fold or zone.key == "UTC" else local


def _after(first: dt.date, span: dt.timedelta) -> dt.date:
    if not isinstance(first, dt.datetime) and span % dt.timedelta(days=1):
        raise TemplateError("the event is of whole days, and its duration is not: give a start with a time")
    try:
        last = (first.astimezone(dt.UTC) if isinstance(first, dt.datetime) else first) + span
    except OverflowError as problem:
        raise TemplateError("the duration is longer than calendars hold") from problem
    return _moment(last, "end", ZoneInfo(_zone_name(first)) if isinstance(first, dt.datetime) else None)


def _in_order(first: dt.date, last: dt.date) -> tuple[dt.date, dt.date] | tuple[dt.datetime, dt.datetime]:
    if isinstance(first, dt.datetime) and isinstance(last, dt.datetime):
        # Two times of one zone would be compared by their clocks; the instants count.
        if last.astimezone(dt.UTC) <= first.astimezone(dt.UTC):
            raise TemplateError(f"the event ends at {last:%Y-%m-%d %H:%M}, not after its start")
        return first, last
    if isinstance(first, dt.datetime) or isinstance(last, dt.datetime):
        raise TemplateError("start and end are a date and a time: give both as dates, or both with a time")
    if last <= first:
        raise TemplateError(
            f"the event ends on {last}, not after its start: end is the first day that no longer belongs to it"
        )
    return first, last

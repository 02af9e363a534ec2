"""What an event is, read from the values a template or a row gives: each checked, none repaired.

A text stays text: what could end a line of the calendar, and so add a property to the event, is refused. Only the
description may have several lines.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notebookmail.address import has_control
from notebookmail.compose.markup.link_schemes import LinkError, guard_link
from notebookmail.compose.mime.structured_headers import check_uri
from notebookmail.compose.rows.missing import is_missing
from notebookmail.errors import TemplateError

from .event_times import read_span, read_times, read_zone

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

_KEYS: Final = (
    "summary", "start", "end", "duration", "location", "description", "url", "uid", "alarm", "timezone",
    "organizer", "sequence",
)  # fmt: skip
_DIGITS: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEvent:
    """What an event is; empty texts are left out.

    Attributes:
        summary: Its title.
        start: When it starts: a date, or a datetime with a zone.
        end: When it ends, of the same kind.
        location: Where it is.
        description: What it is about; may have several lines.
        url: Where to read more, a checked URI.
        uid: What names it; the same name again updates it.
        alarm: How long before the start to remind of it.
        sequence: Counts its updates.
    """

    summary: str
    start: dt.date
    end: dt.date
    location: str = ""
    description: str = ""
    url: str = ""
    uid: str = ""
    alarm: dt.timedelta | None = None
    sequence: int = 0


def check_keys(calendar: Mapping[Any, Any]) -> None:
    """Check that an event is described by known keys, the two it cannot do without among them.

    Raises:
        TemplateError: One is unknown or missing.
    """
    for key in calendar:
        if key not in _KEYS:
            close = difflib.get_close_matches(str(key), _KEYS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(_KEYS)}"
            raise TemplateError(f"an event has no {key!r}: {hint}")
    for key in ("summary", "start"):
        if key not in calendar:
            raise TemplateError(f"the event has no {key}: give {key}=")


def read_event(values: Mapping[str, Any]) -> CalendarEvent:
    """Read the values of an event.

    Args:
        values: What is known of it by key, nothing in them to be rendered any more.

    Raises:
        TemplateError: A key or value is missing, unknown, or not what it should be.
    """
    check_keys(values)
    summary = _line(values, "summary")
    if not summary.strip():
        raise TemplateError("the event has no summary: every row needs one")
    zone = read_zone(_stripped(values.get("timezone")))
    start, end, duration = (_stripped(values.get(key)) for key in ("start", "end", "duration"))
    start, end = read_times(start, end, duration, zone)
    alarm = _stripped(values.get("alarm"))
    return CalendarEvent(
        summary=summary,
        start=start,
        end=end,
        location=_line(values, "location"),
        description=_text(values, "description"),
        url=_url(_line(values, "url").strip()),
        uid=_line(values, "uid").strip(),
        alarm=None if is_missing(alarm) or alarm == "" else read_span(alarm, "alarm"),
        sequence=_sequence(_stripped(values.get("sequence"))),
    )


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _text(values: Mapping[str, Any], key: str) -> str:
    """Return a text of maybe several lines; "" for none."""
    value = values.get(key)
    if is_missing(value):
        return ""
    if not isinstance(value, (str, int, float)):
        raise TemplateError(f"{key} is a {type(value).__name__}: a text is wanted")
    text = str(value).replace("\r\n", "\n")
    if has_control(text.replace("\n", "").replace("\t", "")):
        raise TemplateError(f"{key} holds control characters, which a calendar cannot hold: clean the column")
    return text


def _line(values: Mapping[str, Any], key: str) -> str:
    """Return a text of one line; "" for none."""
    text = _text(values, key)
    if "\n" in text or "\t" in text:
        raise TemplateError(f"{key} holds a line break or a tab: only the description may have several lines")
    return text


def _url(url: str) -> str:
    if url:
        try:
            check_uri(guard_link(url))
        except LinkError as problem:
            raise TemplateError(str(problem)) from problem
    return url


def _sequence(value: Any) -> int:
    if is_missing(value) or value == "":
        return 0
    if isinstance(value, bool) or not _DIGITS.fullmatch(str(value)):
        raise TemplateError(
            f"sequence {value!r:.60} is not a whole number from 0 on: it counts the event's updates"
        )
    return int(value)

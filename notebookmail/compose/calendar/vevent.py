"""Events as iCalendar objects (RFC 5545), for an invitation to be answered (RFC 5546 3.2.2): METHOD:REQUEST.

The only place that knows `icalendar`, and imported when a template invites. What an author or a cell said is text,
escaped, and adds no property; a calendar object the author brings is copied, and completed only where something is
missing. DTSTAMP is the message's date and the default UID comes from the row, so a second try is the same event.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from icalendar import (
    Alarm,
    Calendar,
    Event,
    InvalidCalendar,
    Parameters,
    Timezone,
    vCalAddress,
    vDuration,
    vText,
    vUri,
)

from notebookmail.address import has_control
from notebookmail.errors import INTERRUPTS, TemplateError

from .event import CalendarEvent
from .vtimezone import definition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookmail.address import NamedAddress

_PRODUCT: Final = "-//notebookmail//EN"
_ASKING: Final = frozenset({"REQUEST", "PUBLISH"})
_RECURRING_YEARS: Final = 20
_ANY_TIME: Final = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_ALLOWED: Final = {ord("\n"): None, ord("\t"): None}  # the control characters a text may hold (RFC 5545 3.3.11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks whom, and when.

    Attributes:
        organizer: Whom the answers go to, if anybody is known yet.
        attendees: Who is invited.
        uid: What names the event, unless it has a name.
        stamp: When the invitation was made.
    """

    organizer: NamedAddress | None
    attendees: Sequence[NamedAddress]
    uid: str
    stamp: dt.datetime


class _Text(vText):
    r"""A text as RFC 5545 3.3.11 escapes it; icalendar makes a line break of the `\N` in C:\New."""

    def to_ical(self) -> bytes:
        escaped = self.replace("\\", "\\\\").replace(";", r"\;").replace(",", r"\,").replace("\n", r"\n")
        return escaped.encode("utf-8")


class _Parameters(Parameters):
    """Parameters with names always quoted: an unquoted backslash hides the next delimiter from some readers."""

    always_quoted = (*Parameters.always_quoted, "CN")  # type: ignore[assignment]  # typed by its length


def invitation(event: CalendarEvent, request: Request) -> bytes:
    """Write the invitation to an event."""
    component = Event()
    for name in ("summary", "location", "description", "uid"):
        if text := getattr(event, name):
            component[name] = _Text(text)
    component.add("dtstart", event.start)
    component.add("dtend", event.end)
    component.add("sequence", event.sequence)
    component.add("status", "CONFIRMED")
    if event.url:
        component["url"] = vUri(event.url)
    if event.alarm is not None:
        alarm = Alarm({"ACTION": vText("DISPLAY"), "DESCRIPTION": _Text(event.summary)})
        alarm["TRIGGER"] = vDuration(-event.alarm)
        component.add_component(alarm)
    calendar = Calendar()
    moments = [each for each in (event.start, event.end) if isinstance(each, dt.datetime)]
    zones = {moment.tzinfo.key for moment in moments if isinstance(moment.tzinfo, ZoneInfo)}
    for key in sorted(zones):
        calendar.add_component(definition(key, frozenset(moment.year for moment in moments)))
    calendar.add_component(component)
    return _completed(calendar, component, request)


def completed(given: Any, request: Request) -> bytes:
    """Write the invitation a calendar object, or its text, already is, with what it lacks.

    Args:
        given: An icalendar Calendar or Event, or text or bytes in iCalendar form, with one event.
        request: Who asks whom.

    Raises:
        TemplateError: It cannot be read, is not one event, or is no invitation but an answer or a cancellation.
    """
    calendar = _copy(given)
    event = _only_event(calendar)
    method = str(calendar.get("METHOD", "REQUEST")).upper()
    if method not in _ASKING:
        raise TemplateError(f"the calendar's METHOD is {method}: only a REQUEST invites")
    for missing in sorted(calendar.get_missing_tzids(), reverse=True):
        calendar.subcomponents.insert(0, _missing_definition(missing, event))
    return _completed(calendar, event, request)


def event_of(given: Any) -> CalendarEvent:
    """Read from a calendar object or text what a letter shows of its event.

    Raises:
        TemplateError: As for `completed`.
    """
    event = _only_event(_copy(given))
    try:
        start, end = event.start, event.end
    except InvalidCalendar as problem:
        raise TemplateError(f"the event's times cannot be read: {problem}") from problem
    summary, location, url = (str(event.get(name, "")) for name in ("summary", "location", "url"))
    return CalendarEvent(summary=summary, start=start, end=end, location=location, url=url)


def check_given(given: Any) -> None:
    """Check a calendar object or text before there is a row.

    Raises:
        TemplateError: As for `completed`.
    """
    completed(given, Request(organizer=None, attendees=(), uid="draft", stamp=_ANY_TIME))


def is_given(value: object) -> bool:
    """Tell whether a value is a calendar object or the text of one."""
    return isinstance(value, (Calendar, Event, str, bytes))


def _completed(calendar: Calendar, event: Event, request: Request) -> bytes:
    calendar["METHOD"] = vText("REQUEST")
    for name, text in (("VERSION", "2.0"), ("PRODID", _PRODUCT)):
        calendar.setdefault(name, vText(text))
    event.pop("DTSTAMP", None)
    event.add("dtstamp", request.stamp.astimezone(dt.UTC).replace(microsecond=0))
    event.setdefault("UID", _Text(request.uid))
    if request.organizer and "ORGANIZER" not in event:
        event["ORGANIZER"] = _address(request.organizer)
    known = {attendee.lower() for attendee in event.attendees}
    for mailbox in request.attendees:
        attendee = _address(mailbox)
        attendee.params.update({"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"})
        if attendee.lower() not in known:
            event.add("attendee", attendee)
    content: bytes = calendar.to_ical()
    return content


def _missing_definition(key: str, event: Event) -> Timezone:
    first = event.start.year
    span = _RECURRING_YEARS if "RRULE" in event or "RDATE" in event else 2
    try:
        return definition(key, frozenset(range(first, first + span)))
    except (ValueError, KeyError, OSError) as problem:
        raise TemplateError(
            f"the event's time zone {key!r:.60} is not defined in it, and is no IANA name"
        ) from problem


def _address(mailbox: NamedAddress) -> vCalAddress:
    """Write a mailbox as a mailto: URI (RFC 6068 2), its name beside it."""
    address = vCalAddress(f"mailto:{quote(mailbox.address, safe='@!$*+')}")
    address.params = _Parameters({"CN": mailbox.name} if mailbox.name else {})
    return address


def _copy(given: Any) -> Calendar:
    """Read what was given anew, so that the author's object is never changed."""
    try:
        octets = given.to_ical() if isinstance(given, (Calendar, Event)) else given
        text = octets if isinstance(octets, str) else octets.decode("utf-8-sig")
        component: Any = Calendar.from_ical(text)
    except INTERRUPTS:
        raise
    except BaseException as problem:  # the library raises whatever its parsers run into
        raise TemplateError(f"the calendar cannot be read: {problem!s:.200}") from problem
    if has_control(text.replace("\r\n", "\n").translate(_ALLOWED)):
        raise TemplateError("the calendar holds control characters: take them out")
    calendar: Calendar = component
    if isinstance(component, Event):
        calendar = Calendar()
        calendar.add_component(component)
    for each in calendar.walk():
        for name, value in each.items():
            each[name] = [_literal(item) for item in value] if isinstance(value, list) else _literal(value)
    return calendar


def _literal(value: Any) -> Any:
    """Return a value that is written as it was read."""
    if type(value) is vText:
        return _Text(value, params=value.params)
    if isinstance(value, vCalAddress):
        value.params = _Parameters(value.params)
    return value


def _only_event(calendar: Calendar) -> Event:
    events = [each for each in calendar.subcomponents if not isinstance(each, Timezone)]
    if len(events) != 1 or not isinstance(events[0], Event):
        raise TemplateError("the calendar is not one event (VEVENT): an invitation is for one")
    event = events[0]
    if event.errors:
        raise TemplateError(f"the event cannot be read: {event.errors[0][1]:.200}")
    for name in ("SUMMARY", "DTSTART"):
        if name not in event:
            raise TemplateError(f"the event has no {name}: an invitation needs it (RFC 5546 3.2.2)")
    for name in ("DTSTART", "DTEND"):
        if name in event:
            moment = getattr(event[name], "dt", None)
            if not isinstance(moment, dt.date):
                raise TemplateError(f"the event's {name} is not one time")
            if isinstance(moment, dt.datetime) and moment.utcoffset() is None:
                raise TemplateError(
                    f"the event's {name} is in no time zone that is known: give it a TZID such as Europe/Berlin, "
                    "or write it in UTC"
                )
    return event

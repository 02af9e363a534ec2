"""An invitation to an event, as the letter's third alternative: text/calendar (RFC 6047 2.4).

Mail programs that know it show Accept and Decline and put the event into the calendar; the others show the letter.
An event is described by a few values, each a template or a function of the row, or brought as a calendar object.
What a function returns is never rendered: it is data. An event that is not clear (no end, no time zone, a key
nobody knows) is refused, because a wrong appointment is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from notebookmail.address import NamedAddress, domain_of, parse_mailbox
from notebookmail.errors import AddressError, TemplateError

from .addresses.mailbox_template import MailboxTemplate
from .calendar.event import check_keys, read_event
from .jinja.parts import TemplatePart, names_in
from .mime.transfer_encoding import base64_body
from .row_functions import called, is_callable
from .rows.missing import is_missing

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable, Sequence
    from types import ModuleType

    from jinja2 import Environment

    from .calendar.event import CalendarEvent
    from .mime import multipart

    _Resolve = Callable[[dict[str, Any], Any, Hashable], Any]

FIELD: Final = "calendar"
_NOBODY: Final = "draft.invalid"  # RFC 2606: nobody's
_FIELDS: Final = (
    b'Content-Type: text/calendar; method=REQUEST; charset="utf-8"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
)


class Invitation:
    """Makes a row's invitation.

    Args:
        env: The text environment.
        calendar: A mapping with `summary`, `start`, and `end` or `duration` (minutes), and whichever are wanted of
            `location`, `description`, `url`, `uid` (the same again updates the event), `alarm` (minutes before),
            `timezone` (an IANA name), `organizer` (by default the sender) and `sequence`: every text a template,
            every value maybe a function of the row. Or a function of the row that returns such a mapping of plain
            values, a calendar object, or None for no invitation. Or an icalendar Calendar or Event, or text or
            bytes in iCalendar form, with one event: completed by the organizer and the attendees.

    Attributes:
        names: The names its templates read; "row" among them where a function reads the row.

    Raises:
        TemplateError: It is none of these, or icalendar is not installed.
    """

    def __init__(self, env: Environment, calendar: Any) -> None:
        self._vevent = _vevent()
        self._values: dict[str, _Resolve] | None = None
        self._given = calendar
        self.names: frozenset[str] = frozenset()
        if is_callable(calendar):
            self.names = frozenset({"row"})
            return
        try:
            if self._is_described(calendar):
                check_keys(calendar)
                self._values = {key: _resolver(env, key, value) for key, value in calendar.items()}
                self.names = frozenset[str]().union(*(_names(env, value) for value in calendar.values()))
            elif self._vevent.is_given(calendar):
                self._vevent.check_given(calendar)
            else:
                raise _wrong(calendar)
        except TemplateError as problem:
            raise TemplateError(problem.message, FIELD) from problem

    def part(
        self,
        context: dict[str, Any],
        row: Any,
        label: Hashable,
        *,
        organizer: NamedAddress | None,
        attendees: Sequence[NamedAddress],
        token: str,
        date: dt.datetime,
    ) -> multipart.MimePart | None:
        """Make a row's part; None if the row gets no invitation.

        Args:
            context: The row's values, as a template sees them.
            row: The row, as a function sees it.
            label: The row's label, for messages.
            organizer: The message's sender, if there is one yet.
            attendees: Whom the message goes to.
            token: What the event's UID is made of, unless it has one.
            date: The message's date, with a time zone.

        Raises:
            TemplateError: A value is missing, or is not what its key wants.
        """
        asked = self._asked(context, row, label)
        if asked is None:
            return None
        try:
            content = self._content(asked, organizer, attendees, token, date)
        except TemplateError as problem:
            raise TemplateError(problem.message, FIELD, label) from problem
        return [_FIELDS, base64_body(content)]

    def event(self, context: dict[str, Any], row: Any, label: Hashable) -> CalendarEvent | None:
        """Return a row's event, for the letter to show; None if the row gets no invitation.

        Raises:
            TemplateError: As for `part`.
        """
        asked = self._asked(context, row, label)
        if asked is None:
            return None
        try:
            if self._is_described(asked):
                return read_event(asked)
            if not self._vevent.is_given(asked):
                raise _wrong(asked)
            event: CalendarEvent = self._vevent.event_of(asked)
        except TemplateError as problem:
            raise TemplateError(problem.message, FIELD, label) from problem
        return event

    def _asked(self, context: dict[str, Any], row: Any, label: Hashable) -> Any:
        if self._values is not None:
            return {key: resolve(context, row, label) for key, resolve in self._values.items()}
        return called(self._given, row, FIELD, label) if is_callable(self._given) else self._given

    def _content(
        self,
        asked: Any,
        sender: NamedAddress | None,
        attendees: Sequence[NamedAddress],
        token: str,
        date: dt.datetime,
    ) -> bytes:
        is_described = self._is_described(asked)
        organizer = (_mailbox(asked.get("organizer")) if is_described else None) or sender
        uid = f"{token}@{domain_of(organizer.address) if organizer else _NOBODY}"
        request = self._vevent.Request(organizer=organizer, attendees=attendees, uid=uid, stamp=date)
        if is_described:
            content: bytes = self._vevent.invitation(read_event(asked), request)
        elif self._vevent.is_given(asked):
            content = self._vevent.completed(asked, request)
        else:
            raise _wrong(asked)
        return content

    def _is_described(self, asked: Any) -> bool:
        """Tell a mapping of values from a calendar object, which is a mapping, too."""
        return isinstance(asked, Mapping) and not self._vevent.is_given(asked)


def _vevent() -> ModuleType:
    try:
        from .calendar import vevent
    except ImportError as problem:
        raise TemplateError(
            "an invitation needs icalendar: pip install 'notebookmail[calendar]'", FIELD
        ) from problem
    return vevent


def _wrong(value: Any) -> TemplateError:
    return TemplateError(
        f"a {type(value).__name__} is no event: give a mapping with summary, start and end, an icalendar Event, "
        "iCalendar text, or a function of the row that returns one of them"
    )


def _names(env: Environment, value: Any) -> frozenset[str]:
    if is_callable(value):
        return frozenset({"row"})
    return names_in(env, value, FIELD) if isinstance(value, str) else frozenset()


def _resolver(env: Environment, key: str, value: Any) -> _Resolve:
    """Return what makes a key's value from a row."""
    if is_callable(value):
        return lambda _context, row, label: called(value, row, FIELD, label)
    if not isinstance(value, str):
        return lambda _context, _row, _label: value
    if key == "organizer":
        box = MailboxTemplate(env, value, FIELD)
        return lambda context, _row, label: box.render_optional(context, label)
    part = TemplatePart(env, value, FIELD)
    return lambda context, _row, label: part.render(context, label)


def _mailbox(value: Any) -> NamedAddress | None:
    """Read the organizer; None for none."""
    if isinstance(value, NamedAddress):
        return value
    if is_missing(value) or value == "":
        return None
    try:
        return parse_mailbox(str(value))
    except AddressError as problem:
        raise TemplateError(f"organizer: {problem.message}") from problem

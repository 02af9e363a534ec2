"""An event as the letter itself shows it, for mail programs that know no invitations: what, when, where."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from notebookmail.compose.filters.locales import locale_of

if TYPE_CHECKING:
    from .event import CalendarEvent

_CARD = (
    "max-width:440px;margin:8px 0 24px;padding:14px 18px;border:1px solid #9aa4ae;border-left:4px solid #0b5fa5;"
    "border-radius:6px"
)
_SUMMARY = "font-size:17px;line-height:1.35;font-weight:600;margin:0 0 4px"
_DAY = dt.timedelta(days=1)


def event_html(event: CalendarEvent, locale: str) -> Markup:
    """Write an event as a card."""
    rows = [f'<div style="{_SUMMARY}">{escape(event.summary)}</div>']
    rows += [f"<div>{escape(text)}</div>" for text in (when(event, locale), event.location) if text]
    if event.url:
        link = escape(event.url)
        rows.append(f'<div><a href="{link}" style="color:#0b5fa5;word-break:break-all">{link}</a></div>')
    return Markup(f'<div style="{_CARD}">{"".join(rows)}</div>')  # noqa: S704 - every value in it is escaped above


def event_text(event: CalendarEvent, locale: str) -> str:
    """Write an event as lines of a text."""
    lines = (event.summary, when(event, locale), event.location, event.url)
    return "\n".join(line for line in lines if line)


def when(event: CalendarEvent, locale: str) -> str:
    """Write when an event is, on its own clock: "Thursday, April 9, 2026, 3:00 PM - 3:30 PM (Europe/Berlin)"."""
    from babel.dates import format_date, format_time

    home, start, end = locale_of(locale), event.start, event.end
    if not isinstance(start, dt.datetime) or not isinstance(end, dt.datetime):
        last = end - _DAY  # the end of an event of whole days is the day after (RFC 5545 3.6.1)
        days = [format_date(day, "full", locale=home) for day in dict.fromkeys((start, max(start, last)))]
        return " \N{EN DASH} ".join(days)
    days = [format_date(moment, "full", locale=home) for moment in (start, end)]
    times = [_plain(format_time(moment.timetz(), "short", locale=home)) for moment in (start, end)]
    if days[0] == days[1]:
        span = f"{days[0]}, {times[0]} \N{EN DASH} {times[1]}"
    else:
        span = f"{days[0]}, {times[0]} \N{EN DASH} {days[1]}, {times[1]}"
    return f"{span} ({_zone(start)})"


def _plain(text: str) -> str:
    return text.replace("\N{NARROW NO-BREAK SPACE}", " ")  # mail programs' fonts often lack it


def _zone(moment: dt.datetime) -> str:
    """Name a moment's time zone as people look it up."""
    key = getattr(moment.tzinfo, "key", None)
    return str(key or moment.tzname() or moment.strftime("UTC%z"))

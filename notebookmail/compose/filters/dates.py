"""Dates and times of day as a letter writes them, in the reader's language.

A moment is shown as its own clock shows it: nothing is moved to another time zone, and a moment without a zone is
not said to have one. The words are those of the letter's locale, in strftime forms too: the machine's own locale,
which Python would take, has no say.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import TemplateError

from .locales import locale_of

if TYPE_CHECKING:
    from babel import Locale

_WORDED: Final = ("short", "medium", "long", "full")
_NOON: Final = 12
_CODE: Final = re.compile(r"%(.)", re.DOTALL)


def date(value: Any, form: str | None = None, *, locale: str = "en") -> str:
    """Write a date: 2025-05-01, "May 1, 2025", "1. Mai 2025".

    Args:
        value: A date, a moment, or a text in ISO 8601.
        form: "short", "medium", "long", "full", or a strftime form such as "%d.%m.%Y". By default the locale's
            medium form; in "en", which names no country, ISO 8601, for its readers take 1/5 for different days.
        locale: The reader's locale.

    Raises:
        TemplateError: It is no date, or the form is unknown.
    """
    from babel.dates import format_date

    moment, home = _date_of(value), locale_of(locale)
    form = form or ("%Y-%m-%d" if _names_no_country(home) else "medium")
    if _is_worded(form, "date"):
        return format_date(moment, form, locale=home)
    return _strftime(moment, form, home)


def time(value: Any, form: str | None = None, *, locale: str = "en") -> str:
    """Write a time of day: 14:30, "2:30 PM".

    Args:
        value: A time, a moment, or a text in ISO 8601.
        form: "short", "medium" (with seconds), "long", "full" (with the time zone), or a strftime form. By default
            the locale's short form; in "en", which names no country, ISO 8601.
        locale: The reader's locale.

    Raises:
        TemplateError: It has no time of day, the form is unknown, or wants a time zone where there is none.
    """
    from babel.dates import format_time

    moment, home = _time_of(value), locale_of(locale)
    form = form or ("%H:%M" if _names_no_country(home) else "short")
    if not _is_worded(form, "time"):
        return _strftime(moment, form, home)
    if form in {"long", "full"} and moment.tzinfo is None:
        raise TemplateError(
            f'{value!r:.60} has no time zone, which | time("{form}") would name: write "short" or "medium"'
        )
    return format_time(moment, form, locale=home)


def _names_no_country(locale: Locale) -> bool:
    return (locale.language, locale.territory) == ("en", None)


def _date_of(value: Any) -> dt.date:
    moment = _from_numpy(value)
    if isinstance(moment, str):
        try:
            moment = dt.datetime.fromisoformat(moment.strip())
        except ValueError:
            moment = None
    if not isinstance(moment, dt.date):
        raise TemplateError(
            f"{value!r:.60} is not a date, and | date writes dates: correct the column, or convert it with "
            "pd.to_datetime"
        )
    return moment


def _time_of(value: Any) -> dt.time | dt.datetime:
    moment = _from_numpy(value)
    if isinstance(moment, str):
        moment = _time_of_text(moment.strip())
    if not isinstance(moment, (dt.time, dt.datetime)):
        raise TemplateError(
            f"{value!r:.60} has no time of day, and | time writes one: correct the column, or convert it with "
            "pd.to_datetime"
        )
    return moment


def _time_of_text(text: str) -> dt.time | dt.datetime | None:
    if ":" not in text:  # a date alone would be midnight, and a year a time of day: 20:25
        return None
    for read in (dt.time.fromisoformat, dt.datetime.fromisoformat):
        try:
            return read(text)
        except ValueError:
            continue
    return None


def _from_numpy(value: Any) -> Any:
    """Turn NumPy's moments to Python's; what else there is stays as it is."""
    return value.astype("datetime64[us]").item() if type(value).__name__ == "datetime64" else value


def _is_worded(form: Any, kind: str) -> bool:
    """Tell whether a form is one of the locale's own.

    Raises:
        TemplateError: It is neither that nor strftime's.
    """
    if form in _WORDED:
        return True
    if isinstance(form, str) and "%" in form:
        return False
    example = "%d.%m.%Y" if kind == "date" else "%H:%M"
    raise TemplateError(
        f"| {kind} has no form {form!r:.60}: write {', '.join(map(repr, _WORDED))}, or one such as {example!r}"
    )


def _strftime(moment: dt.date | dt.time, form: str, locale: Locale) -> str:
    """Python's strftime with the words of a locale."""

    def word(code: re.Match[str]) -> str:
        return _word(moment, code[1], locale) or code[0]

    return moment.strftime(_CODE.sub(word, form))


def _word(moment: dt.date | dt.time, code: str, locale: Locale) -> str | None:
    """Return the word a strftime code stands for; None for the others."""
    width = "wide" if code in "AB" else "abbreviated"
    word: str | None = None
    if code in "aA" and isinstance(moment, dt.date):
        word = locale.days["format"][width][moment.weekday()]
    elif code in "bBh" and isinstance(moment, dt.date):
        word = locale.months["format"][width][moment.month]
    elif code == "p" and isinstance(moment, (dt.time, dt.datetime)):
        word = locale.day_periods["format"]["abbreviated"]["am" if moment.hour < _NOON else "pm"]
    return word

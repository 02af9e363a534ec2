"""The filters a letter's values pass through to be read by people: number, money, percent, date, time, join_and.

They write in the template's locale; `locale=` in a template overrides it. A value that is not there passes
untouched, so that the environment can still refuse it: a filter never makes something of nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Undefined

from notebookmail.compose.rows.missing import is_missing
from notebookmail.errors import TemplateError

from .dates import date, time
from .locales import locale_of
from .numbers import money, number, percent

if TYPE_CHECKING:
    from collections.abc import Callable


def filters(locale: str) -> dict[str, Callable[..., Any]]:
    """Return the filters of a locale by the names templates call them.

    Args:
        locale: An identifier such as "en", "de_CH" or "pt-BR".

    Raises:
        TemplateError: There is no such locale.
    """
    check_locale(locale)
    return {write.__name__: _of_present(partial(write, locale=locale)) for write in _WRITERS}


def check_locale(locale: str) -> None:
    """Check that a locale is known.

    Raises:
        TemplateError: It is not; the message has those that come close.
    """
    locale_of(locale)


def join_and(values: Any, *, locale: str = "en") -> Any:
    """Enumerate values: "a, b, and c"; in German "a, b und c".

    Args:
        values: A list, or another collection.
        locale: The reader's locale.

    Raises:
        TemplateError: It is a single value.
    """
    from babel.lists import format_list

    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise TemplateError(f"| join_and joins the items of a list, and {values!r:.60} is none")
    items = list(values)
    for item in items:
        if isinstance(item, Undefined) or is_missing(item):
            return item
    return format_list([str(item) for item in items], locale=locale_of(locale))


_WRITERS: Final = (number, money, percent, date, time, join_and)


def _of_present(write: Callable[..., Any]) -> Callable[..., Any]:
    """Let a filter see only what is there: a missing value, or a missing option, is handed on as it is."""

    @wraps(write)
    def filtered(value: Any, *arguments: Any, **options: Any) -> Any:
        for given in (value, *arguments, *options.values()):
            if isinstance(given, Undefined):
                return given
        return value if is_missing(value) else write(value, *arguments, **options)

    return filtered

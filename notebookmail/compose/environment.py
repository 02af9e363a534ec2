"""The Jinja environment every template part is compiled in: sandboxed, strict, without a file system.

Three things differ from plain Jinja, so that nothing half-filled is ever mailed. A missing value (NaN, None) is no
value: printing it fails and names the column, while `is defined`, `if` and `default` see that it is not there. An
unknown name fails likewise. And a link made from a value must be one a mail may hold: no javascript:, no data:.
Templates cannot load other templates, and can neither reach into the user's objects nor change them.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from functools import lru_cache
from typing import Any, Final, Literal

from jinja2 import ChainableUndefined, Environment, StrictUndefined, Undefined, UndefinedError
from jinja2.filters import do_default
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import test_none

UndefinedPolicy = Literal["strict", "empty"]
MissingPolicy = Literal["error", "empty"]

_PLAIN_TYPES: Final = frozenset({str, int, bool})
_DICT_ATTRIBUTES: Final = frozenset(dir(dict))
_LINK_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel", "sms", "cid", "xmpp", "geo", "webcal"})
_SCHEME = re.compile(r"([^/?#:]*):")
# Browsers drop these before they read a scheme, so "java\tscript:" is a javascript: link (WHATWG URL, 4.4).
_DROPPED_IN_URLS = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


class MissingValueError(UndefinedError):
    """A template printed, or reckoned with, a value that is missing in the row."""


class MissingValue(StrictUndefined):
    """A cell that holds nothing: false, not defined, and an error wherever its value would be needed."""

    __slots__ = ()

    def __bool__(self) -> bool:  # type: ignore[override]  # Jinja's raises
        return False


class LinkError(ValueError):
    """A value in a link's place is not a link a mail may hold."""


def missing_value(column: str, policy: MissingPolicy) -> Undefined:
    """Make the object that stands for a missing cell of `column` in a template."""
    if policy == "empty":
        return ChainableUndefined(name=column)
    written = column if column.isidentifier() else f'row["{column}"]'
    return MissingValue(
        hint=f"column {column!r} is missing (NaN) in this row; correct the row, or write "
        f"{{{{ {written} | default('...') }}}}",
        name=column,
        exc=MissingValueError,
    )


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with a short path to what templates read most: `item.name` of a dict."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Read an attribute, or an item of that name (Jinja's order), if the sandbox allows it."""
        if type(obj) is dict and attribute in obj and attribute not in _DICT_ATTRIBUTES:
            return obj[attribute]
        return super().getattr(obj, attribute)


@lru_cache(maxsize=8)
def environment(*, html: bool, undefined: UndefinedPolicy, na: MissingPolicy) -> Environment:
    """Return the environment for HTML or for text; it is shared and never changed afterwards."""
    env = _Environment(
        autoescape=html,
        undefined=StrictUndefined if undefined == "strict" else ChainableUndefined,
        finalize=_refuse_missing if na == "error" else _drop_missing,
        keep_trailing_newline=True,
    )
    del env.globals["lipsum"]
    env.filters |= {"default": _default, "d": _default, "number": number, "date": date}
    env.filters |= {"_link": guard_link, "_count": itertools.count, "_next": next}  # for what we write ourselves
    env.tests["none"] = lambda value: isinstance(value, MissingValue) or test_none(value)
    return env


def is_missing(value: object) -> bool:
    """Tell whether a value inside a cell (an item of a list, say) is None, NaN, NaT or NA."""
    if value is None:
        return True
    if type(value) in _PLAIN_TYPES:
        return False
    if isinstance(value, float):
        return value != value  # noqa: PLR0124 - NaN is what differs from itself
    return type(value).__name__ in {"NAType", "NaTType"}


def number(value: Any, decimals: int | None = None, thousands: str = ",", point: str = ".") -> Any:
    """Write a number readably: 1234.5 with two decimals is 1,234.50."""
    if isinstance(value, Undefined) or is_missing(value):
        return value
    text = format(value, "," if decimals is None else f",.{decimals}f")
    return text.translate({ord(","): thousands, ord("."): point})


def date(value: Any, form: str = "%Y-%m-%d") -> Any:
    """Write a date: ISO 8601, or in the given strftime form."""
    if isinstance(value, Undefined) or is_missing(value):
        return value
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value)
    return value.strftime(form)


def guard_link(value: Any) -> Any:
    """Return the value if it may stand at the start of a link in a mail.

    Raises:
        LinkError: It has a scheme that runs code or hides content, or one nobody knows.
    """
    bare = _DROPPED_IN_URLS.sub("", str(value))
    scheme = _SCHEME.match(bare)
    if scheme and scheme[1].lower() not in _LINK_SCHEMES:
        raise LinkError(
            f"{str(value)[:60]!r} is not a link for a mail: it starts with {scheme[1] + ':'!r}; "
            "give an https:, http:, mailto: or tel: link"
        )
    return value


def _default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    """Jinja's `default`, which also takes effect for None and NaN inside a cell."""
    return default_value if is_missing(value) else do_default(value, default_value, boolean)


def _refuse_missing(value: Any) -> Any:
    if type(value) not in _PLAIN_TYPES and is_missing(value):
        raise MissingValueError(
            "a value in this row is missing (None or NaN); correct it, or write {{ ... | default('...') }}"
        )
    return value


def _drop_missing(value: Any) -> Any:
    return "" if is_missing(value) else value

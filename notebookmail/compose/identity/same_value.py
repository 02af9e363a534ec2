"""When two values are the same: the one place with the rules by which rows, people and campaigns are told apart.

A cell comes back in another type whenever a frame is made in another way: read from CSV or Excel, by pandas or
polars, with or without a missing cell beside it. So a value is compared by a text that says what it says:

- a number by its digits: 17, 17.0, Decimal("17.00"), and a text that is written as one is printed ("17", "17.0");
  a number of single precision (float32) as the shortest one that is stored so;
- a day by its ISO form: date, datetime or Timestamp at midnight, and their texts; a moment with a zone in UTC;
- a text without the blanks around it, composed (NFC); an address in it in lower case, never folded: straße and
  strasse are two people;
- what is missing, and a text without content: both say nothing.

Values that say something else keep another text: "017" is not 17, True is not 1. Where a value cannot be known by
its content (a function, a figure), its name or its type stands for it.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import functools
import hashlib
import numbers
import re
import struct
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final
from unicodedata import normalize as _composed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NOTHING: Final = ""
"""What a value that says nothing is compared by."""

_MIDNIGHT: Final = " 00:00:00"
_FIRST_OF_NUMBER: Final = frozenset("-0123456789")
_DIGITS: Final = frozenset("0123456789")
_SINGLE: Final = struct.Struct("f")
_SHORT: Final = 7  # so few characters are six digits, which single precision keeps
_LOWER_ADDRESSES: Final = re.compile(r"(?:[a-z0-9._+-]++@[a-z0-9.-]++\n)*+")
_LONGEST_DIGITS: Final = 400  # a Decimal may have an exponent of millions


def value_text(value: Any) -> str:
    """Return the text a value is compared by: the same for values that say the same."""
    kind = type(value)
    if kind is str:
        return _text(value)
    if kind is int:
        return str(value)
    if kind is float:
        return _float(value)
    if value is None:
        return NOTHING
    for read in (_number, _moment, _octets_or_text, _scalar, _several, _code, _data):
        text = read(value)
        if text is not None:
            return text
    return f"{kind.__module__}.{kind.__qualname__}"


def rows_text(columns: Sequence[Sequence[Any]], count: int) -> list[str]:
    """Return what `values_text` returns for each of several rows, with less work: each column is read at once.

    Args:
        columns: The values of each column, in the order of the rows.
        count: How many rows there are.
    """
    if not columns:
        return [values_text(())] * count
    return list(map(repr, map(list, zip(*map(_column_texts, columns), strict=True))))


def _column_texts(values: Sequence[Any]) -> Iterable[str]:
    kinds = set(map(type, values))
    if kinds == {int}:
        return map(str, values)
    if kinds != {str}:
        return map(value_text, values)
    texts = list(map(str.strip, values))
    joined = "\n".join([*texts, ""])
    if not joined.isascii():
        texts = [text if text.isascii() else _composed("NFC", text) for text in texts]
        joined = "\n".join([*texts, ""])
    if "@" in joined:
        return texts if _LOWER_ADDRESSES.fullmatch(joined) else map(_text, texts)
    if not _may_be_numbers(joined, texts):
        return texts
    return [_number_or_day(text) if text[:1] in _FIRST_OF_NUMBER else text for text in texts]


def _may_be_numbers(joined: str, texts: Sequence[str]) -> bool:
    """Tell whether one of the texts may be a day or a number that is compared by another text."""
    if f"{_MIDNIGHT}\n" in joined or "e" in joined:
        return True
    return "." in joined and (".0\n" in joined or max(map(len, texts)) > _SHORT)


def values_text(values: Iterable[Any]) -> str:
    """Return the text several values are compared by; none can be taken for its neighbour's."""
    texts = []
    for value in values:  # a run comes here for every row: what most values are is told on the spot
        kind = type(value)
        if kind is str:
            text = value.strip()
            if not text.isascii():
                text = _composed("NFC", text)
            if "@" in text:
                text = _with_address(text)
            elif text[:1] in _FIRST_OF_NUMBER and not text.isdigit():
                text = _number_or_day(text)
            texts.append(text)
        else:
            texts.append(str(value) if kind is int else value_text(value))
    return repr(texts)


def address_text(address: str) -> str:
    """Return what an address, or several joined by ", ", is compared by."""
    return address.lower() if address.isascii() else _composed("NFC", address).lower()


def name_text(name: str) -> str:
    """Return what the name of a campaign is compared by."""
    return " ".join(_composed("NFC", name).lower().split())


def _text(text: str) -> str:
    text = text.strip()
    if not text.isascii():
        text = _composed("NFC", text)
    if "@" in text:
        return _with_address(text)
    return _number_or_day(text) if text[:1] in _FIRST_OF_NUMBER else text


def _number_or_day(text: str) -> str:
    """Return what a text is compared by that begins as a number does."""
    if text[-len(_MIDNIGHT) :] == _MIDNIGHT and _is_day(text[: -len(_MIDNIGHT)]):
        return text[: -len(_MIDNIGHT)]
    has_exponent = "e" in text
    is_number = has_exponent or ("." in text and (len(text) > _SHORT or text[-2:] == ".0"))
    return _written_number(text) if is_number else text


def _with_address(text: str) -> str:
    """Lower an address, also one in angle brackets behind a name."""
    if text[-1] == ">":
        name, bracket, address = text.rpartition("<")
        return f"{name.rstrip()} {bracket}{address_text(address)}".lstrip() if bracket else text
    is_address = " " not in text and text.isprintable() and text[0] != "@" and text[-1] != "@"
    return address_text(text) if is_address else text


def _written_number(text: str) -> str:
    """Return what a text is compared by that is written as a number is printed: 17.0 is, 17.50 is not."""
    try:
        number = float(text)
    except ValueError:
        return text
    return _float(number) if repr(number) == text else text


def _is_day(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _number(value: Any) -> str | None:
    if isinstance(value, float):
        return _float(float(value))
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, decimal.Decimal):
        return _decimal(value)
    is_other = isinstance(value, enum.Enum) or type(value).__name__ == "timedelta64"  # which is an integer, too
    if isinstance(value, numbers.Rational) and not is_other:
        numerator, denominator = int(value.numerator), int(value.denominator)
        return str(numerator) if denominator == 1 else f"{numerator}/{denominator}"
    return None


def _float(value: float) -> str:
    text = repr(value)
    if text[-2:] == ".0":
        return text[:-2] if value else "0"  # minus nothing is nothing
    if len(text) <= _SHORT and text[-1] in _DIGITS and "e" not in text:
        return text
    if value != value:  # noqa: PLR0124 -- NaN is how floats say "missing"
        return NOTHING
    if value.is_integer():
        return str(int(value))
    try:
        is_single = _SINGLE.unpack(_SINGLE.pack(value))[0] == value
    except OverflowError:
        is_single = False
    if is_single:
        text = repr(_shortest_single(value))
    return format(decimal.Decimal(text), "f") if "e" in text else text


def _shortest_single(value: float) -> float:
    """Return the number with the fewest digits that single precision stores as this one: 0.1 for float32(0.1)."""
    packed = _SINGLE.pack(value)
    for digits in (6, 7, 8):
        shorter = float(f"{value:.{digits}g}")
        if _SINGLE.pack(shorter) == packed:
            return shorter
    return float(f"{value:.9g}")


def _decimal(value: decimal.Decimal) -> str:
    if value.is_nan():
        return NOTHING
    if not value.is_finite() or abs(value.adjusted()) > _LONGEST_DIGITS:
        return str(value).lower().removesuffix("inity")
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    if "." not in text:
        return str(int(text))
    as_float = float(text)  # one rule for both: what single precision stores, too
    return _float(as_float) if decimal.Decimal(repr(as_float)) == value else text


def _moment(value: Any) -> str | None:
    if isinstance(value, dt.datetime):
        if value != value:  # noqa: PLR0124 -- pandas' NaT is a datetime
            return NOTHING
        if value.tzinfo is not None:
            value = value.astimezone(dt.UTC)
        if getattr(value, "nanosecond", None) == 0 and 0 < value.year <= dt.MAXYEAR:
            # datetime's own way, a tenth of what pandas' takes for the same.
            return dt.datetime.isoformat(value, " ").removesuffix(_MIDNIGHT)
        return str(value).removesuffix(_MIDNIGHT)
    if isinstance(value, dt.timedelta):
        nanoseconds = getattr(value, "nanoseconds", 0) if value == value else None  # noqa: PLR0124 -- NaT
        if nanoseconds is None:
            return NOTHING
        days, seconds, micro = value.days, value.seconds, value.microseconds
        return f"{days} days {seconds}.{micro:06}{nanoseconds:03} s"
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else None


def _octets_or_text(value: Any) -> str | None:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"bytes {hashlib.blake2b(value, digest_size=16).hexdigest()}"
    if isinstance(value, str):  # Markup, numpy's texts, a text that is a member of an enumeration
        return _text(str.__str__(value))
    if isinstance(value, enum.Enum):
        return f"code {type(value).__module__}.{type(value).__qualname__}.{value.name}"
    if isinstance(value, PurePath):
        return f"path {value.as_posix()!r}"
    return None


def _scalar(value: Any) -> str | None:
    """Return the text of one value of a library of data."""
    room, name = type(value).__module__.partition(".")[0], type(value).__name__
    if name in {"NaTType", "NAType"}:
        return NOTHING
    if room == "pyarrow" and hasattr(value, "as_py"):
        return value_text(value.as_py())
    if name in {"datetime64", "timedelta64"}:
        import pandas as pd

        return value_text(pd.Timestamp(value) if name == "datetime64" else pd.Timedelta(value))
    if room == "numpy" and getattr(value, "ndim", None) == 0:
        return value_text(value.item())
    # These print as what they are; of other types' it could be where they are in memory.
    return str(value) if name in {"Interval", "IPv4Address", "IPv6Address", "Period", "UUID"} else None


def _several(value: Any) -> str | None:
    if isinstance(value, Mapping) and not hasattr(value, "to_ical"):
        pairs = sorted(f"{value_text(key)!r}: {value_text(item)!r}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, AbstractSet):
        return f"set {sorted(map(value_text, value))}"
    if isinstance(value, (list, tuple)):
        return values_text(value)
    if hasattr(value, "dtype") and hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1:
        return values_text(value.tolist())  # arrays, series and indexes
    return None


def _code(value: Any) -> str | None:
    if isinstance(value, functools.partial):
        parts = (value.func, value.args, value.keywords)
        return f"partial {' '.join(map(value_text, parts))}"
    if hasattr(value, "__qualname__"):
        owner = getattr(value, "__objclass__", value)  # a method of a built-in type has no module of its own
        return f"code {owner.__module__}.{value.__qualname__}"
    return None


def _data(value: Any) -> str | None:
    """Return the text of a frame, a calendar, or an array of several dimensions; None for others."""
    from notebookmail.compose.tables.group_rows import is_table, table_of

    if is_table(value):
        table = table_of(value)
        order = sorted(range(len(table.heads)), key=lambda place: table.heads[place])
        rows = sorted(values_text(row[place] for place in order) for row in table.rows)
        digest = hashlib.blake2b(values_text(sorted(table.heads)).encode("utf-8", "surrogatepass"), digest_size=16)
        for row in rows:
            digest.update(row.encode("utf-8", "surrogatepass"))
        return f"table {digest.hexdigest()}"
    if hasattr(value, "to_ical"):
        return f"calendar {_calendar(value.to_ical())!r}"
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        plain = value.tolist()
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        return f"{kind} {plain if type(plain) is type(value) else values_text(plain)}"
    return None


_MADE_ANEW: Final = (b"DTSTAMP", b"UID", b"CREATED", b"LAST-MODIFIED")


def _calendar(octets: bytes) -> list[bytes]:
    """Return a calendar's lines without those that differ each time it is made (RFC 5545 3.8.4.7, 3.8.7)."""
    lines = octets.replace(b"\r\n ", b"").splitlines()
    return [line for line in lines if not line.upper().startswith(_MADE_ANEW)]

"""What a value was known by in journals of the first rules: a text of its type and its content.

Kept as it was, so that their campaigns and rows are found again; what is known today, same_value says.
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
import hashlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import PurePath
from typing import Any, Final

from notebookmail.compose.rows.frame import PLAIN_TYPES

# Values that print as what they are; of other types' it could be where they are in memory.
_PRINTED: Final = frozenset({
    "Decimal", "Fraction", "Interval", "IPv4Address", "IPv6Address", "Period", "UUID",
})  # fmt: skip


def identity(value: Any) -> str:
    """Return what a value is known by."""
    if type(value) in PLAIN_TYPES:
        return repr(value)
    for read in (_identity_of_one, _identity_of_several, _identity_of_code, _identity_of_data):
        known = read(value)
        if known is not None:
            return known
    return _kind(value)


def _identity_of_one(value: Any) -> str | None:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"bytes {hashlib.blake2b(value, digest_size=16).hexdigest()}"
    if isinstance(value, enum.Enum):
        return f"code {_kind(value)}.{value.name}"
    for kind in (str, int, float):  # Markup, numpy's numbers: what they are made from
        if isinstance(value, kind):
            return repr(kind(value))
    if isinstance(value, PurePath):
        return f"path {value.as_posix()!r}"
    return f"{type(value).__name__} {value}" if isinstance(value, (dt.date, dt.time, dt.timedelta)) else None


def _identity_of_several(value: Any) -> str | None:
    if isinstance(value, Mapping) and not hasattr(value, "to_ical"):
        pairs = sorted(f"{identity(key)}: {identity(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, AbstractSet):
        return f"set {sorted(map(identity, value))}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(identity, value))}]"
    return None


def _identity_of_code(value: Any) -> str | None:
    if isinstance(value, functools.partial):
        return f"partial {identity(value.func)} {identity(value.args)} {identity(value.keywords)}"
    if hasattr(value, "__qualname__"):
        return f"code {value.__module__}.{value.__qualname__}"
    return None


def _identity_of_data(value: Any) -> str | None:
    """Return the identity of a frame, a series, an array, or one value of a library of data; None for others."""
    from notebookmail.compose.tables.group_rows import is_table, table_of

    if is_table(value):
        table = table_of(value)
        digest = hashlib.blake2b(identity(table.heads).encode("utf-8", "surrogatepass"), digest_size=16)
        for row in table.rows:
            digest.update(identity(row).encode("utf-8", "surrogatepass"))
        return f"table {digest.hexdigest()}"
    if hasattr(value, "to_ical"):
        return f"calendar {identity(value.to_ical())}"
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        plain = value.tolist()
        return f"{_kind(value)} {value.dtype} {plain if type(plain) is type(value) else identity(plain)}"
    return f"{type(value).__name__} {value}" if type(value).__name__ in _PRINTED else None


def _kind(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"

"""What is not there: cells that hold nothing, and columns that hold several values in one group.

Neither is a value. Printing one, or reckoning with it, fails the row and says what to do; nothing half-filled is
ever mailed. `is defined`, `if` and `default` see that a missing cell is not there; a column of several values is
there, so they fail too instead of taking it for empty.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from jinja2 import ChainableUndefined, StrictUndefined, Undefined, UndefinedError

from .column_names import reference

MissingPolicy = Literal["error", "empty"]

PRINTED_TYPES: Final = frozenset({str, int, bool})
"""The types of which no value can be missing: the short path."""
_NUMERIC_ROOMS: Final = frozenset({"numpy", "decimal"})


class MissingValueError(UndefinedError):
    """A template printed, or reckoned with, a value that is missing in the row."""


class VaryingValueError(UndefinedError):
    """A template wanted one value of a column that has several in the group."""


class MissingValue(StrictUndefined):
    """A cell that holds nothing: false, not defined, and an error wherever its value would be needed."""

    __slots__ = ()

    def __bool__(self) -> bool:  # type: ignore[override]  # Jinja's raises
        return False


class VaryingValue(StrictUndefined):
    """A column that has several values in the group: an error wherever it is looked at."""

    __slots__ = ()


def missing_value(column: str, policy: MissingPolicy) -> Undefined:
    """Make the object that stands for a missing cell of `column` in a template."""
    if policy == "empty":
        return ChainableUndefined(name=column)
    return MissingValue(
        hint=f"column {column!r} is missing (NaN) in this row; correct the row, or write "
        f"{{{{ {reference(column)} | default('...') }}}}",
        name=column,
        exc=MissingValueError,
    )


def varying_value(column: str, hint: str) -> Undefined:
    """Make the object that stands for a column of several values in a group."""
    return VaryingValue(hint=hint, name=column, exc=VaryingValueError)


def is_missing(value: object) -> bool:
    """Tell whether a value inside a cell (an item of a list, say) is None, NaN, NaT or NA."""
    if value is None:
        return True
    if type(value) in PRINTED_TYPES:
        return False
    if isinstance(value, float) or (type(value).__module__ in _NUMERIC_ROOMS and not hasattr(value, "__len__")):
        return bool(value != value)  # noqa: PLR0124 - NaN and NaT are what differs from itself
    return type(value).__name__ in {"NAType", "NaTType"}


def refuse_missing(value: Any) -> Any:
    """Return a value to be printed.

    Raises:
        MissingValueError: It is missing.
    """
    if is_missing(value):
        raise MissingValueError(
            "a value in this row is missing (None or NaN); correct it, or write {{ ... | default('...') }}"
        )
    return value


def drop_missing(value: Any) -> Any:
    """Return a value to be printed, an empty text in place of a missing one."""
    return "" if is_missing(value) else value

"""Values that differ by row because the analyst wrote a function: called with the row, its failure that row's."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from types import GeneratorType
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import INTERRUPTS, FunctionError, TemplateError
from notebookmail.privacy.masking import quoted_label
from notebookmail.tracebacks.own_frames import own_place

from .groups import Varying
from .images.figures import is_figure
from .rows.frame import PLAIN_TYPES
from .rows.snapshot import own_value
from .tables.group_rows import GroupRows

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


_LAZY: Final = (GeneratorType, map, filter, zip)
"""What runs an analyst's code only when it is walked."""


class FunctionRow(Mapping[str, Any]):
    """A row as a function sees it: `row["name"]` or `row.name`; a missing value is what the frame has there.

    What a function does to a value is not done to the row, and no other function sees it.

    Args:
        fields: Its values by column name.
        label: Its label in the frame's index.
        touched: Takes in the names of the columns that are read, also of those that are not there.
        gap: Tells what the frame has in a column whose value is missing: NaN, NaT, NA or None.
    """

    __slots__ = ("_fields", "_gap", "_label", "_own", "_touched")

    def __init__(
        self,
        fields: Mapping[str, Any],
        label: Hashable,
        touched: set[str] | None = None,
        gap: Callable[[str], Any] | None = None,
    ) -> None:
        self._fields = fields
        self._gap = gap
        self._label = label
        self._touched: set[str] = set() if touched is None else touched
        self._own: dict[str, Any] | None = None  # most rows are asked for nothing

    def apart(self) -> FunctionRow:
        """Return the same row for another function."""
        return FunctionRow(self._fields, self._label, self._touched, self._gap)

    def __getitem__(self, name: str) -> Any:
        if isinstance(name, str):
            self._touched.add(name)
        value = self._fields[name]
        if isinstance(value, Varying):
            raise TemplateError(value.hint)
        if value is None and self._gap is not None:
            return self._gap(name)
        if type(value) in PLAIN_TYPES:
            return value
        if self._own is None:
            self._own = {}
        if name not in self._own:
            self._own[name] = value.apart() if isinstance(value, GroupRows) else own_value(value)
        return self._own[name]

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            self._touched.add(name)  # also one that is not there: whether it is, was asked
        if name.startswith("__") or name not in self._fields:
            raise AttributeError(f"the row has no column {name!r}; it has {', '.join(map(repr, self._fields))}")
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"<row {quoted_label(self._label)}: {', '.join(self._fields)}>"


def is_callable(value: object) -> bool:
    """Tell whether a value is a function of the row."""
    return callable(value) and not is_figure(value)


def is_path(value: object) -> bool:
    """Tell whether a value names a file."""
    return isinstance(value, (str, PurePath))


def as_path(value: Any) -> str:
    """Return a file's name with forward slashes."""
    return value.as_posix() if isinstance(value, PurePath) else str(value)


def _words_of(problem: BaseException) -> str:
    """Return what an exception says; one of a class that cannot say it is named all the same."""
    try:
        return str(problem)
    except Exception as second:  # noqa: BLE001 -- its class is the analyst's, too
        return f"(it cannot say why: {type(second).__name__})"


def called(function: Callable[[Any], Any], row: Any, field: str, label: Hashable) -> Any:
    """Call a function of the row; what it yields is taken at once, so that it fails here if it does.

    Raises:
        FunctionError: It failed, with whatever there is to be raised: a panic of a library in Rust and a
            cancellation that nobody asked for are no Exception.
        TemplateError: It asked for what the row does not have once, or is a coroutine function.
        KeyboardInterrupt, SystemExit: It was interrupted, or wants the program to end.
    """
    name = getattr(function, "__name__", type(function).__name__)
    try:
        value = function(row.apart() if isinstance(row, FunctionRow) else row)
        if isinstance(value, _LAZY):
            value = list(value)
    except INTERRUPTS:
        raise
    except TemplateError as problem:
        raise TemplateError(problem.message, field, label) from problem
    except BaseException as problem:
        message = f"your function `{name}` failed: {type(problem).__name__}: {_words_of(problem)}"
        failed = FunctionError(message, field, label, name)
        if place := own_place(problem.__traceback__):
            failed.add_note(place)  # the traceback itself would keep every row's frames alive
        raise failed from problem
    if inspect.iscoroutine(value):
        value.close()
        raise TemplateError(
            f"the function {name} is a coroutine function: write it with def, not async def", field, label
        )
    return value

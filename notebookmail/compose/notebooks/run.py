"""A notebook run for each row, with parameters from its columns: a function of the row that makes its letter.

Which columns it reads is known before it is run, so that a missing one refuses the call, and a row is known by
what its run was given.
"""

from __future__ import annotations

import datetime as dt
import decimal
import difflib
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from notebookmail.compose.rows.missing import is_missing
from notebookmail.errors import TemplateError

from .conversion import letter_of, refuse_errors
from .executing import known_parameters, run_notebook
from .results import RunResults

if TYPE_CHECKING:
    from .cell_choices import CellChoices
    from .letter import NotebookLetter
    from .reading import NotebookFile

_FIELD: Final = "parameters"
_PLAIN: Final = (str, int, float, bool, type(None))
_SAME_RUN: Final = "run it with this row's parameters to see where, or correct the row"


class NotebookRun:
    """Runs a notebook for a row: called with the row, it returns the row's letter.

    Args:
        file: The notebook.
        choices: What of it is shown.
        parameters: The columns by the names of the parameters they fill.
        kernel: The kernel's name.
        timeout: How many seconds a cell may take.
        allows_missing: Whether a missing value is None, instead of an error of its row.
        results: What runs came to already; None before a call has begun.

    Attributes:
        columns: The columns it reads.
        identity: What the notebook is known by.
    """

    def __init__(
        self,
        file: NotebookFile,
        choices: CellChoices,
        parameters: Mapping[str, str],
        *,
        kernel: str,
        timeout: float,
        allows_missing: bool,
        results: RunResults | None = None,
    ) -> None:
        self._file = file
        self._choices = choices
        self._parameters = dict(parameters)
        self._options: dict[str, Any] = {"kernel": kernel, "timeout": timeout, "allows_missing": allows_missing}
        self._results = results
        self.columns = frozenset(parameters.values())
        self.identity = f"{file.name} {file.identity} {choices!r} {sorted(self._parameters.items())}"

    def __repr__(self) -> str:
        filled = ", ".join(f"{name}={column}" for name, column in self._parameters.items())
        return f"<NotebookRun {self._file.name} {filled}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what it was made of, and where the results are."""
        return (_rebuilt, (self._file, self._choices, self._parameters, self._options, self._results))

    def begun(self) -> NotebookRun:
        """Return the same for one call, in which equal parameters run once; itself where the call has begun."""
        if self._results is not None:
            return self
        return _rebuilt(self._file, self._choices, self._parameters, self._options, RunResults())

    def __call__(self, row: Mapping[str, Any]) -> NotebookLetter:
        """Run the notebook for a row.

        Args:
            row: The row.

        Raises:
            TemplateError: A value is missing, a cell failed or took too long, or the kernel died.
        """
        values = {name: self._value(name, column, row[column]) for name, column in self._parameters.items()}
        results = self._results or RunResults()
        return results.find(repr(sorted(values.items())), lambda: self._run(values))

    def _run(self, values: Mapping[str, Any]) -> NotebookLetter:
        done = run_notebook(self._file, values, self._options["kernel"], self._options["timeout"])
        refuse_errors(self._file, done, _SAME_RUN)
        return letter_of(self._file, done, self._choices)

    def _value(self, name: str, column: str, value: Any) -> Any:
        if not is_missing(value):
            return plain_value(value)
        if self._options["allows_missing"]:
            return None
        raise TemplateError(
            f"column {column!r} is missing (NaN) in this row, and fills the parameter {name} of "
            f"{self._file.name}: correct the row, or say na='empty' for None"
        )


def _rebuilt(
    file: NotebookFile,
    choices: CellChoices,
    parameters: Mapping[str, str],
    options: Mapping[str, Any],
    results: RunResults | None,
) -> NotebookRun:
    return NotebookRun(file, choices, parameters, **options, results=results)


def plain_value(value: Any) -> Any:
    """Return a cell's value as every kernel's language can write it: dates as ISO texts, numbers as numbers."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat().removesuffix("T00:00:00")
    if isinstance(value, Mapping):
        return {str(name): plain_value(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(each) for each in value]
    if isinstance(value, decimal.Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    elif callable(getattr(value, "item", None)):  # of numpy
        value = value.item()
    return value if type(value) in _PLAIN else str(value)


def filled_parameters(file: NotebookFile, given: Any, kernel: str) -> dict[str, str]:
    """Return the columns by the names of the parameters they fill.

    Args:
        file: The notebook.
        given: True for every parameter by the column of its name, names of parameters that are columns, or a
            mapping of parameters to columns.
        kernel: The kernel's name.

    Raises:
        TemplateError: It names what is no parameter of the notebook.
    """
    known = known_parameters(file, kernel)
    if given is True:
        if not known:
            raise TemplateError(
                f"the parameters of {file.name} cannot be read in its language: name them, as in "
                "parameters=['region']",
                _FIELD,
            )
        return {name: name for name in known}
    wanted = {given: given} if isinstance(given, str) else given
    if not isinstance(wanted, Mapping):
        wanted = {name: name for name in wanted} if isinstance(wanted, Iterable) else {None: None}
    for name, column in wanted.items():
        if not isinstance(name, str) or not isinstance(column, str):
            raise TemplateError(
                "parameters= wants True, names, or the columns by the parameters they fill, as in "
                'parameters={"region": "sales_region"}',
                _FIELD,
            )
        if known and name not in known:
            raise TemplateError(f"{file.name} has no parameter {name!r}{_hint(name, known)}", _FIELD)
    return dict(wanted)


def _hint(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(known)}"


def check_timeout(timeout: Any) -> float:
    """Return how many seconds a cell may take.

    Raises:
        TemplateError: It is no such number.
    """
    is_number = isinstance(timeout, (int, float)) and not isinstance(timeout, bool)
    if not is_number or not math.isfinite(timeout) or timeout <= 0:
        raise TemplateError(f"timeout= is the seconds a cell may take, not {timeout!r:.40}", "timeout")
    return float(timeout)

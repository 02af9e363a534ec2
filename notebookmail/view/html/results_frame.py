"""The frame of results, which shows itself short: whom to, how it ended, why; the rest is named below.

All columns are there for programs, and for whoever asks for some of them: only a frame that still has exactly the
columns of results is shown short.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from notebookmail.delivery.results_frame import COLUMNS

from .printed_frame import fit_for_print

if TYPE_CHECKING:
    from collections.abc import Callable

_SHOWN: Final = ("to", "status", "code", "reply", "hint", "sent_at")
_ALWAYS: Final = frozenset({"to", "status"})


class ResultsFrame(pd.DataFrame):
    """The rows of results: a pandas DataFrame whose display leaves out what says nothing or says it twice."""

    def __init__(self, data: Any = None, *others: Any, **further: Any) -> None:
        with warnings.catch_warnings():  # pandas 2.2 makes subclasses so itself, and deprecates that it does
            warnings.filterwarnings("ignore", r"Passing a \w+Manager to ResultsFrame", DeprecationWarning)
            super().__init__(data, *others, **further)  # type: ignore[call-arg]  # of pandas

    @property
    def _constructor(self) -> Callable[..., Any]:
        return type(self)

    def __repr__(self) -> str:
        short, rest = self._short()
        return f"{short!r}\n{rest}" if rest else repr(short)

    def _repr_html_(self) -> Any:
        short, rest = self._short()
        page: Any = short._repr_html_()  # type: ignore[operator]
        return None if page is None else fit_for_print(page, rest)

    def _short(self) -> tuple[pd.DataFrame, str]:
        """Return what is shown, and a line about what is not."""
        whole = pd.DataFrame(self, copy=False)
        if tuple(self.columns) != COLUMNS:
            return whole, ""
        shown = [name for name in _SHOWN if name in _ALWAYS or _says_something(whole[name])]
        if "sent_at" in shown:
            whole = whole.assign(sent_at=whole["sent_at"].dt.floor("s"))
        rest = ", ".join(name for name in COLUMNS if name not in shown)
        return whole[shown], f"Also there: {rest}."


def _says_something(column: pd.Series[Any]) -> bool:
    return bool((column.notna() & (column != "")).any())

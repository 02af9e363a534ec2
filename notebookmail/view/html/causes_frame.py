"""The frame of causes, which shows itself as all does that is saved with a notebook: it names no one.

A program reads from it what is exact; only what a display makes of it is masked. What is taken from it (columns,
rows, a sorted copy) shows itself in the same way. What is written on demand (`to_csv`, `to_html`) is exact, too.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from notebookmail.privacy.masking import mask_label, mask_text
from notebookmail.view.words.results import cause_words

from .printed_frame import fit_for_print

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notebookmail.view.words.results import ResultsSource


_COLUMNS = ("rows", "status", "category", "cause", "remedy", "example", "labels")


def causes_frame(results: ResultsSource) -> CausesFrame:
    """Make the frame of the causes of trouble: one line a cause."""
    causes = results.causes()
    data = [
        (len(each.labels), each.status, each.category, each.cause, each.remedy, each.example, list(each.labels))
        for each in causes
    ]
    frame = CausesFrame(data, columns=list(_COLUMNS))
    shown = cause_words(results, causes)
    frame.examples_shown = {cause.example: words.example for cause, words in zip(causes, shown, strict=True)}
    return frame


class _Masked:
    """What pandas shows, of a masked twin.

    Attributes:
        examples_shown: Each example as it is shown; pandas hands them on to what it makes of this object.
    """

    examples_shown: Mapping[str, str] = {}

    def __init__(self, data: Any = None, *others: Any, **further: Any) -> None:
        with warnings.catch_warnings():  # pandas 2.2 makes subclasses so itself, and deprecates that it does
            warnings.filterwarnings("ignore", r"Passing a \w+Manager to Causes", DeprecationWarning)
            super().__init__(data, *others, **further)  # type: ignore[call-arg]  # of pandas

    @property
    def _constructor(self) -> Callable[..., Any]:
        return type(self)

    @abstractmethod
    def _twin(self) -> Any:
        """Return what may be shown, as a plain object of pandas."""

    def __repr__(self) -> str:
        return repr(self._twin())

    def _repr_latex_(self) -> Any:
        return self._twin()._repr_latex_()

    def _display_(self) -> Any:
        return self._twin()  # marimo asks frames for nothing else, and saves what it shows

    def _repr_data_resource_(self) -> Any:
        return self._twin()._repr_data_resource_()

    def _cell(self, value: Any, column: object) -> Any:
        if isinstance(value, list):
            most = pd.get_option("display.max_seq_items")  # pandas shows no more, and there may be a million
            return [self._cell(each, "labels") for each in (value if most is None else value[: most + 1])]
        if isinstance(value, str) and column != "labels":
            return self.examples_shown.get(value) or mask_text(value)
        masked = mask_label(value)
        return value if masked == str(value) else masked

    def _index(self, index: pd.Index[Any]) -> pd.Index[Any]:
        if isinstance(index, pd.MultiIndex):
            levels = [self._index(index.get_level_values(place)) for place in range(index.nlevels)]
            return pd.MultiIndex.from_arrays(levels, names=index.names)
        if pd.api.types.is_numeric_dtype(index.dtype):
            return index
        masked: pd.Index[Any] = index.map(lambda each: self._cell(each, index.name)).rename(index.name)
        return masked


class CausesColumn(_Masked, pd.Series):
    """A column or a line of the frame of causes."""

    _metadata: ClassVar[list[str]] = [*pd.Series._metadata, "examples_shown"]  # type: ignore[attr-defined]  # pandas documents it

    @property
    def _constructor_expanddim(self) -> Callable[..., Any]:
        return CausesFrame

    def _twin(self) -> pd.Series[Any]:
        names = [self.name] * len(self) if self.name in _COLUMNS else self.index
        cells = [self._cell(value, name) for value, name in zip(self.array, names, strict=True)]
        return pd.Series(cells, index=self._index(self.index), name=self._cell(self.name, ""), dtype=self.dtype)


class CausesFrame(_Masked, pd.DataFrame):
    """The causes of trouble: rows, status, category, cause, remedy, example, labels."""

    _metadata: ClassVar[list[str]] = [*pd.DataFrame._metadata, "examples_shown"]  # type: ignore[attr-defined]

    @property
    def _constructor_sliced(self) -> Callable[..., Any]:
        return CausesColumn

    def _repr_html_(self) -> Any:
        twin: Any = self._twin()
        page = twin._repr_html_()
        return None if page is None else fit_for_print(page)

    def _twin(self) -> pd.DataFrame:
        twin = pd.DataFrame(self, copy=False)
        for place, name in enumerate(self.columns):
            column = twin.iloc[:, place]
            if not pd.api.types.is_numeric_dtype(column.dtype):
                cells = [self._cell(value, name) for value in column.array]
                twin.isetitem(place, pd.Series(cells, dtype=object).array)
        return twin.set_axis(self._index(self.index), axis=0)

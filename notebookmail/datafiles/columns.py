"""Cells as columns: what is a number, what is true or false, and what stays the text it is.

A cell of a text file becomes a value only where the value prints exactly as the cell is written: 12 and 3.25 are
numbers, blanks around them aside; 007, 3.50, 3,50 and +49 stay texts, and no date is ever guessed (03/04 is two
days). A column is of one kind: one name among numbers makes all of them texts, which is said. A gap changes no
kind: numbers with gaps are Int64, TRUE and FALSE with gaps are `boolean`. Columns of whole and broken numbers hold
both as they are, since one float column would print 3 as 3.0.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

_LONGEST_INTEGER: Final = 18  # digits: fits 64 bits
_MIN_INT64: Final = -(2**63)
_MAX_INT64: Final = 2**63 - 1
_NUMBER_SIGNS: Final = frozenset("0123456789.,' %\u00a0\u202f")
_TRUTHS: Final = (
    ("TRUE", "FALSE"), ("True", "False"), ("true", "false"),
    # As Excel writes them where it speaks another language.
    ("WAHR", "FALSCH"), ("VRAI", "FAUX"), ("VERDADERO", "FALSO"), ("VERO", "FALSO"), ("WAAR", "ONWAAR"),
    ("VERDADEIRO", "FALSO"), ("PRAWDA", "FAŁSZ"), ("PRAVDA", "NEPRAVDA"), ("SANT", "FALSKT"), ("SAND", "FALSK"),
)  # fmt: skip
_TRUE_WORDS: Final = frozenset(yes for yes, _ in _TRUTHS)
_TRUTH_WORDS: Final = frozenset(word for pair in _TRUTHS for word in pair)
EXCEL_ERRORS: Final = frozenset({
    "#N/A", "#NAME?", "#VALUE!", "#REF!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA",
    "#NV", "#WERT!", "#BEZUG!", "#ZAHL!", "#VALEUR!", "#NOM?", "#NOMBRE!", "#NOMBRE?", "#¡VALOR!", "#¿NOMBRE?",
    "#¡REF!", "#¡DIV/0!", "#¡NUM!", "#RIF!", "#VALORE!", "#NOME?",
})  # fmt: skip
"""What Excel writes into a cell whose formula failed."""


class TextColumn:
    """One column of a text file, taken in part by part.

    Attributes:
        spoiling_line: The line of the first cell that is neither number nor TRUE or FALSE, or 0.
        error_line: The line of the first cell that holds one of Excel's errors, or 0.
        errors: How many cells do; they are taken for missing.
        present: How many cells are there.
    """

    def __init__(self) -> None:
        self._parts: list[pd.Series[Any]] = []
        self._tally = {"integer": 0, "float": 0, "truth": 0, "number as written": 0, "text": 0}
        self._truths: set[str] = set()
        self.spoiling_line = 0
        self.error_line = 0
        self.errors = 0
        self.present = 0

    @property
    def is_spoilt(self) -> bool:
        """True when most cells are numbers or TRUE and FALSE, and another makes all of them texts."""
        return self._kind() == "text" and self.spoiling_line > 0 and self._tally["text"] * 2 <= self.present

    @property
    def is_as_written(self) -> bool:
        """True when the cells are numbers, but stay texts because they would print otherwise (007, 3.50, 3,50)."""
        return self._kind() == "text" and self.present > 0 and not self._tally["text"] and not self._truths

    def take(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        """Take in the next cells, with the numbers of the lines they stand in."""
        missing = set()
        for cell, count in Counter(cells).items():  # in the order of their first lines
            if not cell or cell.isspace():
                missing.add(cell)
            elif cell[0] == "#" and cell.strip() in EXCEL_ERRORS:
                missing.add(cell)
                self.errors += count
                self.error_line = self.error_line or lines[cells.index(cell)]
            else:
                kind = _kind_of(cell.strip())
                self._tally[kind] += count
                self.present += count
                if kind == "truth":
                    self._truths.add(cell.strip())
                elif kind == "text":
                    self.spoiling_line = self.spoiling_line or lines[cells.index(cell)]
        self._parts.append(texts_of([None if cell in missing else cell for cell in cells] if missing else cells))

    def series(self) -> pd.Series[Any]:
        """Return the whole column, in the kind that all its cells have."""
        import pandas as pd

        texts: pd.Series[Any] = pd.concat(self._parts, ignore_index=True) if self._parts else texts_of([])
        kind = self._kind()
        if kind == "text":
            return texts
        conversions: dict[str, Callable[[str], Any]] = {
            "integer": int,
            "float": float,
            "number": _number,
            "truth": _TRUE_WORDS.__contains__,
        }
        convert = conversions[kind]
        return values_of([convert(cell.strip()) if isinstance(cell, str) else None for cell in texts.tolist()])

    def _kind(self) -> str:
        tally, present = self._tally, self.present
        if present and tally["integer"] == present:
            return "integer"
        if present and tally["float"] == present:
            return "float"
        if present and tally["integer"] + tally["float"] == present:
            return "number"
        if present and tally["truth"] == present and any(self._truths <= set(pair) for pair in _TRUTHS):
            return "truth"
        return "text"


def texts_of(values: Sequence[str | None]) -> pd.Series[Any]:
    """Return texts as a column of pandas' own type for them; None is missing."""
    import pandas as pd

    return pd.Series(list(values), dtype="str" if _has_string_type() else "object")


def values_of(values: Sequence[Any]) -> pd.Series[Any]:
    """Return Python values as a column; None is missing, and changes the type of no other.

    Whole numbers become int64 or Int64, True and False bool or boolean, texts and times pandas' types for them;
    what is mixed stays as it is.
    """
    import pandas as pd

    kinds = {type(value) for value in values if value is not None}
    has_gaps = any(value is None for value in values)
    if kinds <= {str}:
        return texts_of(values)
    if kinds == {int} and all(value is None or _MIN_INT64 <= value <= _MAX_INT64 for value in values):
        return pd.Series(pd.array(list(values), dtype="Int64")) if has_gaps else pd.Series(values, dtype="int64")
    if kinds == {bool}:
        return pd.Series(pd.array(list(values), dtype="boolean")) if has_gaps else pd.Series(values, dtype="bool")
    if kinds == {float}:
        return pd.Series(values, dtype="float64")
    if kinds == {dt.datetime} and not any(value is not None and value.tzinfo for value in values):
        return pd.Series(values, dtype="datetime64[us]")
    return pd.Series(list(values), dtype="object")


def _kind_of(cell: str) -> str:
    """Say what a cell is: one of the keys of a column's tally."""
    if cell in _TRUTH_WORDS:
        return "truth"
    digits = cell.lstrip("+-")
    if not digits[:1].isdigit() and digits[:1] not in {".", ","}:
        return "text"
    if _is_integer(cell):
        return "integer"
    if _is_float(cell):
        return "float"
    return "number as written" if all(sign in _NUMBER_SIGNS for sign in digits) else "text"


def _is_integer(cell: str) -> bool:
    digits = cell.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_INTEGER):
        return False
    return digits[0] != "0" or cell == "0"


def _is_float(cell: str) -> bool:
    try:
        return repr(float(cell)) == cell
    except ValueError:
        return False


def _number(cell: str) -> int | float:
    return int(cell) if _is_integer(cell) else float(cell)


def _has_string_type() -> bool:
    """Tell whether pandas keeps texts in a type of their own (from 3.0) or as objects."""
    import pandas as pd

    return int(pd.__version__.partition(".")[0]) >= 3  # noqa: PLR2004 - pandas 3.0

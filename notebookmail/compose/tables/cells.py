"""The cells of one column of a table as texts: numbers comparable, dates as short as they can be.

A column is written as a whole. Its numbers have one number of decimals, so that they stand under each other; its
dates have a time of day only if one of them needs it.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
import numbers
from typing import TYPE_CHECKING, Any, Final

from notebookmail.compose.filters.locales import locale_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NUMBER: Final = "right;white-space:nowrap;font-variant-numeric:tabular-nums"
"""The style of a number's cell, after `text-align:`."""
# Sentences keep room for some words where a phone squeezes the table; a word longer than a screen breaks.
_SENTENCES: Final = "left;min-width:9em"
_LONG_WORDS: Final = f"{_SENTENCES};word-break:break-word"
_SENTENCE: Final = 18
_LONG: Final = 30
_DIGITS: Final = 1_000


class Column:
    """One column of a table.

    Args:
        head: Its name.
        cells: Its values, a missing one None.
        decimals: The decimals of numbers with a fraction; None for as few as all need, at most two.
        locale: The language numbers are written for.

    Attributes:
        head: Its name.
        is_number: Whether all that is there are numbers.
        texts: The cells as they are shown.
        style: How they are set, after `text-align:`.

    Raises:
        TemplateError: Nobody knows the locale.
    """

    def __init__(self, head: str, cells: Sequence[Any], decimals: int | None, locale: str) -> None:
        self.head = head
        present = [cell for cell in cells if cell is not None]
        self.is_number = bool(present) and all(map(_is_number, present))
        write = _number_writer(present, decimals, locale) if self.is_number else _writer(present)
        self.texts = ["" if cell is None else write(cell) for cell in cells]
        self.style = NUMBER if self.is_number else _style([head, *self.texts])


def _style(texts: Sequence[str]) -> str:
    """Return the style of a column of texts."""
    if max(map(len, texts)) <= _SENTENCE:
        return "left"
    return _LONG_WORDS if any(len(word) > _LONG for text in texts for word in text.split()) else _SENTENCES


def _is_number(cell: Any) -> bool:
    return isinstance(cell, (numbers.Real, decimal.Decimal)) and not isinstance(cell, bool)


def _number_writer(cells: Sequence[Any], decimals: int | None, locale: str) -> Callable[[Any], str]:
    """Return what writes the numbers of a column with the same number of decimals."""
    fractions = [cell for cell in cells if not isinstance(cell, int)]
    if not fractions:
        decimals = 0
    elif decimals is None:
        decimals = max(map(_decimals, fractions))
    if locale == "en":
        return lambda cell: f"{_exact(cell):,.{decimals}f}"
    return _localised(decimals, locale)


def _localised(decimals: int, locale: str) -> Callable[[Any], str]:
    """Return what writes numbers as a language does."""
    from babel.numbers import parse_pattern

    known = locale_of(locale)
    pattern = parse_pattern(known.decimal_formats[None].pattern)
    pattern.frac_prec = (decimals, decimals)

    def write(cell: Any) -> str:
        if not math.isfinite(cell):
            return str(cell)
        with decimal.localcontext(prec=_DIGITS):  # a long number is not rounded
            return str(pattern.apply(_exact(cell), known))

    return write


def _exact(cell: Any) -> Any:
    """Return a number that can be formatted: an integer of any length too."""
    if isinstance(cell, int):
        return decimal.Decimal(cell)
    return cell if isinstance(cell, decimal.Decimal) else float(cell)


def _decimals(cell: Any) -> int:
    """Return how many decimals a number needs, at most two."""
    if not math.isfinite(cell) or cell == round(cell):
        return 0
    return 1 if round(cell, 1) == round(cell, 6) else 2


def _writer(cells: Sequence[Any]) -> Callable[[Any], str]:
    """Return what writes a column's cells: dates with a time of day if one of them has one."""
    times = [cell for cell in cells if isinstance(cell, dt.datetime)]
    if all(cell.tzinfo is None and cell.time() == dt.time() for cell in times):
        return lambda cell: cell.date().isoformat() if isinstance(cell, dt.datetime) else _written(cell)
    precision = "seconds" if any(cell.second for cell in times) else "minutes"
    return lambda cell: (
        cell.isoformat(sep=" ", timespec=precision) if isinstance(cell, dt.datetime) else _written(cell)
    )


def _written(cell: Any) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return str(cell)

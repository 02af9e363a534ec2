"""The cells of one column of a table as texts: numbers comparable, dates as short as they can be.

A column is written as a whole. Its numbers have one number of decimals, so that they stand under each other; its
dates have a time of day only if one of them needs it; its words decide how it is set. Each of these is the most
that any of its cells needs.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
import numbers
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from markupsafe import escape

from notebookmail.compose.filters.locales import locale_of
from notebookmail.compose.markup.line_breaks import broken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NUMBER: Final = "right;white-space:nowrap;font-variant-numeric:tabular-nums"
"""The style of a number's cell, after `text-align:`."""
# Sentences keep room for some words where a phone squeezes the table; a word longer than a screen breaks.
STYLES: Final = ("left", "left;min-width:9em", "left;min-width:9em;word-break:break-word")
"""The styles of a column of texts, by what their words need (see width_need)."""
WHOLE: Final = -1
"""What a number without a fraction needs: it is written without decimals, whatever is asked for."""
_SENTENCE: Final = 18
_LONG: Final = 30
_DIGITS: Final = 1_000
_ROUNDED: Final = 6  # decimals beyond which a fraction is what reckoning left


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, written.

    Attributes:
        head: Its name.
        is_number: Whether all that is there are numbers.
        style: How its cells are set, after `text-align:`.
        texts: The cells as they are shown.
        html: The same, escaped.
    """

    head: str
    is_number: bool
    style: str
    texts: Sequence[str]
    html: Sequence[str]


def column_of(head: str, cells: Sequence[Any], decimals: int | None, locale: str) -> Column:
    """Write one column.

    Args:
        head: Its name.
        cells: Its values, a missing one None.
        decimals: The decimals of numbers with a fraction; None for as few as all need, at most two.
        locale: The language numbers are written for.

    Raises:
        TemplateError: Nobody knows the locale.
    """
    present = [cell for cell in cells if cell is not None]
    is_number = bool(present) and all(map(_is_number, present))
    if is_number:
        need = max(map(number_need, present))
        texts = written_numbers(cells, decimals_for(need, decimals), locale)
    else:
        texts = written_values(cells, max(map(value_need, present), default=0))
    style = NUMBER if is_number else STYLES[max(map(width_need, [head, *texts]))]
    return Column(head, is_number, style, texts, list(map(escaped, texts)))


def escaped(text: str) -> str:
    """Return a text as HTML, with its line breaks."""
    return str(broken(text) if "\n" in text else escape(text))


def width_need(text: str) -> int:
    """Return what a text needs of a column's width: 1 if it is a sentence, 2 if it has a word that may break."""
    if len(text) <= _SENTENCE:
        return 0
    return 2 if any(len(word) > _LONG for word in text.split()) else 1


def _is_number(cell: Any) -> bool:
    return isinstance(cell, (numbers.Real, decimal.Decimal)) and not isinstance(cell, bool)


def number_need(cell: Any) -> int:
    """Return how many decimals a number needs, at most two; WHOLE for one that is an integer."""
    if isinstance(cell, int):
        return WHOLE
    if type(cell) is float:  # most numbers show it in their digits
        fraction = repr(cell).partition(".")[2]
        if 0 < len(fraction) <= _ROUNDED and fraction.isdigit():
            return 2 if len(fraction) > 1 else int(fraction != "0")
    if not math.isfinite(cell) or cell == round(cell):
        return 0
    return 1 if round(cell, 1) == round(cell, _ROUNDED) else 2


def decimals_for(need: int, wanted: int | None) -> int:
    """Return the decimals of a column.

    Args:
        need: The most that one of its numbers needs.
        wanted: How many are asked for, if any.
    """
    if need == WHOLE:
        return 0
    return need if wanted is None else wanted


def written_numbers(cells: Sequence[Any], decimals: int, locale: str) -> list[str]:
    """Write numbers with the same number of decimals, as a language does; a missing one is empty.

    Raises:
        TemplateError: Nobody knows the locale.
    """
    if locale != "en":
        write = _localised(decimals, locale)
        with decimal.localcontext(prec=_DIGITS):  # a long number is not rounded
            return ["" if cell is None else write(cell) for cell in cells]
    pattern = f"{{:,.{decimals}f}}".format
    return ["" if cell is None else pattern(cell if type(cell) is float else _exact(cell)) for cell in cells]


def _localised(decimals: int, locale: str) -> Callable[[Any], str]:
    """Return what writes numbers as a language does."""
    from babel.numbers import parse_pattern

    known = locale_of(locale)
    pattern = parse_pattern(known.decimal_formats[None].pattern)
    pattern.frac_prec = (decimals, decimals)

    def write(cell: Any) -> str:
        return str(pattern.apply(_exact(cell), known)) if math.isfinite(cell) else str(cell)

    return write


def _exact(cell: Any) -> Any:
    """Return a number that can be formatted: an integer of any length too."""
    if isinstance(cell, int):
        return decimal.Decimal(cell)
    return cell if isinstance(cell, decimal.Decimal) else float(cell)


def value_need(cell: Any) -> int:
    """Return what a date needs of a time of day: 1 for hours and minutes, 2 for seconds; all else needs none."""
    if not isinstance(cell, dt.datetime):
        return 0
    if cell.second:
        return 2
    return 1 if cell.hour or cell.minute or cell.microsecond or cell.tzinfo is not None else 0


def written_values(cells: Sequence[Any], need: int) -> list[str]:
    """Write cells that are not all numbers, their dates with so much of a time of day; a missing one is empty."""
    precision = ("", "minutes", "seconds")[need]

    def write(cell: Any) -> str:
        if isinstance(cell, dt.datetime):
            return cell.isoformat(sep=" ", timespec=precision) if precision else dt.datetime.isoformat(cell)[:10]
        if isinstance(cell, bool):
            return "yes" if cell else "no"
        return str(cell)

    return [cell if type(cell) is str else "" if cell is None else write(cell) for cell in cells]

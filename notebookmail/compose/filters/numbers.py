"""Numbers as a letter writes them: counts, amounts of money, shares, in the reader's own notation.

Values are reckoned as decimals, exactly as their digits read: a float counts as the 15 digits it holds for sure,
so 0.1 + 0.2 is 0.3. A half is rounded to the even digit, as pandas and CLDR do, so that a letter agrees with the
notebook it came from. What would have to be guessed is refused: the currency of an amount, a text with thousands
separators in it, infinity. Scientific notation does not occur. Digits are the Latin ones in every locale.

The notations are Babel's (CLDR's). They are looked up once for each locale and currency; a row only fills them in.
"""

from __future__ import annotations

import decimal
import numbers
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from notebookmail.errors import TemplateError

from .locales import locale_of

if TYPE_CHECKING:
    from babel import Locale
    from babel.numbers import NumberPattern

Kind = Literal["number", "money", "percent"]

_MOST_DIGITS: Final = 28
_MOST_DECIMALS: Final = 20
# Not the process's context, which any cell of a notebook may have changed.
_CONTEXT: Final = decimal.Context(prec=_MOST_DIGITS, rounding=decimal.ROUND_HALF_EVEN)
_PLAIN_TEXT: Final = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
# "1.234" is 1234 in much of Europe; "0.234" and "1.23" can only be fractions.
_AMBIGUOUS: Final = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.ASCII)
_LETTER_BY_DIGIT: Final = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


@dataclass(frozen=True, slots=True)
class _Notation:
    """How a kind of number is written in one locale.

    Attributes:
        breaks: The places in the whole digits where a group begins.
        group: What stands there.
        point: What stands before the decimals.
        frames: What stands before and after the digits of a positive number, and of a negative one.
        decimals: How many decimals it has; None for as many as the value.
        scale: The power of ten it is multiplied by: 2 for per cent.
    """

    breaks: re.Pattern[str]
    group: str
    point: str
    frames: tuple[tuple[str, str], tuple[str, str]]
    decimals: int | None
    scale: int

    def write(self, value: decimal.Decimal, decimals: int | None, group: str, point: str) -> str:
        """Write a number with so many decimals; by default with those of the notation, or of the value.

        Raises:
            decimal.InvalidOperation: There would be too many digits.
        """
        if decimals is None:
            decimals = self.decimals
        if decimals is None:
            decimals = max(0, -int(value.as_tuple().exponent) - self.scale)
        if decimals > _MOST_DIGITS:
            raise decimal.InvalidOperation
        unit = decimal.Decimal((0, (1,), -decimals - self.scale))
        rounded = value.quantize(unit, context=_CONTEXT).scaleb(self.scale, _CONTEXT)
        before, after = self.frames[rounded < 0]  # not its sign: -0.001 is written 0.00
        whole, _, fraction = f"{rounded.copy_abs():f}".partition(".")
        whole = self.breaks.sub(lambda _: group, whole)
        return f"{before}{whole}{point if fraction else ''}{fraction}{after}"


def number(
    value: Any,
    decimals: int | None = None,
    thousands: str | None = None,
    point: str | None = None,
    *,
    locale: str = "en",
) -> str:
    """Write a number readably: 1234.5 with two decimals is 1,234.50.

    Args:
        value: A number, or a text that plainly is one.
        decimals: How many decimals; by default as many as the value has.
        thousands: What separates the thousands, in place of the locale's own.
        point: What stands before the decimals, in place of the locale's own.
        locale: The reader's locale.

    Raises:
        TemplateError: It is no number, or has more digits than can be written out.
    """
    return _written("number", _notation(locale, "number"), value, decimals, thousands=thousands, point=point)


def money(value: Any, currency: Any = None, decimals: int | None = None, *, locale: str = "en") -> str:
    """Write an amount of money: 1234.5 in "EUR" is €1,234.50, or 1.234,50 € in German.

    Args:
        value: A number, or a text that plainly is one.
        currency: Its currency's code (ISO 4217); a locale has none of its own, for an amount does not change its
            currency with its reader.
        decimals: How many decimals; by default the currency's own: two for EUR, none for JPY.
        locale: The reader's locale.

    Raises:
        TemplateError: It is no number, or the currency is missing or unknown.
    """
    if currency is None:
        raise TemplateError('an amount needs its currency: write {{ ... | money("EUR") }}')
    return _written("money", _notation(locale, "money", currency), value, decimals)


def percent(value: Any, decimals: int | None = None, *, locale: str = "en") -> str:
    """Write a share of one in per cent: 0.256 is 25.6%.

    Args:
        value: A number, or a text that plainly is one.
        decimals: How many decimals; by default as many as the value has.
        locale: The reader's locale.

    Raises:
        TemplateError: It is no number, or has more digits than can be written out.
    """
    return _written("percent", _notation(locale, "percent"), value, decimals)


def _written(
    kind: Kind,
    notation: _Notation,
    value: Any,
    decimals: int | None,
    *,
    thousands: str | None = None,
    point: str | None = None,
) -> str:
    if decimals is not None and (type(decimals) is not int or not 0 <= decimals <= _MOST_DECIMALS):
        raise TemplateError(f"| {kind} takes 0 to {_MOST_DECIMALS} decimals, not {decimals!r:.60}")
    group = notation.group if thousands is None else thousands
    try:
        return notation.write(_decimal(value, kind), decimals, group, notation.point if point is None else point)
    except decimal.InvalidOperation as problem:
        raise TemplateError(
            f"{value!r:.60} has too many digits to be written out by | {kind}: say how many decimals, or print it "
            "without a filter"
        ) from problem


def _decimal(value: Any, kind: Kind) -> decimal.Decimal:
    """Return a value's exact decimal.

    Raises:
        TemplateError: It is no finite number, or a text that may be read in two ways.
    """
    exact: decimal.Decimal | None = None
    if isinstance(value, bool):
        exact = None  # True would be 1
    elif isinstance(value, decimal.Decimal):
        exact = value
    elif isinstance(value, str):
        exact = _decimal_of_text(value.strip(), kind)
    elif isinstance(value, numbers.Integral):
        exact = decimal.Decimal(int(value))
    elif isinstance(value, float):
        exact = decimal.Decimal(format(value, ".15g"))  # what a double holds for sure (DBL_DIG)
    elif isinstance(value, numbers.Real) and not isinstance(value, numbers.Rational):  # NumPy's narrower floats
        exact = decimal.Decimal(str(value))
    if exact is None or not exact.is_finite():
        raise TemplateError(
            f"{value!r:.60} is not a number, and | {kind} writes numbers: correct the column, or convert it with "
            "pd.to_numeric"
        )
    return exact


def _decimal_of_text(text: str, kind: Kind) -> decimal.Decimal | None:
    if _AMBIGUOUS.fullmatch(text):
        raise TemplateError(
            f"the text {text!r} may be read with or without decimals by | {kind}: convert the column to numbers"
        )
    return decimal.Decimal(text) if _PLAIN_TEXT.fullmatch(text) else None


@lru_cache(maxsize=256)
def _notation(identifier: str, kind: Kind, currency: Any = "") -> _Notation:
    from babel.numbers import get_currency_precision, get_currency_symbol, get_decimal_symbol, get_group_symbol

    locale = locale_of(identifier)
    symbol, decimals = "", None
    if kind == "money":
        _check_currency(currency, locale)
        symbol, decimals = get_currency_symbol(currency, locale), get_currency_precision(currency)
    pattern = _pattern(locale, kind)
    first, further = pattern.grouping
    return _Notation(
        breaks=re.compile(rf"(?<=\d)(?=(?:\d{{{further}}})*\d{{{first}}}$)"),
        group=get_group_symbol(locale),
        point=get_decimal_symbol(locale),
        frames=(_frame(pattern, False, symbol, locale), _frame(pattern, True, symbol, locale)),
        decimals=decimals,
        scale=pattern.scale,
    )


def _pattern(locale: Locale, kind: Kind) -> NumberPattern:
    if kind == "money":
        pattern: NumberPattern = locale.currency_formats["standard"]
    else:
        pattern = (locale.decimal_formats if kind == "number" else locale.percent_formats)[None]
    return pattern


def _frame(pattern: NumberPattern, is_negative: bool, symbol: str, locale: Locale) -> tuple[str, str]:
    from babel.numbers import get_minus_sign_symbol

    sign = get_minus_sign_symbol(locale)
    before, after = (part[is_negative].replace("-", sign) for part in (pattern.prefix, pattern.suffix))
    framed = f"{before}0{after}".replace("'", "").replace("¤", symbol)
    # CLDR's currencySpacing (UTS 35, part 3, 2.4): letters do not touch the digits, as in "CHF 5".
    before, _, after = _LETTER_BY_DIGIT.sub("\xa0", framed).partition("0")
    return before, after


def _check_currency(code: Any, locale: Locale) -> None:
    from babel.numbers import list_currencies

    known = list_currencies()
    if code in known:
        return
    text = str(code).strip()
    close = [each for each, symbol in locale.currency_symbols.items() if symbol == text]
    close += sorted(each for each in known if each[:2] == text[:2].upper())
    hint = (
        f"did you mean {' or '.join(map(repr, close[:3]))}?" if close else 'give its code, such as "EUR" or "USD"'
    )
    raise TemplateError(f"there is no currency {text!r:.60}: {hint}")

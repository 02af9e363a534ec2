import datetime as dt
import decimal
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from babel import Locale
from babel.dates import format_date, format_time, get_day_names, get_month_names, get_period_names
from babel.lists import format_list
from babel.localedata import locale_identifiers
from babel.numbers import (
    format_currency,
    format_percent,
    get_decimal_symbol,
    get_group_symbol,
    get_minus_sign_symbol,
)
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined

from notebookmail.compose.filters.filters import check_locale, filters
from notebookmail.compose.rows.missing import missing_value
from notebookmail.errors import TemplateError

NO_BREAK = "\N{NO-BREAK SPACE}"
# How a locale writes is CLDR's to say, and changes with its editions: the tests ask Babel for it.
LOCALES = ["en", "en_US", "en_GB", "de", "de_CH", "fr", "hi_IN", "ko", "sv"]


def filled(source, locale="en", **values):
    """Render a source with the filters of a locale."""
    env = Environment(undefined=StrictUndefined, autoescape=False)
    env.filters |= filters(locale)
    return env.from_string(source).render(values)


# --- numbers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ 1234567.891 | number(2) }}", "1,234,567.89"),
        ("{{ 1234567 | number }}", "1,234,567"),
        ("{{ 1234.5 | number(2, '.', ',') }}", "1.234,50"),
        ("{{ 1234.5 | number(thousands=' ') }}", "1 234.5"),
        ("{{ 1234567 | number(thousands='') }}", "1234567"),
        ("{{ 1234567 | number(thousands='\\\\1') }}", "1\\1234\\1567"),
        ("{{ -1234 | number }}", "-1,234"),
        ("{{ 0 | number }}", "0"),
    ],
)
def test_numbers_are_written_readably(source, shown):
    assert filled(source) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.1, "0.1"),
        (0.1 + 0.2, "0.3"),
        (2.0, "2"),
        (1e-7, "0.0000001"),
        (1e20, "100,000,000,000,000,000,000"),
        (Decimal("1.50"), "1.50"),
        (Decimal("12345678901234567890.12345678"), "12,345,678,901,234,567,890.12345678"),
        (np.int64(1234), "1,234"),
        (np.float32(0.1), "0.1"),
        (np.float64(1234.5), "1,234.5"),
    ],
)
def test_a_number_has_the_decimals_it_has_unless_told_otherwise(value, shown):
    assert filled("{{ n | number }}", n=value) == shown


@pytest.mark.parametrize(("value", "shown"), [(0.125, "0.12"), (0.375, "0.38"), (2.675, "2.68"), (1.005, "1.00")])
def test_a_half_is_rounded_to_the_even_digit_of_the_number_as_it_reads(value, shown):
    assert filled("{{ n | number(2) }}", n=value) == shown


def test_what_is_rounded_to_nothing_is_not_negative():
    assert filled("{{ -0.001 | number(2) }}") == "0.00"


def test_a_notebooks_decimal_context_changes_no_number():
    with decimal.localcontext(decimal.Context(prec=3, rounding=decimal.ROUND_UP)):
        assert filled("{{ n | number(2) }}", n=Decimal("1234.561")) == "1,234.56"


def cldr(digits, locale):
    """Write a number by a locale's pattern and symbols.

    Babel's own format_decimal loses group marks that are apostrophes, as the quotes of a pattern are.
    """
    first, further = Locale.parse(locale).decimal_formats[None].grouping
    whole, _, fraction = digits.partition(".")
    groups = [whole[-first:]]
    whole = whole[:-first]
    while whole:
        groups.insert(0, whole[-further:])
        whole = whole[:-further]
    return get_group_symbol(locale).join(groups) + (get_decimal_symbol(locale) + fraction if fraction else "")


@pytest.mark.parametrize("locale", [*LOCALES, "en_US_POSIX"])
def test_a_number_is_written_in_the_notation_of_the_locale(locale):
    shown = cldr("1234567.5", locale)
    assert filled("{{ 1234567.5 | number }}", locale) == shown
    assert filled("{{ 1234567.5 | number }}", locale.replace("_", "-")) == shown


def test_the_sign_is_the_locales_own():
    assert filled("{{ -1.5 | number }}", "sv").startswith(get_minus_sign_symbol("sv"))


@given(
    value=st.decimals(min_value=0, max_value=10**12, places=3),
    locale=st.sampled_from(sorted(set(locale_identifiers()))),
)
def test_every_locales_numbers_are_those_of_cldr(value, locale):
    assert filled("{{ n | number(3) }}", locale, n=value) == cldr(f"{value:.3f}", locale)


@given(st.integers(-(10**27), 10**27) | st.decimals(-(10**9), 10**9, places=4))
def test_a_number_can_be_read_back(value):
    assert Decimal(filled("{{ n | number }}", n=value).replace(",", "")) == value


@given(st.floats(-(10**12), 10**12))
def test_a_float_is_never_in_scientific_notation(value):
    try:
        shown = filled("{{ n | number }}", n=value)
    except TemplateError:  # so small that nobody would read its zeros
        assert 0 < abs(value) < 1e-10
    else:
        assert float(shown.replace(",", "")) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize(("text", "shown"), [("1234.5", "1,234.5"), (" -7 ", "-7"), ("0.125", "0.125")])
def test_a_text_that_plainly_is_a_number_counts_as_one(text, shown):
    assert filled("{{ n | number }}", n=text) == shown


@pytest.mark.parametrize("text", ["1.234", "-12.500"])
def test_a_text_that_may_be_read_in_two_ways_is_refused(text):
    with pytest.raises(TemplateError, match="with or without decimals"):
        filled("{{ n | number }}", n=text)


@pytest.mark.parametrize(
    "value",
    [
        True,
        np.True_,
        "1,234",
        "1.234,50",
        "12 %",
        "1e5",
        "",
        "inf",
        "٣",
        "1\n2",
        float("inf"),
        1j,
        [1],
    ],
)
@pytest.mark.parametrize("name", ["number", "money('EUR')", "percent"])
def test_what_is_no_number_is_named_with_the_filter(name, value):
    with pytest.raises(TemplateError, match=rf"is not a number, and \| {name.partition('(')[0]} writes numbers"):
        filled(f"{{{{ n | {name} }}}}", n=value)


@pytest.mark.parametrize("value", [1e300, 1e-300, Decimal("1e999999"), Decimal("1e-999999"), 10**28])
def test_a_number_too_long_to_be_read_is_refused(value):
    with pytest.raises(TemplateError, match="too many digits"):
        filled("{{ n | number }}", n=value)


@pytest.mark.parametrize("decimals", [-1, 21, 1.5, "2", True])
def test_decimals_are_a_small_number(decimals):
    with pytest.raises(TemplateError, match="0 to 20 decimals"):
        filled("{{ 1 | number(decimals) }}", decimals=decimals)


# --- money and shares -------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    ("value", "currency"), [("1234.5", "EUR"), ("-1234.5", "EUR"), ("1234.5", "JPY"), ("123456.7", "INR")]
)
def test_money_is_written_as_its_reader_does(locale, value, currency):
    shown = filled("{{ n | money(currency) }}", locale, n=Decimal(value), currency=currency)
    assert shown == format_currency(Decimal(value), currency, locale=locale).replace(
        "-", get_minus_sign_symbol(locale)
    )


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ 1234.5 | money('EUR') }}", "€1,234.50"),
        ("{{ 1234.5 | money('JPY') }}", "¥1,234"),
        ("{{ 5 | money('KWD') }}", f"KWD{NO_BREAK}5.000"),
        ("{{ 0.3245 | money('EUR', decimals=4) }}", "€0.3245"),
        ("{{ 50000 | money('EUR', 0) }}", "€50,000"),
    ],
)
def test_money_has_the_decimals_of_its_currency_unless_told_otherwise(source, shown):
    assert filled(source) == shown


def test_letters_of_a_currency_do_not_touch_the_digits():
    assert filled("{{ -5 | money('CHF') }}") == f"-CHF{NO_BREAK}5.00"


def test_decimals_of_money_are_exact():
    value = Decimal("90071992547409.93")  # a float would make it .94
    assert filled("{{ n | money('EUR') }}", n=value) == "€90,071,992,547,409.93"


def test_money_without_a_currency_is_refused():
    with pytest.raises(TemplateError, match=r'needs its currency.*money\("EUR"\)'):
        filled("{{ 5 | money }}", "de_DE")


@pytest.mark.parametrize(
    ("code", "hint"), [("€", "'EUR'"), ("eur", "'EUR'"), ("USX", "'USD'"), ("??", "such as"), (7, "such as")]
)
def test_an_unknown_currency_is_named_with_what_comes_close(code, hint):
    with pytest.raises(TemplateError, match=f"no currency '{'[?][?]' if code == '??' else code}'.*{hint}"):
        filled("{{ 5 | money(code) }}", code=code)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ 0.256 | percent }}", "25.6%"),
        ("{{ 0.07 | percent }}", "7%"),
        ("{{ 1 | percent }}", "100%"),
        ("{{ -0.2567 | percent(1) }}", "-25.7%"),
    ],
)
def test_a_share_of_one_is_written_in_per_cent(source, shown):
    assert filled(source) == shown


@pytest.mark.parametrize("locale", LOCALES)
def test_a_share_is_written_as_its_reader_does(locale):
    shown = format_percent(Decimal("-0.25"), locale=locale).replace("-", get_minus_sign_symbol(locale))
    assert filled("{{ -0.25 | percent }}", locale) == shown


# --- dates and times --------------------------------------------------------------------------------------

DAY = dt.date(2025, 5, 1)
MOMENT = dt.datetime.fromisoformat("2025-05-01T14:30")


@pytest.mark.parametrize(
    "value",
    [
        DAY,
        MOMENT,
        pd.Timestamp(MOMENT),
        "2025-05-01",
        "2025-05-01T14:30",
        np.datetime64("2025-05-01"),
        np.datetime64(1746109800, "s"),
    ],
)
def test_a_date_comes_in_many_kinds(value):
    assert filled("{{ d | date }}", d=value) == "2025-05-01"


@pytest.mark.parametrize(
    ("locale", "source", "shown"),
    [
        ("en", "{{ d | date }}", "2025-05-01"),
        ("de", "{{ d | date(locale='en') }}", "2025-05-01"),
        ("de", "{{ d | date('%d.%m.%Y') }}", "01.05.2025"),
        ("en", "{{ d | date('%d %B') }}", "01 May"),
        ("de", "{{ d | date('%%B %d') }}", "%B 01"),
    ],
)
def test_a_date_is_unambiguous_or_as_asked(locale, source, shown):
    assert filled(source, locale, d=DAY) == shown


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("form", ["short", "medium", "long", "full"])
def test_a_date_is_written_as_its_reader_does(locale, form):
    assert filled("{{ d | date(form) }}", locale, d=DAY, form=form) == format_date(DAY, form, locale=locale)


@pytest.mark.parametrize("locale", ["en_US", "en-GB", "de", "fr"])
def test_a_date_is_of_medium_length_where_nothing_is_said(locale):
    assert filled("{{ d | date }}", locale, d=DAY) == format_date(DAY, "medium", locale.replace("-", "_"))


@pytest.mark.parametrize("locale", LOCALES)
def test_a_strftime_form_has_the_words_of_the_locale(locale):
    weekday, month = DAY.weekday(), DAY.month
    words = [
        get_day_names("wide", locale=locale)[weekday],
        get_month_names("wide", locale=locale)[month],
        get_day_names("abbreviated", locale=locale)[weekday],
        get_month_names("abbreviated", locale=locale)[month],
    ]
    assert filled("{{ d | date('%A|%B|%a|%b') }}", locale, d=DAY) == "|".join(words)


def test_a_strftime_form_does_not_ask_the_machine():
    class Elsewhere(dt.date):
        def strftime(self, form):
            return super().strftime(form.replace("%B", "Wonnemond").replace("%A", "Thortag"))

    assert filled("{{ d | date('%A %d %B') }}", d=Elsewhere(2025, 5, 1)) == "Thursday 01 May"


@pytest.mark.parametrize("value", ["tomorrow", "01.05.2025", "", 20250501, 1.5, dt.time(14, 30), [DAY]])
def test_what_is_no_date_is_named(value):
    with pytest.raises(TemplateError, match="is not a date") as caught:
        filled("{{ d | date }}", d=value)
    assert repr(value)[:60] in str(caught.value)


@pytest.mark.parametrize("form", ["dd.MM.yyyy", "Long", 5])
@pytest.mark.parametrize("name", ["date", "time"])
def test_a_form_nobody_knows_is_refused(name, form):
    with pytest.raises(TemplateError, match=rf"\| {name} has no form .*'short', 'medium', 'long', 'full', or .*%"):
        filled(f"{{{{ d | {name}(form) }}}}", d=MOMENT, form=form)


@pytest.mark.parametrize("value", [MOMENT, dt.time(14, 30), pd.Timestamp(MOMENT), "14:30", "2025-05-01T14:30"])
def test_a_time_of_day_comes_in_many_kinds(value):
    assert filled("{{ t | time }}", t=value) == "14:30"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("form", ["short", "medium"])
def test_a_time_is_written_as_its_reader_does(locale, form):
    assert filled("{{ t | time(form) }}", locale, t=MOMENT, form=form) == format_time(MOMENT, form, locale=locale)


@pytest.mark.parametrize("locale", ["en_US", "de", "ko"])
def test_a_time_is_short_where_nothing_is_said(locale):
    assert filled("{{ t | time }}", locale, t=MOMENT) == format_time(MOMENT, "short", locale=locale)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("hour", "half"), [(0, "am"), (11, "am"), (12, "pm"), (23, "pm")])
def test_the_half_of_the_day_has_the_locales_word(locale, hour, half):
    word = get_period_names("abbreviated", "format", locale)[half]
    assert filled("{{ t | time('%p %M') }}", locale, t=dt.time(hour, 30)) == f"{word} 30"


@pytest.mark.parametrize("value", ["2025-05-01", "2025", "noon", DAY, 14])
def test_what_has_no_time_of_day_is_named(value):
    with pytest.raises(TemplateError, match="has no time of day"):
        filled("{{ t | time }}", t=value)


def test_a_moment_is_shown_by_its_own_clock():
    when = pd.Timestamp("2025-05-01 00:30", tz="Asia/Tokyo")
    shown = f"{format_date(when.date(), locale='en_GB')} {format_time(when, 'long', when.tzinfo, 'en_GB')}"
    assert filled("{{ t | date }} {{ t | time('long') }}", "en_GB", t=when) == shown
    assert "00:30:00" in shown


def test_a_zone_nobody_gave_is_not_named():
    with pytest.raises(TemplateError, match="has no time zone"):
        filled("{{ t | time('full') }}", t=MOMENT)


# --- enumerations -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "values",
    [["a", "b", "c"], ("a", "b"), ["a"], [], pd.Series([1, 2]), ["{0}", "{1}", "{x}"]],
    ids=["three", "two", "one", "none", "series", "braces"],
)
def test_values_are_enumerated_in_the_readers_language(locale, values):
    shown = format_list([str(value) for value in values], locale=locale)
    assert filled("{{ v | join_and }}", locale, v=values) == shown


@pytest.mark.parametrize("value", ["abc", 5, {"a": 1}])
def test_what_is_no_list_is_not_enumerated(value):
    with pytest.raises(TemplateError, match="is none"):
        filled("{{ v | join_and }}", v=value)


@pytest.mark.parametrize(
    "gap", [None, float("nan"), pd.NaT, np.datetime64("NaT", "ns"), missing_value("city", "error")]
)
def test_a_gap_in_an_enumeration_is_handed_on(gap):
    assert filters("en")["join_and"](["a", gap]) is gap


# --- what is not there, and locales -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "gap",
    [
        None,
        float("nan"),
        pd.NA,
        pd.NaT,
        Decimal("NaN"),
        np.float32("nan"),
        missing_value("city", "error"),
        StrictUndefined(name="x"),
    ],
)
@pytest.mark.parametrize("name", sorted(filters("en")))
def test_a_missing_value_passes_untouched(name, gap):
    assert filters("en")[name](gap) is gap


def test_a_missing_option_is_handed_on():
    gap = missing_value("currency", "error")
    assert filters("en")["money"](5, gap) is gap
    assert filters("en")["date"](DAY, locale=gap) is gap


def test_a_template_overrides_its_locale():
    assert filled("{{ 1.5 | number(locale=lang) }}", "de", lang="en") == filled("{{ 1.5 | number }}", "en")


@pytest.mark.parametrize("identifier", ["en", "de-DE", "de_DE", "pt-BR", "zh-Hant-TW", "sr_Latn", "no"])
def test_a_locale_is_written_with_either_mark(identifier):
    check_locale(identifier)


@pytest.mark.parametrize(
    ("identifier", "hint"),
    [
        ("german", "'de'"),
        ("de_QQ", "did you mean 'de'"),
        ("enn", "did you mean"),
        ("", "as in"),
        ("../../etc", "as in"),
        (None, "a text"),
    ],
)
def test_an_unknown_locale_is_refused_with_what_comes_close(identifier, hint):
    with pytest.raises(TemplateError, match=hint) as caught:
        filters(identifier)
    assert caught.value.field == "locale"

import datetime as dt
import decimal
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from babel.localedata import locale_identifiers
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined

from notebookmail.compose.filters.filters import check_locale, filters
from notebookmail.compose.missing import missing_value
from notebookmail.errors import TemplateError

NO_BREAK = "\N{NO-BREAK SPACE}"
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"


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


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        ("de", "1.234.567,5"),
        ("de-CH", f"1{APOSTROPHE}234{APOSTROPHE}567.5"),
        ("fr", "1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567,5"),
        ("hi_IN", "12,34,567.5"),
        ("en_US_POSIX", "1234567.5"),
    ],
)
def test_a_number_is_written_in_the_notation_of_the_locale(locale, shown):
    assert filled("{{ 1234567.5 | number }}", locale) == shown


def test_the_sign_is_the_locales_own():
    assert filled("{{ -1.5 | number }}", "sv") == "\N{MINUS SIGN}1,5"


@given(
    value=st.decimals(min_value=0, max_value=10**12, places=3),
    locale=st.sampled_from(sorted(set(locale_identifiers()))),
)
def test_every_locales_numbers_are_those_of_cldr(value, locale):
    assert filled("{{ n | number(3) }}", locale, n=value) == format_decimal(
        value, format=None, locale=locale, decimal_quantization=False
    ) + _zeros(value, locale)


def _zeros(value, locale):
    """What CLDR's default form leaves out of three decimals."""
    digits = f"{value:.3f}".partition(".")[2]
    kept = digits.rstrip("0")
    point = format_decimal(0.5, locale=locale)[-2]
    return ("" if kept else point) + "0" * (3 - len(kept))


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


@pytest.mark.parametrize(
    ("locale", "source", "shown"),
    [
        ("en", "{{ 1234.5 | money('EUR') }}", "€1,234.50"),
        ("de", "{{ 1234.5 | money('EUR') }}", f"1.234,50{NO_BREAK}€"),
        ("de_CH", "{{ 1234.5 | money('CHF') }}", f"CHF{NO_BREAK}1{APOSTROPHE}234.50"),
        ("en", "{{ -1234.5 | money('USD') }}", "-$1,234.50"),
        ("de", "{{ -1234.5 | money('EUR') }}", f"-1.234,50{NO_BREAK}€"),
        ("en", "{{ 1234.5 | money('JPY') }}", "¥1,234"),
        ("en", "{{ 5 | money('KWD') }}", f"KWD{NO_BREAK}5.000"),
        ("en", "{{ 0.3245 | money('EUR', decimals=4) }}", "€0.3245"),
        ("en", "{{ 50000 | money('EUR', 0) }}", "€50,000"),
        ("hi_IN", "{{ 1234567 | money('INR') }}", "₹12,34,567.00"),
    ],
)
def test_money_is_written_as_its_reader_does(locale, source, shown):
    assert filled(source, locale) == shown


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
    ("locale", "source", "shown"),
    [
        ("en", "{{ 0.256 | percent }}", "25.6%"),
        ("en", "{{ 0.07 | percent }}", "7%"),
        ("en", "{{ 1 | percent }}", "100%"),
        ("de", "{{ -0.2567 | percent(1) }}", f"-25,7{NO_BREAK}%"),
    ],
)
def test_a_share_of_one_is_written_in_per_cent(locale, source, shown):
    assert filled(source, locale) == shown


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
        ("en_US", "{{ d | date }}", "May 1, 2025"),
        ("en-GB", "{{ d | date }}", "1 May 2025"),
        ("de", "{{ d | date }}", "01.05.2025"),
        ("de", "{{ d | date(locale='en') }}", "2025-05-01"),
        ("en", "{{ d | date('short') }}", "5/1/25"),
        ("de", "{{ d | date('long') }}", "1. Mai 2025"),
        ("fr", "{{ d | date('full') }}", "jeudi 1 mai 2025"),
        ("de", "{{ d | date('%d.%m.%Y') }}", "01.05.2025"),
        ("en", "{{ d | date('%d %B') }}", "01 May"),
        ("de", "{{ d | date('%A, %d. %B') }}", "Donnerstag, 01. Mai"),
        ("fr", "{{ d | date('%a %b') }}", "jeu. mai"),
        ("de", "{{ d | date('%%B %d') }}", "%B 01"),
    ],
)
def test_a_date_is_written_in_the_words_of_the_locale(locale, source, shown):
    assert filled(source, locale, d=DAY) == shown


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


@pytest.mark.parametrize(
    ("locale", "source", "shown"),
    [
        ("en_US", "{{ t | time }}", "2:30\N{NARROW NO-BREAK SPACE}PM"),
        ("de", "{{ t | time('medium') }}", "14:30:00"),
        ("en", "{{ t | time('%I:%M %p') }}", "02:30 PM"),
        ("ko", "{{ t | time('%p %I:%M') }}", "PM 02:30"),
    ],
)
def test_a_time_is_written_as_its_reader_does(locale, source, shown):
    assert filled(source, locale, t=MOMENT) == shown


@pytest.mark.parametrize("value", ["2025-05-01", "2025", "noon", DAY, 14])
def test_what_has_no_time_of_day_is_named(value):
    with pytest.raises(TemplateError, match="has no time of day"):
        filled("{{ t | time }}", t=value)


def test_a_moment_is_shown_by_its_own_clock():
    when = pd.Timestamp("2025-05-01 00:30", tz="Asia/Tokyo")
    assert filled("{{ t | date }} {{ t | time('long') }}", "en_GB", t=when) == "1 May 2025 00:30:00 +0900"


def test_a_zone_nobody_gave_is_not_named():
    with pytest.raises(TemplateError, match="has no time zone"):
        filled("{{ t | time('full') }}", t=MOMENT)


# --- enumerations -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "values", "shown"),
    [
        ("en", ["a", "b", "c"], "a, b, and c"),
        ("en_GB", ["a", "b", "c"], "a, b and c"),
        ("de", ("a", "b"), "a und b"),
        ("de", ["a"], "a"),
        ("de", [], ""),
        ("en", pd.Series([1, 2]), "1 and 2"),
        ("en", ["{0}", "{1}", "{x}"], "{0}, {1}, and {x}"),
    ],
)
def test_values_are_enumerated_in_the_readers_language(locale, values, shown):
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
    assert filled("{{ 1.5 | number }} {{ 1.5 | number(locale=lang) }}", "de", lang="en") == "1,5 1.5"


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

"""When two values are the same: what says the same in another type or spelling, and nothing else."""

from __future__ import annotations

import datetime as dt
import enum
import functools
import unicodedata
import uuid
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from notebookmail.compose.identity.same_value import (
    NOTHING,
    address_text,
    name_text,
    rows_text,
    value_text,
    values_text,
)

DAY = dt.date(2026, 5, 4)
MIDNIGHT = dt.datetime.combine(DAY, dt.time())
NOON = dt.datetime(2026, 5, 4, 12, tzinfo=ZoneInfo("Europe/Berlin"))


class Colour(enum.Enum):
    RED = 1


class Word(enum.StrEnum):
    RED = "red"


SAME: dict[str, list[Any]] = {
    "whole number": [17, 17.0, "17", "17.0", " 17 ", Decimal(17), Decimal("17.00"), Fraction(17), np.int8(17),
                     np.float32(17), np.float64(17), np.str_("17"), np.array(17), pa.scalar(17), pa.scalar(17.0)],
    "fraction": [0.1, "0.1", Decimal("0.1"), Decimal("0.100"), np.float32(0.1), float(np.float32(0.1)),
                 pa.scalar(0.1)],
    "long fraction": [1234567.9, float(np.float32(1234567.9)), Decimal("1234567.9"), "1234567.9"],
    "large": [10**22, 1e22, Decimal("1E22"), "1e+22"],
    "small": [1e-7, Decimal("1E-7"), "1e-07", "0.0000001"],
    "naught": [0, 0.0, -0.0, "0", Decimal("-0.0"), np.float32(-0.0)],
    "nothing": [None, "", "  ", float("nan"), np.float32("nan"), pd.NA, pd.NaT, np.datetime64("NaT", "ns"),
                Decimal("NaN"), pa.scalar(None), np.timedelta64("NaT", "ns")],
    "true": [True, np.bool_(True), "True", pa.scalar(True)],
    "day": [DAY, MIDNIGHT, pd.Timestamp(DAY), np.datetime64("2026-05-04"), "2026-05-04",
            "2026-05-04 00:00:00", np.datetime64("2026-05-04T00:00:00", "ns"), pa.scalar(DAY)],
    "moment": [dt.datetime.combine(DAY, dt.time(12, 30)), pd.Timestamp("2026-05-04 12:30"), "2026-05-04 12:30:00"],
    "moment of a zone": [NOON, pd.Timestamp(NOON), NOON.astimezone(dt.UTC)],
    "duration": [dt.timedelta(hours=1), pd.Timedelta("1h"), np.timedelta64(60, "m")],
    "text": ["café", "cafe\u0301", " café\t", Markup("café"), np.str_("café"), pa.scalar("café")],
    "address": ["Ann@Example.org", "ann@example.org", "ANN@EXAMPLE.ORG "],
    "mailbox": ["Ann <Ann@example.org>", "Ann  <ann@EXAMPLE.org> "],
    "list": [[1, "2"], (1.0, 2), np.array([1, 2]), pd.Series([1, 2]), pa.scalar([1, 2]),
             pl.Series([1, 2]).to_list()],
    "mapping": [{"a": 1, "b": "2"}, {"b": 2.0, "a": "1"}],
    "set": [{1, 2}, frozenset({"2", 1.0})],
    "table": [pd.DataFrame({"a": [1, 2], "b": [3, None]}), pd.DataFrame({"b": [None, 3.0], "a": ["2", "1"]}),
              pl.DataFrame({"a": [2, 1], "b": [None, 3]})],
    "octets": [b"x", bytearray(b"x"), memoryview(b"x")],
    "identifier": [uuid.UUID(int=1), str(uuid.UUID(int=1))],
    "period": [pd.Period("2026-05"), "2026-05"],
    "word": [Word.RED, "red"],
}  # fmt: skip
OTHERS: list[Any] = [
    "017", "17.00", "17.50", "1,7", "0x11", "\uff11\uff17", "1_7", 17.5, False, Colour.RED, "Café", "cafe",
    "caf é", "straße", "strasse", "ann @example.org", "@ann", "@Ann", dt.time(12), [2, 1],
    [[1, 2]], ["1, 2"], {"a": 12}, b"y",
    float("inf"), -17, "2026-5-4", dt.date(2026, 5, 5), len, functools.partial(len, 1), object(),
]  # fmt: skip


@pytest.mark.parametrize("kind", SAME)
def test_values_that_say_the_same_are_compared_by_one_text(kind: str) -> None:
    assert len({value_text(value) for value in SAME[kind]}) == 1, [value_text(value) for value in SAME[kind]]


def test_values_that_say_something_else_are_told_apart() -> None:
    texts = [value_text(values[0]) for values in SAME.values()] + [value_text(value) for value in OTHERS]
    assert len(set(texts)) == len(texts), sorted(texts)


@given(st.integers())
def test_a_whole_number_is_one_value_in_every_type_that_holds_it(number: int) -> None:
    assert value_text(number) == value_text(str(number)) == value_text(Decimal(number)) == str(number)
    if int(float(number)) == number:
        assert value_text(float(number)) == str(number)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_the_same_as_what_it_prints(number: float) -> None:
    assert value_text(number) == value_text(repr(number)) == value_text(np.float64(number))
    if abs(number) < 2**53:  # beyond it prints fewer digits than it has
        assert value_text(number) == value_text(Decimal(repr(number)))


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.integers(1, 7))
def test_a_number_of_single_precision_is_the_one_it_was_made_of(number: float, digits: int) -> None:
    short = float(f"{number:.{digits}g}")
    if abs(short) < 1e38 and (short == 0 or abs(short) > 1e-37) and not short.is_integer():
        assert value_text(np.float32(short)) == value_text(float(np.float32(short))) == value_text(short)


@given(st.text(), st.sampled_from(["", " ", "\n", "\t", "\u00a0", "\u3000"]), st.sampled_from(["NFC", "NFD"]))
def test_blanks_around_a_text_and_how_it_is_composed_do_not_count(text: str, blank: str, form: Any) -> None:
    assert value_text(blank + unicodedata.normalize(form, text) + blank) == value_text(text)


@given(st.text(), st.text())
def test_texts_are_the_same_only_by_these_rules(one: str, other: str) -> None:
    if value_text(one) == value_text(other):
        # All the rules about texts but the one about numbers that are printed fold less than this does.
        loose = [unicodedata.normalize("NFC", text).strip().casefold() for text in (one, other)]
        assert unicodedata.normalize("NFKC", loose[0]) == unicodedata.normalize("NFKC", loose[1]) or all(
            text[:1] in "-0123456789" for text in loose
        )


@given(st.lists(st.text()), st.lists(st.text()))
def test_no_value_is_taken_for_its_neighbours(one: list[str], other: list[str]) -> None:
    is_same = list(map(value_text, one)) == list(map(value_text, other))
    assert (values_text(one) == values_text(other)) == is_same


@given(st.lists(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.dates(), st.emails())))
def test_several_values_are_compared_as_each_of_them(values: list[Any]) -> None:
    assert values_text(values) == repr([value_text(value) for value in values])


CELLS = st.one_of(
    st.text(st.sampled_from("aB .@>\n-10e:\u00e9\u0301\ufb01"), max_size=12),
    st.sampled_from([
        "17", "17.0", "17.50", "0.1", "-0.0", "1e16", "1e+16", "2026-01-05", "2026-01-05 00:00:00", "12345678.5",
        "ann@example.org", "Ann@Example.org", "Ann <Ann@Example.org>", "1@example.org", "\u017f@example.org",
    ]),
)  # fmt: skip


@given(
    st.integers(0, 5).flatmap(
        lambda count: st.lists(
            st.one_of(
                st.lists(CELLS, min_size=count, max_size=count),
                st.lists(st.integers(), min_size=count, max_size=count),
                st.lists(st.one_of(CELLS, st.floats(), st.booleans(), st.none()), min_size=count, max_size=count),
            ),
            max_size=3,
        )
    )
)
def test_many_rows_are_compared_by_what_each_is_compared_by(columns: list[list[Any]]) -> None:
    count = len(columns[0]) if columns else 3
    assert rows_text(columns, count) == [values_text(column[n] for column in columns) for n in range(count)]


def test_an_address_is_lowered_and_never_folded() -> None:
    assert address_text("Ann@Example.ORG") == "ann@example.org"
    assert address_text("JOSÉ@example.org") == address_text("jose\u0301@example.org")
    assert len({address_text(f"{local}@example.org") for local in ("straße", "strasse", "STRASSE ")}) == 3


def test_a_campaign_is_named_without_blanks_and_case() -> None:
    assert name_text("  May   Letters ") == name_text("may letters") != name_text("mayletters")


def test_a_calendar_is_the_same_whenever_it_is_made() -> None:
    class Calendar:
        def __init__(self, stamp: bytes, what: bytes) -> None:
            self.octets = (
                b"BEGIN:VEVENT\r\nDTSTAMP:" + stamp + b"\r\nUID:a-very-\r\n long" + stamp + b"\r\nSUMMARY:" + what
            )

        def to_ical(self) -> bytes:
            return self.octets

    assert value_text(Calendar(b"1", b"x")) == value_text(Calendar(b"2", b"x")) != value_text(Calendar(b"1", b"y"))


def test_a_number_with_an_exponent_of_millions_takes_no_time() -> None:
    assert value_text(Decimal("1E+1000000")) != value_text(Decimal("1E+1000001")) != NOTHING


MOMENTS = st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1))  # noqa: DTZ001 -- zones are drawn beside


@given(MOMENTS, st.sampled_from([None, dt.UTC, ZoneInfo("Europe/Berlin")]), st.integers(1, 999))
def test_a_moment_is_the_same_in_pandas_but_for_its_nanoseconds(moment: Any, zone: Any, nanosecond: int) -> None:
    moment = moment.replace(tzinfo=zone)
    stamp = pd.Timestamp(moment)
    assert value_text(stamp) == value_text(moment)
    assert value_text(stamp + pd.Timedelta(nanosecond, "ns")) != value_text(moment)


def test_a_year_that_datetime_does_not_know_is_not_taken_for_another() -> None:
    far = pd.Series(np.array(["12025-01-02"], "datetime64[s]"))[0]
    assert value_text(far) != value_text(pd.Timestamp("1970-01-02"))
    assert value_text(far) == "12025-01-02"

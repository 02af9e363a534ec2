"""What is read and written for many groups at once is, for each of them, what it would be alone."""

import datetime as dt
import decimal
import io
import pickle

import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookmail.compose.attachments.frames_as_files import sheet_of
from notebookmail.compose.groups import GroupedFrame
from notebookmail.compose.identity.keys import Keys
from notebookmail.compose.jinja.columns_read import Reads
from notebookmail.compose.row_functions import FunctionRow
from notebookmail.compose.rows.frame import Row
from notebookmail.compose.tables.group_rows import GroupRows, table_of
from notebookmail.compose.tables.tables import html_table, text_table
from notebookmail.errors import TemplateError

NOON = dt.datetime(2025, 5, 1, 12)  # noqa: DTZ001 - as frames have them
DAY = dt.datetime(2025, 5, 1)  # noqa: DTZ001
TEXTS = ["", "x", "a & b", "=1", 'say "a,b"', "é", "two\nlines", "a sentence of several words", "x" * 40, " ", "'"]
NUMBERS = [0.0, -0.0, 1.0, 1.5, 0.1 + 0.2, 1e16, 1e-7, 123456.789, float("inf"), None]
COLUMNS = {
    "texts": (st.sampled_from([*TEXTS, None]), object),
    "strings": (st.sampled_from([*TEXTS, None]), "string"),
    "categories": (st.sampled_from(["a", "b, c", None]), "category"),
    "whole": (st.integers(-(10**9), 10**9), "int64"),
    "numbers": (st.sampled_from(NUMBERS), "float64"),
    "single": (st.sampled_from([0.1, 2.5, None]), "float32"),
    "gaps": (st.sampled_from([1, 2000, None]), "Int64"),
    "truths": (st.booleans(), "bool"),
    "truths and gaps": (st.sampled_from([True, False, None]), "boolean"),
    "days": (st.sampled_from([DAY, DAY + dt.timedelta(days=400), None]), "datetime64[ns]"),
    "moments": (st.sampled_from([DAY, NOON, NOON + dt.timedelta(seconds=5), None]), "datetime64[ns]"),
    "fractions": (st.sampled_from([DAY, NOON + dt.timedelta(milliseconds=5)]), "datetime64[ns]"),
    "zones": (st.sampled_from([DAY, NOON, None]), "datetime64[ns, Europe/Berlin]"),
    "spans": (st.sampled_from([dt.timedelta(hours=1), None]), "timedelta64[ns]"),
    "decimals": (st.sampled_from([decimal.Decimal("1.25"), decimal.Decimal(3), None]), object),
    "dates": (st.sampled_from([DAY.date(), None]), object),
    "mixed": (st.sampled_from([1, 1.5, True, "1", DAY, None, (1, 2)]), object),
    "numpy": (st.sampled_from([np.int64(3), np.float32(0.5), 7]), object),
}  # fmt: skip


@st.composite
def frames(draw, kinds=tuple(COLUMNS), index=True):
    """A frame of columns of several kinds, with a key, and labels that may say something."""
    count = draw(st.integers(1, 9))
    columns = {"key": draw(st.lists(st.sampled_from("abc"), min_size=count, max_size=count))}
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4, unique=True)):
        cells, dtype = COLUMNS[kind]
        columns[kind] = pd.Series(draw(st.lists(cells, min_size=count, max_size=count)), dtype=dtype)
    df = pd.DataFrame(columns)
    labels = draw(st.sampled_from(["none", "named", "texts", "objects", "levels"] if index else ["none"]))
    if labels == "named":
        df.index = pd.Index(range(count), name="id")
    elif labels == "texts":
        df.index = pd.Index([f"r{n}" for n in range(count)])
    elif labels == "objects":
        df.index = pd.Index([(1, 2.5, "x")[n % 3] for n in range(count)], dtype=object)
    elif labels == "levels":
        df.index = pd.MultiIndex.from_tuples([(n % 2, f"r{n}") for n in range(count)], names=["k", None])
    return df


def groups(df):
    """Every group twice: as a stretch of what was read for all, and as a frame of its own."""
    return [(row.fields["rows"], GroupRows(row.fields["rows"].frame)) for row in GroupedFrame(df, "key").rows()]


@settings(max_examples=40)
@given(
    df=frames(),
    index=st.sampled_from([None, True, False]),
    decimals=st.sampled_from([None, 0, 3]),
    locale=st.sampled_from(["en", "de"]),
)
def test_a_group_is_written_as_if_it_stood_alone(df, index, decimals, locale):
    for rows, alone in groups(df):
        for write in (html_table, text_table):
            written = write(rows, index=index, decimals=decimals, locale=locale)
            assert written == write(alone, index=index, decimals=decimals, locale=locale)
        shared, own = table_of(rows, index=index), table_of(alone, index=index)
        assert (shared.heads, len(shared)) == (own.heads, len(own))
        assert [list(map(type, row)) for row in shared.rows] == [list(map(type, row)) for row in own.rows]
        assert repr(shared.rows) == repr(own.rows)


@pytest.mark.parametrize("library", [pl.DataFrame, pa.table])
def test_a_group_of_another_library_is_written_as_if_it_stood_alone(library):
    df = library({"key": ["a", "a", "b"], "n": [1.5, None, 2.25], "d": [DAY, NOON, DAY]})
    for rows, alone in groups(df):
        assert html_table(rows) == html_table(alone)
        assert text_table(rows, index=True) == text_table(alone, index=True)
        assert sheet_of(rows, "a.csv") == sheet_of(alone, "a.csv")


@settings(max_examples=40)
@given(df=frames())
def test_a_group_says_what_it_would_say_alone(df):
    keys = Keys(Reads(items=frozenset({*map(str, df.columns), "not there"})), (), is_by_recipient=True)
    for rows, alone in groups(df):
        one, other = (Row(0, "a", {"rows": each}) for each in (rows, alone))
        assert keys.said(one, "a@x.org", keys.names(one)) == keys.said(other, "a@x.org", keys.names(other))


@settings(max_examples=40)
@given(df=frames(kinds=tuple(sorted(set(COLUMNS) - {"numpy"})), index=False))
def test_csv_of_a_group_is_what_pandas_writes(df):
    for rows, alone in groups(df):
        expected = alone.frame.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")
        assert sheet_of(rows, "a.csv") == sheet_of(alone, "a.csv") == expected
        assert sheet_of(rows, "a.tsv") == sheet_of(alone, "a.tsv")


@settings(max_examples=25)
@given(df=frames(kinds=tuple(sorted(set(COLUMNS) - {"zones", "decimals"}))))
def test_a_workbook_holds_what_pandas_and_openpyxl_write(df):
    labelled = df.index.nlevels == 1 and (df.index.name is not None or df.index.dtype == object)
    for rows, alone in groups(df):
        contents = [sheet_of(rows, "a.xlsx"), sheet_of(alone, "a.xlsx")]
        assert contents[0] == contents[1]
        if df.index.nlevels == 1:
            file = io.BytesIO()
            with_labels = labelled or df.index.dtype == "str"
            alone.frame.to_excel(file, index=bool(with_labels), engine="openpyxl")
            assert cells_of(contents[0]) == cells_of(file.getvalue())


def cells_of(workbook):
    """What Excel has: values (fifteen digits of a number), types and formats; a formula is the text it was."""
    rows = openpyxl.load_workbook(io.BytesIO(workbook)).active.iter_rows()
    return [[cell.value is not None and seen(cell) for cell in row] for row in rows]


def seen(cell):
    is_number = isinstance(cell.value, (int, float)) and not isinstance(cell.value, bool)
    value = float(f"{cell.value:.14g}") if is_number else cell.value
    return value, cell.data_type.replace("f", "s"), cell.number_format


def test_a_table_of_a_group_takes_no_frame(monkeypatch):
    grouped = GroupedFrame(pd.DataFrame({"key": ["a", "a"], "n": [1, 2]}), "key")
    monkeypatch.setattr(grouped._source, "native", lambda *_: pytest.fail("a frame was made"))
    (row,) = grouped.rows()
    rows = row.fields["rows"]
    assert "<td" in html_table(rows)
    assert [each["n"] for each in rows] == [1, 2]
    assert sheet_of(rows, "a.csv").endswith(b"a,2\r\n")
    assert len(FunctionRow(row.fields, row.label).rows) == 2


def test_what_a_function_does_to_its_rows_is_in_its_files_alone():
    (row, _) = GroupedFrame(pd.DataFrame({"key": ["a", "a", "b"], "n": [1, 2, 3]}), "key").rows()
    function_row = FunctionRow(row.fields, row.label)
    own = function_row.rows
    own.frame.loc[:, "n"] = 0
    assert sheet_of(own, "a.csv").endswith(b"a,0\r\na,0\r\n")
    assert [each["n"] for each in own] == [0, 0]
    assert [each["n"] for each in function_row.apart().rows] == [1, 2]
    assert [each["n"] for each in row.fields["rows"]] == [1, 2]


def test_rows_that_travel_leave_their_neighbours_behind():
    first, _ = GroupedFrame(pd.DataFrame({"key": ["a", "b"], "secret": ["ann's", "bert's own"]}), "key").rows()
    pickled = pickle.dumps(first.fields["rows"])
    assert b"bert's own" not in pickled
    assert html_table(pickle.loads(pickled)) == html_table(first.fields["rows"])


def test_a_cell_that_cannot_be_written_fails_its_own_group_alone():
    class Broken:
        def __str__(self):
            raise ValueError("broken")

    df = pd.DataFrame({"key": ["a", "b"], "x": pd.Series(["fine", Broken()], dtype=object)})
    good, bad = (row.fields["rows"] for row in GroupedFrame(df, "key").rows())
    assert "fine" in html_table(good)
    with pytest.raises(ValueError, match="broken"):
        html_table(bad)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (pd.Timestamp("2025-05-01", tz="UTC"), "timezone.*tz_localize"),
        ("x" * 32_768, "32,768 characters.*32,767"),
        ("a\x1bb", "control character"),
    ],
)
def test_what_excel_cannot_hold_is_refused_with_the_reason(cell, reason):
    with pytest.raises(TemplateError, match=reason):
        sheet_of(pd.DataFrame({"x": [cell]}), "a.xlsx")


@settings(max_examples=40)
@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**30), 10**30))
def test_a_number_in_excel_keeps_all_its_digits(number):
    content = sheet_of(pd.DataFrame({"x": pd.Series([number], dtype=object)}), "a.xlsx")
    value = openpyxl.load_workbook(io.BytesIO(content)).active["A2"].value
    assert value == number


def test_decimals_are_numbers_in_excel():
    content = sheet_of(pd.DataFrame({"x": pd.Series([decimal.Decimal("1.25")], dtype=object)}), "a.xlsx")
    assert openpyxl.load_workbook(io.BytesIO(content)).active["A2"].value == 1.25


def test_days_before_excels_calendar_are_texts():
    content = sheet_of(pd.DataFrame({"x": pd.Series([dt.date(1815, 12, 10)], dtype=object)}), "a.xlsx")
    assert openpyxl.load_workbook(io.BytesIO(content)).active["A2"].value == "1815-12-10"

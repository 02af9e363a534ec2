import datetime as dt
import decimal
import re
from fractions import Fraction
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from babel.numbers import format_decimal, get_decimal_symbol, get_group_symbol
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.compose.tables.group_rows import GroupRows, is_table, pandas_of, table_of
from notebookmail.compose.tables.tables import MOST_ROWS, html_table, text_table
from notebookmail.errors import TemplateError


class Reader(HTMLParser):
    """What a browser shows of a table, and what it was made of."""

    def __init__(self):
        super().__init__()
        self.rows, self.open, self.tags, self.caption = [], [], [], ""

    def handle_starttag(self, tag, attrs):
        if tag == "br":  # a cell's line break
            self.rows[-1][-1] += "\n"
            return
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1] == "caption":
            self.caption += data
        else:
            assert self.open[-1] in {"td", "th"}
            self.rows[-1][-1] += data


def read(value, **options):
    reader = Reader()
    reader.feed(str(html_table(value, **options)))
    reader.close()
    assert reader.open == []
    return reader


def column(cells, **options):
    """One column as it is shown, without its name."""
    return [row[0] for row in read(pd.DataFrame({"x": pd.Series(cells, dtype=object)}), **options).rows[1:]]


anything = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from([
    "<script>alert(1)</script>", "</td></tr></table>", '" onmouseover="x', "{{7*7}}", "&amp;", "a|b", "<!--",
])  # fmt: skip


@given(st.lists(st.tuples(anything, anything), max_size=5), anything, anything)
def test_every_text_is_shown_as_it_is(rows, head, caption):
    frame = pd.DataFrame(rows, columns=[f"a{head}", "b"], dtype=object)
    reader = read(frame, caption=caption)
    broken = [[re.sub("\r\n?", "\n", cell) if "\n" in cell else cell for cell in row] for row in rows]
    assert reader.rows == [[f"a{head}", "b"], *broken]
    assert reader.caption == caption
    assert {tag for tag, _ in reader.tags} <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td"}


def test_every_cell_carries_its_style():
    reader = read(pd.DataFrame({"a": [1], "b": ["x"]}))
    assert all("padding" in attributes["style"] for tag, attributes in reader.tags if tag in {"td", "th"})


def test_a_wide_table_scrolls_in_a_box_of_its_own():
    first, second = read(pd.DataFrame({"a": [1]})).tags[:2]
    assert first[0] == "div"
    assert "overflow-x:auto" in first[1]["style"]
    assert second[0] == "table"


def test_the_text_takes_its_colour_from_the_letter():
    assert re.search(r"(?<!-)color:|background", str(html_table(pd.DataFrame({"a": [1]})))) is None


def test_a_long_word_may_break_and_short_ones_may_not():
    assert "word-break" in html_table(pd.DataFrame({"a": ["https://example.org/" + "x" * 40]}))
    assert "word-break" not in html_table(
        pd.DataFrame({"a": ["a sentence of many words, and none of them is long"]})
    )


def test_numbers_stand_at_the_right_and_texts_at_the_left():
    assert "text-align:right" in html_table(pd.DataFrame({"a": [1]}))
    assert "text-align:right" not in html_table(pd.DataFrame({"a": ["1"], "b": [True]}))


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ([1, 1234567], ["1", "1,234,567"]),
        ([1.5, 2.25, 3.0], ["1.50", "2.25", "3.00"]),
        ([1.0, 1000.0], ["1", "1,000"]),
        ([0.1, 0.125], ["0.10", "0.12"]),
        ([1.5, None, float("nan")], ["1.5", "", ""]),
        ([float("inf"), -1.0], ["inf", "-1"]),
        ([10**30, 0.5], ["1,000,000,000,000,000,000,000,000,000,000.0", "0.5"]),
        ([decimal.Decimal("1.25"), decimal.Decimal("NaN")], ["1.25", ""]),
        ([Fraction(1, 2), 1], ["0.5", "1.0"]),
        ([np.int64(3), np.float32(0.5)], ["3.0", "0.5"]),
        ([np.int64(3), 4], ["3", "4"]),
        ([True, False, None], ["yes", "no", ""]),
        ([np.bool_(True), "x"], ["yes", "x"]),
        ([pd.NaT, dt.date(2024, 1, 2)], ["", "2024-01-02"]),
        ([pd.Timestamp("2024-01-02"), pd.NaT], ["2024-01-02", ""]),
        ([pd.Timestamp("2024-01-02"), pd.Timestamp("2024-01-02 10:30")], ["2024-01-02 00:00", "2024-01-02 10:30"]),
        ([dt.datetime.fromisoformat("2024-01-02T10:30:05")], ["2024-01-02 10:30:05"]),
        ([pd.Timestamp("2024-01-02", tz="UTC")], ["2024-01-02 00:00+00:00"]),
        ([pd.Timedelta("1h")], ["0 days 01:00:00"]),
        ([pd.Period("2024-01", "M")], ["2024-01"]),
        ([[1, "a"], {"b": 2}], ["[1, 'a']", "{'b': 2}"]),
        ([np.array([1, 2]), None], ["[1 2]", ""]),
    ],
)
def test_cells_of_every_kind(cells, shown):
    assert column(cells) == shown


def test_a_number_no_float_can_hold():
    assert column([10**400, 0.5])[0].replace(",", "") == f"{10**400}.0"


def test_categories_are_their_values():
    frame = pd.DataFrame({"x": pd.Categorical(["b", None, "a"])})
    assert read(frame).rows == [["x"], ["b"], [""], ["a"]]


@pytest.mark.parametrize("locale", ["en", "de", "pt_BR", "hi-IN"])
def test_numbers_are_written_for_a_language(locale):
    shown = format_decimal(1234567.5, locale=locale.replace("-", "_"))
    frame = pd.DataFrame({"x": [1234567.5]})
    assert read(frame, locale=locale).rows[1] == [shown]
    assert text_table(frame, locale=locale).splitlines()[-1] == shown


def test_numbers_of_other_languages_have_the_decimals_of_english_ones():
    group, point = get_group_symbol("de"), get_decimal_symbol("de")
    assert column([1.5, 2.25, 1000], locale="de") == [f"1{point}50", f"2{point}25", f"1{group}000{point}00"]
    assert column([1.5, 2], decimals=0, locale="de") == ["2", "2"]
    assert column([float("inf"), 1], locale="de") == ["inf", "1"]
    assert column([10**30, 1], locale="de")[0] == "1" + f"{group}000" * 10


def test_an_unknown_locale_is_refused():
    with pytest.raises(TemplateError, match="'klingon'"):
        html_table(pd.DataFrame({"x": [1]}), locale="klingon")


def test_decimals_are_those_asked_for():
    assert column([1.005, 2], decimals=3) == ["1.005", "2.000"]
    assert column([1, 2], decimals=3) == ["1", "2"]


def test_columns_are_chosen_and_ordered():
    frame = pd.DataFrame({"a": [1], "b": [2], "c": [3]})
    assert read(frame, columns=["c", "a"]).rows == [["c", "a"], ["3", "1"]]


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(TemplateError, match=r"no column 'z'; it has 'a'"):
        html_table(pd.DataFrame({"a": [1]}), columns=["z"])


def test_two_columns_of_one_name_are_both_shown():
    frame = pd.DataFrame([[1, 2, 3]], columns=["a", "a", "b"])
    assert read(frame).rows == [["a", "a", "b"], ["1", "2", "3"]]
    assert read(frame, columns=["a"]).rows == [["a", "a"], ["1", "2"]]
    assert read(pa.table([[1], [2]], names=["x", "x"])).rows == [["x", "x"], ["1", "2"]]


def test_levels_of_columns_are_one_name():
    columns = pd.MultiIndex.from_tuples([("mean", "a"), ("mean", "b"), ("n", "")])
    assert read(pd.DataFrame([[1, 2, 3]], columns=columns)).rows[0] == ["mean a", "mean b", "n"]


def test_row_labels_are_shown_where_they_say_something():
    frame = pd.DataFrame({"x": [5, 6]}, index=[7, 3])
    assert read(frame).rows[0] == ["x"]
    assert read(frame.rename_axis("id")).rows == [["id", "x"], ["7", "5"], ["3", "6"]]
    assert read(frame.set_axis(["a", "b"])).rows == [["", "x"], ["a", "5"], ["b", "6"]]
    assert read(frame.set_axis(["a", "b"]), index=False).rows == [["x"], ["5"], ["6"]]
    assert read(frame, index=True).rows[1] == ["7", "5"]


def test_row_labels_of_no_rows_say_nothing():
    assert read(pd.DataFrame({"x": []}, index=pd.Index([], dtype=object))).rows == [["x"]]


def test_row_labels_of_a_series_are_shown_unless_they_count_the_rows():
    assert read(pd.Series([5, 6], name="x")).rows == [["x"], ["5"], ["6"]]
    assert read(pd.Series([5, 6], name="x", index=[7, 3])).rows == [["", "x"], ["7", "5"], ["3", "6"]]


def test_several_row_labels_are_several_columns():
    index = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["k", None])
    assert read(pd.DataFrame({"k": [5, 6]}, index=index)).rows == [
        ["k", "", "k"],
        ["a", "1", "5"],
        ["b", "2", "6"],
    ]


def test_a_series_is_a_table_of_labels_and_values():
    counts = pd.Series(["x", "y", "x"], name="n").value_counts()
    assert read(counts).rows == [["n", "count"], ["x", "2"], ["y", "1"]]


def test_a_series_without_a_name_has_no_heads():
    assert read(pd.Series({"a": 1})).rows == [["a", "1"]]
    assert text_table(pd.Series({"a": 1, "bb": 20})) == "a    1\nbb  20"


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"a": [1.5, None], "b": ["x", "<"]}),
        pa.table({"a": [1.5, None], "b": ["x", "<"]}),
        pd.DataFrame({"a": [1.5, None], "b": ["x", "<"]}),
        GroupRows(pd.DataFrame({"a": [1.5, None], "b": ["x", "<"]}, index=[5, 3])),
    ],
)
def test_frames_of_every_library(frame):
    assert is_table(frame)
    assert read(frame).rows == [["a", "b"], ["1.5", "x"], ["", "<"]]


@pytest.mark.parametrize("series", [pl.Series("q", [1, None]), pd.Series([1, None], name="q")])
def test_series_of_every_library(series):
    assert is_table(series)
    assert read(series, index=False).rows == [["q"], ["1"], [""]]


def test_a_chunked_array_has_no_name():
    assert is_table(pa.chunked_array([[1, 2]]))
    assert read(pa.chunked_array([[1, 2]])).rows == [["1"], ["2"]]


def test_a_frame_of_a_kind_of_its_own_is_a_table():
    class Sales(pd.DataFrame):
        pass

    assert is_table(Sales({"a": [1]}))


@pytest.mark.parametrize("value", [None, "x", 1, [1], {"a": 1}, pd.DataFrame, np.array([1]), pd.Index([1])])
def test_other_values_are_no_tables(value):
    assert not is_table(value)


def test_empty_frames_are_empty_tables():
    assert read(pd.DataFrame()).rows == []
    assert read(pd.DataFrame({"a": []})).rows == [["a"]]
    assert read(pl.DataFrame({"a": []})).rows == [["a"]]
    assert text_table(pd.DataFrame({"a": []})) == "a\n-"
    assert text_table(pd.DataFrame()) == ""


def test_a_thousand_rows_are_the_most():
    assert len(read(pd.DataFrame({"a": range(MOST_ROWS)})).rows) == MOST_ROWS + 1
    with pytest.raises(TemplateError, match=r"1,001 rows .* attach it"):
        html_table(pd.DataFrame({"a": range(MOST_ROWS + 1)}))
    with pytest.raises(TemplateError, match="1,001 rows"):
        text_table(pl.DataFrame({"a": range(MOST_ROWS + 1)}))


def test_the_frame_stays_as_it_was():
    frame = pd.DataFrame([[1, "x"]], columns=["a", "a"], index=pd.Index(["i"], name="a"))
    before = frame.copy(deep=True)
    html_table(frame)
    text_table(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_columns_of_a_text_stand_under_each_other():
    frame = pd.DataFrame({"name": ["日本", "Zoë", "a\nb"], "n": [1, 1000, 20]})
    assert text_table(frame, caption="Sales") == (
        "Sales\n\nname      n\n----  -----\n日本      1\nZoë   1,000\na b      20"
    )


@given(st.lists(st.tuples(anything, st.integers()), min_size=1, max_size=5))
def test_a_row_is_a_line_whatever_it_holds(rows):
    lines = text_table(pd.DataFrame(rows, columns=["a", "n"])).split("\n")
    assert len(lines) == len(rows) + 2
    assert [line.split()[-1] for line in lines[2:]] == [f"{number:,}" for _, number in rows]


def test_pandas_of_gives_a_frame_of_any_table():
    for value in (
        pl.DataFrame({"a": [1]}),
        pa.table({"a": [1]}),
        GroupRows(pl.DataFrame({"a": [1]})),
        pl.Series("a", [1]),
    ):
        assert pandas_of(value).to_dict("list") == {"a": [1]}


def test_a_table_is_read_as_plain_values():
    table = table_of(pd.DataFrame({"a": np.array([1, 2]), "b": [None, "x"]}))
    assert (table.heads, table.rows) == (("a", "b"), [(1, None), (2, "x")])
    assert [type(row[0]) for row in table.rows] == [int, int]

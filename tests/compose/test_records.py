"""Lists of dicts, dataclasses and named tuples as frames."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookmail import FrameError
from notebookmail.compose.rows.frame import Frame

Point = namedtuple("Point", ["email", "n"])  # noqa: PYI024 -- as people make them in notebooks


@dataclass
class Person:
    email: str
    n: int | None = None


def fields(source: Any) -> list[dict[str, Any]]:
    return [dict(row.fields) for row in Frame(source).rows()]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["a", "b", "c"]),
            st.none() | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.text(),
            min_size=1,
        ),
        min_size=1,
    )
)
def test_values_stay_what_they_are(rows):
    names = dict.fromkeys(name for row in rows for name in row)
    found = fields(rows)
    assert found == [{name: row.get(name) for name in names} for row in rows]
    assert [[type(cell) for cell in row.values()] for row in found] == [
        [type(row.get(name)) for name in names] for row in rows
    ]


def test_dataclasses_and_named_tuples_are_rows():
    wanted = [{"email": "ann@example.org", "n": 1}, {"email": "bo@example.org", "n": None}]
    assert fields([Person("ann@example.org", 1), Person("bo@example.org")]) == wanted
    assert fields((Point("ann@example.org", 1), Point("bo@example.org", None))) == wanted


def test_what_a_row_lacks_is_missing_in_it():
    assert fields([{"a": 1}, {"b": "x"}]) == [{"a": 1, "b": None}, {"a": None, "b": "x"}]


def test_whole_numbers_beside_gaps_can_be_summed_in_groups():
    column = Frame([{"n": 1}, {"n": None}, {"n": 2}])._source.part(slice(None))["n"]
    assert (column.dtype, column.sum()) == (pd.Int64Dtype(), 3)


def test_the_rows_are_kept_as_they_were():
    rows = [{"tags": ["new"]}]
    frame = Frame(rows)
    frame.own()
    rows[0]["tags"].append("late")
    assert next(frame.rows()).fields == {"tags": ["new"]}


@pytest.mark.parametrize("rows", [iter([{"a": 1}]), ({"a": n} for n in range(2)), map(dict, [{"a": 1}])])
def test_an_iterator_is_refused_with_what_to_do(rows):
    with pytest.raises(FrameError, match=r"only once.*list\(rows\)"):
        Frame(rows)


@pytest.mark.parametrize("thing", [3, ["email"], "email", None, Person])
def test_a_row_that_has_no_fields_is_named(thing):
    with pytest.raises(FrameError, match=f"row 1 is a {type(thing).__name__}"):
        Frame([{"email": "ann@example.org"}, thing])


def test_an_empty_list_has_no_columns():
    assert Frame([]).columns == ()

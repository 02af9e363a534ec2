"""A frame read group by group: every row in exactly one group, and nobody's rows in another's."""

import datetime as dt
import pickle
from itertools import groupby

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.compose.groups import GroupedFrame, Varying
from notebookmail.compose.rows.frame import CHUNK
from notebookmail.errors import FrameError, TemplateError

DAY = dt.datetime(2025, 5, 1)  # noqa: DTZ001 - as frames have them
KEYS = {
    "texts": (["ann", "Ann", "ann ", "", "é", None], object),
    "integers": ([-1, 0, 1, 2], "int64"),
    "integers with gaps": ([0, 1, 2, None], "Int64"),
    "numbers": ([0.0, -0.0, 1.5, float("nan"), float("inf")], "float64"),
    "days": ([DAY, DAY + dt.timedelta(days=1), None], "datetime64[ns]"),
    "categories": (["a", "b", None], "category"),
    "tuples": ([("a", 1), ("a", 2)], object),
    "mixed": ([1, True, 1.5, "1", ("a", 1), DAY.date(), None], object),
}


def frame_of(keys, dtype=object):
    return pd.DataFrame({"key": pd.Series(keys, dtype=dtype), "n": range(len(keys))})


def numbers_of(grouped):
    """Return the numbers of the rows in every group."""
    return [row.fields["rows"].frame["n"].to_list() for row in grouped.rows()]


def expected_groups(keys):
    """Group as one would by hand: equal keys together, a missing key alone."""
    groups = {}
    for number, key in enumerate(keys):
        groups.setdefault(("none", number) if pd.isna(key) is True else ("key", key), []).append(number)
    return list(groups.values())


@pytest.mark.parametrize("kind", KEYS)
@given(data=st.data())
def test_rows_are_together_exactly_if_their_keys_are_equal_and_there(kind, data):
    values, dtype = KEYS[kind]
    keys = data.draw(st.lists(st.sampled_from(values), max_size=12))
    grouped = GroupedFrame(frame_of(keys, dtype), "key")
    assert numbers_of(grouped) == expected_groups(keys)
    assert len(grouped) == len(expected_groups(keys))


@given(keys=st.lists(st.sampled_from(["a", "b", "A", " b", None]), max_size=12))
def test_every_library_gives_the_same_groups(keys):
    columns = {"key": keys, "n": list(range(len(keys)))}
    others = [pl.DataFrame(columns, schema={"key": pl.String, "n": pl.Int64})]
    others += [pa.table({"key": pa.array(keys, pa.string()), "n": pa.array(range(len(keys)), pa.int64())})]
    own = GroupedFrame(frame_of(keys), "key")
    for other in (GroupedFrame(df, "key") for df in others):
        assert [fields_of(row) for row in other.rows()] == [fields_of(row) for row in own.rows()]
        assert other.refusals().keys() == own.refusals().keys()


def fields_of(row):
    fields = dict(row.fields)
    return fields | {"rows": list(fields["rows"])}


@given(
    keys=st.lists(st.integers(0, 4), max_size=12),
    other=st.lists(st.sampled_from([1, 1.0, True, "1", None]), min_size=12, max_size=12),
)
def test_a_column_has_a_value_exactly_if_all_rows_of_the_group_read_the_same(keys, other):
    df = frame_of(keys).assign(other=pd.Series(other[: len(keys)], dtype=object))
    for row, numbers in zip(GroupedFrame(df, "key").rows(), expected_groups(keys), strict=True):
        said = {repr(other[number]) for number in numbers}
        assert repr(row.fields["other"]) == (said.pop() if len(said) == 1 else repr(Varying("other")))


def test_a_column_missing_in_some_rows_has_no_value():
    (row,) = GroupedFrame(frame_of(["a", "a"]).assign(city=["Rome", None]), "key").rows()
    assert row.fields["city"] == Varying("city")


def test_a_column_missing_in_all_rows_is_missing():
    (row,) = GroupedFrame(frame_of(["a", "a"]).assign(city=[float("nan")] * 2), "key").rows()
    assert row.fields["city"] is None


def test_the_hint_of_a_varying_column_names_it_and_the_loop():
    assert "each['city']" in Varying("city").hint
    assert "{{ rows | table }}" in Varying("city").hint


def test_equal_lists_are_one_value():
    df = frame_of(["a", "a", "b", "b"]).assign(tags=[["x"], ["x"], ["x"], ["y"]])
    assert [row.fields["tags"] for row in GroupedFrame(df, "key").rows()] == [["x"], Varying("tags")]


def test_one_object_in_all_rows_is_one_value_even_if_it_cannot_be_compared():
    logo = np.array([1, 2])
    df = frame_of(["a", "a", "b", "b"]).assign(logo=[logo, logo, logo, logo.copy()])
    first, second = GroupedFrame(df, "key").rows()
    assert first.fields["logo"] is logo
    assert second.fields["logo"] == Varying("logo")


def test_a_group_sees_its_key_and_its_place():
    rows = list(GroupedFrame(frame_of(["b", "a", "b"]), "key").rows())
    assert [(row.position, row.label, row.fields["key"]) for row in rows] == [(0, "b", "b"), (1, "a", "a")]


def test_rows_keep_all_columns_and_their_labels():
    df = frame_of(["a", "b", "a"]).set_axis(pd.Index([7, 8, 9], name="id"))
    first, _ = GroupedFrame(df, "key").rows()
    pd.testing.assert_frame_equal(first.fields["rows"].frame, df.iloc[[0, 2]])


def test_polars_rows_are_polars():
    (row,) = GroupedFrame(pl.DataFrame({"key": ["a", "a"]}), "key").rows()
    assert row.fields["rows"].frame.equals(pl.DataFrame({"key": ["a", "a"]}))


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_pickled_group_holds_nobody_else(library):
    df = library({"key": ["a", "a", "b"], "secret": ["ann's", "ann's", "bert's own"]})
    first, _ = GroupedFrame(df, "key").rows()
    assert b"bert's own" not in pickle.dumps(first.fields["rows"].frame)


def test_chosen_groups_come_in_the_order_given():
    grouped = GroupedFrame(frame_of([number // 3 for number in range(3 * CHUNK)]), "key")
    chosen = [(row.label, row.fields["rows"].frame["n"].to_list()) for row in grouped.rows(iter([CHUNK - 1, 2]))]
    assert chosen == [(CHUNK - 1, [3 * CHUNK - 3, 3 * CHUNK - 2, 3 * CHUNK - 1]), (2, [6, 7, 8])]


def test_groups_larger_and_smaller_than_a_chunk_are_whole():
    keys = ["a"] * (CHUNK + 5) + ["b"] + ["c"] * CHUNK + ["d"]
    sizes = [(row.label, len(row.fields["rows"])) for row in GroupedFrame(frame_of(keys), "key").rows()]
    assert sizes == [(key, len(list(run))) for key, run in groupby(keys)]


def test_groups_are_read_one_chunk_at_a_time(monkeypatch):
    grouped = GroupedFrame(frame_of(list(range(3 * CHUNK))), "key")
    read = []
    part = grouped._source.part
    monkeypatch.setattr(grouped._source, "part", lambda chosen: read.append(len(chosen)) or part(chosen))
    next(grouped.rows())
    assert read == [CHUNK]


def test_the_users_frame_is_not_changed():
    df = frame_of(["a", None, "a"]).assign(tags=[[1], [2], [3]])
    before = df.copy(deep=True)
    for row in GroupedFrame(df, "key").rows():
        row.fields["rows"].frame.loc[:, "n"] = 0
    pd.testing.assert_frame_equal(df, before)


def test_a_named_index_level_can_be_the_key():
    index = pd.MultiIndex.from_tuples([("x", 1), ("y", 1), ("x", 2)], names=["shop", "day"])
    grouped = GroupedFrame(pd.DataFrame({"n": [0, 1, 2]}, index=index), "shop")
    assert numbers_of(grouped) == [[0, 2], [1]]
    assert grouped.labels.tolist() == ["x", "y"]


@pytest.mark.parametrize("kind", KEYS)
def test_the_labels_are_the_keys_under_the_columns_name_and_type(kind):
    df = frame_of(*KEYS[kind])
    labels = GroupedFrame(df, "key").labels
    assert (labels.name, labels.dtype, labels.nlevels) == ("key", df["key"].dtype, 1)


def test_polars_dates_are_dates_among_the_labels_too():
    labels = GroupedFrame(pl.DataFrame({"key": [DAY]}), "key").labels
    assert isinstance(labels, pd.DatetimeIndex)


def test_a_row_without_a_key_is_refused_by_its_own_label():
    df = frame_of(["a", None, "a", float("nan")]).set_axis(["r0", "r1", "r2", "r3"])
    refusals = GroupedFrame(df, "key").refusals()
    assert list(refusals) == [1, 2]
    assert [reason.row for reason in refusals.values()] == ["r1", "r3"]
    assert isinstance(refusals[1], TemplateError)
    assert "no value in 'key'" in refusals[1].message
    assert "fill it in" in refusals[1].message


def test_where_every_row_has_a_key_nothing_is_refused():
    assert GroupedFrame(frame_of(["", 0, False]), "key").refusals() == {}


UNHASHABLE = {
    "lists": pd.DataFrame({"key": [["a"], ["b"]]}),
    "lists of pyarrow": pd.DataFrame({"key": pd.Series([["a"]], dtype=pd.ArrowDtype(pa.list_(pa.string())))}),
    "lists of polars": pl.DataFrame({"key": [["a"], ["b"]]}),
    "structs": pa.table({"key": [{"a": 1}]}),
}


@pytest.mark.parametrize("kind", UNHASHABLE)
def test_values_that_cannot_be_told_apart_are_refused_with_the_remedy(kind):
    with pytest.raises(FrameError, match=r"group_by='key'.*cannot be told apart.*texts, numbers or dates"):
        GroupedFrame(UNHASHABLE[kind], "key")


@pytest.mark.parametrize("group_by", [["key", "n"], ("key",), 7, pl.col("key")])
def test_what_is_not_one_column_is_refused_with_the_remedy(group_by):
    with pytest.raises(FrameError, match=r"name of one column.*add one that joins them"):
        GroupedFrame(frame_of(["a"]), group_by)


def test_an_unknown_column_is_refused_with_those_there_are():
    with pytest.raises(FrameError, match="group_by='Key': there is no such column; there are: 'key', 'n'"):
        GroupedFrame(frame_of(["a"]), "Key")


def test_a_column_named_rows_is_refused():
    with pytest.raises(FrameError, match=r'"rows".*rename'):
        GroupedFrame(frame_of(["a"]).assign(rows=1), "key")


def test_a_frame_without_rows_has_no_groups():
    assert list(GroupedFrame(frame_of([]), "key").rows()) == []


def test_its_repr_is_short():
    assert repr(GroupedFrame(frame_of(["a", "b", "a"]), "key")) == "<GroupedFrame 2 groups by 'key'>"

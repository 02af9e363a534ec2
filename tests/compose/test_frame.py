import pandas as pd
import pytest

from notebookmail.compose.rows.frame import Frame, Row, email_column, row_of
from notebookmail.errors import FrameError


def test_rows_hold_python_scalars():
    frame = Frame(pd.DataFrame({"n": [1], "x": [1.5], "ok": [True], "when": pd.to_datetime(["2025-05-01"])}))
    fields = next(frame.rows()).fields
    assert [type(value) for value in fields.values()] == [int, float, bool, pd.Timestamp]


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NaT, pd.NA])
def test_every_missing_value_is_none(missing):
    frame = Frame(pd.DataFrame({"a": pd.Series(["x", missing], dtype=object)}))
    assert [row.fields["a"] for row in frame.rows()] == ["x", None]


def test_nullable_integers_are_integers_or_none():
    frame = Frame(pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}))
    assert [row.fields["a"] for row in frame.rows()] == [1, None]


def test_rows_know_their_position_and_label():
    frame = Frame(pd.DataFrame({"a": [1, 2]}, index=["x", "y"]))
    assert list(frame.rows()) == [Row(0, "x", {"a": 1}, frame), Row(1, "y", {"a": 2}, frame)]


def test_chosen_positions_come_in_the_order_given():
    frame = Frame(pd.DataFrame({"a": range(5000)}))
    assert [row.fields["a"] for row in frame.rows(iter([4321, 7]))] == [4321, 7]


def test_rows_beyond_one_chunk_keep_their_order():
    frame = Frame(pd.DataFrame({"a": range(3000)}))
    assert [(row.position, row.fields["a"]) for row in frame.rows()] == [(n, n) for n in range(3000)]


def test_a_named_index_is_a_column():
    frame = Frame(pd.DataFrame({"a": [1]}, index=pd.Index(["ada@example.org"], name="email")))
    assert (frame.columns, next(frame.rows()).fields["email"]) == (("a", "email"), "ada@example.org")


def test_a_column_comes_before_an_index_of_its_name():
    frame = Frame(pd.DataFrame({"a": [1]}, index=pd.Index([9], name="a")))
    assert (frame.columns, next(frame.rows()).fields) == (("a",), {"a": 1})


def test_the_users_frame_is_not_changed():
    df = pd.DataFrame({"a": [1, None], "b": [[1], [2]]}, index=["x", "y"])
    before = df.copy(deep=True)
    list(Frame(df).rows())
    pd.testing.assert_frame_equal(df, before)


def test_a_frame_without_columns_has_rows():
    assert [row.label for row in Frame(pd.DataFrame(index=["x", "y"])).rows()] == ["x", "y"]


def test_columns_of_one_name_are_refused_by_name():
    with pytest.raises(FrameError, match=r"'a'.*rename or drop"):
        Frame(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_columns_of_several_levels_are_refused_with_the_remedy():
    with pytest.raises(FrameError, match="flatten"):
        Frame(pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])))


@pytest.mark.parametrize("thing", [[1, 2], "a.csv", None, pd.Series([1])])
def test_what_is_no_frame_is_refused(thing):
    with pytest.raises(FrameError, match="not a data frame"):
        Frame(thing)


def test_polars_frames_are_read():
    polars = pytest.importorskip("polars")
    frame = Frame(polars.DataFrame({"a": [1, None], "b": [float("nan"), 2.5]}))
    assert [row.fields for row in frame.rows()] == [{"a": 1, "b": None}, {"a": None, "b": 2.5}]


def test_polars_rows_are_labelled_by_position():
    polars = pytest.importorskip("polars")
    frame = Frame(polars.DataFrame({"a": [1, 2]}))
    assert [row.label for row in frame.rows([1])] == [1]


def test_pyarrow_tables_are_read():
    pyarrow = pytest.importorskip("pyarrow")
    frame = Frame(pyarrow.table({"a": ["x", None]}))
    assert [row.fields["a"] for row in frame.rows()] == ["x", None]


@pytest.mark.parametrize("name", ["email", "E-Mail", " e_mail ", "MAIL", "Address"])
def test_the_email_column_is_known_by_its_name(name):
    assert email_column(["name", name]) == name


def test_no_email_column_is_an_error_that_lists_the_columns():
    with pytest.raises(FrameError, match=r"'name', 'city'.*to="):
        email_column(["name", "city"])


def test_two_email_columns_are_an_error_that_names_both():
    with pytest.raises(FrameError, match="'email', 'Mail'"):
        email_column(["email", "x", "Mail"])


def test_a_series_becomes_the_row_the_frame_would_give():
    df = pd.DataFrame({"a": ["x"], "b": [float("nan")]}, index=["r"])
    assert row_of(df.iloc[0])[:3] == (0, "r", {"a": "x", "b": None})


def test_a_mapping_becomes_a_row_without_a_label():
    assert row_of({"a": float("nan"), "b": [1]})[:3] == (0, None, {"a": None, "b": [1]})


def test_what_is_no_row_is_refused():
    with pytest.raises(FrameError, match="not a row"):
        row_of(7)

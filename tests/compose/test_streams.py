"""Sources that hand out their rows as a stream: the same letters as of a frame in memory, whatever the library."""

from __future__ import annotations

import datetime as dt
import importlib.util
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import dask
import duckdb
import ibis
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from dask import dataframe as dd
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookmail import FrameError, Template, TemplateError
from notebookmail.campaign.options import SendSettings
from notebookmail.campaign.planning import make_plan
from notebookmail.compose.rows.frame import Frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Ibis asks pandas for an option that its newest version is about to give up.
pytestmark = pytest.mark.filterwarnings("ignore:The 'future.infer_string' option")

CONNECTION = duckdb.connect()
CONNECTION.execute("SET TimeZone = 'Europe/Berlin'")  # DuckDB's moments are in the zone of the session
BERLIN = ZoneInfo("Europe/Berlin")
PEOPLE: dict[str, list[Any]] = {
    "email": ["ann@example.org", "bo@example.org", "cy@example.org"],
    "count": [17, None, 3],
    "share": [1.5, float("nan"), None],
    "price": [Decimal("17.00"), None, Decimal("0.50")],
    "day": [dt.date(2026, 5, 4), None, dt.date(2026, 5, 5)],
    "moment": [dt.datetime(2026, 5, 4, 9, 30, tzinfo=BERLIN), None, dt.datetime(2026, 12, 4, tzinfo=BERLIN)],
    "is_new": [True, None, False],
    "kind": ["a", None, "b"],
    "tags": [["x", "y"], None, []],
    "home": [{"city": "Bonn"}, None, {"city": "Köln"}],
}
PLAIN = pa.table({
    **PEOPLE,
    "price": pa.array(PEOPLE["price"], pa.decimal128(8, 2)),
    "moment": pa.array(PEOPLE["moment"], pa.timestamp("us", "Europe/Berlin")),
    "kind": pa.array(PEOPLE["kind"]).dictionary_encode(),
})  # fmt: skip


class Capsules:
    """What knows no library but Arrow's C stream, as PySpark's data frames do."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self.asked = 0

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        self.asked += 1
        return self.table.__arrow_c_stream__(requested_schema)


def relation(table: pa.Table) -> Any:
    return CONNECTION.from_arrow(table)


def ibis_table(table: pa.Table) -> Any:
    return ibis.polars.connect({"t": pl.from_arrow(table)}).table("t")


STREAMS: dict[str, Callable[[pa.Table], Any]] = {
    "polars": lambda table: pl.from_arrow(table).lazy(),
    "narwhals": lambda table: nw.from_native(pl.from_arrow(table).lazy()),
    "duckdb": relation,
    "ibis": ibis_table,
    "reader": lambda table: table.to_reader(max_chunksize=2),
    "dataset": ds.dataset,
    "capsules": Capsules,
}
EVERY_STREAM = pytest.mark.parametrize("make", STREAMS.values(), ids=STREAMS.keys())


def read(source: Any, names: list[str] | None = None) -> list[dict[str, Any]]:
    frame = Frame(source)
    frame.own(names)
    return [dict(row.fields) for row in frame.rows()]


LETTER = Template(
    "{{ count | default('no') }} for you",
    text="{{ share | default('-') }} {{ price | default('-') }} {{ day | default('-') }} "
    "{{ moment | default('-') }} {{ is_new | default('-') }} {{ kind | default('-') }} "
    "{{ (tags | default([])) | join('+') }}",
    sender="Desk <desk@example.org>",
    undefined="strict",
)


def letters(source: Any, template: Template = LETTER, **options: Any) -> list[tuple[str, bytes, str]]:
    plan = make_plan(source, template, SendSettings(**options))
    return [(task.to, task.key, _text(task.build().content)) for task in plan.tasks()]


def _text(content: bytes) -> str:
    """Return a letter without the moment it was made."""
    return "\n".join(line for line in content.decode().split("\r\n") if not line.startswith("Date:"))


@EVERY_STREAM
def test_cells_are_those_of_the_table_in_memory(make):
    names = [name for name in PEOPLE if name != "moment"]
    wanted = [{name: PEOPLE[name][row] for name in names} for row in range(3)]
    wanted[1]["share"] = None  # NaN says nothing
    assert read(make(PLAIN), names) == wanted


@EVERY_STREAM
def test_moments_keep_their_zone(make):
    found = [row["moment"] for row in read(make(PLAIN), ["moment"])]
    assert found == PEOPLE["moment"]
    assert [each and each.utcoffset() for each in found] == [dt.timedelta(hours=2), None, dt.timedelta(hours=1)]


@EVERY_STREAM
def test_letters_and_keys_are_those_of_a_list_of_the_same_rows(make):
    assert letters(make(PLAIN)) == letters(PLAIN.to_pylist())


@EVERY_STREAM
def test_only_the_columns_that_are_read_are_asked_for(make):
    assert read(make(PLAIN), ["email", "kind"]) == [
        {"email": address, "kind": kind} for address, kind in zip(PEOPLE["email"], PEOPLE["kind"], strict=True)
    ]


@EVERY_STREAM
def test_rows_come_in_the_order_they_are_asked_for_in(make):
    frame = Frame(make(pa.table({"n": range(20_000)})))
    wanted = [19_999, 3, 4_096, 4_095, 3, 12_345]
    assert [(row.position, row.label, row.fields["n"]) for row in frame.rows(wanted)] == [
        (n, n, n) for n in wanted
    ]


@EVERY_STREAM
def test_groups_are_made_of_rows_that_stand_apart(make):
    table = pa.table({"email": [f"p{n % 7}@example.org" for n in range(100)], "n": range(100)})
    letter = Template("Yours", text="{{ rows | length }}: {{ rows['n'].sum() }}", sender="desk@example.org")
    if isinstance(make(table), ds.Dataset | pa.RecordBatchReader):  # whose rows are a table of Arrow
        letter = Template("Yours", text="{{ rows | length }}: {{ rows | sum('n') }}", sender="desk@example.org")
    found = letters(make(table), letter, group_by="email")
    assert [to for to, _, _ in found] == [f"p{n}@example.org" for n in range(7)]
    assert all(f"{len(range(n, 100, 7))}: {sum(range(n, 100, 7))}" in text for n, (_, _, text) in enumerate(found))


@EVERY_STREAM
def test_a_gap_is_what_the_library_says(make):
    frame = Frame(make(pa.table({"n": [1, None]})))
    assert [row.gap("n") for row in frame.rows([1])] == [None]


@EVERY_STREAM
def test_no_rows_are_no_letters(make):
    source = make(pa.table({"email": pa.array([], pa.string())}))
    if isinstance(source, pa.RecordBatchReader):
        with pytest.raises(FrameError, match="no rows left"):
            letters(source, Template("Hello", text="you", sender="desk@example.org"))
    else:
        assert letters(source, Template("Hello", text="you", sender="desk@example.org")) == []


CELLS = st.fixed_dictionaries({
    "count": st.none() | st.integers(-(2**63), 2**63 - 1),
    "share": st.none() | st.floats(),
    "price": st.none() | st.decimals(-(10**5), 10**5, places=2),
    "day": st.none() | st.dates(dt.date(1700, 1, 1), dt.date(2200, 1, 1)),
    "moment": st.none() | st.datetimes(*(dt.datetime.fromisoformat(day) for day in ("1950-01-01", "2200-01-01"))),
    "is_new": st.none() | st.booleans(),
    "kind": st.none() | st.text(st.characters(exclude_categories=["C", "Z"])),
    "tags": st.none() | st.lists(st.sampled_from(["x", "y", "z"])),
})  # fmt: skip
SCHEMA = pa.schema({
    "email": pa.string(), "count": pa.int64(), "share": pa.float64(), "price": pa.decimal128(8, 2),
    "day": pa.date32(), "moment": pa.timestamp("us"), "is_new": pa.bool_(), "kind": pa.string(),
    "tags": pa.list_(pa.string()),
})  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=6))
def test_any_rows_make_the_same_letters_from_every_stream(cells):
    rows = [{"email": f"p{number}@example.org", **each} for number, each in enumerate(cells)]
    table = pa.Table.from_pylist(rows, SCHEMA)
    wanted = outcomes(rows)
    assert {name: outcomes(make(table)) == wanted for name, make in STREAMS.items()} == dict.fromkeys(
        STREAMS, True
    )


def outcomes(source: Any) -> list[tuple[str, bytes, str]]:
    """What becomes of each row; one that cannot be written fails in the same words."""
    plan, found = make_plan(source, LETTER, SendSettings()), []
    for task in plan.tasks():
        try:
            said = _text(task.build().content)
        except TemplateError as problem:
            said = str(problem)
        found.append((task.to, task.key, said))
    return found


# --- Dask -------------------------------------------------------------------------------------------------------


def dask_people() -> pd.DataFrame:
    return pd.DataFrame({
        "email": [f"p{n}@example.org" for n in range(10)],
        "count": pd.array([None, *range(9)], dtype="Int64"),
        "gap": [float("nan"), *map(float, range(9))],
        "kind": pd.Categorical(list("abcabcabca")),
        "moment": pd.date_range("2026-03-28", periods=10, freq="h", tz="Europe/Berlin"),
        "wait": pd.to_timedelta(range(10), unit="h"),
    })  # fmt: skip


DASK_LETTER = Template(
    "Hello",
    text="{{ count | default('-') }} {{ gap | default('-') }} {{ kind }} {{ moment }} {{ wait }}",
    sender="desk@example.org",
)


def test_letters_of_partitions_are_those_of_the_pandas_frame():
    df = dask_people()
    assert letters(dd.from_pandas(df, npartitions=4), DASK_LETTER) == letters(df, DASK_LETTER)


def test_partitions_are_computed_one_after_the_other_and_once(tmp_path: Path):
    def note(part: pd.DataFrame) -> pd.DataFrame:
        if len(part):
            with (tmp_path / "computed").open("a") as file:
                file.write(f"{part['n'].iloc[0]}\n")
        return part

    df = pd.DataFrame({"email": [f"p{n}@example.org" for n in range(8)], "n": range(8)})
    lazy = dd.from_pandas(df, npartitions=4, sort=False).map_partitions(note, meta=df.head(0))
    assert len(letters(lazy, Template("{{ n }}", text="you", sender="desk@example.org"))) == 8
    assert (tmp_path / "computed").read_text().split() == ["0", "2", "4", "6"]


def test_a_named_index_of_dask_is_a_column():
    df = pd.DataFrame({"n": [1, 2]}, index=pd.Index(["ann@example.org", "bo@example.org"], name="email"))
    assert [row["email"] for row in read(dd.from_pandas(df, npartitions=2))] == list(df.index)


def test_groups_of_dask_are_pandas_frames():
    df = pd.DataFrame({"email": ["a@example.org", "b@example.org"] * 3, "n": range(6)})
    letter = Template("Yours", text="{{ rows.n.mean() }}", sender="desk@example.org")
    found = letters(dd.from_pandas(df, npartitions=3), letter, group_by="email")
    assert found == letters(df, letter, group_by="email")


def test_a_cell_that_arrow_cannot_keep_is_named():
    df = pd.DataFrame({"email": [f"p{n}@example.org" for n in range(6)], "odd": [1, 2, 3, 4, "five", 6]})
    with dask.config.set({"dataframe.convert-string": False}):
        lazy = dd.from_map(lambda start: df.iloc[start : start + 3], [0, 3], meta=df.head(0))
    with (
        dask.config.set({"dataframe.convert-string": False}),
        pytest.raises(FrameError, match=r"row 4, column 'odd': .*astype"),
    ):
        read(lazy)


# --- what is said, and what is kept -----------------------------------------------------------------------------


def test_a_reader_that_was_read_is_refused():
    reader = PLAIN.to_reader()
    assert len(read(reader)) == 3
    with pytest.raises(FrameError, match="only once"):
        read(reader)


def test_a_query_that_fails_says_why():
    lazy = pl.LazyFrame({"email": ["x"]}).with_columns(n=pl.col("email").cast(pl.Int64))
    with pytest.raises(FrameError, match="could not be read: InvalidOperationError"):
        read(lazy)


def test_a_stream_is_read_once_at_the_call_whatever_becomes_of_it():
    source = Capsules(pa.table({"email": ["ann@example.org"], "n": [1]}))
    plan = make_plan(source, Template("{{ n }}", text="you", sender="desk@example.org"), SendSettings())
    source.table = pa.table({"email": ["eve@example.org"], "n": [2]})
    assert [task.to for task in plan.tasks()] == ["ann@example.org"]
    assert source.asked == 1


def test_columns_of_one_name_are_refused():
    with pytest.raises(FrameError, match="several columns are named 'a'"):
        Frame(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]).to_reader())


@pytest.mark.parametrize("column", [pl.Series("a", [1]), pa.array([1]), pd.Series([1])])
def test_a_column_is_no_frame(column):
    with pytest.raises(FrameError, match="to_frame"):
        Frame(column)


def test_a_stream_without_pyarrow_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FrameError, match=r'pip install "notebookmail\[arrow\]"'):
        Frame(pl.LazyFrame({"a": [1]}))

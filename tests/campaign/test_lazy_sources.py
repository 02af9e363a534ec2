"""Mailing the rows of lazy sources and of lists: the promises of a frame in memory hold for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from notebookmail import FrameError, Sandbox, Template, check_frame, plan_frame, preview_frame, send_frame

LETTER = Template("Number {{ n }}", text="Dear {{ name }}", sender="Desk <desk@example.org>")
COUNT = 30


@pytest.fixture(autouse=True)
def _no_server_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTEBOOKMAIL_URL", raising=False)


def rows(count: int = COUNT) -> list[dict[str, Any]]:
    return [{"email": f"p{n}@example.org", "name": f"N{n}", "n": n, "unread": None} for n in range(count)]


def lazy(count: int = COUNT) -> pl.LazyFrame:
    return pl.LazyFrame(rows(count))


async def run(source: Any, box: Sandbox, **options: Any) -> Any:
    return await send_frame(source, LETTER, box.server, progress=False, **options)


async def test_every_row_is_mailed_and_the_results_are_numbered():
    async with Sandbox() as box:
        results = await run(lazy(), box)
        assert sorted(to for each in box.received for to in each.rcpt_to) == sorted(r["email"] for r in rows())
    assert list(results.frame.index) == list(range(COUNT))
    assert results.counts["sent"] == COUNT


async def test_a_list_of_dicts_is_mailed():
    async with Sandbox() as box:
        results = await run(rows(3), box)
        assert [message["Subject"] for message in box.messages] == ["Number 0", "Number 1", "Number 2"]
    assert list(results.frame["to"]) == [row["email"] for row in rows(3)]


async def test_rows_that_failed_are_read_again_for_the_retry():
    async with Sandbox(faults={"greylist": 0.001}) as box:
        results = await run(lazy(), box)
        assert results.counts["deferred"] == COUNT
        await results.retry()
        assert (results.counts["sent"], len(box.received)) == (COUNT, COUNT)


async def test_a_query_without_an_order_sends_nothing_twice(tmp_path: Path):
    """Run again, the query gives its rows in another order; each is known by what it says."""
    connection = duckdb.connect()
    table = pa.Table.from_pylist(rows())
    backwards = pa.Table.from_pylist(rows()[::-1])
    async with Sandbox() as box:
        first = await run(connection.from_arrow(table), box, journal=tmp_path / "journal", limit=10)
        again = await run(connection.from_arrow(backwards), box, journal=tmp_path / "journal")
        assert (first.counts["sent"], again.counts["sent"], again.counts["skipped"]) == (10, 20, 10)
        assert len({to for each in box.received for to in each.rcpt_to}) == len(box.received) == COUNT


async def test_another_number_than_confirmed_is_refused():
    async with Sandbox() as box:
        with pytest.raises(FrameError, match=f"{COUNT} messages would go"):
            await run(lazy(), box, confirm=COUNT + 1)
        assert box.received == []
        assert (await run(lazy(), box, confirm=COUNT)).counts["sent"] == COUNT


async def test_somebody_who_would_be_mailed_twice_is_found():
    twice = pl.concat([lazy(3), lazy(1)])
    async with Sandbox() as box:
        with pytest.raises(FrameError, match="rows 0 and 3"):
            await run(twice, box)
        results = await run(twice, box, duplicates="skip")
    assert (results.counts["sent"], results.counts["skipped"]) == (3, 1)


async def test_a_column_that_is_not_there_is_refused_before_anything_is_read():
    class Unread:
        """Says its columns, and nothing more."""

        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            def never() -> Any:
                raise AssertionError("read")
                yield

            schema = pa.schema({"email": pa.string()})
            return pa.RecordBatchReader.from_batches(schema, never()).__arrow_c_stream__()

    async with Sandbox() as box:
        with pytest.raises(FrameError, match="no column 'n'"):
            await run(Unread(), box)


def test_looks_before_sending_read_lazy_sources():
    report = check_frame(lazy().with_columns(email=pl.lit("nobody")), LETTER)
    assert not report.ok
    assert len(report.errors) == COUNT
    assert plan_frame(lazy(), LETTER).messages == COUNT
    assert len(preview_frame(lazy(), LETTER, pick=[3, 4])) == 2


def test_a_check_reads_a_reader_once():
    table = pa.Table.from_pylist(rows(3))
    assert check_frame(table.to_reader(), LETTER).ok


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_ten_times_the_rows_take_hardly_more_memory():
    script = Path(__file__).with_name("streamed_memory.py")
    command = [sys.executable, str(script), "4000", "40000"]  # 4 and 40 MB of text
    few, many = map(float, subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.split())
    assert many < few + 20

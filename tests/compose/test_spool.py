"""Rows kept in a temporary file: any rows, in any order, and nothing left behind."""

from __future__ import annotations

import errno
import gc
import os
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookmail import FrameError
from notebookmail.compose.rows.spool import Spool


def batches_of(*sizes: int) -> list[pa.RecordBatch]:
    """Batches of so many rows, numbered through."""
    rows = iter(range(sum(sizes)))
    return [
        pa.record_batch({"n": [next(rows) for _ in range(size)]}, schema=pa.schema({"n": pa.int64()}))
        for size in sizes
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([0, 1, 7, 4095, 4096, 4097, 9000]), min_size=1, max_size=6), st.data())
def test_any_part_holds_the_rows_asked_for(sizes, data):
    spool, count = Spool(batches_of(*sizes)), sum(sizes)
    assert len(spool) == count
    if count:
        wanted = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=30))
        assert spool.part(wanted)["n"].to_pylist() == wanted
        start = data.draw(st.integers(0, count - 1))
        stop = data.draw(st.integers(start + 1, min(start + 5000, count)))
        assert spool.part(slice(start, stop))["n"].to_pylist() == list(range(start, stop))


def test_a_column_may_change_its_type_and_its_categories_on_the_way():
    spool = Spool([
        pa.table({"a": pa.array([None], pa.null()), "b": pa.array(["x"]).dictionary_encode()}),
        pa.table({"a": pa.array(["late"]), "b": pa.array(["y"]).dictionary_encode()}),
    ])  # fmt: skip
    assert spool.part(slice(0, 2)).to_pylist() == [{"a": None, "b": "x"}, {"a": "late", "b": "y"}]


def test_long_rows_are_kept_in_small_blocks():
    batch = pa.record_batch({"a": ["x" * (1 << 20)] * 20})
    spool = Spool([batch])
    assert spool.part([19])["a"].to_pylist() == ["x" * (1 << 20)]
    assert spool.part([19]).nbytes < 2 << 20


def test_views_of_texts_bring_no_neighbours_along():
    texts = pa.array([f"{number:0100}" for number in range(20_000)])
    spool = Spool([pa.record_batch({"a": texts.cast(pa.string_view())})])
    assert _octets(spool) < 1.5 * texts.nbytes


def _octets(spool: Spool) -> int:
    return os.fstat(spool._file.fileno()).st_size


def test_the_file_has_no_name_and_is_closed_with_its_last_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    spool = Spool(batches_of(10))
    file = spool._file
    assert list(tmp_path.iterdir()) == []
    assert not file.closed
    del spool
    gc.collect()
    assert file.closed


def test_a_source_that_breaks_off_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def broken():
        yield from batches_of(5000)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Spool(broken())
    gc.collect()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch):
    full = Path("/dev/full").open("w+b", buffering=0)  # noqa: SIM115 -- the spool closes it
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: full)
    with pytest.raises(FrameError, match="TMPDIR") as caught:
        Spool(batches_of(10))
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC

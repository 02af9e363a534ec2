"""In a process of its own: plans a mailing of rows made on the way, and tells what it took above what was there.

Run with numbers of rows, each of a thousand letters; prints megabytes for each.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from notebookmail import Template
from notebookmail.campaign.options import SendSettings
from notebookmail.campaign.planning import make_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 1_000
SCHEMA = pa.schema({"email": pa.string(), "text": pa.string()})
LETTER = Template("Hello", text="{{ text }}", sender="desk@example.org")


def megabytes(of: str) -> float:
    """Read what Linux counts."""
    found = re.search(rf"{of}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def batches(rows: int) -> Iterator[pa.RecordBatch]:
    """Make rows when they are asked for."""
    for start in range(0, rows, BATCH):
        numbers = range(start, start + BATCH)
        columns = {"email": [f"p{n}@example.org" for n in numbers], "text": [f"{n:01000}" for n in numbers]}
        yield pa.record_batch(columns, schema=SCHEMA)


def read(rows: int) -> int:
    """Plan a mailing, and read its rows as sending does."""
    source = pa.RecordBatchReader.from_batches(SCHEMA, batches(rows))
    return sum(1 for _ in make_plan(source, LETTER, SendSettings()).tasks())


if __name__ == "__main__":
    assert read(BATCH) == BATCH  # loads what is loaded late
    for count in map(int, sys.argv[1:]):
        before = megabytes("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the most so far is forgotten
        assert read(count) == count
        print(megabytes("VmHWM") - before)

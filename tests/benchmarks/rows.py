"""What more rows cost: the pace from 1,000 to 1,000,000 of them, the memory above the frame's own, the wait for
the first.

Each size is measured in a fresh process that makes the frame first; `--source polars` or `--source duckdb` lets it
scan a Parquet file instead. Its memory is what Linux counts as resident; the most since the call, less what it
was before, is the merge's, journal and results included. The first message is awaited in another process, by a
server that notes when its end of data has come.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from peers import smtp_sink

if TYPE_CHECKING:
    from collections.abc import Sequence

CONNECTIONS = 16
_LONGEST_SECONDS = 3600.0
_KIB = re.compile(r"(VmHWM|VmRSS):\s+(\d+) kB")


@dataclass(frozen=True, slots=True)
class Figures:
    """What a merge of so many rows takes.

    Attributes:
        rows: How many.
        seconds: From the call to its results.
        frame_megabytes: The process with the frame, before the call.
        megabytes: What the merge takes above that, at most.
        left_megabytes: What of that is taken when it has ended: the results, and what engines keep for later.
        first_seconds: From the call to the end of the first message.
    """

    rows: int
    seconds: float
    frame_megabytes: float
    megabytes: float
    left_megabytes: float
    first_seconds: float


def measure(port: int, rows: int, source: str = "frame") -> Figures:
    """Mail so many rows in a process of its own, and in another one only the first."""
    with tempfile.TemporaryDirectory() as folder:
        file = ""
        if source != "frame":
            file = str(Path(folder, "rows.parquet"))
            subprocess.run(_command("--write", str(rows), file), check=True, timeout=_LONGEST_SECONDS)
        command = _command("--child", str(port), str(rows), source, file)
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=_LONGEST_SECONDS)
        _, *whole = done.stdout.splitlines()
        return Figures(rows, **json.loads(whole[0]), first_seconds=measure_first(rows, source, file))


def _command(*arguments: str) -> list[str]:
    return [sys.executable, str(Path(__file__).resolve()), *arguments]


def measure_first(rows: int, source: str = "frame", file: str = "") -> float:
    """Wait for the first message of a merge, and end it there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(_LONGEST_SECONDS)
        port = listener.getsockname()[1]
        command = _command("--child", str(port), str(rows), source, file)
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            try:
                assert child.stdout is not None
                called = float(child.stdout.readline())
                connection, _ = listener.accept()
                with connection:
                    return _end_of_first(connection) - called
            finally:
                child.kill()


def _end_of_first(connection: socket.socket) -> float:
    """Speak SMTP, as little as it takes; the clock is the machine's, the same in every process."""
    connection.settimeout(_LONGEST_SECONDS)
    connection.sendall(b"220 first\r\n")
    with connection.makefile("rb") as lines:
        for line in lines:
            if line == b".\r\n":
                return time.monotonic()
            if line[:5].upper() in {b"EHLO ", b"MAIL ", b"RCPT "}:
                connection.sendall(b"250 go on\r\n")
            elif line[:6].upper() == b"DATA\r\n":
                connection.sendall(b"354 go on\r\n")
    raise RuntimeError("no message came")


# --- in the process that is measured ----------------------------------------------------------------------------


def _megabytes() -> dict[str, float]:
    text = Path("/proc/self/status").read_text()
    return {name: int(kib) / 1024 for name, kib in _KIB.findall(text)}


def _write(rows: int, file: str) -> None:
    """Write the rows into a Parquet file."""
    from benchmarks.composing import frame_of

    frame_of(rows).to_parquet(file, index=False, row_group_size=50_000)


def _source(rows: int, source: str, file: str) -> Any:
    if source == "polars":
        import polars as pl

        return pl.scan_parquet(file)
    if source == "duckdb":
        import duckdb

        return duckdb.read_parquet(file)
    from benchmarks.composing import frame_of

    return frame_of(rows)


def _send(port: int, rows: int, source: str, file: str) -> None:
    """Make the frame, say when the merge is called, and print what it took."""
    from benchmarks.merges import LETTER
    from notebookmail import Server, send_frame_sync

    df = _source(rows, source, file)
    few = df.limit(10) if file else df.head(10)
    server = Server("127.0.0.1", port, security="none", max_connections=CONNECTIONS)
    send_frame_sync(few, LETTER, server, dry_run=True, progress=False)  # loads what is loaded late
    gc.collect()
    ctypes.CDLL(None).malloc_trim(
        0
    )  # what only making the frame took is given back, and not counted as the frame's
    Path("/proc/self/clear_refs").write_text("5")  # the most so far is forgotten
    before = _megabytes()["VmRSS"]
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        print(started, flush=True)
        journal = Path(folder, "journal.sqlite")
        results = send_frame_sync(df, LETTER, server, journal=journal, progress=False)
        seconds = time.monotonic() - started
        taken = _megabytes()
    assert results.counts["sent"] == rows, results.counts
    above = {"megabytes": taken["VmHWM"] - before, "left_megabytes": taken["VmRSS"] - before}
    print(json.dumps({"seconds": seconds, "frame_megabytes": before, **above}))


def main(arguments: Sequence[str] | None = None) -> list[Figures]:
    """Measure every size and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 10_000, 100_000], metavar="N")
    parser.add_argument("--source", choices=["frame", "polars", "duckdb"], default="frame")
    parser.add_argument("--child", nargs=4, metavar=("PORT", "ROWS", "SOURCE", "FILE"), help=argparse.SUPPRESS)
    parser.add_argument("--write", nargs=2, metavar=("ROWS", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        port, rows, source, file = options.child
        _send(int(port), int(rows), source, file)
        return []
    if options.write:
        _write(int(options.write[0]), options.write[1])
        return []
    with smtp_sink() as peer:
        print(f"{peer.name}; letters of 5 KB, {CONNECTIONS} connections, with a journal")
        found = [measure(peer.port, rows, options.source) for rows in options.rows]
    print(
        f"{'rows':>12}{'messages/s':>14}{'first after, s':>16}{'MB above':>12}"
        f"{'at the end':>12}{'the frame, MB':>16}"
    )
    for each in found:
        print(
            f"{each.rows:>12,}{each.rows / each.seconds:>14,.0f}{each.first_seconds:>16.2f}"
            f"{each.megabytes:>12.1f}{each.left_megabytes:>12.1f}{each.frame_megabytes:>16.1f}"
        )
    return found


if __name__ == "__main__":
    main()

"""How fast a whole merge is, beside the others: letters of two parts and 5 KB, 16 connections, one smtp-sink.

Every way is measured whole, with connecting and building in it, in alternating rounds, so that a noisy minute
meets all alike; medians are compared. notebookmail has its defaults on: a journal on the disk, a result for
every row, a progress bar. What they go over can be varied: how many connections, TLS, a server that takes BDAT;
where smtp-sink cannot do it, a server in Python is the sink, which is slower, and bounds them all. send_frame
runs on asyncio's own loop; send_frame_sync makes one, which is uvloop's where that is installed. The sink is a
process of its own, on the same machine.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import trustme
from peers import PeerMissing, smtp_sink

from benchmarks.chunking_server import discarding_server
from benchmarks.composing import frame_of
from benchmarks.merges import (
    LETTERS,
    MARKDOWN,
    MERGES,
    NODEMAILER,
    OBVIOUS,
    OBVIOUS_MANY,
    ON_A_BOARD,
    OURS,
    OURS_SYNC,
    OVER_CHUNKS,
    OVER_TLS,
    SMTP_SOURCE,
    SYNC_WITHOUT_JOURNAL,
    WITHOUT_JOURNAL,
    Letter,
    Line,
    Merge,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd


WAYS = {"data": MERGES, "tls": OVER_TLS, "bdat": OVER_CHUNKS}
"""What is compared, by what it goes over."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one way did, in each round.

    Attributes:
        merge: The way.
        per_second: Messages a second.
        microseconds: Of processor time a message, of this process and those it started, but not of the sink.
    """

    merge: Merge
    per_second: list[float] = field(default_factory=list)
    microseconds: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Messages a second, the median."""
        return statistics.median(self.per_second)


def processor_seconds() -> float:
    """Tell what this process and those it has waited for have used."""
    return sum(os.times()[:4])


def measure_once(figures: Figures, port: int, df: pd.DataFrame, letter: Letter, line: Line) -> None:
    """Mail a frame in one way, and note how fast it was."""
    gc.collect()
    used, started = processor_seconds(), time.perf_counter()
    seconds = figures.merge.run(port, df, letter, line) or time.perf_counter() - started
    figures.per_second.append(len(df) / seconds)
    figures.microseconds.append((processor_seconds() - used) / len(df) * 1e6)


@contextlib.contextmanager
def sink_over(over: str, connections: int) -> Iterator[tuple[str, int, Line]]:
    """Run what discards the messages; yields its name, its port, and the line to it."""
    if over == "data":
        with smtp_sink() as peer:
            yield peer.name, peer.port, Line(connections)
    elif over == "bdat":
        with discarding_server("PIPELINING", "CHUNKING") as port:
            yield "a server that takes BDAT", port, Line(connections)
    else:
        authority = trustme.CA()
        server = authority.issue_cert("127.0.0.1")
        with (
            server.private_key_and_cert_chain_pem.tempfile() as certificate,
            authority.cert_pem.tempfile(dir=tempfile.gettempdir()) as trusted,
            discarding_server("PIPELINING", certificate=certificate) as port,
        ):
            yield "a server with TLS", port, Line(connections, trusted)


def measure(
    port: int,
    merges: Sequence[Merge],
    rows: tuple[int, int],
    rounds: int,
    letter: Letter = MARKDOWN,
    *,
    line: Line | None = None,
) -> dict[Merge, Figures]:
    """Measure ways in alternating rounds; one that is not installed is left out."""
    df, few = map(frame_of, rows)  # the second for ways that are slow
    line = line or Line()
    found = {merge: Figures(merge) for merge in merges}
    for _ in range(rounds):
        for merge in list(found):
            try:
                measure_once(found[merge], port, df if merge.is_quick else few, letter, line)
            except PeerMissing as missing:
                print(missing)
                del found[merge]
    return found


def ratios(found: dict[Merge, Figures]) -> list[tuple[str, float]]:
    """Compare medians: how many times as fast, and what journal and board cost."""
    rates = {merge: figures.rate for merge, figures in found.items()}
    obvious = max(rates.get(OBVIOUS, 0.0), rates.get(OBVIOUS_MANY, 0.0))
    rivals = {
        "aiosmtplib, the faster of both": obvious,
        "nodemailer": rates.get(NODEMAILER, 0.0),
        "smtp-source": rates.get(SMTP_SOURCE, 0.0),
    }
    told = [
        (f"{ours.name} / {name}", rates[ours] / rate)
        for ours in (OURS, OURS_SYNC)
        for name, rate in rivals.items()
        if ours in rates and rate
    ]
    pairs = [
        ("what the journal costs send_frame, %", WITHOUT_JOURNAL, OURS),
        ("what the journal costs send_frame_sync, %", SYNC_WITHOUT_JOURNAL, OURS_SYNC),
        ("what the board costs send_frame, %", OURS, ON_A_BOARD),
    ]
    told += [
        (words, 100 * (1 - rates[more] / rates[less]))
        for words, less, more in pairs
        if more in rates and less in rates
    ]
    return told


def print_table(found: dict[Merge, Figures]) -> None:
    """Print what each way did, and the ratios."""
    print(f"{'':<46}{'messages/s':>12}{'least':>10}{'most':>10}{'us of CPU':>12}")
    for merge, figures in found.items():
        print(
            f"{merge.name:<46}{figures.rate:>12,.0f}{min(figures.per_second):>10,.0f}"
            f"{max(figures.per_second):>10,.0f}{statistics.median(figures.microseconds):>12.0f}"
        )
    for words, ratio in ratios(found):
        print(f"{words:<58}{ratio:>10.1f}")


def main(arguments: Sequence[str] | None = None) -> dict[Merge, Figures]:
    """Measure every way and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000, help="in each round (default: %(default)s)")
    parser.add_argument("--slow-rows", type=int, default=2_000, help="for the slow ways (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--only", nargs="*", metavar="WORD", help="only ways that have one of these in their name")
    parser.add_argument(
        "--letter",
        choices=LETTERS,
        default="markdown",
        help="plain: of text and names alone (default: %(default)s)",
    )
    parser.add_argument("--connections", type=int, default=16, help="default: %(default)s")
    parser.add_argument("--over", choices=WAYS, default="data", help="default: %(default)s")
    options = parser.parse_args(arguments)
    ways, words = WAYS[options.over], options.only
    chosen = [merge for merge in ways if not words or any(word in merge.name for word in words)]
    with sink_over(options.over, options.connections) as (name, port, line):
        print(f"{name}; {options.rounds} rounds of {options.rows:,} rows, {options.slow_rows:,} where slow")
        letter = LETTERS[options.letter]
        found = measure(port, chosen, (options.rows, options.slow_rows), options.rounds, letter, line=line)
    print_table(found)
    return found


if __name__ == "__main__":
    main()

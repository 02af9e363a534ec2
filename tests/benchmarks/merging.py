"""How fast a whole merge is, beside the others: letters of two parts and 5 KB, 16 connections, one smtp-sink.

Every way is measured whole, with connecting and building in it, in alternating rounds, so that a noisy minute
meets all alike; medians are compared. notebookmail has its defaults on: a journal on the disk, a result for
every row, a progress bar. send_frame runs on asyncio's own loop; send_frame_sync makes one, which is uvloop's
where that is installed. The sink is a process of its own, on the same machine.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from peers import PeerMissing, smtp_sink

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
    SMTP_SOURCE,
    SYNC_WITHOUT_JOURNAL,
    WITHOUT_JOURNAL,
    Letter,
    Merge,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


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


def measure_once(figures: Figures, port: int, df: pd.DataFrame, letter: Letter) -> None:
    """Mail a frame in one way, and note how fast it was."""
    gc.collect()
    used, started = processor_seconds(), time.perf_counter()
    seconds = figures.merge.run(port, df, letter) or time.perf_counter() - started
    figures.per_second.append(len(df) / seconds)
    figures.microseconds.append((processor_seconds() - used) / len(df) * 1e6)


def measure(
    port: int, merges: Sequence[Merge], rows: tuple[int, int], rounds: int, letter: Letter = MARKDOWN
) -> dict[Merge, Figures]:
    """Measure ways in alternating rounds; one that is not installed is left out."""
    df, few = map(frame_of, rows)  # the second for ways that are slow
    found = {merge: Figures(merge) for merge in merges}
    for _ in range(rounds):
        for merge in list(found):
            try:
                measure_once(found[merge], port, df if merge.is_quick else few, letter)
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
    options = parser.parse_args(arguments)
    chosen = [merge for merge in MERGES if not options.only or any(word in merge.name for word in options.only)]
    with smtp_sink() as peer:
        print(f"{peer.name}; {options.rounds} rounds of {options.rows:,} rows, {options.slow_rows:,} where slow")
        letter = LETTERS[options.letter]
        found = measure(peer.port, chosen, (options.rows, options.slow_rows), options.rounds, letter)
    print_table(found)
    return found


if __name__ == "__main__":
    main()

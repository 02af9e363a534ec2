"""Many worlds, one after the other or on all processors."""

from __future__ import annotations

import multiprocessing
import shutil
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .disk import Disk, memory_folder
from .scenario import simulate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WORLDS_ON_A_DISK = 500
_CHUNK = 250


@dataclass(slots=True)
class Findings:
    """What came of many worlds.

    Attributes:
        worlds: How many there were.
        steps: How many steps the engine made in them.
        complaints: What broke a promise, with the seed it can be replayed with.
        tally: How often what happened.
    """

    worlds: int = 0
    steps: int = 0
    complaints: list[str] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)

    def add(self, other: Findings) -> None:
        self.worlds += other.worlds
        self.steps += other.steps
        self.complaints += other.complaints
        self.tally += other.tally


@contextmanager
def _fresh_disk() -> Iterator[Disk]:
    folder = memory_folder()
    disk = Disk(folder)
    try:
        yield disk
    finally:
        disk.close()
        shutil.rmtree(folder)


def run_worlds(seeds: Iterable[int], *, traces: list[str] | None = None, most_complaints: int = 20) -> Findings:
    """Simulate worlds one after the other.

    Args:
        seeds: Which.
        traces: Where to write what happens in them.
        most_complaints: After so many it ends.
    """
    seeds = list(seeds)
    found = Findings()
    for start in range(0, len(seeds), _WORLDS_ON_A_DISK):
        with _fresh_disk() as disk:
            for seed in seeds[start : start + _WORLDS_ON_A_DISK]:
                verdict = simulate(seed, disk, traces)
                complaints = [f"seed {seed}: {complaint}" for complaint in verdict.complaints]
                found.add(Findings(1, verdict.steps, complaints, verdict.tally))
                if len(found.complaints) >= most_complaints:
                    return found
    return found


def run_worlds_in_parallel(seeds: range) -> Iterator[Findings]:
    """Simulate worlds on all processors; yields what was found as it is found."""
    chunks = [seeds[start : start + _CHUNK] for start in range(0, len(seeds), _CHUNK)]
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as workers:
        for done in as_completed([workers.submit(run_worlds, chunk) for chunk in chunks]):
            yield done.result()

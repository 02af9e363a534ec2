"""The real engine in simulated worlds: no promise is broken in any of them, and each can be replayed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from notebookmail.delivery.events import STATUSES
from simulation.many import Findings, run_worlds, run_worlds_in_parallel
from simulation.orders import DEATHS
from simulation.weather import KINDS, STEPS, can_strike

if TYPE_CHECKING:
    from collections import Counter

TESTS = Path(__file__).parent.parent
RARE = (
    "wire: broken up", "wire: broken down", "wire: silence up", "wire: silence down",
    "outage: refused", "outage: nobody answers",
    "server: too many connections", "server: connection used up", "server: idle 421",
    "journal: full", "journal: seems failed", "clock: forwards", "clock: backwards",
    "interrupted: once", "interrupted: twice", "rival: refused by the claim",
    "run: finished", "run: interrupted", "run: no server",
    "row: sent before a death", "row: unconfirmed by a death",
    *(f"died: {point}" for point in DEATHS),
    "frame: sort", "frame: drop", "frame: swap", "frame: assign", "frame: new column", "frame: rename",
    "rows: added", "rows: moved", "copy: taken", "copy: refused", "copy: greylisted", "addresses: differ",
    "cell: retried", "cell: retried twice at once", "cell: no server", "letter: sent", "letter: pending",
    *(f"row: {status}" for status in STATUSES),
)  # fmt: skip
"""What has to have happened, beside everything the weather does to every step of a session."""


def missing(tally: Counter[str], wanted: list[str]) -> list[str]:
    return [name for name in wanted if not tally[name]]


def test_no_promise_is_broken_in_two_hundred_worlds() -> None:
    found = run_worlds(range(200))
    assert found.complaints == []
    assert missing(found.tally, list(RARE)) == []


def test_a_run_ends_when_its_farewells_are_answered() -> None:
    """In these worlds a connection whose QUIT was cut counted for the server when the next run began."""
    assert run_worlds([1268, 1907]).complaints == []


@pytest.mark.slow
def test_no_promise_is_broken_in_twenty_thousand_worlds() -> None:
    found = Findings()
    for each in run_worlds_in_parallel(range(20_000)):
        found.add(each)
    assert found.complaints == []
    assert found.worlds == 20_000
    every = [f"{step}: {kind}" for step in STEPS for kind in KINDS if can_strike(kind, step)]
    assert missing(found.tally, [*every, *RARE]) == []


def trace_of(seed: int, hash_seed: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "simulation", "--seed", str(seed), "--trace"],
        cwd=TESTS,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(TESTS.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout


@pytest.mark.parametrize("seed", [8, 41])
def test_a_world_is_replayed_step_by_step_in_another_process(seed: int) -> None:
    first = trace_of(seed, "1")
    assert len(first.splitlines()) > 50
    assert trace_of(seed, "4711") == first


def test_a_world_is_the_same_whatever_came_before_it_on_its_disk() -> None:
    alone: list[str] = []
    run_worlds([41], traces=alone)
    after_others: list[str] = []
    run_worlds([39, 40, 41], traces=after_others)
    assert after_others[-len(alone) :] == alone

"""The promises of delivery, with real processes: killed at random moments, and several at once.

The server drops replies, hangs up and is slow. What it accepted is the truth: no row is lost, none is sent
twice, and a kill leaves no more rows in doubt than it had connections.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from crashes.campaigns import ordeal

if TYPE_CHECKING:
    from pathlib import Path

    from crashes.nursery import Nursery

KILLS = int(os.environ.get("NOTEBOOKMAIL_KILLS", "500"))
SEED = int(os.environ.get("NOTEBOOKMAIL_SEED", random.randrange(10**6)))


@pytest.mark.parametrize("kills", [8, pytest.param(KILLS, marks=pytest.mark.slow)])
def test_killed_runs_lose_nothing_and_double_nothing(place: Nursery, tmp_path: Path, kills: int) -> None:
    with ordeal(place, tmp_path, seed=SEED) as one:
        tally = one.kill_until(kills)
    print(tally)
    assert tally.kills >= kills
    assert not tally.faults, tally


@pytest.mark.parametrize("processes", [2, 3])
def test_several_processes_at_once_double_nothing_and_name_who_runs_it(
    place: Nursery, tmp_path: Path, processes: int
) -> None:
    with ordeal(place, tmp_path, seed=SEED) as one:
        for _ in range(3):
            one.carry_through(processes=processes, is_killed=False)
    assert not one.tally.faults, one.tally
    assert one.tally.refused, one.tally


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 3])
def test_several_processes_that_are_killed_double_nothing(place: Nursery, tmp_path: Path, processes: int) -> None:
    with ordeal(place, tmp_path, seed=SEED) as one:
        while one.tally.kills < KILLS / 5:
            one.kill_one_campaign(processes=processes)
    print(one.tally)
    assert not one.tally.faults, one.tally
    assert one.tally.refused, one.tally

"""Rows computed and messages made on a Dask cluster, a worker of which is killed: nothing is lost or doubled."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from peers.process import free_port

from crashes.clusters import DOMAIN, Mailing, cluster, kill_a_worker, sender, told
from crashes.truth import Temper, truth

if TYPE_CHECKING:
    import subprocess

    from crashes.truth import Account

pytestmark = pytest.mark.server


def faults_of(mailing: Mailing, account: Account, said: dict[str, Any]) -> list[str]:
    """Hold what the last run said against what the server accepted."""
    accepted, held = set(account.accepted), set(said["unconfirmed"])
    lost = mailing.recipients - accepted - held
    return [
        *([f"{len(lost)} lost"] if lost else []),
        *([f"{len(account.accepted) - len(accepted)} doubled"] if len(account.accepted) > len(accepted) else []),
        *([f"{len(held)} in doubt"] if len(held) > account.broken else []),
        *([f"{said['rows']} rows"] if said["rows"] != mailing.rows else []),
    ]


def kill_workers(count: int, process: subprocess.Popen[str], run: subprocess.Popen[str], chance: Random) -> int:
    """Kill so many workers at moments of their lives, while a run goes on; return how many it were."""
    killed = 0
    while killed < count and run.poll() is None:
        time.sleep(chance.random())
        killed += run.poll() is None and kill_a_worker(process)
    return killed


def stamps(journal: Path) -> set[tuple[str, int]]:
    """Tell when the journal, and the files beside it, were written."""
    found = set()
    for each in journal.parent.iterdir():
        with contextlib.suppress(FileNotFoundError):  # it was there a moment ago
            found.add((each.name, each.stat().st_mtime_ns))
    return found


def start(mailing: Mailing) -> subprocess.Popen[str]:
    """Start a run, and wait until its rows are read and it writes the journal: now it makes and sends messages."""
    journal = Path(mailing.journal)
    before = stamps(journal)
    run = sender(mailing)
    while stamps(journal) == before and run.poll() is None:
        time.sleep(0.02)
    return run


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_no_row(tmp_path: Path) -> None:
    journal, scheduler = tmp_path / "journal", free_port()
    with truth(Temper(slow_seconds=0.02), 1) as server, cluster(scheduler) as workers:
        mailing = Mailing(server.port, scheduler, str(journal), 2_000, 4)
        run = start(mailing)
        assert kill_workers(1, workers, run, Random(1)) == 1
        said = told(run)
        assert said is not None
        assert faults_of(mailing, server.account(DOMAIN), said) == []
        assert said["counts"]["sent"] == mailing.rows

"""Rows computed and messages made on a Dask cluster whose processes are killed: nothing is lost or doubled."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from peers.process import free_port

from crashes.clusters import DOMAIN, Mailing, cluster, kill_a_worker, kill_all, sender, told
from crashes.truth import Temper, truth

if TYPE_CHECKING:
    import subprocess

    from crashes.truth import Account

pytestmark = pytest.mark.server
ROWS = int(os.environ.get("NOTEBOOKMAIL_CLUSTER_ROWS", "100000"))
WORKERS_KILLED = 20


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


def finished(mailing: Mailing) -> dict[str, Any]:
    """Run the cell again until every row is settled, as an analyst does."""
    for _ in range(10):
        said = told(sender(mailing))
        if said is not None and not said["counts"]["pending"] and not said["counts"]["deferred"]:
            return said
    raise AssertionError(f"no end: {said}")


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


@pytest.mark.slow
def test_killed_workers_senders_and_clusters_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    journal, scheduler, chance = tmp_path / "journal", free_port(), Random(17)
    with truth(Temper(silent=0.0001, drops=0.0001), 1) as server:
        mailing = Mailing(server.port, scheduler, str(journal), ROWS, 50)
        with cluster(scheduler) as workers:
            run = sender(mailing)  # which begins with computing its rows
            killed = kill_workers(4, workers, run, chance)
            kill_all(run)
            run = start(mailing)
            killed += kill_workers(8, workers, run, chance)
            kill_all(run)
            run = start(mailing)
            killed += kill_workers(WORKERS_KILLED - killed, workers, run, chance)
            kill_all(workers)  # the scheduler, too
            before = told(run)
        with cluster(scheduler):
            said = finished(mailing)
        account = server.account(DOMAIN)
    print(f"{killed} workers killed, two senders and a cluster: {before and before['counts']}, {said['counts']}")
    assert killed >= WORKERS_KILLED // 2  # a fast machine is done before the others begin
    assert said["counts"]["skipped"]  # sent by a run that was killed
    assert faults_of(mailing, account, said) == []

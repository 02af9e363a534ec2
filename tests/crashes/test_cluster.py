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

pytestmark = [pytest.mark.server, pytest.mark.slow]
ROWS = int(os.environ.get("NOTEBOOKMAIL_CLUSTER_ROWS", "4000"))
WORKERS_KILLED = 20
LONGEST_KILLING_SECONDS = 600.0
"""So long the dear messages would last: the rows outlast the kills, on a slow machine, too."""


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
    await_writing(journal, before, run)
    return run


def await_writing(journal: Path, before: set[tuple[str, int]], run: subprocess.Popen[str]) -> None:
    """Wait until a run has written the journal since its stamps were taken."""
    while stamps(journal) == before and run.poll() is None:
        time.sleep(0.02)


def kill_workers(count: int, process: subprocess.Popen[str], run: subprocess.Popen[str], mailing: Mailing) -> int:
    """Kill so many workers at moments of their lives, each after messages went out; return how many it were."""
    killed, chance, journal = 0, Random(17), Path(mailing.journal)
    while killed < count and run.poll() is None:
        await_writing(journal, stamps(journal), run)
        time.sleep(chance.random())
        killed += run.poll() is None and kill_a_worker(process)
    return killed


def test_a_worker_that_is_killed_costs_no_row(tmp_path: Path) -> None:
    journal, scheduler = tmp_path / "journal", free_port()
    with truth(Temper(), 1) as server, cluster(scheduler) as workers:
        mailing = Mailing(server.port, scheduler, str(journal), 2_000, 4, LONGEST_KILLING_SECONDS / 2_000)
        run = start(mailing)
        assert kill_workers(1, workers, run, mailing) == 1
        mailing.cheap.touch()
        said = told(run)
        assert said is not None
        assert faults_of(mailing, server.account(DOMAIN), said) == []
        assert said["counts"]["sent"] == mailing.rows


def finished(mailing: Mailing) -> dict[str, Any]:
    """Run the cell again until every row is settled, as an analyst does."""
    said: dict[str, Any] | None = None
    for _ in range(10):
        said = told(sender(mailing))
        if said is not None and not said["counts"]["pending"] and not said["counts"]["deferred"]:
            return said
    raise AssertionError(f"no end: {said}")


def test_twenty_killed_workers_and_a_killed_sender_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    scheduler = free_port()
    with truth(Temper(silent=0.0001, drops=0.0001), 1) as server, cluster(scheduler) as workers:
        mailing = Mailing(
            server.port, scheduler, str(tmp_path / "journal"), ROWS, 50, 2 * LONGEST_KILLING_SECONDS / ROWS
        )
        run = start(mailing)
        assert kill_workers(WORKERS_KILLED, workers, run, mailing) == WORKERS_KILLED
        assert run.poll() is None
        kill_all(run)
        mailing.cheap.touch()
        said = finished(mailing)
        account = server.account(DOMAIN)
    assert said["counts"]["skipped"] > 0  # sent by the run that was killed
    assert said["counts"]["sent"] > 0
    assert faults_of(mailing, account, said) == []
    print(f"{ROWS:,} rows, {WORKERS_KILLED} workers and the sender killed: {said['counts']}")

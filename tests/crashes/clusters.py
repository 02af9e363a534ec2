"""A Dask cluster of real processes, and senders that mail a Dask data frame over it: all of them can be killed.

Run as a script it is one of them: `cluster PORT` is a LocalCluster, `sender ...` one run of a campaign. A sender
says what its rows came to, as one line of JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

HOST = "127.0.0.1"
DOMAIN = "cluster.example.org"
CONNECTIONS = 8
WORKERS = 2
LONGEST_SECONDS = 600.0
"""What takes longer hangs."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """A campaign that is sent from a cluster.

    Attributes:
        port: Of the mail server.
        scheduler: The port of the cluster's.
        journal: Where the campaign remembers.
        rows: How many.
        partitions: In so many pieces they are computed.
        row_seconds: How long a worker takes for a message, while the mailing is dear.
    """

    port: int
    scheduler: int
    journal: str
    rows: int
    partitions: int
    row_seconds: float = 0.0

    @property
    def cheap(self) -> Path:
        """The file that makes the messages cheap from the moment at which it is there."""
        return Path(f"{self.journal}.cheap")

    @property
    def recipients(self) -> set[str]:
        """Everybody who is to get a message."""
        return {address_of(number) for number in range(self.rows)}


def address_of(number: int) -> str:
    """Return the address of a row."""
    return f"reader{number}@{DOMAIN}"


@contextlib.contextmanager
def cluster(port: int) -> Iterator[subprocess.Popen[str]]:
    """Start a cluster of two worker processes, replaced when they die; in the end, kill what is left of it."""
    process = _started("cluster", str(port))
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        kill_all(process)


def sender(mailing: Mailing) -> subprocess.Popen[str]:
    """Start one run of a campaign."""
    return _started("sender", json.dumps(asdict(mailing)))


def told(process: subprocess.Popen[str]) -> dict[str, Any] | None:
    """Wait for a sender's end; return what it says, None if it was killed or raised."""
    said, _ = process.communicate(timeout=LONGEST_SECONDS)
    lines = said.splitlines()
    return json.loads(lines[-1]) if process.returncode == 0 and lines else None


def kill_all(process: subprocess.Popen[str]) -> None:
    """Kill a process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def kill_a_worker(process: subprocess.Popen[str]) -> bool:
    """Have a cluster kill a worker with SIGKILL that is at work; return whether there was one."""
    process.send_signal(signal.SIGUSR1)
    assert process.stdout is not None
    return process.stdout.readline() == "killed\n"


def _started(*words: str) -> subprocess.Popen[str]:
    # A session of its own: killed as one, and a Ctrl-C in the terminal is not for it.
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", str(Path(__file__).resolve()), *words],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        stderr=None if os.environ.get("NOTEBOOKMAIL_SHOW") else subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


# --- in processes of their own ----------------------------------------------------------------------------------


class _Workers:
    """Worker processes of a cluster, each replaced when it is gone: one that is killed, or that gave up."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._by_name: dict[str, subprocess.Popen[bytes]] = {}
        self._started = 0

    def replace(self) -> None:
        """Start what is missing."""
        self._by_name = {name: each for name, each in self._by_name.items() if each.poll() is None}
        while len(self._by_name) < WORKERS:
            self._started += 1
            name = f"worker{self._started}"
            command = [
                sys.executable, "-W", "ignore", "-m", "distributed.cli.dask_worker", f"tcp://{HOST}:{self._port}",
                "--no-nanny", "--nthreads", "1", "--no-dashboard", "--name", name,
            ]  # fmt: skip
            # Where it finds this module.
            self._by_name[name] = subprocess.Popen(command, cwd=Path(__file__).resolve().parents[1])

    def kill_one(self, at_work: set[str]) -> bool:
        """Kill one of those that are at work; return whether there was one."""
        found = sorted(name for name, each in self._by_name.items() if name in at_work and each.poll() is None)
        if found:
            self._by_name[found[0]].kill()
        return bool(found)


def _be_cluster(port: int) -> None:
    import dask
    from distributed import LocalCluster

    # The scheduler is in this process. A kill counts against all batches that its worker had, guilty or not.
    dask.config.set({"distributed.scheduler.allowed-failures": 100})
    with LocalCluster(n_workers=0, host=HOST, scheduler_port=port, dashboard_address=None) as these:
        workers = _Workers(port)

        def kill_one(*_: object) -> None:
            at_work = {str(each.name) for each in list(these.scheduler.workers.values()) if each.processing}
            print("killed" if workers.kill_one(at_work) else "none", flush=True)

        signal.signal(signal.SIGUSR1, kill_one)
        workers.replace()
        these.wait_for_workers(WORKERS)
        print("ready", flush=True)
        while True:
            time.sleep(0.2)
            workers.replace()


def _partition(first: int, count: int) -> pd.DataFrame:
    """Compute one partition, on a worker."""
    import pandas as pd

    from crashes.clusters import address_of

    numbers = range(first, first + count)
    return pd.DataFrame({"email": list(map(address_of, numbers)), "name": [f"Reader {n}" for n in numbers]})


def _send(mailing: Mailing) -> None:
    from dask import dataframe as dd
    from distributed import Client

    from crashes.engines import SENDER
    from notebookmail import Server, Template, send_frame_sync

    def figures(_: object, *, seconds: float = mailing.row_seconds, cheap: Path = mailing.cheap) -> bytes:
        if seconds and not cheap.exists():
            time.sleep(seconds)  # as a chart does that takes its time
        return b"17, 4"

    template = Template(
        "Figures for {{ name }}",
        sender=SENDER,
        text="Dear {{ name }},\n\nyour figures are attached.\n",
        attachments=[("figures.csv", figures)],
    )
    size = -(-mailing.rows // mailing.partitions)
    with Client(f"tcp://{HOST}:{mailing.scheduler}", timeout=60) as client:
        df = dd.from_map(_partition, range(0, mailing.rows, size), count=size, meta=_partition(0, 1).head(0))
        server = Server(HOST, mailing.port, security="none", max_connections=CONNECTIONS)
        executor = client.get_executor()
        results = send_frame_sync(
            df, template, server, campaign="cluster", journal=mailing.journal, progress=False, workers=executor
        )
    told = {"counts": results.counts, "unconfirmed": results.unconfirmed["to"].tolist()}
    print(json.dumps({**told, "rows": len(results), "why": results.notice}), flush=True)


def main(role: str, *words: str) -> None:
    """Be one of the processes."""
    if role == "cluster":
        _be_cluster(int(words[0]))
    else:
        _send(Mailing(**json.loads(words[0])))


if __name__ == "__main__":
    main(*sys.argv[1:])

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
from dataclasses import dataclass
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
    """

    port: int
    scheduler: int
    journal: str
    rows: int
    partitions: int

    @property
    def recipients(self) -> set[str]:
        """Everybody who is to get a message."""
        return {address_of(number) for number in range(self.rows)}


def address_of(number: int) -> str:
    """Return the address of a row."""
    return f"reader{number}@{DOMAIN}"


@contextlib.contextmanager
def cluster(port: int) -> Iterator[subprocess.Popen[str]]:
    """Start a cluster of two worker processes; in the end, kill what is left of it."""
    process = _started("cluster", str(port))
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        kill_all(process)


def sender(mailing: Mailing) -> subprocess.Popen[str]:
    """Start one run of a campaign."""
    words = (mailing.port, mailing.scheduler, mailing.journal, mailing.rows, mailing.partitions)
    return _started("sender", *map(str, words))


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
    """Have a cluster kill one of its workers with SIGKILL, if two are at work; tell whether they were."""
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


def _be_cluster(port: int) -> None:
    from distributed import LocalCluster, Status

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host=HOST, scheduler_port=port, dashboard_address=None
    ) as these:

        def kill_one(*_: object) -> None:
            # One that is killed while it starts is given up by its nanny, which is not what is to be seen here.
            running = [each.pid for each in these.workers.values() if each.status == Status.running and each.pid]
            if len(running) > 1:
                os.kill(min(running), signal.SIGKILL)
            print("killed" if len(running) > 1 else "none", flush=True)

        signal.signal(signal.SIGUSR1, kill_one)
        print("ready", flush=True)
        while True:
            signal.pause()


def _partition(first: int, count: int) -> pd.DataFrame:
    """Compute one partition, on a worker."""
    import pandas as pd

    from crashes.clusters import address_of

    numbers = range(first, first + count)
    return pd.DataFrame({"email": list(map(address_of, numbers)), "name": [f"Reader {n}" for n in numbers]})


def _send(port: int, scheduler: int, journal: str, rows: int, partitions: int) -> None:
    import dask
    from dask import dataframe as dd
    from distributed import Client

    from crashes.engines import TEMPLATE
    from notebookmail import Server, send_frame_sync

    size = -(-rows // partitions)
    dask.config.set({"distributed.scheduler.allowed-failures": 100})
    with Client(f"tcp://{HOST}:{scheduler}", timeout=60) as client:
        df = dd.from_map(_partition, range(0, rows, size), count=size, meta=_partition(0, 1).head(0))
        server = Server(HOST, port, security="none", max_connections=CONNECTIONS)
        executor = client.get_executor()
        results = send_frame_sync(
            df, TEMPLATE, server, campaign="cluster", journal=journal, progress=False, workers=executor
        )
    told = {"counts": results.counts, "unconfirmed": results.unconfirmed["to"].tolist()}
    print(json.dumps({**told, "rows": len(results), "why": results.notice}), flush=True)


def main(role: str, *words: str) -> None:
    """Be one of the processes."""
    if role == "cluster":
        _be_cluster(int(words[0]))
    else:
        port, scheduler, journal, rows, partitions = words
        _send(int(port), int(scheduler), journal, int(rows), int(partitions))


if __name__ == "__main__":
    main(*sys.argv[1:])

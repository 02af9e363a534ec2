"""A process that has loaded everything, so that a run costs a fork, and that kills what it started.

It is no thread of the test run's: forking is safe only where there is one thread. A run that is killed is
killed with SIGKILL at its moment; one that ends before has its report. It reads requests and writes answers,
one JSON a line.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LONGEST_SECONDS = 60.0
"""A run that takes longer hangs."""


@dataclass(frozen=True, slots=True)
class Work:
    """One run of a campaign.

    Attributes:
        engine: Its name in `engines.ENGINES`.
        port: Of the server.
        campaign: Its name.
        journal: Where it remembers.
        rows: How many.
        connections: At most so many.
    """

    engine: str
    port: int
    campaign: str
    journal: str
    rows: int
    connections: int

    @property
    def domain(self) -> str:
        """Where all recipients are: the campaign's own, so that the server can tell campaigns apart."""
        return f"{self.campaign}.example.org"

    @property
    def recipients(self) -> list[str]:
        """Everybody who is to get a message."""
        return [f"reader{number}@{self.domain}" for number in range(self.rows)]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a run.

    Attributes:
        pid: Its process.
        seconds: How long it lived.
        is_killed: True when it was killed at its moment.
        told: What it said: the status of every recipient; None if it was killed, or raised.
        error: What it raised, or "".
    """

    pid: int
    seconds: float
    is_killed: bool
    told: dict[str, str] | None
    error: str


class Nursery:
    """Starts runs and kills them."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def run(self, *works: Work, moments: Sequence[float | None] = (None,)) -> list[Fate]:
        """Start works together, and kill each at its moment.

        Args:
            works: What to run, each in a process of its own.
            moments: Seconds after the start at which each is killed; None lets it live.
        """
        answer = self._ask({"works": [asdict(work) for work in works], "moments": list(moments)})
        return [Fate(**fate) for fate in answer]

    def held(self, work: Work) -> int:
        """Count the rows that the journal of a dead run holds as not known."""
        count: int = self._ask({"held": asdict(work)})
        return count

    def _ask(self, request: object) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(request).encode() + b"\n")
        stdin.flush()
        return json.loads(stdout.readline())


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Run it until the block ends."""
    command = [sys.executable, str(Path(__file__).resolve())]
    # Libraries that start threads of their own when they are loaded are asked not to: those would not be forked.
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    with (
        TemporaryDirectory() as state,  # it outlives a test, and sees no journal of whoever runs the tests
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **threads, "XDG_STATE_HOME": state},
        ) as process,
    ):
        assert process.stdin is not None
        try:
            yield Nursery(process)
        finally:
            process.stdin.close()
            process.wait(LONGEST_SECONDS)


# --- inside it --------------------------------------------------------------------------------------------------


def _serve() -> None:
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from crashes.engines import ENGINES, warm_up

    warm_up()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a run prints is no answer
    for line in sys.stdin:
        request = json.loads(line)
        if "held" in request:
            work = Work(**request["held"])
            answer: Any = ENGINES[work.engine].held(work)
        else:
            works = [Work(**work) for work in request["works"]]
            answer = _live([lambda w=work: ENGINES[w.engine].run(w) for work in works], request["moments"])
        print(json.dumps(answer), file=answers, flush=True)


def _live(tasks: list[Callable[[], object]], moments: list[float | None]) -> list[dict[str, object]]:
    """Fork a child for every task, let all begin at once, kill each at its moment, and collect them."""
    gate, opener = os.pipe()
    children = [_fork(task, gate, opener) for task in tasks]
    started = time.monotonic()
    os.close(gate)
    os.close(opener)  # each child waits for the end of this pipe
    ends = {
        pid: started + (LONGEST_SECONDS if moment is None else moment)
        for (pid, _, _), moment in zip(children, moments, strict=True)
    }
    lives = _await_ends({handle: pid for pid, handle, _ in children}, ends, started)
    fates = []
    for (pid, handle, report), moment in zip(children, moments, strict=True):
        os.close(handle)
        with os.fdopen(report) as file:
            text = file.read()
        is_killed = lives[pid][1] and moment is not None
        told = json.loads(text) if text and not is_killed else {"error": "" if is_killed else "it hung, or died"}
        fates.append({
            "pid": pid, "seconds": lives[pid][0], "is_killed": is_killed, "told": told.get("told"),
            "error": told.get("error", ""),
        })  # fmt: skip
    return fates


def _await_ends(handles: dict[int, int], ends: dict[int, float], started: float) -> dict[int, tuple[float, bool]]:
    """Wait for every child, and kill those whose moment has come: how long each lived, and whether by a kill."""
    lives: dict[int, tuple[float, bool]] = {}
    while handles:
        wait = min(ends[pid] for pid in handles.values()) - time.monotonic()
        ended, _, _ = select.select(list(handles), [], [], max(0.0, wait))
        for handle, pid in list(handles.items()):
            if handle not in ended and time.monotonic() >= ends[pid]:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                ends[pid] = started + 2 * LONGEST_SECONDS  # it is dead; its end is still to be seen
            if handle in ended:
                _, status = os.waitpid(pid, 0)
                lives[pid] = time.monotonic() - started, os.WIFSIGNALED(status)
                del handles[handle]
    return lives


def _fork(task: Callable[[], object], gate: int, opener: int) -> tuple[int, int, int]:
    """Fork a child that runs the task once the gate opens: its number, a handle on it, and where it reports."""
    report, reporter = os.pipe()
    pid = os.fork()
    if pid:
        os.close(reporter)
        return pid, os.pidfd_open(pid), report
    os.close(opener)
    os.read(gate, 1)
    try:
        said = {"told": task()}
    except BaseException as error:  # noqa: BLE001 -- whatever it is, the parent must hear of it
        said = {"error": f"{type(error).__name__}: {error}"}
    os.write(reporter, json.dumps(said).encode())
    os._exit(0)  # nothing of the parent's is flushed or cleaned up twice


if __name__ == "__main__":
    _serve()

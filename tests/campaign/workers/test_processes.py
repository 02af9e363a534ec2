"""Messages made by processes of this machine: killed, poisoned, interrupted, and none left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from notebookmail import Sandbox, Template, send_frame, start_frame
from notebookmail.campaign.options import settings_of
from notebookmail.campaign.planning import make_plan
from notebookmail.campaign.workers.making import MakingByWorkers, made_in_turns, making_of
from notebookmail.errors import TemplateError
from notebookmail.mail.message import Mail

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 12
PATIENCE_SECONDS = 60.0
QUIET: dict[str, Any] = {"progress": False, "journal": False}


@pytest.fixture
def people() -> pd.DataFrame:
    return pd.DataFrame({"n": range(ROWS), "email": [f"p{n}@example.org" for n in range(ROWS)]})


def letter(function: Callable[[Any], Any]) -> Template:
    return Template("Hi", text="{{ n }} {{ note }}", sender="shop@example.org", inline={"note": function})


def is_alive(pid: int) -> bool:
    """Tell whether a process goes on; one that has ended and was not asked for is none."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


async def waited_for(condition: Callable[[], bool]) -> bool:
    for _ in range(int(PATIENCE_SECONDS / 0.02)):
        if condition():
            return True
        await asyncio.sleep(0.02)
    return False


async def gone(pids: set[int]) -> bool:
    return await waited_for(lambda: not any(map(is_alive, pids)))


def names_in(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def pids_in(folder: Path) -> set[int]:
    return {int(each.name.partition("-")[2]) for each in folder.glob("pid-*")}


async def test_a_worker_that_is_killed_costs_no_row(people: pd.DataFrame, tmp_path: Path) -> None:
    folder, sender = str(tmp_path), os.getpid()

    def note(row: Any) -> list[int]:
        Path(folder, f"pid-{os.getpid()}").touch()
        if row.n == 5:
            with contextlib.suppress(FileExistsError):
                Path(folder, "killed").touch(exist_ok=False)
                os.kill(os.getpid(), signal.SIGKILL)
        return [row.n]

    async with Sandbox() as box:
        results = await send_frame(people, letter(note), box.server, workers=2, **QUIET)
        sent = [each.rcpt_to[0] for each in box.received]
    assert results.counts["sent"] == ROWS
    assert sorted(sent) == sorted(people.email)
    assert "killed" in names_in(tmp_path)
    assert sender not in pids_in(tmp_path)
    assert len(pids_in(tmp_path)) >= 2
    assert await gone(pids_in(tmp_path))


@pytest.mark.slow
async def test_a_row_that_kills_its_worker_every_time_fails_alone(people: pd.DataFrame) -> None:
    def note(row: Any) -> list[int]:
        if row.n == 3:
            os._exit(9)
        return [row.n]

    async with Sandbox() as box:
        results = await send_frame(people, letter(note), box.server, workers=1, **QUIET)
        sent = [each.rcpt_to[0] for each in box.received]
    assert results.counts["sent"] == ROWS - 1
    assert sorted(sent) == sorted(people.email.drop(3))
    assert list(results.exceptions) == [3]
    assert isinstance(results.exceptions[3], TemplateError)
    assert str(results.exceptions[3]) == "row 3: the worker that made it died twice (out of memory?)"


async def test_a_run_that_is_stopped_leaves_no_process(people: pd.DataFrame, tmp_path: Path) -> None:
    folder = str(tmp_path)

    def note(row: Any) -> list[int]:
        Path(folder, f"pid-{os.getpid()}").touch()
        while row.n == 4:
            time.sleep(0.05)
        return [row.n]

    async with Sandbox() as box:
        job = start_frame(people, letter(note), box.server, workers=2, **QUIET)
        assert await waited_for(lambda: len(box.received) == 4)
        job.stop()
        results = await job
        assert len(box.received) == 4
    assert results.counts["pending"] == ROWS - 4
    assert pids_in(tmp_path)
    assert await gone(pids_in(tmp_path))


async def test_workers_that_die_while_they_have_nothing_to_do_are_replaced(people: pd.DataFrame) -> None:
    plan = make_plan(people, letter(lambda row: [row.n]), settings_of("send_frame", {"workers": 1}))
    async with making_of(plan) as making:
        assert isinstance(making, MakingByWorkers)
        executor: Any = making._crew._executor
        for pid in list(executor._processes):
            os.kill(pid, signal.SIGKILL)
        assert await waited_for(lambda: executor._flags.broken is not None)
        made = [each async for each in made_in_turns(plan.tasks(), making)]
    assert [task.position for task, _ in made] == list(range(ROWS))
    assert all(isinstance(outcome, Mail) for _, outcome in made)


SCRIPT = """
import os, pathlib, sys, time
import pandas as pd
from notebookmail import Template, send_frame_sync

folder = sys.argv[1]
suffix = "!"  # the notebook's own
df = pd.DataFrame({"n": range(2000), "email": [f"p{n}@example.org" for n in range(2000)]})

def note(row):
    pathlib.Path(folder, f"pid-{os.getpid()}").touch()
    time.sleep(0.05)
    return [f"{row.n}{suffix}"]

letter = Template("Hi", text="{{ note }} {{ n | more }}", sender="shop@example.org", inline={"note": note},
                  filters={"more": lambda value: value + 1})
print(send_frame_sync(df.head(3), letter, workers=1, progress=False).counts["sent"], flush=True)
try:
    send_frame_sync(df, letter, workers=2, progress=False)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.slow
def test_a_script_needs_no_main_guard_and_an_interrupt_leaves_no_process(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment,
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        first = process.stdout.readline()
        before = pids_in(tmp_path)
        asyncio.run(waited_for(lambda: pids_in(tmp_path) != before))
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: its workers are told, too
        rest = process.stdout.read()
    assert first == "3\n"
    assert rest == "interrupted\n"
    assert process.returncode == 0
    assert len(pids_in(tmp_path)) >= 2
    assert asyncio.run(gone(pids_in(tmp_path)))

"""Jobs in the background: on the running loop, or in a thread of their own; pause, resume, stop."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from notebookmail import FrameError, Sandbox, SendJob, Server, SMTPConnectError, Template, send_frame, start_frame
from notebookmail.campaign.job import SendJob as Job

if TYPE_CHECKING:
    from collections.abc import Callable

LETTER = Template("Hello {{ name }}", text="Dear {{ name }}", sender="shop@example.org")


def people(count: int) -> pd.DataFrame:
    return pd.DataFrame({"email": [f"p{n}@example.org" for n in range(count)], "name": "Ann"})


def start(count: int, server: Server | None, **options: Any) -> SendJob:
    return start_frame(people(count), LETTER, server, progress=False, **options)


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not happened():  # noqa: ASYNC110 -- what it waits for is a state, which nobody announces
            await asyncio.sleep(0.005)


async def test_a_job_runs_in_the_background_and_is_awaited() -> None:
    async with Sandbox() as box:
        job = start(5, box.server)
        assert (job.state, job.done, job.results.counts["pending"]) == ("running", False, 5)
        results = await job
        assert results is job.results
        assert (results.counts["sent"], job.state, job.done) == (5, "finished", True)
        assert await job is results  # awaiting again is no second run
        assert len(box.received) == 5


async def test_a_wrong_call_raises_at_once() -> None:
    with pytest.raises(FrameError, match="limit"):
        start(1, None, limit=-1)
    with pytest.raises(TypeError, match="no option 'limmit'"):
        start(1, None, limmit=1)


async def test_what_the_server_says_is_raised_by_awaiting(unused_tcp_port: int) -> None:
    job = start(1, Server("127.0.0.1", unused_tcp_port), journal=False)
    with pytest.raises(SMTPConnectError):
        await job
    assert job.state == "failed"
    assert "failed" in repr(job)


async def test_pause_holds_and_resume_goes_on() -> None:
    async with Sandbox(delay_seconds=0.02) as box:
        job = start(30, box.server, max_connections=1)
        await until(lambda: len(box.received) >= 3)
        job.pause()
        await until(lambda: job.state == "paused" and job.progress.note == "paused")
        await asyncio.sleep(0.1)
        held = len(box.received)
        await asyncio.sleep(0.1)
        assert len(box.received) == held < 30
        job.resume()
        assert (await job).counts["sent"] == 30


async def test_stop_lets_what_is_on_its_way_finish_and_leaves_the_rest() -> None:
    async with Sandbox(delay_seconds=0.02) as box:
        job = start(200, box.server, max_connections=2)
        await until(lambda: len(box.received) >= 3)
        job.stop()
        results = await job
        assert results.counts["sent"] == len(box.received) < 200
        assert results.counts["sent"] + results.counts["pending"] == 200
        assert results.outcome(199).hint == "stopped"


async def test_a_job_that_is_stopped_before_it_began_sends_nothing() -> None:
    async with Sandbox() as box:
        job = start(3, box.server)
        job.stop()
        assert (await job).counts["pending"] == 3
        assert not box.received


async def test_commands_may_come_from_another_thread() -> None:
    async with Sandbox(delay_seconds=0.02) as box:
        job = start(200, box.server)
        await until(lambda: len(box.received) >= 3)
        threading.Thread(target=job.stop).start()
        assert (await job).counts["pending"] > 0


async def test_an_awaiting_cell_that_is_interrupted_leaves_the_job_alone() -> None:
    async with Sandbox(delay_seconds=0.02) as box:
        job = start(10, box.server)

        async def cell() -> None:
            await job

        waiting = asyncio.create_task(cell())
        await until(lambda: len(box.received) >= 1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await job).counts["sent"] == 10


async def test_waiting_on_the_loop_the_job_needs_is_refused() -> None:
    async with Sandbox() as box:
        job = start(1, box.server)
        with pytest.raises(RuntimeError, match="await job"):
            job.wait()
        await job
        assert job.wait().counts["sent"] == 1


def test_without_a_loop_a_job_has_a_thread_of_its_own() -> None:
    job = start(5, None)
    assert job.wait(20).counts["sent"] == 5
    assert job.done


def test_waiting_has_an_end() -> None:
    job = start(1, None, journal=False, not_before=datetime.now(UTC) + timedelta(hours=1))
    try:
        with pytest.raises(TimeoutError, match="goes on"):
            job.wait(0.05)
    finally:
        job.stop()
        job.wait(20)


async def test_a_job_of_a_thread_can_be_awaited_by_a_loop() -> None:
    job = await asyncio.to_thread(start, 3, None)
    assert (await job).counts["sent"] == 3


def test_a_script_may_end_while_its_job_runs() -> None:
    script = (
        "import pandas as pd; from notebookmail import *; "
        "start_frame(pd.DataFrame({'email': ['a@example.org'] }), Template('x', text='x', sender='b@example.org'))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0


def test_the_public_name_is_the_class() -> None:
    assert SendJob is Job


async def test_two_jobs_run_side_by_side() -> None:
    async with Sandbox() as box:
        jobs = [start(5, box.server), start(4, box.server)]
        results = [await job for job in jobs]
        assert [each.counts["sent"] for each in results] == [5, 4]
        assert (await send_frame(people(1), LETTER, box.server, progress=False)).counts["sent"] == 1

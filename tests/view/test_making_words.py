"""Whether making messages is the limit is said where it is, with what workers would bring, and nowhere else."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pandas as pd
import pytest

from notebookmail import Sandbox, Template, plan_frame, start_frame
from notebookmail.campaign import estimate
from notebookmail.campaign.workers.crew import cores
from notebookmail.delivery.making import MakingTimes
from notebookmail.view.words.making import gain, making_limit


def test_a_chart_a_row_is_the_limit_and_two_processors_bring_nearly_twice_as_many() -> None:
    times = MakingTimes(messages=100, each=0.06, limited=6.0, elapsed=6.2)
    assert making_limit(times, 900, None, 2) == (
        "making a message takes 60 ms: 17 a second at most; workers=2 would bring about 1.9 times as many"
    )


@pytest.mark.parametrize(
    ("times", "left", "workers", "count", "said"),
    [
        (MakingTimes(100, 0.06, 6.0, 60.0), 900, None, 2, ""),  # the server's rate is the limit
        (MakingTimes(10_000, 0.0001, 1.0, 1.2), 900_000, None, 2, ""),  # plain letters
        (MakingTimes(3, 0.06, 0.18, 0.18), 900, None, 2, ""),  # too few to tell
        (MakingTimes(20, 0.06, 1.2, 1.3), 10, None, 2, ""),  # it is over in a moment
        (MakingTimes(100, 0.06, 6.0, 6.2), 900, None, 1, "making a message takes 60 ms: 17 a second at most"),
        (MakingTimes(100, 0.06, 3.0, 3.2), 900, 2, 2, "making a message takes 60 ms: 33 a second at most"),
        (MakingTimes(100, 0.06, 0.2, 3.2), 900, 2, 4, ""),  # two are enough
    ],
)
def test_what_is_not_so_is_not_said(
    times: MakingTimes, left: int, workers: int | None, count: int, said: str
) -> None:
    assert making_limit(times, left, workers, count) == said


def test_more_workers_are_suggested_as_far_as_there_are_processors() -> None:
    words = making_limit(MakingTimes(100, 0.06, 3.0, 3.2), 900, 2, 4)
    assert words.endswith("workers=4 would bring about 1.9 times as many")


@pytest.mark.parametrize(("making", "sending", "count"), [(0.06, 0.0, 2), (0.06, 0.002, 4), (0.01, 0.02, 8)])
def test_no_more_is_promised_than_processors_and_sending_allow(making: float, sending: float, count: int) -> None:
    promised = gain(making, sending, count)
    assert promised <= count / making
    assert promised * (making + sending) <= count
    assert promised * sending <= 1


def slow(row: Any) -> list[int]:
    time.sleep(0.05)
    return [row.n]


LETTER = Template("Hi", text="{{ note }}", sender="shop@example.org", inline={"note": slow})
PEOPLE = pd.DataFrame({"n": range(600), "email": [f"p{n}@example.org" for n in range(600)]})


async def test_progress_and_summary_say_what_was_measured_on_the_first_rows() -> None:
    async with Sandbox() as box:
        job = start_frame(PEOPLE, LETTER, box.server, progress=False, journal=False)
        said = ""
        for _ in range(2_000):
            said = said or job.progress.making
            if said or job.done:
                break
            await asyncio.sleep(0.01)
        job.stop()
        await job
    assert said.startswith("making a message takes ")
    assert (f"workers={cores()} would bring about" in said) == (cores() > 1)


def test_a_plan_says_so_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "_BUILT", 8)
    assert "making a message takes " in str(plan_frame(PEOPLE, LETTER))
    plain = Template("Hi", text="Hi {{ n }}", sender="shop@example.org")
    assert plan_frame(PEOPLE, plain).making == ""

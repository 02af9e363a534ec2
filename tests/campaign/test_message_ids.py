"""A Message-ID stays what it was on every try, and nobody can make it who does not hold the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from support.offline_runs import mails_of

from notebookmail import Sandbox, Template, check_frame, send_frame
from notebookmail.campaign.message_maker import MessageSeed
from notebookmail.campaign.options import SendSettings
from notebookmail.campaign.planning import make_plan
from notebookmail.campaign.workers.packing import request_of
from notebookmail.delivery.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

LETTER = Template("Hello", text="Dear {{ name }}", sender="desk@example.org")
FRAME = pd.DataFrame({"name": ["Ann", "Bo"], "email": ["ann@example.org", "bo@example.org"]})


def ids(path: Path, **options: object) -> list[str]:
    return [mail.message_id for _, mail in mails_of(path, FRAME, LETTER, campaign="letters", **options)]


def test_two_journals_give_the_same_letter_other_ids(tmp_path: Path) -> None:
    one, two = ids(tmp_path / "one.sqlite"), ids(tmp_path / "two.sqlite")
    assert len(one) == len(two) == 2
    assert not set(one) & set(two)


def test_a_resending_has_other_ids(tmp_path: Path) -> None:
    path = tmp_path / "one.sqlite"
    assert not set(ids(path)) & set(ids(path, resend=True))


async def test_a_row_that_is_tried_again_keeps_its_id_in_the_same_run_and_in_a_later_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    async with Sandbox(faults={"bo@example.org": "451 4.3.0 later"}) as box:
        first = await send_frame(FRAME, LETTER, box.server, campaign="letters", journal=path, progress=False)
        with Journal.open(path) as journal:
            noted = [row.message_id for row in journal.rows_of("letters")]
        told = first.frame.message_id.tolist()
        retried = await first.retry()
        later = await send_frame(FRAME, LETTER, box.server, campaign="letters", journal=path, progress=False)
    assert noted == told == retried.frame.message_id.tolist()
    assert later.frame.message_id[1] == told[1]


def test_workers_are_told_what_the_secret_comes_to_and_not_the_secret() -> None:
    plan = make_plan(FRAME, LETTER, SendSettings(campaign="letters"))
    secret = "ab" * 16
    here = [task.build().message_id for task in plan.tasks("d1", 0, secret)]
    for task, message_id in zip(plan.tasks("d1", 0, secret), here, strict=True):
        request = request_of(task.build, plan.renderer)
        assert secret not in repr(request)
        row = next(plan.frame.rows([task.position]))
        assert plan.renderer.render(row, seed=request.seed).message_id == message_id


@pytest.mark.parametrize("secret", ["", "ab" * 16])
def test_an_id_depends_on_the_campaign_the_row_and_the_secret(secret: str) -> None:
    seeds = {
        MessageSeed(prefix, each).of(told) for prefix in "ab" for told in "cd" for each in (secret, "cd" * 16)
    }
    assert len(seeds) == 8


def test_looking_at_a_letter_twice_shows_the_same_id() -> None:
    assert check_frame(FRAME, LETTER).ok
    plan = make_plan(FRAME, LETTER, SendSettings())
    first, second = ([task.build().content for task in plan.tasks()] for _ in range(2))
    assert first == second

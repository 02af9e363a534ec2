"""retry(): on old results, twice, at once, after resend: nobody is mailed twice, and the results show it."""

from __future__ import annotations

import asyncio
import copy
import pickle
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from notebookmail import (
    FrameError,
    JournalError,
    Sandbox,
    SendResults,
    SMTPConnectError,
    Template,
    last_results,
    send_frame,
    send_frame_sync,
    start_frame,
)
from notebookmail.sync import run_sync

if TYPE_CHECKING:
    from pathlib import Path

LETTER = Template("Hello {{ n }}", text="Dear {{ n }}", sender="shop@example.org")
HALF = {"*@odd.example.org": "452 4.2.2 Mailbox full"}


def people(count: int) -> pd.DataFrame:
    domains = ("example.org", "odd.example.org")
    rows = {"email": [f"p{n}@{domains[n % 2]}" for n in range(count)], "n": range(count)}
    return pd.DataFrame(rows, index=[f"r{n}" for n in range(count)])


def letters(*boxes: Sandbox) -> Counter[str]:
    return Counter(each.rcpt_to[0] for box in boxes for each in box.received)


@pytest.fixture(params=["journal", "no journal", "sandbox"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Where the run is remembered, if anywhere."""
    return {"journal": {"journal": tmp_path / "j"}, "no journal": {"journal": False}, "sandbox": {}}[request.param]


async def test_old_results_tried_again_and_again_mail_nobody_twice(kept: dict[str, Any]) -> None:
    async with Sandbox(faults={"*@odd.example.org": (0.5, "452 4.2.2 Mailbox full")}) as box:
        results = await send_frame(people(40), LETTER, box.server, progress=False, **kept)
        old = results
        for _ in range(12):
            results = await old.retry()
        assert letters(box).most_common(1)[0][1] == 1
        assert old.counts["sent"] == len(box.received) == 40


async def test_the_results_it_is_called_on_show_what_it_came_to(kept: dict[str, Any]) -> None:
    async with Sandbox(faults={"greylist": 0}) as box:
        results = await send_frame(people(4), LETTER, box.server, progress=False, **kept)
        assert results.frame.status.tolist() == ["deferred"] * 4
        again = await results.retry()
        assert (len(results.sent), len(results.deferred), results.waiting()) == (4, 0, [])
        assert results.frame.status.tolist() == again.frame.status.tolist() == ["sent"] * 4
        assert results.frame.code.tolist() == [250] * 4
        assert "4 letters " in repr(results)
        assert "4 letters " in results._repr_html_()
        assert results.explain().empty
        assert last_results() is results


async def test_whoever_tries_again_at_the_same_time_is_told_to_wait(kept: dict[str, Any]) -> None:
    async with Sandbox(faults={"greylist": 0}, delay_seconds=0.05) as box:
        results = await send_frame(people(4), LETTER, box.server, progress=False, **kept)
        first = asyncio.create_task(results.retry())
        await asyncio.sleep(0)
        with pytest.raises(FrameError, match="being sent right now"):
            await results.retry()
        with pytest.raises(FrameError, match="being sent right now"):
            await asyncio.to_thread(run_sync, results.retry())
        await first
        assert await results.retry() is results
        assert set(letters(box).values()) == {1}


async def test_a_job_that_runs_cannot_be_tried_again_before_its_end() -> None:
    async with Sandbox(delay_seconds=0.05) as box:
        job = start_frame(people(6), LETTER, box.server, progress=False, journal=False)
        await box.arrival(1)
        with pytest.raises(FrameError, match="being sent right now"):
            await job.results.retry()
        await job
        assert letters(box).most_common(1)[0][1] == 1


async def test_a_retry_that_may_not_begin_leaves_the_rows_as_they_stood(kept: dict[str, Any]) -> None:
    async with Sandbox(faults=HALF) as box:
        port = box.server.port or 0
        results = await send_frame(people(4), LETTER, box.server, progress=False, **kept)
    before = results.frame
    message_id = results.outcome(1).message_id
    with pytest.raises(SMTPConnectError):
        await results.retry()
    pd.testing.assert_frame_equal(results.frame, before)
    async with Sandbox(port=port) as box:
        await results.retry()
        assert (results.counts["sent"], len(box.received)) == (4, 2)
        assert message_id in {message["Message-ID"] for message in box.messages}


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each)), SendResults.copy]
)
async def test_a_copy_cannot_send_what_the_original_may_have_sent(copied: Any) -> None:
    async with Sandbox(faults=HALF) as box:
        results = await send_frame(people(4), LETTER, box.server, progress=False, journal=False)
        twin = copied(results)
        with pytest.raises(FrameError, match="run send_frame again"):
            await twin.retry()
        assert results.counts == twin.counts


async def test_rows_that_a_later_run_has_sent_are_not_sent_by_old_results(tmp_path: Path) -> None:
    async with Sandbox(faults={"greylist": 0}) as box:
        common: dict[str, Any] = {"progress": False, "journal": tmp_path / "j"}
        results = await send_frame(people(4), LETTER, box.server, **common)
        await send_frame(people(4), LETTER, box.server, **common)
        await results.retry()
        assert set(letters(box).values()) == {1}
        assert results.counts["skipped"] == 4
        assert results.sent_before == 4


async def test_another_letter_of_the_campaign_is_refused_while_it_is_tried_again(tmp_path: Path) -> None:
    async with Sandbox(faults={"greylist": 0}, delay_seconds=0.1) as box:
        common: dict[str, Any] = {"progress": False, "journal": tmp_path / "j"}
        results = await send_frame(people(2), LETTER, box.server, **common)
        retrying = asyncio.create_task(results.retry())
        await box.arrival(1)
        with pytest.raises(JournalError, match="is being run"):
            await send_frame(people(2), LETTER, box.server, **common)
        await retrying


async def test_a_retry_after_resend_stays_in_its_generation(tmp_path: Path) -> None:
    common: dict[str, Any] = {"progress": False, "journal": tmp_path / "j", "campaign": "news"}
    async with Sandbox() as box:
        port = box.server.port or 0
        await send_frame(people(4), LETTER, box.server, **common)
    async with Sandbox(faults=HALF, port=port) as box:
        results = await send_frame(people(4), LETTER, box.server, resend=True, **common)
        assert results.counts["deferred"] == 2
    async with Sandbox(port=port) as box:
        await results.retry()
        assert results.counts["sent"] == 4
        plain = await send_frame(people(4), LETTER, box.server, **common)
        assert (plain.counts["skipped"], set(letters(box).values())) == (4, {1})
        assert len(box.received) == 2


async def test_resend_with_a_limit_goes_on_with_the_next(tmp_path: Path) -> None:
    common: dict[str, Any] = {"progress": False, "journal": tmp_path / "j", "campaign": "news"}
    async with Sandbox() as box:
        await send_frame(people(5), LETTER, box.server, **common)
        box.received.clear()
        sent = [
            (await send_frame(people(5), LETTER, box.server, resend=True, limit=2, **common)).counts["sent"]
            for _ in range(3)
        ]
        assert (sent, set(letters(box).values()), len(box.received)) == ([2, 2, 1], {1}, 5)
        plain = await send_frame(people(5), LETTER, box.server, **common)
        assert plain.counts["skipped"] == 5
        await send_frame(people(5), LETTER, box.server, resend=True, limit=2, **common)  # all had it: anew
        assert len(box.received) == 7


async def test_a_retry_between_two_limited_resends_counts_as_one_of_them(tmp_path: Path) -> None:
    common: dict[str, Any] = {"progress": False, "journal": tmp_path / "j", "campaign": "news"}
    async with Sandbox(faults={"greylist": 0}) as box:
        first = await send_frame(people(4), LETTER, box.server, limit=2, resend=True, **common)
        await first.retry()
        assert (first.counts["sent"], first.counts["pending"]) == (2, 2)
        second = await send_frame(people(4), LETTER, box.server, limit=2, resend=True, **common)
        await second.retry()
        assert set(letters(box).values()) == {1}
        assert len(box.received) == 4


def test_without_await_it_is_the_same() -> None:
    async def at(box: Sandbox) -> SendResults:
        return await asyncio.to_thread(
            send_frame_sync, people(3), LETTER, box.server, progress=False, journal=False
        )

    async def work() -> None:
        async with Sandbox(faults={"greylist": 0}) as box:
            results = await at(box)
            for _ in range(2):
                await asyncio.to_thread(run_sync, results.retry())
            assert (results.counts["sent"], set(letters(box).values())) == (3, {1})

    asyncio.run(work())


async def test_a_row_on_view_after_a_retry_is_the_message_that_went() -> None:
    async with Sandbox(faults={"greylist": 0}) as box:
        results = await send_frame(people(2), LETTER, box.server, progress=False)
        await results.retry()
        assert results._sending is not None
        made = results._sending.letter(1)
        found = re.search(rb"Message-ID: (<[^>]+>)", made)
        assert found is not None
        assert found[1].decode() in {message["Message-ID"] for message in box.messages}

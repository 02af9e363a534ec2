"""Runs that remember: the same cell run again, a changed letter, a named campaign, keys, resend, two at once."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import notebookmail
from notebookmail import (
    FrameError,
    JournalError,
    Sandbox,
    SendResults,
    Server,
    SMTPConnectError,
    Template,
    send_frame,
    start_frame,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LETTER = Template("Hello {{ name }}", text="Dear {{ name }}", sender="Shop <shop@example.org>")
PEOPLE = pd.DataFrame(
    {"email": [f"p{n}@example.org" for n in range(5)], "name": list("ABCDE"), "order": range(100, 105)}
)


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


async def send(box: Sandbox, df: pd.DataFrame, letter: Template = LETTER, **options: Any) -> SendResults:
    return await send_frame(df, letter, box.server, progress=False, **options)


def names(box: Sandbox) -> list[str]:
    return sorted(message["Subject"].removeprefix("Hello ") for message in box.messages)


async def test_a_cell_that_is_run_again_sends_nothing_twice_and_says_so(box: Sandbox, journal: Path) -> None:
    first = await send(box, PEOPLE, journal=journal)
    again = await send(box, PEOPLE, journal=journal)
    assert first.counts["sent"] == 5
    assert (again.counts["skipped"], again.sent_before, len(box.received)) == (5, 5, 5)
    assert "5 were already sent" in again.notice
    assert "resend=True" in again.notice
    assert "already sent at" in again.outcome(0).hint
    assert again.outcome(0).sent_at is not None


async def test_a_run_that_has_nothing_to_send_opens_no_connection(box: Sandbox, journal: Path) -> None:
    await send(box, PEOPLE, journal=journal)
    gone = replace(box.server, port=box.server.port)
    await box.close()  # whoever connects now is refused
    again = await send_frame(PEOPLE, LETTER, gone, journal=journal, progress=False)
    assert (again.counts["skipped"], again.sent_before) == (5, 5)
    with pytest.raises(SMTPConnectError):  # with one more there is something to send
        await send_frame(pd.concat([PEOPLE, PEOPLE.tail(1).assign(email="new@example.org")]), LETTER, gone,
                         journal=journal, progress=False)  # fmt: skip


async def test_new_rows_are_sent_and_the_old_ones_are_not(box: Sandbox, journal: Path) -> None:
    await send(box, PEOPLE.head(3), journal=journal)
    results = await send(box, PEOPLE, journal=journal)
    assert (results.counts["sent"], results.counts["skipped"]) == (2, 3)
    assert names(box) == list("ABCDE")


async def test_without_a_name_a_changed_letter_is_another_campaign(box: Sandbox, journal: Path) -> None:
    await send(box, PEOPLE, journal=journal)
    changed = Template("Hello {{ name }}", text="Dear dear {{ name }}", sender="Shop <shop@example.org>")
    assert (await send(box, PEOPLE, changed, journal=journal)).counts["sent"] == 5


async def test_in_a_named_campaign_a_changed_letter_mails_nobody_again(box: Sandbox, journal: Path) -> None:
    await send(box, PEOPLE, journal=journal, campaign="may")
    changed = Template("Hello {{ name }}", text="Dear dear {{ name }}", sender="Shop <shop@example.org>")
    results = await send(box, PEOPLE, changed, journal=journal, campaign="may")
    assert (results.counts["skipped"], len(box.received)) == (5, 5)


async def test_without_a_name_a_row_that_says_something_else_is_another_row(box: Sandbox, journal: Path) -> None:
    await send(box, PEOPLE, journal=journal)
    results = await send(box, PEOPLE.assign(name=["A", "B", "C", "D", "Eve"]), journal=journal)
    assert (results.counts["sent"], results.counts["skipped"]) == (1, 4)


async def test_a_column_the_letter_does_not_use_makes_no_other_row(box: Sandbox, journal: Path) -> None:
    await send(box, PEOPLE, journal=journal)
    assert (await send(box, PEOPLE.assign(order=0), journal=journal)).counts["skipped"] == 5


async def test_a_key_says_which_row_is_which(box: Sandbox, journal: Path) -> None:
    await send(box, PEOPLE, journal=journal, campaign="orders", key="order")
    other_addresses = PEOPLE.assign(email=[f"q{n}@example.org" for n in range(5)])
    same = await send(box, other_addresses, journal=journal, campaign="orders", key="order")
    new = await send(box, PEOPLE.assign(order=range(200, 205)), journal=journal, campaign="orders", key="order")
    assert (same.counts["skipped"], new.counts["sent"]) == (5, 5)


async def test_resend_begins_anew_and_the_message_ids_with_it(box: Sandbox, journal: Path) -> None:
    await send(box, PEOPLE, journal=journal)
    results = await send(box, PEOPLE, journal=journal, resend=True)
    assert (results.counts["sent"], len(box.received)) == (5, 10)
    assert len({message["Message-ID"] for message in box.messages}) == 10
    assert (await send(box, PEOPLE, journal=journal)).counts["skipped"] == 5


async def test_a_stopped_run_goes_on_where_it_stopped(box: Sandbox, journal: Path) -> None:
    await send(box, PEOPLE, journal=journal, limit=2)
    results = await send(box, PEOPLE, journal=journal)
    assert (results.counts["sent"], results.counts["skipped"]) == (3, 2)
    assert names(box) == list("ABCDE")


async def test_confirm_and_limit_count_what_would_really_go(box: Sandbox, journal: Path) -> None:
    await send(box, PEOPLE.head(2), journal=journal)
    with pytest.raises(FrameError, match="3 messages would go"):
        await send(box, PEOPLE, journal=journal, confirm=5)
    assert len(box.received) == 2
    results = await send(box, PEOPLE, journal=journal, limit=1, confirm=1)
    assert (results.counts["sent"], results.counts["skipped"], results.counts["pending"]) == (1, 2, 2)


async def test_without_a_journal_the_same_cell_mails_everybody_again(box: Sandbox) -> None:
    await send(box, PEOPLE)  # the sandbox keeps none unless asked
    await send(box, PEOPLE, journal=False)
    assert len(box.received) == 10


async def test_a_rehearsal_is_not_remembered(box: Sandbox, journal: Path) -> None:
    rehearsed = await send(box, PEOPLE, journal=journal, redirect_to="me@example.org")
    assert {received.rcpt_to for received in box.received} == {("me@example.org",)}
    dry = await send(box, PEOPLE, journal=journal, dry_run=True)
    assert not journal.exists()  # noqa: ASYNC240 -- a look at a folder
    real = await send(box, PEOPLE, journal=journal)
    assert [run.counts["sent"] for run in (rehearsed, dry, real)] == [5, 0, 5]


async def test_each_loopback_server_is_a_world_of_its_own(box: Sandbox, journal: Path) -> None:
    await send(box, PEOPLE, journal=journal, campaign="may")
    async with Sandbox() as other:
        assert (await send(other, PEOPLE, journal=journal, campaign="may")).counts["sent"] == 5


async def test_a_campaign_that_runs_cannot_be_run_a_second_time(journal: Path) -> None:
    async with Sandbox(delay_seconds=0.2) as box:
        job = start_frame(PEOPLE, LETTER, box.server, progress=False, journal=journal, campaign="may")
        await box.arrival(0)
        with pytest.raises(JournalError, match="may"):
            await send(box, PEOPLE, journal=journal, campaign="may")
        assert (await job).counts["sent"] == 5
    assert len(box.received) == 5


async def test_what_may_have_arrived_is_held_until_it_is_asked_for(journal: Path) -> None:
    async with Sandbox(faults={"drop": 1.0}) as box:
        port = box.server.port
        lost = await send(box, PEOPLE.head(1), journal=journal)
        assert lost.counts["unconfirmed"] == 1
    async with Sandbox(port=port or 0) as box:
        held = await send(box, PEOPLE, journal=journal)
        assert (held.counts["unconfirmed"], held.counts["sent"]) == (1, 4)
        assert "resend_unconfirmed=True" in held.notice
        assert held.outcome(0).to == "p0@example.org"
        asked = await send(box, PEOPLE, journal=journal, resend_unconfirmed=True)
        assert (asked.counts["sent"], asked.counts["skipped"]) == (1, 4)


async def test_a_refused_row_is_tried_again_by_a_later_run(journal: Path) -> None:
    async with Sandbox(faults={"p1@example.org": "550 5.1.1 no", "p2@example.org": "451 4.3.0 later"}) as box:
        port = box.server.port
        first = await send(box, PEOPLE, journal=journal)
        assert (first.counts["failed"], first.counts["deferred"]) == (1, 1)
    async with Sandbox(port=port or 0) as box:
        results = await send(box, PEOPLE, journal=journal)
    assert (results.counts["sent"], results.counts["skipped"]) == (2, 3)


async def test_retry_sends_only_what_may_be_tried_again(journal: Path) -> None:
    faults: dict[str, float | str] = {"p1@example.org": "550 5.1.1 no", "p2@example.org": "451 4.3.0 later"}
    async with Sandbox(faults=faults) as box:
        port = box.server.port
        first = await send(box, PEOPLE, journal=journal)
    async with Sandbox(port=port or 0) as box:
        results = await first.retry()
        assert [received.rcpt_to[0] for received in box.received] == ["p2@example.org"]
    assert [results.status_at(n) for n in range(5)] == ["sent", "failed", "sent", "sent", "sent"]
    assert results.counts == {**first.counts, "sent": 4, "deferred": 0}
    assert list(results.frame.index) == list(PEOPLE.index)


async def test_retry_works_without_a_journal_too() -> None:
    async with Sandbox(faults={"p2@example.org": "451 4.3.0 later"}) as box:
        port = box.server.port
        first = await send(box, PEOPLE)
    async with Sandbox(port=port or 0) as box:
        results = await first.retry()
    assert (results.counts["sent"], len(box.received)) == (5, 1)


async def test_with_nothing_to_try_again_retry_returns_the_same(box: Sandbox) -> None:
    results = await send(box, PEOPLE)
    assert await results.retry() is results


async def test_a_daily_quota_counts_every_campaign_of_the_account(box: Sandbox, journal: Path) -> None:
    server = Server(box.server.hostname, box.server.port, security="none", daily_quota=7)
    await send_frame(PEOPLE, LETTER, server, journal=journal, progress=False, campaign="one")
    results = await send_frame(PEOPLE, LETTER, server, journal=journal, progress=False, campaign="two")
    assert (results.counts["sent"], results.counts["pending"]) == (2, 3)
    assert "quota of 7" in results.outcome(4).hint


async def test_a_rate_spreads_messages_over_time(box: Sandbox) -> None:
    server = Server(box.server.hostname, box.server.port, security="none", rate=20)
    started = asyncio.get_running_loop().time()
    results = await send_frame(PEOPLE, LETTER, server, journal=False, progress=False)
    assert results.counts["sent"] == 5
    assert asyncio.get_running_loop().time() - started >= 4 / 20


async def test_nothing_goes_before_its_time(box: Sandbox) -> None:
    when = dt.datetime.now().astimezone() + dt.timedelta(seconds=0.3)
    job = start_frame(PEOPLE, LETTER, box.server, progress=False, not_before=when)
    await asyncio.sleep(0.05)
    assert "waiting until" in job.progress.note
    await job
    assert all(outcome.sent_at >= when for outcome in map(job.results.outcome, range(5)) if outcome.sent_at)
    assert len(box.received) == 5


async def test_the_journal_lists_its_campaigns_and_forgets_them(box: Sandbox, journal: Path) -> None:
    await send(box, PEOPLE, journal=journal, campaign="may")
    listed = notebookmail.campaigns(journal)
    assert list(listed["name"]) == ["may"]
    assert notebookmail.forget("may", journal) == 5
    assert (await send(box, PEOPLE, journal=journal, campaign="may")).counts["sent"] == 5


async def test_a_name_without_a_journal_is_a_slip(box: Sandbox) -> None:
    with pytest.raises(FrameError, match="journal"):
        await send(box, PEOPLE, journal=False, campaign="may")
    assert not box.received


async def test_a_count_of_numpys_is_a_count(box: Sandbox) -> None:
    assert (await send(box, PEOPLE, confirm=(PEOPLE["order"] > 0).sum())).counts["sent"] == 5


async def test_a_run_that_ends_early_says_of_rows_sent_before_that_they_were(box: Sandbox, journal: Path) -> None:
    await send(box, PEOPLE.tail(3), journal=journal)
    server = replace(box.server, daily_quota=3)
    results = await send_frame(PEOPLE, LETTER, server, journal=journal, progress=False)
    assert [results.status_at(row) for row in range(5)] == ["pending", "pending", "skipped", "skipped", "skipped"]
    assert (results.sent_before, len(box.received)) == (3, 3)


# --- what an earlier run settled, when this one ends early ---------------------------------------------------


async def first_six_of_eight(box: Sandbox, journal: Path) -> pd.DataFrame:
    """Send all rows of a frame but two in its middle, which are wanted now."""
    everybody = pd.concat([PEOPLE, PEOPLE.assign(email="x" + PEOPLE["email"])], ignore_index=True)
    await send(box, everybody.drop(index=[4, 5]), journal=journal, campaign="news")
    return everybody


async def test_a_run_that_is_stopped_reports_rows_sent_before_as_skipped(box: Sandbox, journal: Path) -> None:
    everybody = await first_six_of_eight(box, journal)
    job = start_frame(everybody, LETTER, box.server, progress=False, journal=journal, campaign="news")
    job.stop()
    results = await job
    assert results.frame.status.tolist() == ["skipped"] * 4 + ["pending"] * 2 + ["skipped"] * 4
    assert results.sent_before == 8


async def test_a_run_that_is_interrupted_reports_rows_sent_before_as_skipped(tmp_path: Path) -> None:
    async with Sandbox() as box:
        port = box.server.port or 0
        everybody = await first_six_of_eight(box, tmp_path / "j")
    async with Sandbox(port=port, delay_seconds=0.2) as slow:
        job = start_frame(everybody, LETTER, slow.server, progress=False, journal=tmp_path / "j", campaign="news")
        while not job.progress.connections:  # noqa: ASYNC110 -- nobody tells of a connection
            await asyncio.sleep(0)
        assert job._task is not None
        job._task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        assert job.results.counts["skipped"] == 8


async def test_where_no_server_is_found_rows_sent_before_are_reported_as_skipped(
    box: Sandbox, journal: Path
) -> None:
    everybody = await first_six_of_eight(box, journal)
    server = box.server
    await box.close()
    with pytest.raises(notebookmail.SMTPConnectError):
        await send_frame(everybody, LETTER, server, progress=False, journal=journal, campaign="news")
    results = notebookmail.last_results()
    assert results is not None
    assert (results.counts["skipped"], results.counts["pending"]) == (8, 2)

"""The quota of a day: one number for an account, over campaigns, runs, processes, and servers to fall back on."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from notebookmail import Sandbox, Server, Template, send_frame, send_frame_sync

if TYPE_CHECKING:
    from pathlib import Path

LETTER = Template("Hello", text="Hello {{ email }}", sender="shop@example.org")


def people(count: int, first: int = 0) -> pd.DataFrame:
    return pd.DataFrame({"email": [f"p{n}@example.org" for n in range(first, first + count)]})


def limited(box: Sandbox, quota: int | None, **options: Any) -> Server:
    return Server(box.server.hostname, box.server.port, security="none", daily_quota=quota, **options)


@pytest.mark.parametrize("keeps_journal", [True, False])
async def test_campaigns_that_run_at_the_same_time_share_it(tmp_path: Path, keeps_journal: bool) -> None:
    async with Sandbox(delay_seconds=0.02) as box:
        server = limited(box, 10)
        runs = [
            asyncio.to_thread(
                send_frame_sync, people(8, 10 * number), LETTER, server, progress=False,
                **({"campaign": f"c{number}", "journal": tmp_path / "j"} if keeps_journal else {"journal": False}),
            )
            for number in range(3)
        ]  # fmt: skip
        found = await asyncio.gather(*runs)
        total = sum((Counter(results.counts) for results in found), Counter())
        assert (len(box.received), total["sent"], total["pending"]) == (10, 10, 14)


async def test_journals_of_their_own_do_not_hide_runs_of_one_process_from_each_other(tmp_path: Path) -> None:
    async with Sandbox() as box:
        server = limited(box, 10)
        for number in range(3):
            await send_frame(
                people(4, 10 * number), LETTER, server, journal=tmp_path / f"{number}", progress=False
            )
        assert len(box.received) == 10


CAMPAIGN = """
import pandas as pd, sys
from notebookmail import Server, Template, send_frame_sync
port, name, journal = int(sys.argv[1]), sys.argv[2], sys.argv[3]
people = pd.DataFrame({"email": [f"{name}{n}@example.org" for n in range(8)]})
letter = Template("Hello", text="Hello {{ email }}", sender="shop@example.org")
server = Server("127.0.0.1", port, security="none", daily_quota=10)
send_frame_sync(people, letter, server, campaign=name, journal=journal, progress=False)
"""


async def test_processes_that_share_a_journal_share_it(tmp_path: Path) -> None:
    async with Sandbox(delay_seconds=0.02) as box:
        port = str(box.server.port)
        running = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", CAMPAIGN, port, name, str(tmp_path / "journal.sqlite")
            )
            for name in ("a", "b")
        ]
        assert [await each.wait() for each in running] == [0, 0]
        assert len(box.received) == 10


async def test_after_failing_over_the_account_that_sends_is_the_one_that_counts(
    unused_tcp_port: int, tmp_path: Path
) -> None:
    async with Sandbox() as backup:
        first = Server("127.0.0.1", unused_tcp_port, security="none", daily_quota=3, failover=[limited(backup, 6)])
        common: dict[str, Any] = {"journal": tmp_path / "journal.sqlite", "progress": False}
        for campaign in ("A", "B"):
            results = await send_frame(people(5), LETTER, first, campaign=campaign, **common)
        assert len(backup.received) == 6
        assert "quota of 6 messages" in results.outcome(4).hint


async def test_connections_that_carry_one_message_each_use_up_no_more_than_was_accepted(tmp_path: Path) -> None:
    async with Sandbox(faults={"messages_per_connection": 1}) as box:
        results = await send_frame(
            people(12), LETTER, limited(box, 12, max_connections=2), journal=tmp_path / "j", progress=False
        )
        assert (len(box.received), results.counts["sent"]) == (12, 12)


async def test_what_was_sent_without_a_quota_counts_once_there_is_one(tmp_path: Path) -> None:
    async with Sandbox() as box:
        common: dict[str, Any] = {"journal": tmp_path / "journal.sqlite", "progress": False}
        await send_frame(people(4), LETTER, limited(box, None), campaign="A", **common)
        results = await send_frame(people(4), LETTER, limited(box, 5), campaign="B", **common)
        assert (results.counts["sent"], results.counts["pending"]) == (1, 3)

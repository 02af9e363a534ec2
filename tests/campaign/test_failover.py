"""Servers to fall back on: who carries on when one cannot be reached, and who does not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from notebookmail import (
    Sandbox,
    Server,
    SMTPAuthenticationError,
    SMTPConnectError,
    Template,
    send_frame,
    start_frame,
)

if TYPE_CHECKING:
    from pathlib import Path

LETTER = Template("Hello {{ name }}", text="Dear {{ name }}", sender="shop@example.org")


def people(count: int) -> pd.DataFrame:
    return pd.DataFrame({"email": [f"p{n}@example.org" for n in range(count)], "name": "Ann"})


def falling_back(port: int, *others: Server) -> Server:
    return Server("127.0.0.1", port, security="none", failover=others, max_connections=2)


async def test_the_backup_carries_what_the_first_cannot(unused_tcp_port: int, tmp_path: Path) -> None:
    async with Sandbox() as backup:
        server = falling_back(unused_tcp_port, backup.server)
        results = await send_frame(people(5), LETTER, server, progress=False, journal=tmp_path / "journal.sqlite")
        assert (results.counts["sent"], len(backup.received)) == (5, 5)


async def test_a_server_that_dies_in_the_middle_is_followed_by_the_next_and_nobody_is_mailed_twice(
    tmp_path: Path,
) -> None:
    async with Sandbox() as backup:
        async with Sandbox(delay_seconds=0.02) as first:
            server = falling_back(first.server.port or 0, backup.server)
            job = start_frame(people(40), LETTER, server, progress=False, journal=tmp_path / "journal.sqlite")
            await first.arrival(9)
        results = await asyncio.wait_for(job, 30)
        recipients = [received.rcpt_to for box in (first, backup) for received in box.received]
        assert len(set(recipients)) == len(recipients)
        assert results.counts["sent"] + results.counts["unconfirmed"] == 40
        assert results.counts["unconfirmed"] <= 2
        assert backup.received


async def test_a_refused_login_is_nobody_elses_to_try(tmp_path: Path) -> None:
    async with Sandbox(faults={"refuse_login": 1.0}) as first, Sandbox() as backup:
        own = first.server
        server = Server(
            own.hostname,
            own.port,
            username=own.username,
            password=own.password,
            security="none",
            failover=[backup.server],
        )
        with pytest.raises(SMTPAuthenticationError):
            await send_frame(people(2), LETTER, server, progress=False, journal=tmp_path / "journal.sqlite")
        assert not backup.received


async def test_where_nobody_can_be_reached_the_call_raises(
    unused_tcp_port_factory: object, tmp_path: Path
) -> None:
    dead = [Server("127.0.0.1", unused_tcp_port_factory(), security="none") for _ in range(2)]  # type: ignore[operator]
    server = falling_back(unused_tcp_port_factory(), *dead)  # type: ignore[operator]
    with pytest.raises(SMTPConnectError):
        await send_frame(people(1), LETTER, server, progress=False, journal=tmp_path / "journal.sqlite")

"""A provider that delivers a message of the same name once: lost answers and killed runs leave no row in doubt."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from support.local_server import real_server

from notebookmail import Server, Template, send_frame
from notebookmail.delivery import retry_policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOST = "smtp.resend.com"
ROWS = 40
LETTER = ("Hi {{ name }}", "Dear {{ name }}", "desk@example.org")
CALL = f"""
import asyncio, socket, sys
import pandas as pd
from notebookmail import Server, Template, send_frame
usual = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: usual("127.0.0.1", *rest, **more)
port, journal = int(sys.argv[1]), sys.argv[2]
names = [f"n{{number}}" for number in range({ROWS})]
df = pd.DataFrame({{"name": names, "email": [f"{{name}}@example.org" for name in names]}})
template = Template({LETTER[0]!r}, text={LETTER[1]!r}, sender={LETTER[2]!r})
server = Server({HOST!r}, port, security="none", max_connections=2)
asyncio.run(send_frame(df, template, server, campaign="june", journal=journal, progress=False))
"""


class DeliversOnce:
    """aiosmtpd's handler: takes a message for delivered by its name, and may lose the answer.

    Args:
        loses: Tells of the number of a message whether its answer is lost the first time.
        holds: True answers nothing at all, until it is set to False.
    """

    def __init__(self, loses: Callable[[int], bool] = lambda _: False, *, holds: bool = False) -> None:
        self._loses = loses
        self.holds = holds
        self.names: dict[bytes, str] = {}
        self.tries = 0
        self.first = asyncio.Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        line = envelope.content.partition(b"\r\n")[0]
        assert line.startswith(b"Resend-Idempotency-Key: ")
        self.tries += 1
        is_new = line not in self.names
        if is_new:
            self.names[line] = envelope.rcpt_tos[0]
        if self.holds and len(self.names) > 10:
            self.first.set()
            await asyncio.Event().wait()
        if is_new and self._loses(len(self.names)):
            server.transport.abort()
        return "250 2.0.0 taken"

    def delivered(self) -> Counter[str]:
        return Counter(self.names.values())


@pytest.fixture(autouse=True)
def _leads_here(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = socket.getaddrinfo

    def look_up(host: Any, *rest: Any, **more: Any) -> Any:
        return usual("127.0.0.1" if host == HOST else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(retry_policy, "_FIRST_WAIT_SECONDS", 0.01)


async def sent(port: int, journal: Path | None, host: str = HOST) -> dict[str, int]:
    names = [f"n{number}" for number in range(ROWS)]
    df = pd.DataFrame({"name": names, "email": [f"{name}@example.org" for name in names]})
    subject, text, sender = LETTER
    server = Server(host, port, security="none", max_connections=2)
    template = Template(subject, text=text, sender=sender)
    campaign = "june" if journal else None
    results = await send_frame(df, template, server, campaign=campaign, journal=journal or False, progress=False)
    return {status: count for status, count in results.counts.items() if count}


@pytest.mark.parametrize("keeps_journal", [True, False])
async def test_lost_answers_leave_nobody_in_doubt(keeps_journal: bool, tmp_path: Path) -> None:
    handler = DeliversOnce(lambda number: number % 5 == 0)
    async with real_server(handler=handler) as (port, _):
        assert await sent(port, tmp_path / "j" if keeps_journal else None) == {"sent": ROWS}
    assert (len(handler.delivered()), max(handler.delivered().values())) == (ROWS, 1)
    assert handler.tries > ROWS


async def test_a_killed_run_is_taken_up_where_nobody_knows(tmp_path: Path) -> None:
    handler = DeliversOnce(holds=True)
    async with real_server(handler=handler) as (port, _):
        words = (sys.executable, "-c", CALL, str(port), str(tmp_path / "j"))
        process = await asyncio.create_subprocess_exec(*words)
        async with asyncio.timeout(120):
            await handler.first.wait()
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
        handler.holds = False
        before = handler.tries
        counts = await sent(port, tmp_path / "j")
    assert counts["sent"] + counts["skipped"] == ROWS
    assert (len(handler.delivered()), max(handler.delivered().values())) == (ROWS, 1)
    assert handler.tries - before > counts["sent"] - len(handler.delivered())


async def test_another_server_is_not_supposed_to_know_a_message_again(tmp_path: Path) -> None:
    class Deaf(DeliversOnce):
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            assert b"Idempotency" not in envelope.content
            server.transport.abort()
            return "250 2.0.0 taken"

    async with real_server(handler=Deaf()) as (port, _):
        counts = await sent(port, tmp_path / "j", "127.0.0.1")
    assert counts["unconfirmed"] > 0
    assert counts.get("sent", 0) == 0

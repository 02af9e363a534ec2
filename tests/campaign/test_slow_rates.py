"""A rate slower than the server's patience: connections are lost between messages, and no row pays for it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from notebookmail import Server, Template, send_frame
from notebookmail.sandbox.listener import stop_listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LETTER = Template("Hello {{ name }}", text="Dear {{ name }}", sender="shop@example.org")
PATIENCE_SECONDS = 0.25
RATE = 2  # messages a second: twice as slow


class Impatient:
    """A server that ends a session when nothing follows a message soon, or when nothing comes first.

    Attributes:
        recipients: Of the messages it took, in order.
        connections: How many there were.
        lost: How many of them it ended.
    """

    def __init__(self, goodbye: bytes, *, is_patient_at_first: bool) -> None:
        self.recipients: list[str] = []
        self.connections = self.lost = 0
        self._goodbye = goodbye
        self._is_patient_at_first = is_patient_at_first

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(b"220 t\r\n")
        is_impatient = False
        try:
            while line := await asyncio.wait_for(reader.readline(), PATIENCE_SECONDS if is_impatient else None):
                verb = line[:4].upper()
                if verb == b"RCPT":
                    recipient = line.decode().partition("<")[2].partition(">")[0]
                if verb == b"DATA":
                    writer.write(b"354 go\r\n")
                    await reader.readuntil(b"\r\n.\r\n")
                    self.recipients.append(recipient)
                answer = b"250-t\r\n250 PIPELINING\r\n" if verb == b"EHLO" else b"250 2.0.0 ok\r\n"
                writer.write(b"221 bye\r\n" if verb == b"QUIT" else answer)
                is_impatient = verb == b"DATA" or (verb == b"EHLO" and not self._is_patient_at_first)
        except TimeoutError:
            self.lost += 1
            writer.write(self._goodbye)
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def impatient(goodbye: bytes, *, is_patient_at_first: bool) -> AsyncIterator[tuple[Impatient, int]]:
    server = Impatient(goodbye, is_patient_at_first=is_patient_at_first)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    try:
        yield server, listening.sockets[0].getsockname()[1]
    finally:
        await stop_listening(listening)


@pytest.mark.parametrize("is_patient_at_first", [True, False])
@pytest.mark.parametrize("goodbye", [b"", b"421 4.4.2 idle too long\r\n"], ids=["silent", "421"])
async def test_a_rate_slower_than_the_servers_patience_costs_no_row(
    goodbye: bytes, is_patient_at_first: bool
) -> None:
    people = pd.DataFrame({"email": [f"p{n}@example.org" for n in range(4)], "name": "Ann"})
    async with impatient(goodbye, is_patient_at_first=is_patient_at_first) as (server, port):
        results = await send_frame(
            people, LETTER, Server("127.0.0.1", port, security="none", rate=RATE), progress=False, journal=False
        )
    assert results.counts["sent"] == 4
    assert sorted(server.recipients) == sorted(people["email"])
    assert set(results.frame["attempts"]) == {1}
    assert server.lost >= 2

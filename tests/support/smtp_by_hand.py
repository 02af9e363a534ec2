"""A person at a telnet prompt: says one SMTP command and reads one reply, and has no opinion of its own."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

GONE = ""
"""What is read from a connection that was closed or cut."""


class Caller:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def hear(self) -> str:
        """Read a reply: its last line, or GONE."""
        try:
            while (line := await self._reader.readline())[3:4] == b"-":
                pass
        except ConnectionResetError:
            return GONE
        return line.decode().rstrip("\r\n")

    async def say(self, *lines: str) -> str:
        """Say commands, each after the reply to the one before; returns the last reply."""
        reply = GONE
        for line in lines:
            self._writer.write(f"{line}\r\n".encode())
            reply = await self.hear()
        return reply

    async def post(self, recipient: str = "b@example.org", sender: str = "a@example.org") -> str:
        """Go through one transaction as far as it is accepted; returns the reply it ends with."""
        for line in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA"):
            reply = await self.say(line)
            if reply[:1] not in {"2", "3"}:
                if reply:
                    await self.say("RSET")
                return reply
        return await self.say("Subject: x\r\n\r\nx\r\n.")


@asynccontextmanager
async def calling(port: int) -> AsyncIterator[Caller]:
    """Connect and say EHLO, where the greeting lets one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    caller = Caller(reader, writer)
    try:
        if (await caller.hear()).startswith("220"):
            await caller.say("EHLO t")
        yield caller
    finally:
        writer.close()


async def greeting(port: int) -> str:
    """Connect, read the greeting and hang up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await Caller(reader, writer).hear()
    finally:
        writer.close()

"""A server that does exactly what a test says: scripted over a real loopback socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notebookmail.sandbox.listener import stop_listening
from notebookmail.smtp.options import ConnectionOptions

if TYPE_CHECKING:
    import ssl

Speaker = Callable[["Session"], Awaitable[None]]


@dataclass
class Session:
    """One client's connection, seen from the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: list[bytes] = field(default_factory=list)

    async def say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self.writer.drain()

    async def hear(self) -> str:
        """Wait for one command line; "" when the client is gone."""
        line = await self.reader.readline()
        self.heard.append(line)
        return line.decode("utf-8", "replace").rstrip("\r\n")

    async def greet(self, *extensions: str) -> None:
        """Say hello and answer EHLO."""
        await self.say("220 test ready")
        await self.hear()
        lines = ["test", *extensions]
        await self.say(*(f"250{' ' if line is lines[-1] else '-'}{line}" for line in lines))

    async def open_transaction(self) -> None:
        """Take MAIL, RCPT and DATA, and ask for the content."""
        for _ in range(3):
            await self.hear()
        await self.say("250 m", "250 r", "354 go")

    async def content(self) -> bytes:
        """Read content up to and including the lone dot."""
        octets = await self.reader.readuntil(b"\r\n.\r\n")
        self.heard.append(octets)
        return octets


@dataclass
class Scripted:
    """A running scripted server."""

    port: int
    sessions: list[Session]

    def options(self, **more: object) -> ConnectionOptions:
        settings: dict[str, object] = {"hostname": "127.0.0.1", "port": self.port, "timeout": 5}
        return ConnectionOptions(**(settings | more))  # type: ignore[arg-type]


@asynccontextmanager
async def scripted(speak: Speaker, tls: ssl.SSLContext | None = None) -> AsyncIterator[Scripted]:
    """Serve every connection by one coroutine function; its errors fail the test."""
    sessions: list[Session] = []
    problems: list[BaseException] = []
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        session = Session(reader, writer)
        sessions.append(session)
        try:
            await speak(session)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, or the test is over
        except Exception as problem:  # noqa: BLE001 -- raised in the test
            problems.append(problem)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield Scripted(server.sockets[0].getsockname()[1], sessions)
    finally:
        await stop_listening(server)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
    if problems:
        raise problems[0]

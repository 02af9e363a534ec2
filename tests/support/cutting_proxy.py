"""A TCP proxy that harms one connection at one byte, whatever the bytes mean: the middlebox under TLS.

It knows nothing of SMTP and TLS; it counts. Every connection after the first passes unharmed.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from notebookmail.sandbox.listener import some_turns, stop_listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_RESET_AT_ONCE = struct.pack("ii", 1, 0)
Direction = Literal["to server", "to client"]


@dataclass(frozen=True, slots=True)
class Harm:
    """What befalls the byte after so many others in one direction: the connection ends there, or it is changed."""

    way: Literal["fin", "rst", "flip"]
    direction: Direction
    octets: int


@dataclass
class Proxy:
    """A running proxy.

    Attributes:
        passed: How many bytes went each way.
    """

    port: int = 0
    passed: dict[Direction, int] = field(default_factory=lambda: {"to server": 0, "to client": 0})


@asynccontextmanager
async def proxied(port: int, harm: Harm | None = None) -> AsyncIterator[Proxy]:
    proxy = Proxy()
    tasks: set[asyncio.Task[None]] = set()
    harms = [harm]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        harm = harms.pop() if harms else None
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(_pump(reader, far_writer, proxy, "to server", harm))
                    both.create_task(_pump(far_reader, writer, proxy, "to client", harm))
            finally:
                far_writer.close()
        except* (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            if harm is not None and harm.way == "rst":
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        await stop_listening(server)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await some_turns()


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    proxy: Proxy,
    direction: Direction,
    harm: Harm | None,
) -> None:
    """Carry bytes one way; a ConnectionError ends both."""
    while data := await reader.read(65_536):
        begin = proxy.passed[direction]
        proxy.passed[direction] += len(data)
        if harm is not None and harm.direction == direction and begin <= harm.octets < begin + len(data):
            at = harm.octets - begin
            if harm.way != "flip":
                writer.write(data[:at])
                raise ConnectionResetError
            data = data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]
        writer.write(data)
    raise ConnectionResetError

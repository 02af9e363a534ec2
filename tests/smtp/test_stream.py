"""The stream hands on all that arrives, and tells when there is room to write, also under TLS."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import pytest

from notebookmail.smtp.options import ConnectionOptions
from notebookmail.smtp.stream import Stream

if TYPE_CHECKING:
    from conftest import Certificates

OCTETS = 40_000_000
PIECE = 100_000


class Listening:
    """Counts what arrives, and wakes whoever waits."""

    def __init__(self) -> None:
        self.octets = 0
        self.happened = asyncio.Event()

    def bytes_received(self, data: bytes) -> None:
        self.octets += len(data)
        self.happened.set()

    def may_write_again(self) -> None:
        self.happened.set()


@pytest.mark.parametrize("is_tls", [False, True])
async def test_much_goes_both_ways_whole(certificates: Certificates, is_tls: bool) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.chain, certificates.key)
    may_read = asyncio.Event()
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if is_tls:
            await writer.start_tls(context)
        await may_read.wait()
        echoed = 0
        while echoed < OCTETS:
            piece = await reader.read(100_000)
            writer.write(piece)
            await writer.drain()
            echoed += len(piece)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    options = ConnectionOptions(hostname="127.0.0.1", port=port, cert_bundle=certificates.authority)
    listening = Listening()
    stream = Stream(listening)
    await stream.open(options)
    if is_tls:
        await stream.start_tls(options.ssl_context, "localhost", 5)
    async with asyncio.timeout(20):
        while stream.has_room:
            stream.write(b"x" * PIECE)
            sent += PIECE
        assert sent < OCTETS
        may_read.set()
        while stream.is_open:
            while stream.has_room and sent < OCTETS:
                stream.write(b"x" * PIECE)
                sent += PIECE
            listening.happened.clear()
            await listening.happened.wait()
    assert listening.octets == OCTETS
    assert str(stream.lost()) == "the connection was lost"
    server.close()
    await server.wait_closed()

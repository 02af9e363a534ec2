"""The stream's flow control, also after the transport was changed for TLS."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import pytest

from notebookmail.smtp.options import ConnectionOptions
from notebookmail.smtp.stream import open_stream

if TYPE_CHECKING:
    from conftest import Certificates

OCTETS = 2_000_000


@pytest.mark.parametrize("is_tls", [False, True])
async def test_more_than_is_kept_unread_arrives_whole(certificates: Certificates, is_tls: bool) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.chain, certificates.key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if is_tls:
            await writer.start_tls(context)
        await reader.readline()
        writer.write(b"x" * OCTETS)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    options = ConnectionOptions(hostname="127.0.0.1", port=port, cert_bundle=certificates.authority)
    stream = await open_stream(options)
    if is_tls:
        await stream.start_tls(options.ssl_context, "localhost", 5)
    stream.write([b"go\r\n"])
    arrived = 0
    async with asyncio.timeout(10):
        while arrived < OCTETS:
            await asyncio.sleep(0.01)  # let more arrive than is kept
            arrived += len(await stream.read())
    assert arrived == OCTETS
    stream.abort()
    server.close()
    await server.wait_closed()

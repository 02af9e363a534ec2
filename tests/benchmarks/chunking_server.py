"""A server in a process of its own that discards content it takes by DATA and, if asked to, by BDAT (RFC 3030),
over TLS if it is given a certificate.

For measuring clients only: it accepts every command, and says nothing that a client could learn from. smtp-sink,
which the other benchmarks use, knows neither BDAT nor TLS.
"""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_END = b"\r\n.\r\n"


class _Session(asyncio.Protocol):
    def __init__(self, extensions: tuple[str, ...]) -> None:
        self._hello = "".join(f"250-{name}\r\n" for name in extensions).encode() + b"250 8BITMIME\r\n"
        self._unread = b""
        self._chunk_left = 0
        self._is_in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 chunking ready\r\n")

    def data_received(self, data: bytes) -> None:
        self._unread += data
        answers = []
        while (answer := self._step()) is not None:
            answers.append(answer)
        self._transport.write(b"".join(answers))

    def _step(self) -> bytes | None:
        """Take one command or one piece of content, and return the answer to it; None when more has to come."""
        if self._chunk_left:
            taken = min(self._chunk_left, len(self._unread))
            self._unread, self._chunk_left = self._unread[taken:], self._chunk_left - taken
            return b"250 2.0.0 taken\r\n" if not self._chunk_left else None
        if self._is_in_data:
            return self._step_in_data()
        line, ending, rest = self._unread.partition(b"\r\n")
        if not ending:
            return None
        self._unread = rest
        verb, *words = line.upper().split()
        if verb == b"BDAT":
            self._chunk_left = int(words[0])
            return b""
        self._is_in_data = verb == b"DATA"
        return {b"EHLO": b"250-chunking\r\n" + self._hello, b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}.get(
            verb, b"250 2.0.0 ok\r\n"
        )

    def _step_in_data(self) -> bytes | None:
        _, ending, rest = self._unread.partition(_END)
        if not ending:
            self._unread = self._unread[1 - len(_END) :]  # the end may arrive in pieces
            return None
        self._unread, self._is_in_data = rest, False
        return b"250 2.0.0 taken\r\n"


@contextmanager
def discarding_server(*extensions: str, certificate: str = "") -> Iterator[int]:
    """Run the server with these extensions besides 8BITMIME; yields its port on 127.0.0.1.

    Args:
        extensions: What it offers.
        certificate: The path of its key and certificate, for TLS from the first byte; "" for no TLS.
    """
    command = [sys.executable, __file__, certificate, *extensions]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()  # it ends with its input: not even a killed run leaves it behind


async def _serve(certificate: str, extensions: tuple[str, ...]) -> None:
    loop = asyncio.get_running_loop()
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    server = await loop.create_server(lambda: _Session(extensions), "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], tuple(sys.argv[2:])))

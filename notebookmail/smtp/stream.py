"""A byte stream over asyncio's transports, and TLS.

The only place that meets OSError and ssl errors: what leaves here is of our own exception tree. Reading is
bounded: a server that floods is not read from until somebody wants to know.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, TypeVar

from notebookmail.errors import SMTPConnectError, SMTPConnectTimeoutError, SMTPServerDisconnected, at

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from .options import ConnectionOptions

_MAX_UNREAD_OCTETS = 262_144
_T = TypeVar("_T")


class _Receiver(asyncio.Protocol):
    """Keeps what arrives until it is read, and tells when the peer is gone."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.unread = bytearray()
        self.is_over = False
        self.loss: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._is_writing_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 -- asyncio's promise, told to the checker
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.unread += data
        if len(self.unread) > _MAX_UNREAD_OCTETS and self.transport is not None:
            self.transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> bool:
        self.is_over = True
        _wake(self._reader)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_over, self.loss = True, exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        self._is_writing_paused = True

    def resume_writing(self) -> None:
        self._is_writing_paused = False
        _wake(self._writer)

    async def arrival(self) -> None:
        """Wait until something is unread or the peer is gone."""
        if not self.unread and not self.is_over:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader

    async def drained(self) -> None:
        """Wait until the transport takes more to write."""
        while self._is_writing_paused and not self.is_over:
            self._writer = asyncio.get_running_loop().create_future()
            await self._writer


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


class Stream:
    """An open connection: bytes in, bytes out. Made by `open_stream`."""

    def __init__(self, transport: asyncio.Transport, receiver: _Receiver) -> None:
        self._transport = transport
        self._receiver = receiver

    @property
    def is_open(self) -> bool:
        """False once either side is gone."""
        return not (self._receiver.is_over or self._transport.is_closing())

    @property
    def is_tls(self) -> bool:
        """True when everything travels encrypted."""
        return self._transport.get_extra_info("sslcontext") is not None

    @property
    def has_unread(self) -> bool:
        """True when bytes arrived that nobody has read."""
        return bool(self._receiver.unread)

    def info(self, key: str) -> Any:
        """What asyncio knows of the transport ("peername", "socket", "cipher", ...)."""
        return self._transport.get_extra_info(key)

    def write(self, pieces: Sequence[bytes]) -> None:
        """Hand bytes to the transport; `drained` waits where there are many.

        The caller looks at `is_open` first: what is written to a closed transport is lost without a word.
        """
        # Not writelines: from 3.12 on it leaves flow control out (fixed in some later releases), and a server that
        # stops reading would go unnoticed.
        self._transport.write(b"".join(pieces))

    async def drained(self) -> None:
        """Wait until more may be written.

        Raises:
            SMTPServerDisconnected: The connection went down meanwhile.
        """
        await self._receiver.drained()
        if self._receiver.is_over:
            raise self.lost()

    async def read(self) -> bytes:
        """Wait for bytes and return all that arrived.

        Raises:
            SMTPServerDisconnected: Nothing more will come.
        """
        await self._receiver.arrival()
        if not self._receiver.unread:
            raise self.lost()
        return self.take_unread()

    def take_unread(self) -> bytes:
        """Return what arrived and was not read yet, without waiting."""
        data = bytes(self._receiver.unread)
        self._receiver.unread.clear()
        if not self._receiver.is_over:
            self._transport.resume_reading()
        return data

    def lost(self) -> SMTPServerDisconnected:
        """Make the error for a connection that is gone, with what asyncio knows of why."""
        loss = self._receiver.loss
        error = SMTPServerDisconnected(f"the connection was lost: {loss}" if loss else "the connection was lost")
        error.__cause__ = loss
        return error

    async def start_tls(self, context: ssl.SSLContext, hostname: str, timeout: float | None) -> None:
        """Go on under TLS (RFC 3207).

        Args:
            context: The TLS settings.
            hostname: The name the certificate must carry.
            timeout: Seconds for the handshake.

        Raises:
            SMTPConnectError, SMTPConnectTimeoutError: No TLS came about; the stream is closed for good.
        """
        loop = asyncio.get_running_loop()
        upgrade = loop.start_tls(
            self._transport, self._receiver, context, server_hostname=hostname, ssl_handshake_timeout=timeout
        )
        try:
            transport = await _mapped(upgrade, f"TLS with {hostname}", timeout)
        except BaseException:
            self.abort()
            raise
        if transport is None:
            raise SMTPConnectError(f"TLS with {hostname} failed: the connection was lost")
        self._transport = self._receiver.transport = transport

    def abort(self) -> None:
        """Close at once, dropping what is not yet written."""
        self._transport.abort()


async def open_stream(options: ConnectionOptions) -> Stream:
    """Connect, under TLS if the options say so.

    Raises:
        SMTPConnectError, SMTPConnectTimeoutError: No connection came about.
    """
    transport, receiver = await _mapped(_connect(options), f"connecting to {options.endpoint}", options.timeout)
    return Stream(transport, receiver)


async def _connect(options: ConnectionOptions) -> tuple[asyncio.Transport, _Receiver]:
    loop = asyncio.get_running_loop()
    receivers: list[_Receiver] = []

    def make() -> _Receiver:
        receivers.append(_Receiver())
        return receivers[-1]

    tls: dict[str, Any] = {}
    if options.use_tls:
        tls = {"ssl": options.ssl_context, "server_hostname": options.host}
    if options.socket_path is not None:
        path = options.socket_path
        transport, _ = await loop.create_unix_connection(make, path, **tls)  # type: ignore[arg-type] # bytes work
    elif options.sock is not None:
        transport, _ = await loop.create_connection(make, sock=options.sock, **tls)
    else:
        transport, _ = await loop.create_connection(
            make, options.host, options.effective_port, local_addr=options.source_address, **tls
        )
    return transport, receivers[-1]


async def _mapped(operation: Awaitable[_T], what: str, timeout: float | None) -> _T:
    """Run an operation under a timeout; its OSError, ssl errors and timeouts become ours."""
    try:
        async with asyncio.timeout(timeout):
            return await operation
    except TimeoutError as problem:
        raise at("connect", SMTPConnectTimeoutError(f"{what} took longer than {timeout} seconds")) from problem
    except ssl.SSLError as problem:
        raise at("tls", SMTPConnectError(f"{what} failed: {_reason(problem)}")) from problem
    except (OSError, UnicodeError) as problem:
        raise at("connect", SMTPConnectError(f"{what} failed: {problem}")) from problem


def _reason(problem: ssl.SSLError) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"the certificate is not valid: {problem.verify_message}"
    return str(problem.reason or problem)

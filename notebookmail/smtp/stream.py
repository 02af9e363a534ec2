"""A byte stream over asyncio's transports, and TLS.

The only place that meets OSError and ssl errors: what leaves here is of our own exception tree. What arrives is
handed on at once, so that nothing piles up here; what is written waits for room, so that a server that reads
slowly is felt.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from notebookmail.errors import (
    SMTPConnectError,
    SMTPConnectTimeoutError,
    SMTPException,
    SMTPServerDisconnected,
    at,
)
from notebookmail.privacy.secret import Secret

from .happy_eyeballs import look_up

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable

    from .options import ConnectionOptions

_T = TypeVar("_T")

_TURNS_TO_HEAR_AN_ALERT = 4
"""Turns of the event loop behind a handshake, and before the first words that follow it: in them an alert is read
that came with a reset, which a write would meet first."""

_READ_OCTETS = 16_384
"""Read at once. asyncio's own way makes and drops 256 KiB for every reply, which costs more than reading it."""


class Listener(Protocol):
    """Who is told what happens on a stream."""

    def bytes_received(self, data: bytes) -> None:
        """Be given the octets that arrived."""

    def may_write_again(self) -> None:
        """Be told that there is room to write again, or that the connection is gone."""


class Stream(asyncio.BufferedProtocol):
    """A connection: bytes in, bytes out.

    Its listener has it before it is open: the first bytes may arrive before `open` returns.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._buffer = memoryview(bytearray(_READ_OCTETS))  # a view: asyncio's TLS writes into slices of it
        self._transport: asyncio.Transport | None = None
        self._loss: Exception | None = None
        self._has_heard = False  # under TLS, if there is TLS
        self.is_open = False
        """False once either side is gone."""
        self.has_room = True
        """False while so much waits to be sent that more should not be written."""

    # --- what asyncio calls ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        # Not isinstance: uvloop's transports are no subclass, though they do all that one does.
        self._transport, self.is_open = cast("asyncio.Transport", transport), True

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 -- replies are short, whatever asyncio expects
        """Say where to put what arrives."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what arrived."""
        self._has_heard = True
        self._listener.bytes_received(bytes(self._buffer[:nbytes]))

    def eof_received(self) -> bool:
        """Tell that the peer says no more; the transport closes."""
        self.is_open = False
        self._listener.may_write_again()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that the connection is gone."""
        # Without asyncio's frames: they hold what was being written.
        self.is_open, self._loss = False, exc and exc.with_traceback(None)
        self._listener.may_write_again()

    def pause_writing(self) -> None:
        """Note that enough waits to be sent."""
        self.has_room = False

    def resume_writing(self) -> None:
        """Tell that there is room again."""
        self.has_room = True
        self._listener.may_write_again()

    # --- what a connection calls ----------------------------------------------------------------------------

    async def open(self, options: ConnectionOptions) -> None:
        """Connect, under TLS if the options say so.

        Raises:
            SMTPConnectError, SMTPConnectTimeoutError: No connection came about.
        """
        await _mapped(_connect(options, self), f"connecting to {options.where}", options.timeout)

    @property
    def transport(self) -> asyncio.Transport:
        """The transport below; replaced when TLS starts."""
        assert self._transport is not None  # noqa: S101 -- there is nothing to do with one that never opened
        return self._transport

    @property
    def is_tls(self) -> bool:
        """True when everything travels encrypted."""
        return self.info("sslcontext") is not None

    def info(self, key: str) -> Any:
        """Return what asyncio knows of the transport ("peername", "socket", "cipher", ...)."""
        return self.transport.get_extra_info(key)

    def may_write(self) -> bool:
        """Tell whether there is room, and nothing to read first; else the listener is told when to look again.

        A server that refuses in the middle of content closes with the rest unread: a write that met its reset
        would lose what it said.
        """
        if self.has_room and _has_unread(self.info("socket")):
            asyncio.get_running_loop().call_soon(self._listener.may_write_again)
            return False
        return self.has_room

    def write(self, data: bytes | Secret) -> None:
        """Hand bytes to the transport; where there are many, ask `may_write` in between.

        The caller looks at `is_open` first: what is written to a closed transport is lost without a word.
        """
        transport = self._transport
        assert transport is not None  # noqa: S101 -- as for `transport`
        transport.write(data.reveal() if isinstance(data, Secret) else data)
        if transport.is_closing():  # reset meanwhile: asyncio tells it only when the loop turns
            self.has_room = False

    def lost(self) -> SMTPException:
        """Make the error for a connection that is gone, with what asyncio knows of why.

        Under TLS 1.3 a server refuses our certificate, or that there is none, by an alert behind the handshake:
        only there it shows that no secure connection came about (RFC 8446 4.4.2.4).
        """
        loss = self._loss
        error: SMTPException
        if self.is_refused:
            error = at("tls", SMTPConnectError(f"TLS failed: the server refused the handshake: {_reason(loss)}"))
        else:
            error = SMTPServerDisconnected(
                f"the connection was lost: {loss}" if loss else "the connection was lost"
            )
        error.__cause__ = loss
        return error

    @property
    def is_refused(self) -> bool:
        """True when the server ended the connection before it said anything under TLS, and not in an orderly way.

        A reset hides the alert from a write that meets it first. By TLS 1.2 both sides had agreed before that.
        """
        if self._has_heard or self._loss is None:
            return False
        if isinstance(self._loss, ssl.SSLError):
            return True
        secure: ssl.SSLObject | None = self.info("ssl_object")
        is_reset = isinstance(self._loss, ConnectionResetError | BrokenPipeError)
        return is_reset and secure is not None and secure.version() == "TLSv1.3"

    async def hear_alert(self) -> None:
        """Give an alert that has arrived behind the handshake its chance to be read.

        Raises:
            SMTPConnectError: There was one; the stream is closed for good.
        """
        if self._has_heard or not self.is_tls:
            return
        for _ in range(_TURNS_TO_HEAR_AN_ALERT):
            await asyncio.sleep(0)
        if self.is_refused:
            raise self.lost()

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
        self._has_heard = False
        upgrade = loop.start_tls(
            self.transport, self, context, server_hostname=hostname, ssl_handshake_timeout=timeout
        )
        try:
            transport = await _mapped(upgrade, f"TLS with {hostname}", timeout)
        except BaseException:
            self.abort()
            raise
        if transport is None:
            raise SMTPConnectError(f"TLS with {hostname} failed: the connection was lost")
        self._transport = transport
        await self.hear_alert()

    def abort(self) -> None:
        """Close at once, dropping what is not yet written."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()


def _has_unread(made: socket.socket | None) -> bool:
    """Tell whether something has arrived that is not read yet; where that cannot be asked, asyncio reads ahead."""
    if made is None or made.fileno() < 0 or not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(made.fileno(), select.POLLIN)
    return bool(poll.poll(0))


async def _connect(options: ConnectionOptions, stream: Stream) -> None:
    loop = asyncio.get_running_loop()

    def make() -> Stream:
        return stream

    tls: dict[str, Any] = {}
    if options.use_tls:
        tls = {"ssl": options.ssl_context, "server_hostname": options.tls_name}
    if options.socket_path is not None:
        path = options.socket_path
        await loop.create_unix_connection(make, path, **tls)  # type: ignore[arg-type] # bytes work
    elif options.sock is not None:
        await loop.create_connection(make, sock=options.sock, **tls)
    else:
        where = await look_up(options.host, options.effective_port, options.source_address)
        await loop.create_connection(make, **where, **tls)


async def _mapped(operation: Awaitable[_T], what: str, timeout: float | None) -> _T:
    """Run an operation under a timeout; its OSError, ssl errors and timeouts become ours."""
    try:
        async with asyncio.timeout(timeout):
            return await operation
    except SMTPConnectError:  # an OSError too: the settings of TLS are told as what they are
        raise
    except TimeoutError as problem:
        raise at("connect", SMTPConnectTimeoutError(f"{what} took longer than {timeout} seconds")) from problem
    except ssl.SSLError as problem:
        raise at("tls", SMTPConnectError(f"{what} failed: {_reason(problem)}")) from problem
    except (OSError, UnicodeError) as problem:
        # asyncio has no words for a peer that leaves in the middle of a handshake.
        words = str(problem) or "the server closed the connection"
        raise at("connect", SMTPConnectError(f"{what} failed: {words}")) from problem


def _reason(problem: Exception | None) -> str:
    if not isinstance(problem, ssl.SSLError):
        return "it hung up, as where it wants a certificate of ours, or another one"
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"the certificate is not valid: {problem.verify_message}"
    words = str(problem.reason or problem)
    _, is_alert, alert = words.partition("_ALERT_")
    return f"{alert.replace('_', ' ').lower()} ({words})" if is_alert else words

"""A client's dialogue with its server: connecting, and the commands outside of transactions.

Each command waits for its turn, so that one client may be shared by many tasks, in the order they asked. A reply
that does not come in time, a cancelled command and a 421 close the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
from typing import TYPE_CHECKING, Any, Self, TypeVar

from notebookmail.errors import (
    SMTPException,
    SMTPNotSupported,
    SMTPResponseException,
    SMTPServerDisconnected,
    at,
)
from notebookmail.reply import SMTPResponse, SMTPStatus
from notebookmail.secret import seals

from . import session
from .addressing import read_address
from .connection import Connection
from .options import ConnectionChanges, ConnectionOptions, StrPath, lists_options
from .turns import Turn, Turns
from .wire import commands
from .wire.extensions import Extensions
from .wire.transaction import is_accepted

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Iterable
    from types import TracebackType
    from typing import Unpack

    from .wire.commands import Command

_T = TypeVar("_T")


class Unset(enum.Enum):
    """A timeout that was not given, where None already means "without end"."""

    token = 0


Timeout = float | None | Unset
DEFAULT = Unset.token


class Dialogue:
    """The SMTP client without AUTH and transactions."""

    @lists_options
    @seals("password")
    def __init__(self, **options: Unpack[ConnectionChanges]) -> None:
        self._options = ConnectionOptions()  # there before options are refused: a traceback shows this client
        self._connection: Connection | None = None
        self._turns = Turns()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._forget_session()
        self._options = self._options.changed(options)

    def _forget_session(self) -> None:
        self.last_ehlo_response: SMTPResponse | None = None
        self.last_helo_response: SMTPResponse | None = None

    def __repr__(self) -> str:
        return f"<SMTP {self._options.endpoint} {'connected' if self.is_connected else 'not connected'}>"

    async def __aenter__(self) -> Self:
        if not self.is_connected:
            await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            is_well = error is None or isinstance(error, Exception)  # a cancelled task has no time for a goodbye
            if is_well and self.is_connected and not isinstance(error, ConnectionError | TimeoutError):
                with contextlib.suppress(SMTPException):
                    await self.quit()
        finally:
            self.close()

    # --- the connection -------------------------------------------------------------------------------------

    @lists_options
    @seals("password")
    async def connect(self, **changes: Unpack[ConnectionChanges]) -> SMTPResponse:
        """Connect, start TLS and log in as the options say; return the greeting.

        Args:
            **changes: Options that differ from now on from those the client was made with.

        Raises:
            SMTPException: Already connected, or no usable connection.
            ValueError: Options that contradict each other.
        """
        await self._turns.take(Turn())
        try:
            if self.is_connected:
                raise SMTPException("already connected; close the connection first")
            self._options = self._options.changed(changes)
            self._forget_session()
            connection = await Connection.open(self._options)
            self._connection, self._loop = connection, asyncio.get_running_loop()
            try:
                await self._prepare(connection)
            except BaseException:
                self.close()
                raise
            return connection.greeting
        finally:
            self._turns.leave()

    async def _prepare(self, connection: Connection) -> None:
        options = self._options
        if options.start_tls is not False and not options.use_tls:
            await self._hello(connection, options.timeout)
            if await session.secure(connection, options):
                self._forget_session()
        if options.username is not None:
            await self._hello_if_needed(connection, options.timeout)
            await session.authenticate(connection, options)

    def close(self) -> None:
        """Close at once, without QUIT."""
        if self._connection is not None:
            self._connection.abort()
        self._connection = None
        self._forget_session()

    async def quit(self, *, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Say goodbye and close (RFC 5321 4.1.1.10).

        Raises:
            SMTPResponseException: The server refused even that; the connection is closed all the same.
        """
        reply = await self._run(commands.QUIT, timeout)
        self.close()
        if not is_accepted(reply):
            raise at("quit", SMTPResponseException(*reply))
        return reply

    @property
    def is_connected(self) -> bool:
        """True while commands can be sent."""
        return self._connection is not None and self._connection.is_open

    def get_transport_info(self, key: str) -> Any:
        """Tell what asyncio knows of the transport: "peername", "sockname", "cipher", ...

        Raises:
            SMTPServerDisconnected: Not connected.
        """
        return self._connected().stream.info(key)

    def _connected(self) -> Connection:
        if self._connection is None or not self._connection.is_open:
            raise SMTPServerDisconnected("not connected")
        return self._connection

    def _seconds(self, timeout: Timeout) -> float | None:
        return self._options.timeout if isinstance(timeout, Unset) else timeout

    # --- what the server is -----------------------------------------------------------------------------------

    @property
    def is_ehlo_or_helo_needed(self) -> bool:
        """True until EHLO or HELO has succeeded on this connection."""
        return self.last_ehlo_response is None and self.last_helo_response is None

    @property
    def _extensions(self) -> Extensions:
        return self._connection.extensions if self._connection is not None else Extensions()

    @property
    def esmtp_extensions(self) -> dict[str, str]:
        """The extensions the server offers, lower-case names to parameters."""
        return dict(self._extensions.parameters)

    @property
    def supports_esmtp(self) -> bool:
        """True when EHLO succeeded."""
        return self.last_ehlo_response is not None

    def supports_extension(self, name: str, /) -> bool:
        """Tell whether the server offers an extension, in any case of its name."""
        return name in self._extensions

    @property
    def server_auth_methods(self) -> list[str]:
        """The SASL mechanisms the server offers, in lower case."""
        return list(self._extensions.auth_methods)

    # --- commands ---------------------------------------------------------------------------------------------

    async def _in_turn(self, work: Callable[[Connection], Awaitable[_T]], turn: Turn | None = None) -> _T:
        turn = turn or Turn()
        await self._turns.take(turn)
        try:
            connection = self._connected()
            if connection.begun is not None and connection.begun is not turn.mail:
                connection.abort()
                raise SMTPServerDisconnected("closed: a message was cancelled after its transaction was opened")
            try:
                return await work(connection)
            finally:
                if connection.begun is not None and not self._turns.awaits(connection.begun):
                    connection.abort()  # whoever it was begun for was cancelled: it cannot be taken back
                if not connection.is_open and self._connection is connection:
                    self._connection = None
                    self._forget_session()
        finally:
            self._turns.leave()

    async def _run(self, command: Command, timeout: Timeout) -> SMTPResponse:
        async def work(connection: Connection) -> SMTPResponse:
            return (await connection.execute(command, timeout=self._seconds(timeout)))[0]

        return await self._in_turn(work)

    async def execute_command(self, *arguments: bytes, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Send any command and return its reply, whatever that is.

        Raises:
            ValueError: A control character in an argument.
        """
        command, arguments = commands.raw(*arguments), ()  # those of an AUTH by hand are in no traceback
        return await self._run(command, timeout)

    async def ehlo(self, hostname: str | None = None, *, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Say EHLO and learn the extensions (RFC 5321 4.1.1.1).

        Raises:
            SMTPHeloError: Refused.
        """

        async def work(connection: Connection) -> SMTPResponse:
            name = hostname or self._local_name(connection)
            self.last_ehlo_response = await session.ehlo(connection, name, self._seconds(timeout))
            return self.last_ehlo_response

        return await self._in_turn(work)

    async def helo(self, hostname: str | None = None, *, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Say HELO (RFC 5321 4.1.1.1).

        Raises:
            SMTPHeloError: Refused.
        """

        async def work(connection: Connection) -> SMTPResponse:
            name = hostname or self._local_name(connection)
            self.last_helo_response = await session.helo(connection, name, self._seconds(timeout))
            return self.last_helo_response

        return await self._in_turn(work)

    def _local_name(self, connection: Connection) -> str:
        return self._options.local_hostname or session.local_name(connection.stream)

    async def _hello(self, connection: Connection, timeout: float | None) -> None:
        name = self._local_name(connection)
        reply, is_extended = await session.hello(connection, name, timeout)
        if is_extended:
            self.last_ehlo_response = reply
        else:
            self.last_helo_response = reply

    async def _hello_if_needed(self, connection: Connection, timeout: float | None) -> None:
        if self.is_ehlo_or_helo_needed:
            await self._hello(connection, timeout)

    async def starttls(
        self,
        *,
        server_hostname: str | None = None,
        validate_certs: bool | None = None,
        client_cert: StrPath | Unset | None = DEFAULT,
        client_key: StrPath | Unset | None = DEFAULT,
        cert_bundle: StrPath | Unset | None = DEFAULT,
        tls_context: ssl.SSLContext | Unset | None = DEFAULT,
        timeout: Timeout = DEFAULT,
    ) -> SMTPResponse:
        """Go on under TLS (RFC 3207); EHLO is needed again afterwards.

        Args:
            server_hostname: The name the certificate must carry, if not the host connected to.
            validate_certs: False accepts any certificate; left out, this and what follows is as for `connect`.
            client_cert: Path of our certificate.
            client_key: Path of its key.
            cert_bundle: Path of the authorities to trust.
            tls_context: A context of the caller's; excludes the certificate options.
            timeout: Seconds.

        Raises:
            SMTPNotSupported: Not offered.
            SMTPException: Already under TLS, refused, or failed; refusal and failure close the connection.
        """
        given: dict[str, object] = {
            "client_cert": client_cert,
            "client_key": client_key,
            "cert_bundle": cert_bundle,
            "tls_context": tls_context,
        }
        changes = {name: value for name, value in given.items() if not isinstance(value, Unset)}

        async def work(connection: Connection) -> SMTPResponse:
            seconds = self._seconds(timeout)
            if connection.is_tls:
                raise SMTPException("the connection is already under TLS")
            await self._hello_if_needed(connection, seconds)
            if "starttls" not in connection.extensions:
                raise at("tls", SMTPNotSupported("the server does not offer STARTTLS"))
            hostname = server_hostname or self._options.host
            options = self._options.changed({"start_tls": None, "validate_certs": validate_certs, **changes})
            reply = await session.start_tls(connection, options, hostname, seconds)
            self._forget_session()
            return reply

        return await self._in_turn(work)

    async def noop(self, *, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Do nothing, and learn that the server is there.

        Raises:
            SMTPResponseException: Refused.
        """
        return _expect(await self._greeted(commands.NOOP, timeout))

    async def rset(self, *, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Break off the transaction.

        Raises:
            SMTPResponseException: Refused.
        """
        return _expect(await self._greeted(commands.RSET, timeout))

    async def help(self, *, timeout: Timeout = DEFAULT) -> str:
        """Ask for the server's help text.

        Raises:
            SMTPResponseException: Refused.
        """
        reply = await self._greeted(commands.help_(), timeout)
        if reply.code not in {SMTPStatus.system_status_ok, SMTPStatus.help_message, SMTPStatus.completed}:
            raise SMTPResponseException(*reply)
        return reply.message

    async def vrfy(
        self, address: str, /, *, options: Iterable[str] | None = None, timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Ask whether an address exists; few servers tell (RFC 5321 4.1.1.6).

        Args:
            address: An address, `Name <address>`, or a user's name, in quotes where it holds blanks.
            options: Parameters; SMTPUTF8 comes by itself where the address needs it (RFC 6531 3.7.4).
            timeout: Seconds.

        Raises:
            SMTPNotSupported: SMTPUTF8 is needed or asked for, and not offered.
            SMTPResponseException: Refused.
            ValueError: Not safe to write.
        """
        return await self._about(commands.vrfy, address, options, timeout)

    async def expn(
        self, address: str, /, *, options: Iterable[str] | None = None, timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Ask who is on a list; few servers tell (RFC 5321 4.1.1.7). Arguments and errors are as for `vrfy`."""
        return await self._about(commands.expn, address, options, timeout)

    async def _about(
        self,
        make: Callable[[str, tuple[str, ...]], Command],
        address: str,
        options: Iterable[str] | None,
        timeout: Timeout,
    ) -> SMTPResponse:
        given = tuple(options or ())
        is_asked = any(option.upper() == "SMTPUTF8" for option in given)
        read = read_address(address)
        is_needed = is_asked or not read.isascii()
        command = make(read, given if is_asked or not is_needed else (*given, "SMTPUTF8"))

        async def work(connection: Connection) -> SMTPResponse:
            seconds = self._seconds(timeout)
            await self._hello_if_needed(connection, seconds)
            if is_needed and "smtputf8" not in connection.extensions:
                raise SMTPNotSupported("SMTPUTF8 is not supported by the server")
            return (await connection.execute(command, timeout=seconds))[0]

        return _expect(await self._in_turn(work))

    async def _greeted(self, command: Command, timeout: Timeout) -> SMTPResponse:
        async def work(connection: Connection) -> SMTPResponse:
            seconds = self._seconds(timeout)
            await self._hello_if_needed(connection, seconds)
            return (await connection.execute(command, timeout=seconds))[0]

        return await self._in_turn(work)


def _expect(reply: SMTPResponse) -> SMTPResponse:
    if not is_accepted(reply):
        raise SMTPResponseException(*reply)
    return reply

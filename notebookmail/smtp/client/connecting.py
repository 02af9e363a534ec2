"""A client's connection: opened as its options say, shared in turns, closed.

Whoever uses a client takes a turn, so that many tasks may share one, in the order they asked. A reply that does
not come in time, a cancelled command and a 421 close the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import enum
import math
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Self, TypeVar

from notebookmail.errors import (
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
    at,
)
from notebookmail.privacy.secret import seals
from notebookmail.smtp import handshake
from notebookmail.smtp.connection import Connection
from notebookmail.smtp.options import ConnectionChanges, ConnectionOptions, lists_options
from notebookmail.smtp.wire import commands
from notebookmail.smtp.wire.extensions import Extensions
from notebookmail.smtp.wire.transaction import is_accepted

from .option_attributes import OptionAttributes
from .turns import FairQueue, QueuedTurn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType
    from typing import Unpack

    from notebookmail.response import SMTPResponse
    from notebookmail.smtp.wire.commands import Command

_T = TypeVar("_T")

_blocks_around: ContextVar[frozenset[object]] = ContextVar("blocks_around", default=frozenset())
"""The `async with` blocks that a task runs in, or was started in."""


class Unset(enum.Enum):
    """A timeout that was not given, where None already means "without end"."""

    token = 0


Timeout = float | None | Unset
DEFAULT = Unset.token


class ClientConnection(OptionAttributes):
    """The SMTP client without its commands."""

    @lists_options
    @seals("password")
    def __init__(self, **options: Unpack[ConnectionChanges]) -> None:
        super().__init__()  # a client is whole before options are refused: a traceback shows it
        self._start_afresh()
        self._settle(options)

    def _start_afresh(self) -> None:
        self._connection: Connection | None = None
        self._turns = FairQueue()
        self._blocks = FairQueue()
        self._block: object | None = None
        self._owner: asyncio.Task[Any] | None = None
        self._depth = 0
        self._holder: asyncio.Task[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._forgone: set[str] = set()  # extensions that its server has shown it cannot do
        self._is_by_hand = False  # the session is not as the options alone would make it
        self._forget_session()

    def _twin(self) -> Self:
        """Make a client like this one, with what subclasses and callers put on it, and no connection."""
        twin = copy.copy(self)
        twin._assigned = dict(self._assigned)
        twin._start_afresh()
        return twin

    def _forget_session(self) -> None:
        self.last_ehlo_response: SMTPResponse | None = None
        self.last_helo_response: SMTPResponse | None = None

    def __repr__(self) -> str:
        return f"<SMTP {self._endpoint()} {'connected' if self.is_connected else 'not connected'}>"

    def _endpoint(self) -> str:
        if self.is_connected:
            return self._options.endpoint
        try:
            return self._options.changed(self._assigned).endpoint
        except ValueError:
            return "with options that contradict each other"

    async def __aenter__(self) -> Self:
        """Connect, if that is not done; `async with` of other tasks waits until this one's is over.

        Tasks started within the block may enter it too: they share the connection, and leave it open.
        """
        if self._block is None or self._block not in _blocks_around.get():
            await self._blocks.take(QueuedTurn())
            self._block, self._owner = object(), asyncio.current_task()
            _blocks_around.set(_blocks_around.get() | {self._block})
        self._depth += 1
        try:
            if not self.is_connected:
                await self._connect_for_all()
        except BaseException:
            self._leave_block()
            raise
        return self

    async def _connect_for_all(self) -> None:
        try:
            await self.connect()
        except SMTPException:
            if not self.is_connected:  # else a task that shares the block was quicker
                raise

    def _leave_block(self) -> None:
        self._depth -= 1
        if not self._depth:
            _blocks_around.set(_blocks_around.get() - {self._block})
            self._block = self._owner = None
            self._blocks.leave()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._depth > 1 and asyncio.current_task() is not self._owner:
            self._leave_block()
            return
        try:
            is_well = error is None or isinstance(error, Exception)  # a cancelled task has no time for QUIT
            if is_well and self.is_connected and not isinstance(error, ConnectionError | TimeoutError):
                with contextlib.suppress(SMTPException):
                    await self.quit()
        finally:
            self.close()
            self._leave_block()

    # --- the connection -------------------------------------------------------------------------------------

    @lists_options
    @seals("password")
    async def connect(self, **changes: Unpack[ConnectionChanges]) -> SMTPResponse:
        """Connect, start TLS and log in as the options say; return the greeting.

        Args:
            **changes: Options that differ from now on from those the client was made with; a timeout holds for
                this call.

        Raises:
            SMTPException: Already connected, or no usable connection.
            ValueError: Options that contradict each other.
        """
        await self._turns.take(QueuedTurn())
        try:
            self._holder = asyncio.current_task()
            if self.is_connected:
                raise SMTPException("already connected; close the connection first")
            return await self._connect(self._settled_for_now(changes))
        finally:
            self._holder = None
            self._turns.leave()

    def _settled_for_now(self, changes: ConnectionChanges) -> ConnectionOptions:
        """Judge and keep the options of a call, all but its timeout."""
        lasting = {name: value for name, value in changes.items() if name != "timeout"}
        if "timeout" not in changes:
            return self._settle(lasting)
        ConnectionOptions(timeout=changes["timeout"])  # judged first: nothing is kept of a wrong call
        return self._settle(lasting).changed({"timeout": changes["timeout"]})

    async def _connect(self, options: ConnectionOptions) -> SMTPResponse:
        self._forget_session()
        connection = await Connection.open(options)
        connection.forgo(*self._forgone)
        self._connection, self._loop = connection, asyncio.get_running_loop()
        try:
            await self._prepare(connection, options)
        except BaseException:
            self.close()
            raise
        self._is_by_hand = False
        return connection.greeting

    async def _renewed(self, connection: Connection, refusal: SMTPException) -> Connection:
        """Connect again after a refusal that was of what the server cannot do, and is not asked for again.

        Raises:
            SMTPException: That refusal; it was of something else, or a session made by hand cannot be made again.
        """
        self._forgone |= connection.cannot
        is_ours = not self._is_by_hand and self._options.sock is None
        if "chunking" not in connection.cannot or refusal.unconfirmed or not is_ours:
            raise refusal
        try:
            await self._connect(self._options)
        except SMTPException as problem:
            raise refusal from problem
        return self._connected()

    async def _prepare(self, connection: Connection, options: ConnectionOptions) -> None:
        if options.start_tls is not False and not options.use_tls:
            await self._hello(connection, options.timeout)
            if await handshake.secure(connection, options):
                self._forget_session()
                # RFC 3207 4.2; and a server that wants our certificate says so no earlier (RFC 8446 4.4.2.4)
                await self._hello(connection, options.timeout)
        if options.username is not None:
            await self._hello_if_needed(connection, options.timeout)
            await self._authenticate(connection, options)

    async def _authenticate(self, connection: Connection, options: ConnectionOptions) -> None:
        await handshake.authenticate(connection, options)

    def close(self) -> None:
        """Close at once, without QUIT."""
        if self._connection is not None:
            self._connection.abort()
        self._connection = None
        self._forget_session()

    async def quit(self, *, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Say QUIT and close (RFC 5321 4.1.1.10).

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

    @property
    def transport(self) -> asyncio.Transport | None:
        """The transport that commands go over; None while not connected."""
        return self._connected().stream.transport if self.is_connected else None

    def get_transport_info(self, key: str) -> Any:
        """Tell what asyncio knows of the transport: "peername", "sockname", "cipher", ...

        Raises:
            SMTPServerDisconnected: Not connected.
        """
        return self._connected().stream.info(key)

    def _connected(self) -> Connection:
        connection = self._connection
        if connection is not None and connection.stream.is_refused:
            raise connection.stream.lost()  # the alert came after `starttls` returned, while nobody waited
        if connection is None or not connection.is_open:
            raise SMTPServerDisconnected("Server not connected")
        return connection

    def _seconds(self, timeout: Timeout) -> float | None:
        seconds = self.timeout if isinstance(timeout, Unset) else timeout
        if seconds is not None and not 0 <= seconds < math.inf:  # 0: an answer that is there already
            raise ValueError("timeout is a number of seconds, or None, which waits without end")
        return seconds

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

    def _has_own(self, *ours: Callable[..., Any]) -> bool:
        """Tell whether a subclass, a patch, or the client itself has its own method in place of one of ours."""
        return any(getattr(getattr(self, each.__name__), "__func__", None) is not each for each in ours)

    # --- commands ---------------------------------------------------------------------------------------------

    async def _in_turn(self, work: Callable[[Connection], Awaitable[_T]], turn: QueuedTurn | None = None) -> _T:
        task = asyncio.current_task()
        if self._holder is task:  # a command within a call that has the turn already
            return await work(self._connected())
        turn = turn or QueuedTurn()
        await self._turns.take(turn)
        try:
            self._holder = task
            connection = self._connected()
            if connection.begun is not None and connection.begun is not turn.mail:
                connection.abort()
                raise SMTPServerDisconnected("closed: a message was cancelled after its transaction was opened")
            try:
                return await work(connection)
            finally:
                self._look_after(self._connection or connection)
        finally:
            self._holder = None
            self._turns.leave()

    def _look_after(self, connection: Connection) -> None:
        """See how a turn left the connection."""
        if connection.begun is not None and not self._turns.awaits(connection.begun):
            connection.abort()  # whoever it was begun for was cancelled: it cannot be taken back
        self._forgone |= connection.cannot
        if not connection.is_open and self._connection is connection:
            self._connection = None
            self._forget_session()

    async def _run(self, command: Command, timeout: Timeout) -> SMTPResponse:
        async def work(connection: Connection) -> SMTPResponse:
            return (await connection.execute(command, timeout=self._seconds(timeout)))[0]

        return await self._in_turn(work)

    def _local_name(self, connection: Connection, given: str | None = None) -> str:
        name = self.local_hostname if given is None else given
        if name is None:
            return handshake.local_name(connection.stream)
        name = name.strip(" \t")
        if not name:
            raise ValueError("our name for EHLO or HELO is empty")
        name.encode("ascii")
        return name

    async def _hello(self, connection: Connection, timeout: float | None) -> None:
        name = self._local_name(connection)
        reply, is_extended = await handshake.hello(connection, name, timeout)
        if is_extended:
            self.last_ehlo_response = reply
        else:
            self.last_helo_response = reply

    async def _hello_if_needed(self, connection: Connection, timeout: float | None) -> None:
        if self.is_ehlo_or_helo_needed:
            await self._hello(connection, timeout)

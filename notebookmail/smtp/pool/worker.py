"""One connection's worth of work: message after message, reconnecting where that is called for.

A worker's task connects, rests and says QUIT; while there are messages, the end of one begins the next, inside
the turn of the event loop in which its reply arrived.
"""

from __future__ import annotations

import asyncio
import math
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from notebookmail.errors import SMTPException, SMTPResponseException, SMTPServerDisconnected, SMTPTimeoutError
from notebookmail.smtp.handshake import establish
from notebookmail.smtp.quit import say_quit
from notebookmail.status import SMTPStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from notebookmail.mail.message import Mail, Receipt
    from notebookmail.smtp.connection import Connection
    from notebookmail.smtp.options import ConnectionOptions

    from .jobs import Job, PoolLimits, Source

_STALE_SECONDS = 60.0
"""After so long a rest a connection is replaced: servers and NATs drop it sooner or later, some without a word."""


def messages_left(limits: PoolLimits, offered: Mapping[str, int]) -> float:
    """Decide how many messages a connection may carry: our limit, or the server's MAILMAX (RFC 9422 4.1)."""
    return min(limits.messages_per_connection or math.inf, offered.get("mailmax", math.inf))


class Owner(Protocol):
    """What a worker needs of the pool it belongs to."""

    options: ConnectionOptions
    limits: PoolLimits
    account: str
    timeout: float | None
    end_of_data_timeout: float
    has_pipelined: bool
    has_opened_ahead: bool
    is_hurried: bool

    @property
    def source(self) -> Source[Any]:
        """Where the messages come from."""

    @property
    def forgone(self) -> Collection[str]:
        """The extensions that the server offers and cannot do."""

    def forgo(self, *keywords: str) -> None:
        """Make no use of these extensions any more, on any connection."""

    def learn(self, connection: Connection) -> None:
        """Take over what has shown of the server."""

    def has_room_for(self, worker: Worker) -> bool:
        """Tell whether a worker may go on."""

    def rest(self, worker: Worker) -> None:
        """Note that a worker waits to be woken."""

    def succeeded(self) -> None:
        """Note that a message was accepted."""

    def ended(self, worker: Worker) -> None:
        """Note that a worker is no more."""

    def connection_failed(self, worker: Worker, options: ConnectionOptions, error: Exception) -> None:
        """Note that a connection did not come about."""

    def connection_lost(self) -> None:
        """Note that a connection broke in the middle of a message."""


class Worker:
    """Carries messages of the pool's source over one connection at a time.

    Args:
        pool: Whose worker it is.
        connection: One that is open already, or None.
    """

    def __init__(self, pool: Owner, connection: Connection | None) -> None:
        self._pool = pool
        self._source = pool.source
        self._connection: Connection | None = None
        self._left = math.inf  # messages that the connection may still carry
        self._has_carried = False  # the connection has carried a message to its end, whatever that was
        self._is_proven = False  # it has, or it has rested
        self._account = ""
        if connection is not None:
            self._use(connection, pool.account)
        self._job: Job | None = None
        self._upcoming: Job | None = None
        self._is_beginning = False
        self._is_retired = False
        self._is_leaving = False  # saying QUIT
        self._rest = self._call = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._work())

    @property
    def is_connected(self) -> bool:
        """True while its connection is open."""
        return self._connection is not None and self._connection.is_open

    @property
    def is_free(self) -> bool:
        """True while it carries nothing: it connects, or looks for a message, or rests."""
        return self._job is None

    # --- what the pool tells --------------------------------------------------------------------------------

    def wake(self) -> None:
        """Look for a message again, after a rest."""
        if not self._call.done():
            self._call.set_result(None)

    def retire(self) -> None:
        """Take no more messages."""
        self._is_retired = True
        self.wake()

    def hurry(self) -> None:
        """Give up a message whose end has not gone out."""
        self.retire()
        if self._job is not None and self._connection is not None and not self._connection.is_unconfirmed:
            self._connection.give_up(SMTPServerDisconnected("the run was interrupted before the message's end"))

    def close(self) -> None:
        """End the worker; the message under way gets its end, and a QUIT that was said its answer.

        Cut before that, a connection may count for the server still when the next run begins.
        """
        self._is_retired = True
        if not self._is_leaving or self._pool.is_hurried:
            self.task.cancel()

    def forgo(self, *keywords: str) -> None:
        """Make no use of these extensions any more."""
        if self._connection is not None:
            self._connection.forgo(*keywords)

    # --- its task -------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        try:
            while self._is_wanted() and await self._connect():
                job = self._source.take()
                if job is None:
                    self._call = asyncio.get_running_loop().create_future()
                    self._pool.rest(self)
                    await self._rest_until_called()
                    continue
                self._rest = asyncio.get_running_loop().create_future()
                self._begin(job)
                await self._rest
        finally:
            self._abandon()
            try:
                await self._leave()
            finally:
                self._pool.ended(self)

    async def _rest_until_called(self) -> None:
        """Wait for a message; a connection that rested long is given up before one is written to it."""
        clock = asyncio.get_running_loop().time
        began = clock()
        await self._call
        if clock() - began > _STALE_SECONDS:
            self._left = 0
        self._is_proven = True

    def cut(self) -> None:
        """Close the connection at once; the message under way gets its end, one to come goes back."""
        self._abandon()
        if self._connection is not None:
            self._connection.abort()

    def _is_wanted(self) -> bool:
        return not self._is_retired and self._pool.has_room_for(self)

    async def _connect(self) -> bool:
        """See to it that there is an open connection with messages left; False if none can be had."""
        if self._left <= 0:
            await self._leave()
            if self._is_retired:
                return False
        if self.is_connected:
            return True
        self._connection = None
        options, account = self._pool.options, self._pool.account
        try:
            self._use(await establish(options), account)
        except Exception as error:  # noqa: BLE001 -- of the server, or of a token generator
            self._pool.connection_failed(self, options, error)
            return False
        return True

    def _use(self, connection: Connection, account: str) -> None:
        self._connection, self._account = connection, account
        self._has_carried = self._is_proven = False
        connection.forgo(*self._pool.forgone)
        connection.has_pipelined = self._pool.has_pipelined
        connection.has_opened_ahead = self._pool.has_opened_ahead
        self._left = messages_left(self._pool.limits, connection.extensions.limits)

    def _abandon(self) -> None:
        """Tell the end of what was under way when the worker was cut."""
        upcoming, self._upcoming = self._upcoming, None
        if upcoming is not None:
            self._source.give_back(upcoming)
        job, self._job = self._job, None
        if job is not None:
            lost = SMTPServerDisconnected("the connection was closed before this message was answered")
            lost.unconfirmed = self._connection is not None and self._connection.is_unconfirmed
            if self._connection is not None:
                self._connection.abort()
            self._source.end(job, None, lost)

    async def _leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._pool.is_hurried:
            connection.abort()
        else:
            self._is_leaving = True
            try:
                await say_quit(connection)
            finally:
                self._is_leaving = False

    # --- message after message ------------------------------------------------------------------------------

    def _begin(self, following: Job | None) -> None:
        """Begin a message; where it ends at once, the next; with none, the worker's task goes on."""
        while following is not None:
            self._job, self._is_beginning = following, True
            assert self._connection is not None  # noqa: S101 -- there is one while there are messages
            self._connection.start(
                self._connection.delivery(following.mail, self._take_upcoming, self._committed(following)),
                self._pool.timeout,
                self._pool.end_of_data_timeout,
                self._end,
            )
            self._is_beginning = False
            if self._is_busy():
                return
            following = self._following()
        if not self._rest.done():
            self._rest.set_result(None)

    def _is_busy(self) -> bool:
        return self._job is not None

    def _committed(self, job: Job) -> Callable[[Callable[[Exception | None], None]], bool]:
        return partial(self._source.commit, job, account=self._account)

    def _end(self, receipt: Receipt | None, error: Exception | None) -> None:
        """One message ended; its failure is its own."""
        job, self._job = self._job, None
        if job is None:
            return
        if error is not None and self._costs_nothing(error):
            self._source.give_back(job)
        else:
            self._settle(job, receipt, error)
        if not self._is_beginning:
            self._begin(self._following())

    def _settle(self, job: Job, receipt: Receipt | None, error: Exception | None) -> None:
        self._has_carried = self._is_proven = True
        pool, connection = self._pool, self._connection
        # Once it has shown that it can all this, there is nothing to learn but what it cannot.
        if connection is not None and (connection.cannot or not pool.has_opened_ahead):
            pool.learn(connection)
        if error is None:
            self._left -= 1
            pool.succeeded()
        elif isinstance(error, SMTPServerDisconnected | SMTPTimeoutError):
            pool.connection_lost()
        if self._source.end(job, receipt, error):
            self._left = 0

    def _costs_nothing(self, error: Exception) -> bool:
        """Tell whether a message was not even begun, or met what the server cannot do and is not asked for again.

        A connection that has carried messages, or rested, may be gone before MAIL is answered: after so many
        messages, at RSET, by a NAT. That says nothing about the message.
        """
        connection, pool = self._connection, self._pool
        if connection is None or not isinstance(error, SMTPException) or error.unconfirmed:
            return False
        cannot = connection.cannot.difference(pool.forgone)
        if cannot:
            pool.forgo(*cannot)
            return True
        if self._is_logged_out(error):
            self._left = 0
            return True
        is_lost = isinstance(error, SMTPServerDisconnected | SMTPTimeoutError)
        return is_lost and self._is_proven and error.phase in {None, "mail"}

    def _is_logged_out(self, error: SMTPException) -> bool:
        """Tell whether a login that was good is no more; a new connection logs in anew, and is told if it may not.

        The session's token has ended, or the server forgets it at RSET, as Exchange Online does after XOAUTH2 (530
        5.7.57). A connection that carried nothing yet never was logged in: so each reconnection gets a message on.
        """
        is_refusal = isinstance(error, SMTPResponseException) and error.code == SMTPStatus.access_denied
        return is_refusal and self._has_carried and error.phase == "mail"

    def _following(self) -> Job | None:
        upcoming, self._upcoming = self._upcoming, None
        may_go_on = self._left > 0 and self.is_connected and not self._is_retired
        if may_go_on and (upcoming is not None or self._pool.has_room_for(self)):
            return upcoming or self._source.take()
        if upcoming is not None:
            self._source.give_back(upcoming)
        return None

    def _take_upcoming(self) -> Mail | None:
        if self._left <= 1 or self._is_retired or not self._pool.has_room_for(self):
            return None
        self._upcoming = self._source.take()
        return self._upcoming.mail if self._upcoming is not None else None

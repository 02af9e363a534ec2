"""Connections shared by many deliveries: each lane keeps one, and keeps it busy.

A lane takes the next waiting message while the one before is on its way, and its connection opens the next
transaction behind that one's content: on a pipelining server a message costs one round trip. Whether a lane opens,
reconnects or waits is decided by two small pure functions. A server that takes fewer connections than asked for is
served over those it takes; every other failure belongs to the message it happened to, and trying again is the
caller's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from notebookmail.errors import SMTPException, SMTPResponseException, SMTPServerDisconnected

from .session import establish
from .wire import commands

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookmail.mail import Mail, Receipt

    from .connection import Connection
    from .options import ConnectionOptions

END_OF_DATA_SECONDS = 600.0
"""How long to wait for the one reply that decides between sent and unconfirmed (RFC 5321 4.5.3.2.6)."""

_QUIT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How much of a server the pool may use.

    Attributes:
        connections: How many at once, at least one.
        messages_per_connection: After so many a connection is replaced; None for no limit.
    """

    connections: int = 8
    messages_per_connection: int | None = None


@dataclass(slots=True)
class _Job:
    mail: Mail
    result: asyncio.Future[Receipt]


def wants_lane(waiting: int, idle: int, lanes: int, limits: PoolLimits) -> bool:
    """Decide whether another lane is worth its connection."""
    return waiting > idle and lanes < limits.connections


def share(limits: PoolLimits, offered: Mapping[str, int]) -> float:
    """Decide how many messages a connection may carry: our limit, or the server's MAILMAX (RFC 9422 4.1)."""
    return min(limits.messages_per_connection or math.inf, offered.get("mailmax", math.inf))


class Pool:
    """Delivers mail objects over a bounded number of connections to one server.

    Args:
        options: How to reach the server.
        limits: How much of it to use.
    """

    def __init__(self, options: ConnectionOptions, limits: PoolLimits | None = None) -> None:
        self.options = options
        self._limits = limits or PoolLimits()
        self.timeout = options.timeout
        self.end_of_data_timeout = max(options.timeout or 0.0, END_OF_DATA_SECONDS)
        self._waiting: deque[_Job] = deque()
        self._lanes: set[_Lane] = set()
        self._idle: deque[asyncio.Future[None]] = deque()
        self._is_closed = False

    @property
    def endpoint(self) -> str:
        """Where it delivers to."""
        return self.options.endpoint

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return sum(lane.is_connected for lane in self._lanes)

    async def open(self) -> None:
        """Open the first connection, so that unusable settings show before anything is sent.

        Raises:
            SMTPException: The server cannot be reached or refuses us.
        """
        self._start_lane(await establish(self.options))

    async def deliver(self, mail: Mail) -> Receipt:
        """Send one message over whichever connection is free first.

        A caller that is cancelled while its message waits takes it back; once it is on its way it is not broken
        off: the caller's cancellation then takes effect after the outcome is known, and the outcome is lost to
        that caller. Callers that must know wait for it (see merge/runner).

        Raises:
            SMTPException: The message was not accepted; `unconfirmed` when nobody knows.
            ValueError: The envelope cannot be written as commands.
        """
        if self._is_closed:
            raise SMTPServerDisconnected("the pool is closed")
        job = _Job(mail, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if wants_lane(len(self._waiting), len(self._idle), len(self._lanes), self._limits):
            self._start_lane(None)
        elif self._idle:
            self._idle.popleft().set_result(None)
        return await job.result

    def _start_lane(self, connection: Connection | None) -> None:
        lane = _Lane(self, connection)
        self._lanes.add(lane)
        lane.task.add_done_callback(lambda _: self._lanes.discard(lane))

    def take(self) -> _Job | None:
        """Hand the next message that somebody still waits for to a lane."""
        while self._waiting:
            job = self._waiting.popleft()
            if not job.result.done():
                return job
        return None

    def give_back(self, job: _Job, lane: _Lane) -> bool:
        """Take back a message from a lane the server refused, if there are others, and ask for no more than those.

        A lane that failed at once would otherwise take message after message and fail them all.
        """
        others = len(self._lanes) - 1
        if not others or self._is_closed:
            return False
        self._lanes.discard(lane)
        self._limits = replace(self._limits, connections=others)
        self._waiting.appendleft(job)
        if self._idle:
            self._idle.popleft().set_result(None)
        return True

    async def next_job(self) -> _Job:
        """Wait until there is a message for an idle lane."""
        while (job := self.take()) is None:
            call = asyncio.get_running_loop().create_future()
            self._idle.append(call)
            try:
                await call
            finally:
                if call in self._idle:
                    self._idle.remove(call)
        return job

    async def close(self) -> None:
        """Say goodbye on idle connections, cut the others, and fail what still waits."""
        self._is_closed = True
        lanes = list(self._lanes)
        for lane in lanes:
            lane.task.cancel()
        await asyncio.gather(*(lane.task for lane in lanes), return_exceptions=True)
        while (job := self.take()) is not None:
            job.result.set_exception(SMTPServerDisconnected("the pool was closed before this message's turn"))


class _Lane:
    """One connection's worth of work, one message after the other.

    Its task connects, rests and says goodbye; while there are messages, the end of one begins the next, at once.
    """

    def __init__(self, pool: Pool, connection: Connection | None) -> None:
        self._pool = pool
        self._connection: Connection | None = None
        self._left = math.inf  # messages that the connection may still carry
        if connection is not None:
            self._use(connection)
        self._job: _Job | None = None
        self._upcoming: _Job | None = None
        self._is_beginning = False
        self._rest = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._work())

    @property
    def is_connected(self) -> bool:
        return self._connection is not None and self._connection.is_open

    async def _work(self) -> None:
        try:
            while True:
                job = self._upcoming or self._pool.take() or await self._pool.next_job()
                self._upcoming = None
                if not await self._carry(job):
                    return
        finally:
            for job in filter(None, (self._job, self._upcoming)):
                lost = SMTPServerDisconnected("the connection was closed before this message was answered")
                lost.unconfirmed = (
                    job is self._job and self._connection is not None and self._connection.is_unconfirmed
                )
                _settle(job, lost)
            await self._say_goodbye()

    async def _carry(self, job: _Job) -> bool:
        """Deliver this message and those that follow; False when the lane is of no use any more."""
        try:
            await self._connect()
        except asyncio.CancelledError:
            _settle(job, SMTPServerDisconnected("the pool was closed before this message's turn"))
            raise
        except Exception as error:  # noqa: BLE001 -- of the server, or of a token generator
            if isinstance(error, SMTPResponseException) and self._pool.give_back(job, self):
                return False
            _settle(job, error)
            return True
        self._rest = asyncio.get_running_loop().create_future()
        self._begin(job)
        await self._rest
        return True

    def _begin(self, following: _Job | None) -> None:
        """Begin a message; where it ends at once, the next; with none, the lane rests."""
        while following is not None:
            self._job, self._is_beginning = following, True
            assert self._connection is not None  # noqa: S101 -- there is one while there are messages
            self._connection.start(
                self._connection.delivery(following.mail, self._take_upcoming),
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

    def _end(self, receipt: Receipt, error: Exception | None) -> None:
        """One message ended; its failure is its own."""
        job, self._job = self._job, None
        if job is not None and error is not None:
            _settle(job, error)
        elif job is not None:
            self._left -= 1
            if not job.result.done():
                job.result.set_result(receipt)
        if not self._is_beginning:
            self._begin(self._following())

    def _following(self) -> _Job | None:
        if self._left <= 0 or not self.is_connected:
            return None
        job, self._upcoming = self._upcoming or self._pool.take(), None
        return job

    def _take_upcoming(self) -> Mail | None:
        if self._left <= 1:
            return None
        self._upcoming = self._pool.take()
        return self._upcoming.mail if self._upcoming is not None else None

    async def _connect(self) -> None:
        if self._left <= 0:
            await self._say_goodbye()
        if self._connection is None or not self._connection.is_open:
            self._connection = None
            self._use(await establish(self._pool.options))

    def _use(self, connection: Connection) -> None:
        self._connection = connection
        self._left = share(self._pool._limits, connection.extensions.limits)

    async def _say_goodbye(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with contextlib.suppress(SMTPException, RuntimeError):
            if connection.is_idle:
                await connection.execute(commands.QUIT, timeout=_QUIT_SECONDS)
        connection.abort()


def _settle(job: _Job, error: Exception) -> None:
    if not job.result.done():
        job.result.set_exception(error)

"""Connections kept busy by one source of messages, as many as the server takes well.

Every connection is a worker's (smtp/pool/worker.py). A worker asks the source for the next message when it is
free, and its connection opens the next transaction behind the content of the one before; no task or future is made
for a message. How many workers there are is decided by a window that grows with success and shrinks with trouble
(smtp/pool/concurrency.py). A worker takes a message only once it is connected, so a server that is down costs no
row a try.

A server that is down for three cohorts is left for the next one, where there is one. A server that refuses the
login is not: another one would be asked with the same password, and accounts get locked that way.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

from notebookmail.errors import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPNotSupported,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from notebookmail.smtp.handshake import establish
from notebookmail.smtp.quit import say_quit

from .concurrency import ConnectionWindow
from .worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from notebookmail.smtp.connection import Connection
    from notebookmail.smtp.options import ConnectionOptions

    from .jobs import Route, Source


END_OF_DATA_SECONDS = 600.0
"""How long to wait for the one reply that decides between sent and unconfirmed (RFC 5321 4.5.3.2.6)."""

_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 15.0
_CEILING_SECONDS = 60.0


class Pool:
    """Delivers a source's messages over a bounded number of connections.

    Args:
        routes: The servers, the first one first; the others are for when it is down.
        chance: Gives random numbers from 0 to 1, so that clients that failed together do not return together.
    """

    def __init__(self, routes: Sequence[Route], *, chance: Callable[[], float] = random.random) -> None:
        self._routes = list(routes)
        self._chance = chance
        self._source: Source[Any] | None = None
        # In their order, so that a run can be replayed: sets of objects are ordered by where these are in memory.
        self._workers: dict[Worker, None] = {}
        self._serving: dict[Worker, None] = {}  # without those on their way out
        self._idle: dict[Worker, None] = {}
        self._opened: Connection | None = None
        self._ceiling = 0
        self._ceiling_until = 0.0
        self._failures = 0
        self._forgone: set[str] = set()
        self.has_pipelined = False
        """True once the server has answered a whole group of commands."""
        self.has_opened_ahead = False
        """True once it has answered one that stood behind content."""
        self._reconnect: asyncio.TimerHandle | None = None
        self.is_closed = False
        self.is_hurried = False
        """True once there is no time for farewells."""
        self._use_route()

    def _use_route(self) -> None:
        route = self._routes[0]
        self.options, self.limits, self.account = route.options, route.limits, route.account
        self.timeout = route.options.timeout
        self.end_of_data_timeout = max(route.options.timeout or 0.0, END_OF_DATA_SECONDS)
        self._window = ConnectionWindow(route.limits.connections)

    @property
    def endpoint(self) -> str:
        """Where it delivers to now."""
        return self.options.endpoint

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return sum(worker.is_connected for worker in self._workers) + (self._opened is not None)

    @property
    def source(self) -> Source[Any]:
        """Where the messages come from."""
        assert self._source is not None  # noqa: S101 -- there are no workers before `start`
        return self._source

    # --- for who has messages -------------------------------------------------------------------------------

    async def open(self) -> None:
        """Open the first connection, so that unusable settings show before anything is sent.

        Raises:
            SMTPException: No server can be reached, or one refuses us.
        """
        while True:
            try:
                self._opened = await establish(self.options)
            except SMTPException as error:
                if not self._can_pass_on(error):
                    raise
                self._pass_on()
            else:
                return

    def start(self, source: Source[Any]) -> None:
        """Begin to take messages from a source; until `close`."""
        self._source = source
        if self._opened is not None:
            opened, self._opened = self._opened, None
            self._start_worker(opened)
        self.wake()

    def wake(self) -> None:
        """Be told that there may be messages to take again."""
        if self._source is None:  # it begins with a look of its own
            return
        waiting = self._source.waiting() if not self.is_closed else 0
        for _ in range(min(waiting, len(self._idle))):
            self._idle.popitem()[0].wake()
        self._grow(waiting)

    def lower(self) -> bool:
        """Use fewer connections: the server says that it is too much.

        Returns:
            False when another connection has just told the same.
        """
        return self._window.lower()

    def hurry(self) -> None:
        """Give up every message whose end has not gone out; those whose has still wait for their replies."""
        self.is_hurried = True
        for worker in list(self._workers):
            worker.hurry()

    async def close(self) -> None:
        """Say QUIT on idle connections and cut the others; every message that was taken gets its end."""
        self.is_closed = True
        if self._reconnect is not None:
            self._reconnect.cancel()
        workers = list(self._workers)
        for worker in workers:
            worker.close()
        try:
            await asyncio.gather(*(worker.task for worker in workers), return_exceptions=True)
            if self._opened is not None and not self.is_hurried:
                await say_quit(self._opened)
        finally:
            for worker in workers:
                worker.cut()  # one that was cancelled before it began has done nothing
            if self._opened is not None:
                self._opened.abort()
                self._opened = None

    # --- for the workers --------------------------------------------------------------------------------------

    @property
    def forgone(self) -> Collection[str]:
        """The extensions that the server offers and cannot do, as far as that has shown."""
        return self._forgone

    def forgo(self, *keywords: str) -> None:
        """Make no use of these extensions any more, on any connection to this server."""
        self._forgone.update(keywords)
        for worker in self._workers:
            worker.forgo(*keywords)

    def learn(self, connection: Connection) -> None:
        """Take over what has shown of the server on a connection, for all that are to come."""
        self.has_pipelined |= connection.has_pipelined
        self.has_opened_ahead |= connection.has_opened_ahead
        if not connection.is_open and not connection.cannot <= self._forgone:
            self.forgo(*connection.cannot)

    def has_room_for(self, worker: Worker) -> bool:
        """Tell whether a worker may go on; where there are too many, the one that asks is let go."""
        most = self._most() if self._ceiling else self._window.size
        if not self.is_closed and len(self._serving) <= most:
            return True
        self._serving.pop(worker, None)
        return False

    def rest(self, worker: Worker) -> None:
        """Note that a worker waits to be woken."""
        self._idle[worker] = None

    def succeeded(self) -> None:
        """Note that a message was accepted."""
        window = self._window
        window.succeeded()
        self._failures = 0
        if len(self._serving) < window.size:
            self._grow(self.source.waiting())

    def ended(self, worker: Worker) -> None:
        """Note that a worker is no more."""
        self._workers.pop(worker, None)
        self._serving.pop(worker, None)
        self._idle.pop(worker, None)
        if self.is_closed:
            return
        if not self._serving:
            self._reconnect_later()
        elif self._idle:
            self.wake()  # it may have been woken for a message that nobody else has noticed

    def connection_failed(self, worker: Worker, options: ConnectionOptions, error: Exception) -> None:
        """Note that a connection did not come about; the worker ends."""
        self._serving.pop(worker, None)
        if self.is_closed or options is not self.options:  # that server is left already
            return
        if is_hopeless(error):
            self._give_up(error)
        elif isinstance(error, SMTPResponseException) and self._serving:
            # It takes fewer than we asked for. Those it took go on; more are asked for only after a while.
            self._ceiling = len(self._serving)
            self._ceiling_until = asyncio.get_running_loop().time() + _CEILING_SECONDS
        else:
            self._window.failed()
            self._failures += 1
            if self._window.is_down and not self.connections:
                self._leave_server(error)

    def connection_lost(self) -> None:
        """Note that a connection broke in the middle of a message."""
        self._window.failed()

    # --- inside ---------------------------------------------------------------------------------------------

    def _most(self) -> int:
        if self._ceiling and asyncio.get_running_loop().time() < self._ceiling_until:
            return max(1, min(self._window.size, self._ceiling))
        return self._window.size

    def _grow(self, waiting: int) -> None:
        """Start workers while there are messages; where a server is in trouble, `_reconnect_later` does."""
        if self._reconnect is not None or self.is_closed:
            return
        most = self._most() if waiting else 0
        if len(self._serving) >= most:
            return
        free = sum(worker.is_free for worker in self._serving)  # each will take one by itself
        while waiting > free and len(self._serving) < most:
            self._start_worker(None)
            free += 1

    def _start_worker(self, connection: Connection | None) -> None:
        worker = Worker(self, connection)
        self._workers[worker] = self._serving[worker] = None

    def _reconnect_later(self) -> None:
        """No worker is left although there is work: try again after a short wait."""
        if self._reconnect is not None or not self.source.waiting():
            return
        wait = min(_FIRST_WAIT_SECONDS * 2 ** max(0, self._failures - 1), _LONGEST_WAIT_SECONDS)
        seconds = wait * (0.5 + self._chance()) if self._failures else 0.0
        self._reconnect = asyncio.get_running_loop().call_later(seconds, self._reconnect_now)

    def _reconnect_now(self) -> None:
        self._reconnect = None
        if not self.is_closed:
            self._grow(self.source.waiting())

    def _leave_server(self, error: Exception) -> None:
        if self._can_pass_on(error):
            self._pass_on()
        else:
            self._give_up(error)

    def _can_pass_on(self, error: Exception) -> bool:
        return len(self._routes) > 1 and not isinstance(error, SMTPAuthenticationError)

    def _pass_on(self) -> None:
        del self._routes[0]
        self._use_route()
        self._failures = 0
        self._ceiling = 0
        self._forgone.clear()
        self.has_pipelined = self.has_opened_ahead = False

    def _give_up(self, error: Exception) -> None:
        self.is_closed = True
        for worker in list(self._workers):
            worker.retire()
        self.source.unreachable(error)


def is_hopeless(error: Exception) -> bool:
    """Tell what every further connection to this server would meet, too: no login, no TLS, or an error of ours."""
    if isinstance(error, SMTPServerDisconnected | SMTPResponseException):
        return isinstance(error, SMTPAuthenticationError) or error.phase == "tls"
    if isinstance(error, SMTPException):
        return error.phase == "tls" or isinstance(error, SMTPNotSupported)
    return True  # a token generator's, for instance

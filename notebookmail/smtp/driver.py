"""Exchanges: what is done on a connection, driven by what arrives on it.

An exchange is a generator that writes, and yields how many replies it needs before it goes on. It is driven by
what arrives, not by a task, so that a busy connection goes from one message to the next without waiting for its
turn in the event loop; `follow` puts a coroutine's face on it.

Whatever leaves a connection out of step (an error, a timeout, a cancelled wait) closes it, so that no later
command ever receives a late reply. Exceptions get their `phase` and `unconfirmed` here, from the only one who
knows: the protocol machine.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from notebookmail.errors import SMTPException, SMTPReadTimeoutError

from .deadline import Deadline
from .stream import Stream
from .wire.protocol import PHASES, Protocol

if TYPE_CHECKING:
    from notebookmail.response import SMTPResponse

    from .wire.commands import Command

    Done = Callable[[Any, Exception | None], None]

_T = TypeVar("_T")


class Wait(enum.Enum):
    """What an exchange may wait for beside replies."""

    FOR_ROOM = "until there is room to write"
    FOR_GATE = "until its gate is opened"


Exchange = Generator[int | Wait, None, _T]
"""Yields how many replies it needs before it goes on, or what else it waits for; returns what came of it."""


Commit = Callable[[Callable[[Exception | None], None]], bool]
"""Asked before the end of data may reach the wire: True, or the function is called later, with what forbids it."""

log = logging.getLogger("notebookmail.smtp")


@dataclass(slots=True)
class _Current:
    """An exchange under way: what it waits for, how long, and who wants to know its end."""

    exchange: Exchange[Any]
    timeout: float | None
    end_of_data_timeout: float | None
    done: Done
    need: int | Wait | None = None


class _Gate:
    """What an exchange waits at until somebody opens it, or says why not."""

    __slots__ = ("_opened", "error", "is_open")

    def __init__(self, opened: Callable[[_Gate], None]) -> None:
        self._opened = opened
        self.is_open = False
        self.error: Exception | None = None

    def open(self, error: Exception | None = None) -> None:
        self.is_open, self.error = True, error
        self._opened(self)


class Driver:
    """Drives one exchange at a time over a stream: reads what arrives, writes, keeps time."""

    def __init__(self) -> None:
        self._stream = Stream(self)
        self._protocol = Protocol()
        self._deadline = Deadline(self._time_is_up)
        self._current: _Current | None = None
        self._replies: list[SMTPResponse] = []
        self._gate: _Gate | None = None

    # --- what the stream tells ------------------------------------------------------------------------------

    def bytes_received(self, data: bytes) -> None:
        """Read what arrived at once, whoever waits, so that a server out of step is cut off at once."""
        is_logged = log.isEnabledFor(logging.DEBUG)
        is_secret = is_logged and self._protocol.awaits_secret
        try:
            replies = self._protocol.receive(data)
        except SMTPException:
            replies = []  # the protocol keeps the error for whoever comes next
        if is_logged:
            for reply in replies:
                log.debug("< %s", reply.code if is_secret else reply)  # the text may echo what was sent
        self._replies += replies
        if self._protocol.is_over:
            self.abort()
        elif not replies:
            return
        self._advance()

    def may_write_again(self) -> None:
        """Go on where an exchange waited for room to write; the connection may be gone."""
        if not self._stream.is_open:
            self._deadline.close()
        self._advance()

    # --- exchanges --------------------------------------------------------------------------------------------

    def start(
        self,
        exchange: Exchange[Any],
        timeout: float | None,
        end_of_data_timeout: float | None,
        done: Done,
    ) -> None:
        """Drive an exchange from here on.

        Args:
            exchange: Yields how many replies it needs before it goes on.
            timeout: Seconds to wait for each reply and for the server to take more content.
            end_of_data_timeout: Seconds to wait for the reply to an end of data; None for the same.
            done: Called with the exchange's value or its error, once, and perhaps before this returns.
        """
        if self._current is not None:
            raise RuntimeError("this connection is busy")
        self._current = _Current(exchange, timeout, end_of_data_timeout, done)
        self._advance()

    async def follow(
        self, exchange: Exchange[_T], timeout: float | None, end_of_data_timeout: float | None = None
    ) -> _T:
        """Drive an exchange and wait for its end; a cancelled wait closes the connection."""
        end: asyncio.Future[tuple[_T, Exception | None]] = asyncio.get_running_loop().create_future()

        def done(value: _T, error: Exception | None) -> None:
            if not end.done():
                end.set_result((value, error))

        self.start(exchange, timeout, end_of_data_timeout, done)
        try:
            value, error = await end
        except BaseException:
            self._current = None
            self.abort()
            raise
        if error is not None:
            raise error
        return value

    def _advance(self) -> None:
        """Go on with the exchange as far as what arrived allows."""
        current = self._current
        if current is None:
            return
        exchange, need = current.exchange, current.need
        try:
            # Replies are what is waited for most: where they are there, it is seen on the spot.
            while need is None or (len(self._replies) >= need if type(need) is int else self._has(need)):
                need = current.need = next(exchange)
            if self._protocol.fault is not None or not self._stream.is_open:
                self._check_open()
            if need is Wait.FOR_GATE:  # which is ours to open: the server is not waited for
                self._deadline.pause()
            else:
                self._deadline.start(self._patience(current))
        except StopIteration as end:
            self._finish(current, end.value, None)
        except Exception as error:  # noqa: BLE001 -- it is whoever follows the exchange that must hear of it
            self._fail(current, error)

    def _has(self, need: int | Wait) -> bool:
        if need is Wait.FOR_GATE:
            return self._gate is None or self._gate.is_open
        if need is Wait.FOR_ROOM:
            return self._stream.may_write()
        return len(self._replies) >= need

    def _patience(self, current: _Current) -> float | None:
        # By BDAT the end of data is out before the envelope is answered: every reply before its own is waited for.
        if current.end_of_data_timeout is not None and self._protocol.is_unconfirmed:
            return current.end_of_data_timeout
        return current.timeout

    def _fail(self, current: _Current, error: Exception) -> None:
        """Give the error to the exchange, which may know better what it means, and end it."""
        try:
            current.exchange.throw(error)
        except StopIteration as end:
            self._finish(current, end.value, None)
        except Exception as final:  # noqa: BLE001
            if not isinstance(final, SMTPException | ValueError):
                self.abort()  # a bug: nobody knows what state this is in
            self._finish(current, None, final)
        else:
            self._finish(current, None, error)  # nothing to go on with: the connection is closed

    def _finish(self, current: _Current, value: Any, error: Exception | None) -> None:
        self._current = self._gate = None
        current.done(value, error)

    def give_up(self, error: SMTPException) -> None:
        """End the exchange under way with an error, and close the connection."""
        if self._current is not None:
            self._fail(self._current, self._closed_by(error))

    def _time_is_up(self) -> None:
        current = self._current
        if current is not None:
            seconds = self._patience(current)
            what = "take more content" if current.need is Wait.FOR_ROOM else "answer"
            self._fail(
                current,
                self._closed_by(SMTPReadTimeoutError(f"the server did not {what} within {seconds} seconds")),
            )

    # --- what exchanges are made of ---------------------------------------------------------------------

    def awaited(self, count: int) -> Exchange[list[SMTPResponse]]:
        """Make the exchange that waits for so many replies to what was written."""
        yield count
        return self._take(count)

    def _pass_gate(self, commit: Commit | None) -> Exchange[None]:
        """Make the part of an exchange that waits until the end of data may go out.

        Raises:
            Exception: What forbids it.
        """
        if commit is None:
            return
        if not self._is_let_through(commit):
            yield Wait.FOR_GATE
        self._leave_gate()

    def _is_let_through(self, commit: Commit) -> bool:
        """Come to a gate; False waits until it is open. `_leave_gate` must follow."""
        gate = self._gate = _Gate(self._gate_opened)
        return commit(gate.open)

    def _leave_gate(self) -> None:
        """Go on through a gate that is open.

        Raises:
            Exception: What forbids it.
        """
        gate, self._gate = self._gate, None
        if gate is not None and gate.error is not None:
            self.abort()  # in the middle of a transaction
            raise gate.error

    def _gate_opened(self, gate: _Gate) -> None:
        if gate is self._gate:  # else its exchange has ended meanwhile
            self._advance()

    def _take(self, count: int) -> list[SMTPResponse]:
        replies = self._replies
        if len(replies) == count:
            self._replies = []
            return replies
        self._replies = replies[count:]
        return replies[:count]

    def _write(self, group: tuple[Command, ...], content: bytes = b"") -> None:
        try:
            self._check_open()
            written = self._protocol.write(*group)
        except SMTPException as error:
            error.phase = error.phase or PHASES.get(group[0].verb)
            raise self._closed_by(error) from error.__cause__
        self._stream.write(content + written if content else written)  # type: ignore[operator] # none before an AUTH
        if log.isEnabledFor(logging.DEBUG):
            log.debug("> %s", " ".join(map(repr, group)))

    def _check_open(self) -> None:
        """Raise what closed the connection, if something did."""
        if self._protocol.fault is not None or not self._stream.is_open:
            error = self._protocol.fault or self._stream.lost()
            raise self._closed_by(error) from error.__cause__

    def _closed_by(self, error: SMTPException) -> SMTPException:
        """Close, and say on the exception what is known about the message under way."""
        error.phase = error.phase or self._protocol.phase
        error.unconfirmed = self._protocol.is_unconfirmed
        self.abort()
        return error

    def abort(self) -> None:
        """Close at once, without a word to the server."""
        self._deadline.close()
        self._stream.abort()

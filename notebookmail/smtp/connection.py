"""One connection to a server: the wire's decisions carried out over a stream.

What is done on a connection is a course: a generator that writes, and yields how many replies it needs before it
goes on. Courses are driven by what arrives, not by tasks, so that a busy connection goes from one message to the
next without waiting for its turn in the event loop; `deliver` and the like put a coroutine's face on them.

Whatever leaves a connection out of step (an error, a timeout, a cancelled wait) closes it, so that no later
command ever receives a late reply. Exceptions get their `phase` and `unconfirmed` here, from the only one who
knows: the protocol machine.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from notebookmail.errors import (
    SMTPConnectError,
    SMTPConnectResponseError,
    SMTPConnectTimeoutError,
    SMTPException,
    SMTPReadTimeoutError,
    SMTPResponseException,
    SMTPServerDisconnected,
    at,
)
from notebookmail.mail import Receipt
from notebookmail.reply import SMTPResponse, SMTPStatus

from .deadline import Deadline
from .stream import Stream
from .wire.commands import END_OF_DATA, Command
from .wire.extensions import Extensions
from .wire.payload import dot_stuff
from .wire.protocol import PHASES, Protocol
from .wire.transaction import goes_by_chunk, judge_end_of_data, opening

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator, Iterator

    from notebookmail.mail import Mail

    from .options import ConnectionOptions
    from .wire.transaction import Opening

    Done = Callable[[Any, Exception | None], None]

_T = TypeVar("_T")
log = logging.getLogger("notebookmail.smtp")

_WRITE_OCTETS = 65_536
"""Content goes to the transport in pieces of about this size, so that a slow server is felt, and timed."""


_ROOM = 0
"""What a course yields to wait for room to write, instead of a number of replies."""


def _no_next_mail() -> Mail | None:
    return None


@dataclass(slots=True)
class _Run:
    """A course under way: what it waits for, how long, and who wants to know its end."""

    course: Generator[int, None, Any]
    timeout: float | None
    end_of_data_timeout: float | None
    done: Done
    need: int | None = None


class Connection:
    """A session with a server.

    Attributes:
        greeting: The server's first reply.
        extensions: What its EHLO reply offers; empty before that.
    """

    def __init__(self) -> None:
        self.greeting = SMTPResponse(SMTPStatus.invalid_response, "")
        self.extensions = Extensions()
        self._stream = Stream(self)
        self._protocol = Protocol()
        self._deadline = Deadline(self._time_is_up)
        self._run: _Run | None = None
        self._replies: list[SMTPResponse] = []
        self._needs_reset = False
        self._ahead: tuple[Mail, Opening, tuple[Command, ...]] | None = None

    @classmethod
    async def open(cls, options: ConnectionOptions) -> Connection:
        """Connect and read the greeting.

        Raises:
            SMTPConnectError and its subclasses: There is no usable connection.
        """
        connection = cls()
        try:
            await connection._stream.open(options)
            (connection.greeting,) = await connection._follow(connection._exchange(1), options.timeout)
        except SMTPResponseException as problem:
            raise at("connect", SMTPConnectResponseError(problem.code, problem.message)) from problem
        except SMTPReadTimeoutError as problem:
            late = f"{options.endpoint} sent no greeting within {options.timeout} seconds"
            raise at("connect", SMTPConnectTimeoutError(late)) from problem
        except SMTPServerDisconnected as problem:
            lost = f"{options.endpoint} closed the connection before its greeting"
            raise at("connect", SMTPConnectError(lost)) from problem
        if connection.greeting.code != SMTPStatus.ready:
            connection.abort()
            raise at("connect", SMTPConnectResponseError(*connection.greeting))
        return connection

    @property
    def is_open(self) -> bool:
        """True while commands may be written."""
        return self._stream.is_open and not self._protocol.is_over

    @property
    def is_idle(self) -> bool:
        """True when no reply is awaited and no transaction was begun for a message to come."""
        return self.is_open and self._protocol.is_clean and self._ahead is None

    @property
    def begun(self) -> Mail | None:
        """The mail whose transaction was opened ahead: it has to be delivered next, or the connection closed."""
        return self._ahead[0] if self._ahead is not None else None

    @property
    def is_unconfirmed(self) -> bool:
        """True when the end of data was handed out and its reply has not come, also after closing."""
        return self._protocol.is_unconfirmed

    @property
    def is_tls(self) -> bool:
        """True when everything travels encrypted."""
        return self._stream.is_tls

    @property
    def stream(self) -> Stream:
        """The stream below, for its transport's facts."""
        return self._stream

    # --- what the stream tells ------------------------------------------------------------------------------

    def take_in(self, data: bytes) -> None:
        """Bytes arrived: read them at once, whoever waits, so that a server out of step is cut off at once."""
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

    def look_up(self) -> None:
        """There is room to write again, or the connection is gone."""
        if not self._stream.is_open:
            self._deadline.close()
        self._advance()

    # --- courses --------------------------------------------------------------------------------------------

    def start(
        self,
        course: Generator[int, None, Any],
        timeout: float | None,
        end_of_data_timeout: float | None,
        done: Done,
    ) -> None:
        """Drive a course from here on.

        Args:
            course: Yields how many replies it needs before it goes on.
            timeout: Seconds to wait for each reply and for the server to take more content.
            end_of_data_timeout: Seconds to wait for the reply to an end of data; None for the same.
            done: Called with the course's value or its error, once, and perhaps before this returns.
        """
        if self._run is not None:
            raise RuntimeError("this connection is busy")
        self._run = _Run(course, timeout, end_of_data_timeout, done)
        self._advance()

    async def _follow(
        self, course: Generator[int, None, _T], timeout: float | None, end_of_data_timeout: float | None = None
    ) -> _T:
        """Drive a course and wait for its end; a cancelled wait closes the connection."""
        end: asyncio.Future[tuple[_T, Exception | None]] = asyncio.get_running_loop().create_future()

        def done(value: _T, error: Exception | None) -> None:
            if not end.done():
                end.set_result((value, error))

        self.start(course, timeout, end_of_data_timeout, done)
        try:
            value, error = await end
        except BaseException:
            self._run = None
            self.abort()
            raise
        if error is not None:
            raise error
        return value

    def _advance(self) -> None:
        """Go on with the course as far as what arrived allows."""
        run = self._run
        if run is None:
            return
        try:
            while self._has(run.need):
                run.need = next(run.course)
            self._check_open()
            self._deadline.start(self._patience(run))
        except StopIteration as end:
            self._finish(run, end.value, None)
        except Exception as error:  # noqa: BLE001 -- it is whoever follows the course that must hear of it
            self._fail(run, error)

    def _has(self, need: int | None) -> bool:
        if not need:
            return need is None or self._stream.has_room
        return len(self._replies) >= need

    def _patience(self, run: _Run) -> float | None:
        if run.end_of_data_timeout is not None and self._protocol.phase == "end_of_data":
            return run.end_of_data_timeout
        return run.timeout

    def _fail(self, run: _Run, error: Exception) -> None:
        """Give the error to the course, which may know better what it means, and end it."""
        try:
            run.course.throw(error)
        except StopIteration as end:
            self._finish(run, end.value, None)
        except Exception as final:  # noqa: BLE001
            if not isinstance(final, SMTPException | ValueError):
                self.abort()  # a bug: nobody knows what state this is in
            self._finish(run, None, final)
        else:
            self._finish(run, None, error)  # nothing to go on with: the connection is closed

    def _finish(self, run: _Run, value: Any, error: Exception | None) -> None:
        self._run = None
        run.done(value, error)

    def _time_is_up(self) -> None:
        run = self._run
        if run is not None:
            seconds = self._patience(run)
            what = "answer" if run.need else "take more content"
            self._fail(
                run, self._closed_by(SMTPReadTimeoutError(f"the server did not {what} within {seconds} seconds"))
            )

    # --- commands, one at a time or in groups ---------------------------------------------------------------

    async def execute(self, *group: Command, timeout: float | None) -> list[SMTPResponse]:
        """Write a group of commands and wait for all its replies.

        Args:
            group: Commands; only the last may be one that ends a group (RFC 2920 3.1).
            timeout: Seconds to wait for each reply.

        Raises:
            SMTPServerDisconnected, SMTPReadTimeoutError, SMTPResponseException: And the connection is closed.
        """
        self._write(group)
        return await self._follow(self._exchange(len(group)), timeout)

    def _exchange(self, count: int) -> Generator[int, None, list[SMTPResponse]]:
        yield count
        return self._take(count)

    def _take(self, count: int) -> list[SMTPResponse]:
        replies = self._replies[:count]
        del self._replies[:count]
        return replies

    def _write(self, group: tuple[Command, ...], content: bytes = b"") -> None:
        try:
            self._check_open()
            written = self._protocol.write(*group)
        except SMTPException as error:
            error.phase = error.phase or PHASES.get(group[0].verb)
            raise self._closed_by(error) from error.__cause__
        self._stream.write(content + written if content else written)
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

    # --- TLS and ending -------------------------------------------------------------------------------------

    async def start_tls(self, context: ssl.SSLContext, hostname: str, timeout: float | None) -> None:
        """Go on under TLS after the server's 220; what it offered in clear is forgotten (RFC 3207 4.2).

        Raises:
            SMTPConnectError: TLS failed, and the connection is closed for good.
        """
        try:
            self._protocol.tls_started()
            await self._stream.start_tls(context, hostname, timeout)
        except SMTPException as error:
            error.phase = "tls"
            self.abort()
            raise
        self.extensions = Extensions()

    def abort(self) -> None:
        """Close at once, without a word to the server."""
        self._deadline.close()
        self._stream.abort()

    # --- transactions ---------------------------------------------------------------------------------------

    async def deliver(
        self,
        mail: Mail,
        *,
        timeout: float | None,
        end_of_data_timeout: float | None,
        next_mail: Callable[[], Mail | None] = _no_next_mail,
    ) -> Receipt:
        """Send one message.

        Args:
            mail: Envelope and content.
            timeout: Seconds to wait for each reply and for the server to take more content.
            end_of_data_timeout: Seconds to wait for the reply to the end of data.
            next_mail: Asked once, when the content is about to go out on a connection that can pipeline: the mail
                whose transaction shall be opened behind it. The caller then delivers that one next.

        Raises:
            SMTPException: With `phase`, and `unconfirmed` when the message may have been delivered.
            ValueError: A control character in an address or option.
        """
        return await self._follow(self.delivery(mail, next_mail), timeout, end_of_data_timeout)

    def delivery(self, mail: Mail, next_mail: Callable[[], Mail | None]) -> Generator[int, None, Receipt]:
        """Make the course that sends one message; see `deliver`."""
        steps, group = self._begin(mail)
        self._needs_reset = True  # until the end of data closes the transaction
        try:
            while True:
                try:
                    yield len(group)
                except SMTPException as lost:
                    group = steps.throw(lost)
                else:
                    group = steps.send(self._take(len(group)))
                self._write(group)
        except StopIteration as done:
            opened = done.value
        if not isinstance(opened, Receipt):
            yield from self._send(mail.segments, self._open_ahead(next_mail))
            (reply,) = self._take(1)
            self._needs_reset = False
            return judge_end_of_data(reply, opened)
        self._needs_reset = False
        return opened

    async def send_content(self, segments: tuple[bytes, ...], *, timeout: float | None) -> SMTPResponse:
        """Send content and the end of data after a 354, and return the server's verdict.

        Args:
            segments: As in Mail.
            timeout: Seconds to wait for the reply, and for the server to take more content.

        Raises:
            SMTPException: With `unconfirmed` when the message may have been delivered.
        """
        await self._follow(self._send(segments, ()), timeout)
        return self._take(1)[0]

    def _begin(self, mail: Mail) -> tuple[Opening, tuple[Command, ...]]:
        """Open the transaction, unless that was done behind the message before."""
        if self._ahead is not None:
            ahead_mail, steps, group = self._ahead
            if ahead_mail is not mail:
                raise RuntimeError("another message's transaction is already open on this connection")
            self._ahead = None
        else:
            steps = opening(mail, self.extensions, reset_first=self._needs_reset)
            group = next(steps)
            self._write(group)
        return steps, group

    def _open_ahead(self, next_mail: Callable[[], Mail | None]) -> tuple[Command, ...]:
        """Begin the next message's transaction in the group that starts with this one's end of data."""
        mail = next_mail() if self.extensions.can_pipeline else None
        if mail is None or goes_by_chunk(mail, self.extensions):
            return ()  # a chunk would be a second message on its way, and it needs no opening
        try:
            steps = opening(mail, self.extensions)
            group = next(steps)
        except (SMTPException, ValueError):
            return ()  # it cannot be sent at all; its own turn will say so
        self._ahead = (mail, steps, group)
        return group

    def _send(self, segments: tuple[bytes, ...], ahead: tuple[Command, ...]) -> Generator[int, None, None]:
        """Write the content, its end and the group behind it, and wait for the reply to the end."""
        if len(segments) == 1 and len(segments[0]) <= _WRITE_OCTETS:
            self._write((END_OF_DATA, *ahead), dot_stuff(segments[0]))
        else:
            *before, last = _cut(segments)
            for piece in before:
                self._check_open()
                self._stream.write(piece)
                yield _ROOM
            self._write((END_OF_DATA, *ahead), last)
        yield 1


def _cut(segments: tuple[bytes, ...]) -> Iterator[bytes]:
    """Dot-stuff content and cut it to sizes in which a stalled server shows."""
    for segment in segments:
        stuffed = dot_stuff(segment)
        for start in range(0, len(stuffed), _WRITE_OCTETS):
            yield stuffed[start : start + _WRITE_OCTETS]

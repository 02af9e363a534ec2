"""One connection to a server: the wire's decisions carried out over a stream.

Whatever leaves a connection out of step (an error, a timeout, a cancelled wait) closes it, so that no later
command ever receives a late reply. Exceptions get their `phase` and `unconfirmed` here, from the only one who
knows: the protocol machine.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

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
from .wire.protocol import Protocol
from .wire.transaction import goes_by_chunk, judge_end_of_data, opening

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from notebookmail.mail import Mail

    from .options import ConnectionOptions
    from .wire.transaction import Opened, Opening

log = logging.getLogger("notebookmail.smtp")

_WRITE_OCTETS = 65_536
"""Content goes to the transport in pieces of about this size, so that a slow server is felt, and timed."""


def _no_next_mail() -> Mail | None:
    return None


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
        self._deadline = Deadline()
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
            (connection.greeting,) = await connection._await_replies(1, options.timeout)
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
        is_secret = self._protocol.awaits_secret
        try:
            replies = self._protocol.receive(data)
        except SMTPException:
            replies = []  # the protocol keeps the error for whoever comes next
        if log.isEnabledFor(logging.DEBUG):
            for reply in replies:
                log.debug("< %s", reply.code if is_secret else reply)  # the text may echo what was sent
        self._replies += replies
        if self._protocol.is_over:
            self.abort()
        elif not replies:
            return
        self._deadline.wake()

    def look_up(self) -> None:
        """There is room to write again, or the connection is gone."""
        if not self._stream.is_open:
            self._deadline.close()
        self._deadline.wake()

    # --- commands, one at a time or in groups ---------------------------------------------------------------

    async def execute(
        self, *group: Command, timeout: float | None, end_of_data_timeout: float | None = None
    ) -> list[SMTPResponse]:
        """Write a group of commands and wait for all its replies.

        Args:
            group: Commands; only the last may be one that ends a group (RFC 2920 3.1).
            timeout: Seconds to wait for each reply.
            end_of_data_timeout: Seconds to wait for the reply to an end of data, if not the same.

        Raises:
            SMTPServerDisconnected, SMTPReadTimeoutError, SMTPResponseException: And the connection is closed.
        """
        self._write(group)
        return await self._await_replies(len(group), timeout, end_of_data_timeout)

    def _write(self, group: tuple[Command, ...], content: bytes = b"") -> None:
        self._check_open()
        written = self._protocol.write(*group)
        self._stream.write(content + written if content else written)
        if log.isEnabledFor(logging.DEBUG):
            log.debug("> %s", " ".join(map(repr, group)))

    def _check_open(self) -> None:
        """Raise what closed the connection, if something did."""
        if self._protocol.fault is not None or not self._stream.is_open:
            error = self._protocol.fault or self._stream.lost()
            raise self._closed_by(error) from error.__cause__

    async def _await_replies(
        self, count: int, timeout: float | None, end_of_data_timeout: float | None = None
    ) -> list[SMTPResponse]:
        """Wait for so many replies; any way this can end early closes the connection."""
        while len(self._replies) < count:
            is_last = end_of_data_timeout is not None and self._protocol.phase == "end_of_data"
            await self._wait(end_of_data_timeout if is_last else timeout, "the server did not answer")
        replies = self._replies[:count]
        del self._replies[:count]
        return replies

    async def _wait(self, seconds: float | None, what: str) -> None:
        """Wait until something happens: replies, room to write, or the end."""
        self._check_open()
        try:
            is_in_time = await self._deadline.wait(seconds)
        except BaseException:
            self.abort()
            raise
        if not is_in_time:
            raise self._closed_by(SMTPReadTimeoutError(f"{what} within {seconds} seconds"))

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
        opened = await self._open_transaction(mail, timeout, end_of_data_timeout)
        if isinstance(opened, Receipt):
            return opened
        ahead = self._open_ahead(next_mail)
        segments = mail.segments
        if len(segments) == 1 and len(segments[0]) <= _WRITE_OCTETS:
            self._write((END_OF_DATA, *ahead), dot_stuff(segments[0]))
        else:
            await self._write_content(segments, ahead, timeout)
        (reply,) = await self._await_replies(1, end_of_data_timeout)
        self._needs_reset = False
        return judge_end_of_data(reply, opened)

    async def send_content(self, segments: tuple[bytes, ...], *, timeout: float | None) -> SMTPResponse:
        """Send content and the end of data after a 354, and return the server's verdict.

        Args:
            segments: As in Mail.
            timeout: Seconds to wait for the reply, and for the server to take more content.

        Raises:
            SMTPException: With `unconfirmed` when the message may have been delivered.
        """
        await self._write_content(segments, (), timeout)
        return (await self._await_replies(1, timeout))[0]

    async def _open_transaction(
        self, mail: Mail, timeout: float | None, end_of_data_timeout: float | None
    ) -> Opened | Receipt:
        if self._ahead is not None:
            ahead_mail, steps, group = self._ahead
            if ahead_mail is not mail:
                raise RuntimeError("another message's transaction is already open on this connection")
            self._ahead = None
            replies, self._replies = self._replies, []
            if len(replies) != len(group):  # most often they came with the reply to the message before
                self._replies = replies
                replies = await self._await_replies(len(group), timeout)
        else:
            steps = opening(mail, self.extensions, reset_first=self._needs_reset)
            group = next(steps)
            replies = await self.execute(*group, timeout=timeout, end_of_data_timeout=end_of_data_timeout)
        self._needs_reset = True  # until the end of data closes the transaction
        try:
            while True:
                group = steps.send(replies)
                replies = await self.execute(*group, timeout=timeout, end_of_data_timeout=end_of_data_timeout)
        except StopIteration as done:
            opened: Opened | Receipt = done.value
        if isinstance(opened, Receipt):
            self._needs_reset = False
        return opened

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

    async def _write_content(
        self, segments: tuple[bytes, ...], ahead: tuple[Command, ...], timeout: float | None
    ) -> None:
        *before, last = _cut(segments)
        for piece in before:
            self._check_open()
            self._stream.write(piece)
            while not self._stream.has_room:
                await self._wait(timeout, "the server took no more content")
        self._write((END_OF_DATA, *ahead), last)


def _cut(segments: tuple[bytes, ...]) -> Iterator[bytes]:
    """Dot-stuff content and cut it to sizes in which a stalled server shows."""
    for segment in segments:
        stuffed = dot_stuff(segment)
        for start in range(0, len(stuffed), _WRITE_OCTETS):
            yield stuffed[start : start + _WRITE_OCTETS]

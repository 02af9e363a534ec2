"""One connection to a server: the wire's decisions carried out over a stream.

Opening, single commands, TLS, and whole messages; driver.py drives them.
"""

from __future__ import annotations

import contextlib
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
from notebookmail.mail.message import Receipt
from notebookmail.response import SMTPResponse
from notebookmail.status import SMTPStatus

from .driver import Driver, Wait
from .wire.commands import END_OF_DATA, RSET, Command
from .wire.extensions import Extensions
from .wire.payload import dot_stuff
from .wire.transaction import Unanswered, goes_by_chunk, is_accepted, judge_end_of_data, opening

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from notebookmail.mail.message import Mail

    from .driver import Commit, Exchange
    from .options import ConnectionOptions
    from .stream import Stream
    from .wire.transaction import Opening

_NOT_KNOWN = range(500, 505)
_WRITE_OCTETS = 65_536
"""Content goes to the transport in pieces of about this size, so that a slow server is felt, and timed."""


def _no_next_mail() -> Mail | None:
    return None


class Connection(Driver):
    """A session with a server.

    Attributes:
        greeting: The server's first reply.
        extensions: What its EHLO reply offers; empty before that.
        unused: Extensions that are not made use of, whatever is offered.
        has_pipelined: True once the server is known to have answered a whole group of commands.
        has_opened_ahead: True once it is known to have answered one that stood behind content.
        cannot: Extensions that the server offers and, as has shown, cannot do.
    """

    def __init__(self) -> None:
        super().__init__()
        self.greeting = SMTPResponse(SMTPStatus.invalid_response, "")
        self.extensions = Extensions()
        self.unused: frozenset[str] = frozenset()
        self.has_pipelined = False
        self.has_opened_ahead = False
        self.cannot: set[str] = set()
        self._needs_reset = False
        self._ahead: tuple[Mail, Opening, tuple[Command, ...]] | None = None

    @classmethod
    async def open(cls, options: ConnectionOptions) -> Connection:
        """Connect and read the greeting.

        Raises:
            SMTPConnectError and its subclasses: There is no usable connection.
        """
        connection = cls()
        connection.unused = options.unused
        await connection._stream.open(options)
        await connection.hear_greeting(options)
        return connection

    async def hear_greeting(self, options: ConnectionOptions) -> None:
        """Wait for the server's first reply.

        Raises:
            SMTPConnectError and its subclasses: It does not come, or is a refusal; the connection is closed.
        """
        try:
            (self.greeting,) = await self.follow(self.awaited(1), options.timeout)
        except SMTPResponseException as problem:
            raise at("connect", SMTPConnectResponseError(problem.code, problem.message)) from problem
        except SMTPReadTimeoutError as problem:
            late = f"{options.where} sent no greeting within {options.timeout} seconds"
            raise at("connect", SMTPConnectTimeoutError(late)) from problem
        except SMTPServerDisconnected as problem:
            lost = f"{options.where} closed the connection before its greeting"
            raise at("connect", SMTPConnectError(lost)) from problem
        if self.greeting.code != SMTPStatus.ready:
            self.abort()
            raise at("connect", SMTPConnectResponseError(*self.greeting))

    def forgo(self, *keywords: str) -> None:
        """Make no use of these extensions any more, from the next transaction on."""
        self.unused = self.unused.union(keywords)
        self.extensions = self.extensions.without(*keywords)

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

    # --- commands, one at a time or in groups ---------------------------------------------------------------

    async def execute(self, *group: Command, timeout: float | None) -> list[SMTPResponse]:
        """Write a group of commands and wait for all its replies.

        Args:
            group: Commands; only the last may be one that ends a group (RFC 2920 3.1).
            timeout: Seconds to wait for each reply.

        Raises:
            SMTPServerDisconnected, SMTPReadTimeoutError, SMTPResponseException: And the connection is closed.
            SMTPConnectError: Likewise; TLS was refused behind its handshake.
        """
        await self._stream.hear_alert()
        self._write(group)
        return await self.follow(self.awaited(len(group)), timeout)

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
        return await self.follow(self.delivery(mail, next_mail), timeout, end_of_data_timeout)

    def delivery(
        self, mail: Mail, next_mail: Callable[[], Mail | None], commit: Commit | None = None
    ) -> Exchange[Receipt]:
        """Make the exchange that sends one message; see `deliver`.

        Args:
            mail: As for `deliver`.
            next_mail: As for `deliver`.
            commit: Asked before the end of data may reach the wire; what it forbids closes the connection.
        """
        steps, group, is_written = self._begin(mail)
        try:
            while True:
                if not is_written:
                    if group[-1].verb == "BDAT":
                        yield from self._pass_gate(commit)
                    self._write(group)
                self._needs_reset = True  # until the end of data closes the transaction
                try:
                    yield len(group)
                except SMTPException as lost:
                    group = self._cut_short(steps, group, lost, is_ahead=is_written)
                else:
                    self.has_opened_ahead |= is_written
                    group = steps.send(self._answers(group))
                is_written = False
        except StopIteration as done:
            opened = done.value
        if not isinstance(opened, Receipt):
            ahead = self._open_ahead(next_mail)
            try:
                yield from self._send(mail.segments, ahead, commit)
            except SMTPServerDisconnected:
                if ahead and not self.has_opened_ahead:  # one message may be in doubt for it, no second one
                    self.cannot.add("pipelining")
                raise
            (reply,) = self._take(1)
            self._needs_reset = False
            return judge_end_of_data(reply, opened)
        self._needs_reset = False
        return opened

    def _answers(self, group: tuple[Command, ...]) -> list[SMTPResponse]:
        """Take the replies to a group."""
        replies = self._take(len(group))
        self.has_pipelined |= len(group) > 1
        if group[-1].verb == "BDAT" and not is_accepted(replies[-1]):
            self.abort()  # RFC 3030 2 wants the octets discarded: a server that does not reads them as commands
            if replies[-1].code in _NOT_KNOWN:
                self.cannot.add("chunking")
        return replies

    def _cut_short(
        self, steps: Opening, group: tuple[Command, ...], lost: SMTPException, *, is_ahead: bool
    ) -> tuple[Command, ...]:
        """Let the transaction judge the replies that came before the connection ended.

        Raises:
            SMTPException: What they amount to, or what ended the connection.
        """
        replies = self._take(len(group))
        if len(group) > 1 and self._looks_out_of_step(replies, lost, is_ahead=is_ahead):
            self.cannot.add("pipelining")
        try:
            return steps.throw(Unanswered(replies, lost))
        except Unanswered:
            raise lost from lost.__cause__

    def _looks_out_of_step(self, replies: list[SMTPResponse], lost: SMTPException, *, is_ahead: bool) -> bool:
        """Tell whether a group ended as with a server that drops, or will not have, what comes in one piece.

        One that answered groups before may just be gone; but behind content silence is telling.
        """
        if not isinstance(lost, SMTPReadTimeoutError):
            return not self.has_pipelined
        return not replies if is_ahead else bool(replies) and not self.has_pipelined

    async def reset(self, timeout: float | None) -> None:
        """Break off a transaction that was refused, if one is left open; what the server says to it is no news.

        Args:
            timeout: Seconds to wait for the reply.
        """
        if not self._needs_reset or not self.is_idle:
            return
        with contextlib.suppress(SMTPException):  # the refusal is what the caller must hear of
            (reply,) = await self.execute(RSET, timeout=timeout)
            self._needs_reset = not is_accepted(reply)

    async def send_content(self, segments: tuple[bytes, ...], *, timeout: float | None) -> SMTPResponse:
        """Send content and the end of data after a 354, and return the server's verdict.

        Args:
            segments: As in Mail.
            timeout: Seconds to wait for the reply, and for the server to take more content.

        Raises:
            SMTPException: With `unconfirmed` when the message may have been delivered.
        """
        await self.follow(self._send(segments, (), None), timeout)
        return self._take(1)[0]

    def _begin(self, mail: Mail) -> tuple[Opening, tuple[Command, ...], bool]:
        """Decide how to open the transaction; the last value tells whether that is done already."""
        if self._ahead is not None:
            ahead_mail, steps, group = self._ahead
            if ahead_mail is not mail:
                raise RuntimeError("another message's transaction is already open on this connection")
            self._ahead = None
            return steps, group, True
        steps = opening(mail, self.extensions, reset_first=self._needs_reset)
        return steps, next(steps), False

    def _open_ahead(self, next_mail: Callable[[], Mail | None]) -> tuple[Command, ...]:
        """Begin the next message's transaction in the group that starts with this one's end of data."""
        mail = next_mail() if self.extensions.can_open_ahead else None
        if mail is None or goes_by_chunk(mail, self.extensions):
            return ()  # a chunk would be a second message on its way, and it needs no opening
        try:
            steps = opening(mail, self.extensions)
            group = next(steps)
        except (SMTPException, ValueError):
            return ()  # it cannot be sent at all; its own turn will say so
        self._ahead = (mail, steps, group)
        return group

    def _send(
        self, segments: tuple[bytes, ...], ahead: tuple[Command, ...], commit: Commit | None
    ) -> Exchange[None]:
        """Write the content, its end and the group behind it, and wait for the reply to the end."""
        *before, last = _cut(segments)
        for piece in before:
            self._check_open()
            self._stream.write(piece)
            yield Wait.FOR_ROOM
        # As `_pass_gate`, without a generator more for every message.
        if commit is not None and not self._is_let_through(commit):
            yield Wait.FOR_GATE
        self._leave_gate()
        if before:
            yield Wait.FOR_ROOM  # for what came while the gate was closed
        self._write((END_OF_DATA, *ahead), last)
        yield 1


def _cut(segments: tuple[bytes, ...]) -> list[bytes]:
    """Dot-stuff content and cut it to sizes in which a stalled server shows."""
    pieces = []
    for segment in segments:
        stuffed = dot_stuff(segment)
        if len(stuffed) <= _WRITE_OCTETS:
            pieces.append(stuffed)
        else:
            pieces += [stuffed[start : start + _WRITE_OCTETS] for start in range(0, len(stuffed), _WRITE_OCTETS)]
    return pieces

"""The public SMTP client: the documented face of aiosmtplib over our own wire.

Transactions stand here, AUTH in login.py, connecting and the other commands in commands.py. A whole message takes
its turn as one, so that tasks which share a client never mix theirs; one who sends MAIL, RCPT and DATA by hand
should not share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebookmail.errors import SMTPDataError, SMTPException, SMTPRecipientRefused, SMTPSenderRefused, at
from notebookmail.privacy.secret import seals
from notebookmail.smtp.message.envelope import address_message, read_address, recipients_of, sender_of
from notebookmail.smtp.message.mail_from_message import AnyMessage, mail_from_bytes, mail_from_message
from notebookmail.smtp.options import lists_options
from notebookmail.smtp.wire import commands
from notebookmail.smtp.wire.payload import to_crlf
from notebookmail.smtp.wire.transaction import is_accepted
from notebookmail.status import SMTPStatus
from notebookmail.sync import can_nest, run_nested, run_sync, running_loop

from .connecting import DEFAULT, Timeout
from .login import Login
from .turns import QueuedTurn

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence
    from typing import Unpack

    from notebookmail.mail.message import Envelope
    from notebookmail.response import SMTPResponse
    from notebookmail.smtp.connection import Connection
    from notebookmail.smtp.message.envelope import Addressing
    from notebookmail.smtp.options import ConnectionChanges

    from .turns import Make

    SendResult = tuple[dict[str, SMTPResponse], str]


class SMTP(Login):
    """An SMTP client (RFC 5321).

    Args:
        **options: See ConnectionOptions; `connect` takes the same and overrides them. All but the credentials are
            attributes too: what is assigned holds for the next connection, a timeout at once.

    Raises:
        ValueError: Options that contradict each other.

    Example:
        >>> async with SMTP(hostname="smtp.example.org", start_tls=True) as smtp:
        ...     await smtp.send_message(message)
    """

    # --- a transaction by hand --------------------------------------------------------------------------------

    async def mail(
        self,
        sender: str,
        /,
        *,
        options: Iterable[str] | None = None,
        encoding: str = "ascii",
        timeout: Timeout = DEFAULT,
    ) -> SMTPResponse:
        """Begin a transaction (RFC 5321 4.1.1.2).

        Args:
            sender: The reverse-path address, or `Name <address>`; "" is the null sender.
            options: Parameters, such as "SMTPUTF8".
            encoding: "utf-8" for an international address, which also wants the option SMTPUTF8 (RFC 6531).
            timeout: Seconds to wait for the reply.

        Raises:
            SMTPSenderRefused: The server refused.
            ValueError: Not safe to write as an address, or (as UnicodeEncodeError) not in that encoding.
        """
        command = commands.mail(_encodable(read_address(sender), encoding), tuple(options or ()))
        reply = await self._greeted(command, timeout)
        if not is_accepted(reply):
            raise at("mail", SMTPSenderRefused(*reply, sender))
        return reply

    async def rcpt(
        self,
        recipient: str,
        /,
        *,
        options: Iterable[str] | None = None,
        encoding: str = "ascii",
        timeout: Timeout = DEFAULT,
    ) -> SMTPResponse:
        """Name a recipient (RFC 5321 4.1.1.3).

        Args:
            recipient: The forward-path address, or `Name <address>`.
            options: Parameters, such as "NOTIFY=NEVER" (RFC 3461).
            encoding: "utf-8" for an international address.
            timeout: Seconds to wait for the reply.

        Raises:
            SMTPRecipientRefused: The server refused.
            ValueError: Not safe to write as an address, "", or (as UnicodeEncodeError) not in that encoding.
        """
        command = commands.rcpt(_encodable(read_address(recipient), encoding), tuple(options or ()))
        reply = await self._greeted(command, timeout)
        if not is_accepted(reply):
            raise at("rcpt", SMTPRecipientRefused(*reply, recipient))
        return reply

    async def data(self, message: str | bytes, /, *, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Send the content (RFC 5321 4.1.1.4); line ends and dots are taken care of.

        Raises:
            SMTPDataError: The server refused.
        """
        content = to_crlf(message.encode() if isinstance(message, str) else bytes(message))

        async def work(connection: Connection) -> SMTPResponse:
            seconds = self._seconds(timeout)
            await self._hello_if_needed(connection, seconds)
            (reply,) = await connection.execute(commands.DATA, timeout=seconds)
            if reply.code != SMTPStatus.start_input:
                raise at("data", SMTPDataError(*reply))
            reply = await connection.send_content((content,), timeout=seconds)
            if not is_accepted(reply):
                raise at("end_of_data", SMTPDataError(*reply))
            return reply

        return await self._in_turn(work)

    # --- whole messages ---------------------------------------------------------------------------------------

    async def sendmail(
        self,
        sender: str,
        recipients: str | Sequence[str],
        message: str | bytes,
        /,
        *,
        mail_options: Iterable[str] | None = None,
        rcpt_options: Iterable[str] | None = None,
        timeout: Timeout = DEFAULT,
    ) -> SendResult:
        """Send finished content in one transaction.

        All addresses are judged before anything is sent. What is refused is broken off at once: commands by hand
        find a session without a transaction.

        Returns:
            The refused recipients, as they were given, with their replies, and the text of the reply to the end of
            data.

        Raises:
            SMTPSenderRefused, SMTPRecipientsRefused, SMTPDataError: Nothing was delivered.
            SMTPServerDisconnected, SMTPReadTimeoutError: See `unconfirmed` on the exception.
            ValueError: An address that cannot be written safely, or no recipients; nobody gets mail.
        """
        addressing = address_message(sender, recipients)
        mail = mail_from_bytes(addressing.envelope(mail_options, rcpt_options), message)
        return await self._deliver(lambda _: mail, addressing, timeout)

    async def send_message(
        self,
        message: AnyMessage,
        /,
        *,
        sender: str | None = None,
        recipients: str | Sequence[str] | None = None,
        mail_options: Iterable[str] | None = None,
        rcpt_options: Iterable[str] | None = None,
        timeout: Timeout = DEFAULT,
    ) -> SendResult:
        """Send an email.message object; sender and recipients are read from its headers unless given.

        Returns:
            The refused recipients with their replies, and the text of the reply to the end of data.

        Raises:
            ValueError: No sender or recipients to be found, an address that cannot be written safely, or a header
                that cannot be written at all; nobody gets mail.
            SMTPException: As for `sendmail`; SMTPNotSupported where an address needs SMTPUTF8 and it is missing.
        """
        addressing = _addressing(message, sender, recipients)
        envelope = addressing.envelope(mail_options, rcpt_options)
        if self._has_own(_SENDMAIL):
            return await self._hand_on(message, addressing, envelope, timeout)
        return await self._deliver(lambda found: mail_from_message(message, envelope, found), addressing, timeout)

    async def _hand_on(
        self, message: AnyMessage, addressing: Addressing, envelope: Envelope, timeout: Timeout
    ) -> SendResult:
        """Send a message by the `sendmail` of a subclass."""

        async def work(connection: Connection) -> SendResult:
            await self._hello_if_needed(connection, self._seconds(timeout))
            mail = mail_from_message(message, envelope, connection.extensions)
            is_missing = mail.needs_smtputf8 and "SMTPUTF8" not in map(str.upper, envelope.mail_options)
            return await self.sendmail(
                addressing.sender_text,
                list(addressing.recipients),
                b"".join(mail.segments),
                mail_options=[*envelope.mail_options, *(["SMTPUTF8"] if is_missing else [])],
                rcpt_options=list(envelope.rcpt_options),
                timeout=timeout,
            )

        return await self._in_turn(work)

    def sendmail_sync(self, *arguments: Any, **keywords: Any) -> SendResult:
        """Do what `sendmail` does, from code that cannot await: a script, or a notebook's cell.

        A client that is connected on the event loop running here sends over its connection and stays connected.
        Otherwise a connection of its own is opened with the client's options, and closed again.

        Raises:
            SMTPException, ValueError: As for `connect` and `sendmail`.
            RuntimeError: The client is connected on a running loop that cannot be entered twice, such as uvloop's;
                nothing was sent.
        """
        return self._send_sync(lambda client: client.sendmail(*arguments, **keywords))

    def send_message_sync(self, *arguments: Any, **keywords: Any) -> SendResult:
        """Do what `send_message` does, from code that cannot await; see `sendmail_sync`."""
        return self._send_sync(lambda client: client.send_message(*arguments, **keywords))

    def _send_sync(self, send: Callable[[SMTP], Coroutine[Any, Any, SendResult]]) -> SendResult:
        async def over_own_connection() -> SendResult:
            async with self._twin() as client:
                return await send(client)

        loop = running_loop()
        is_ours = loop is not None and self.is_connected and self._loop is loop
        if loop is not None and can_nest(loop):
            return run_nested(send(self) if is_ours else over_own_connection())
        if is_ours:
            raise RuntimeError("the running event loop cannot be entered twice: await the call without _sync")
        return run_sync(over_own_connection())

    async def _deliver(self, make: Make, addressing: Addressing, timeout: Timeout) -> SendResult:
        turn = QueuedTurn(make)

        async def work(connection: Connection) -> SendResult:
            try:
                return await self._transact(connection, make, addressing, timeout)
            except SMTPException as refusal:
                connection = await self._renewed(connection, refusal)
            return await self._transact(connection, make, addressing, timeout)

        return await self._in_turn(work, turn)

    async def _transact(
        self, connection: Connection, make: Make, addressing: Addressing, timeout: Timeout
    ) -> SendResult:
        seconds = self._seconds(timeout)
        await self._hello_if_needed(connection, seconds)
        extensions = connection.extensions
        mail = connection.begun or make(extensions)
        try:
            receipt = await connection.deliver(
                mail,
                timeout=seconds,
                end_of_data_timeout=seconds,
                next_mail=lambda: self._turns.next_mail(extensions),
            )
        except SMTPException as refusal:
            addressing.rename(refusal)
            await connection.reset(seconds)
            raise
        return addressing.named(receipt.refused), receipt.reply.message


_SENDMAIL = SMTP.sendmail


def _encodable(address: str, encoding: str) -> str:
    """Refuse what would go out in another encoding than was asked for; ASCII and UTF-8 are all SMTP has.

    Raises:
        UnicodeEncodeError: Not in that encoding.
        ValueError: No such encoding, or neither of the two.
    """
    try:
        octets = address.encode(encoding)
    except LookupError as problem:
        raise ValueError(f"encoding={encoding!r} is not known: addresses go as ascii or utf-8") from problem
    if octets != address.encode():
        raise ValueError(f"{address!r} cannot be sent as {encoding}: addresses go as ascii or utf-8")
    return address


def _addressing(message: AnyMessage, sender: str | None, recipients: str | Sequence[str] | None) -> Addressing:
    return address_message(
        sender if sender is not None else sender_of(message),
        recipients if recipients is not None else recipients_of(message),
    )


@lists_options
@seals("password")
async def send(
    message: AnyMessage | str | bytes,
    /,
    *,
    sender: str | None = None,
    recipients: str | Sequence[str] | None = None,
    mail_options: Iterable[str] | None = None,
    rcpt_options: Iterable[str] | None = None,
    **options: Unpack[ConnectionChanges],
) -> SendResult:
    """Connect, send one message, quit.

    Args:
        message: An email.message object, or finished content as text or bytes.
        sender: The envelope sender; needed for text and bytes.
        recipients: The envelope recipients; needed for text and bytes.
        mail_options: Parameters of MAIL.
        rcpt_options: Parameters of RCPT.
        **options: The connection options of SMTP.

    Returns:
        The refused recipients with their replies, and the text of the reply to the end of data.

    Raises:
        SMTPException: As for SMTP.connect and SMTP.sendmail.
        ValueError: Missing sender or recipients, or contradicting options.
    """
    client = SMTP(**options)
    if isinstance(message, str | bytes):
        if sender is None or not recipients:
            raise ValueError("a message given as text or bytes needs sender= and recipients=")
        address_message(sender, recipients)
    else:
        _addressing(message, sender, recipients)
    async with client:  # the addresses are good: it is worth a connection
        if isinstance(message, str | bytes):
            assert sender is not None  # noqa: S101 -- seen above, told to the checker
            assert recipients  # noqa: S101
            return await client.sendmail(
                sender, recipients, message, mail_options=mail_options, rcpt_options=rcpt_options
            )
        return await client.send_message(
            message, sender=sender, recipients=recipients, mail_options=mail_options, rcpt_options=rcpt_options
        )

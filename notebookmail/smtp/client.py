"""The public SMTP client: the documented face of aiosmtplib over our own wire.

Transactions and AUTH stand here, connecting and the other commands in dialogue.py. A whole message takes its turn
as one, so that tasks which share a client never mix theirs; one who sends MAIL, RCPT and DATA by hand should not
share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookmail.errors import SMTPDataError, SMTPRecipientRefused, SMTPSenderRefused, at
from notebookmail.reply import SMTPResponse, SMTPStatus

from . import session
from .content import AnyMessage, mail_from_bytes, mail_from_message, make_envelope
from .dialogue import DEFAULT, Dialogue, Timeout
from .wire import auth, commands
from .wire.payload import to_crlf
from .wire.transaction import is_accepted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Unpack

    from notebookmail.mail import Mail

    from .connection import Connection
    from .options import ConnectionChanges
    from .wire.auth import Mechanism
    from .wire.extensions import Extensions

    SendResult = tuple[dict[str, SMTPResponse], str]


class SMTP(Dialogue):
    """An SMTP client (RFC 5321).

    Args:
        **options: See ConnectionOptions; `connect` takes the same and overrides them.

    Raises:
        ValueError: Options that contradict each other.

    Example:
        >>> async with SMTP(hostname="smtp.example.org", start_tls=True) as smtp:
        ...     await smtp.send_message(message)
    """

    # --- a transaction by hand --------------------------------------------------------------------------------

    async def mail(
        self, sender: str, /, *, options: Iterable[str] = (), timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Begin a transaction (RFC 5321 4.1.1.2).

        Raises:
            SMTPSenderRefused: Refused.
            ValueError: Not an address.
        """
        reply = await self._greeted(commands.mail(sender, tuple(options)), timeout)
        if not is_accepted(reply):
            raise at("mail", SMTPSenderRefused(*reply, sender))
        return reply

    async def rcpt(
        self, recipient: str, /, *, options: Iterable[str] = (), timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Name a recipient (RFC 5321 4.1.1.3).

        Raises:
            SMTPRecipientRefused: Refused.
            ValueError: Not an address.
        """
        reply = await self._greeted(commands.rcpt(recipient, tuple(options)), timeout)
        if not is_accepted(reply):
            raise at("rcpt", SMTPRecipientRefused(*reply, recipient))
        return reply

    async def data(self, message: str | bytes, /, *, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Send the content (RFC 5321 4.1.1.4); line ends and dots are taken care of.

        Raises:
            SMTPDataError: Refused.
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

    # --- AUTH -------------------------------------------------------------------------------------------------

    async def login(self, username: str, password: str, /, *, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Log in by the first mechanism that works of those both sides know (RFC 4954).

        Raises:
            SMTPNotSupported: No mechanism in common, or no TLS to a server on another machine.
            SMTPAuthenticationError: Refused.
        """

        async def work(connection: Connection) -> SMTPResponse:
            seconds = self._seconds(timeout)
            await self._ready_for_auth(connection, seconds)
            return await session.login(connection, username, password, seconds)

        return await self._in_turn(work)

    async def auth_plain(self, username: str, password: str, *, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Log in by PLAIN (RFC 4616). Raises SMTPAuthenticationError when refused."""
        return await self._mechanism("PLAIN", auth.plain(username, password), password, timeout)

    async def auth_login(self, username: str, password: str, *, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Log in by LOGIN. Raises SMTPAuthenticationError when refused."""
        return await self._mechanism("LOGIN", auth.login(username, password), password, timeout)

    async def auth_crammd5(self, username: str, password: str, *, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Log in by CRAM-MD5 (RFC 2195). Raises SMTPAuthenticationError when refused."""
        return await self._mechanism("CRAM-MD5", auth.cram_md5(username, password), password, timeout)

    async def auth_xoauth2(self, username: str, access_token: str, *, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Log in by XOAUTH2 with an access token. Raises SMTPAuthenticationError when refused."""
        return await self._mechanism("XOAUTH2", auth.xoauth2(username, access_token), access_token, timeout)

    async def _mechanism(self, name: str, steps: Mechanism, secret: str, timeout: Timeout) -> SMTPResponse:
        async def work(connection: Connection) -> SMTPResponse:
            seconds = self._seconds(timeout)
            await self._ready_for_auth(connection, seconds)
            return await session.run_mechanism(connection, name, steps, (secret,), seconds)

        return await self._in_turn(work)

    async def _ready_for_auth(self, connection: Connection, timeout: float | None) -> None:
        await self._hello_if_needed(connection, timeout)
        session.forbid_clear(connection, allow_plaintext=self._options.allow_plaintext_auth)

    # --- whole messages ---------------------------------------------------------------------------------------

    async def sendmail(
        self,
        sender: str,
        recipients: str | Sequence[str],
        message: str | bytes,
        /,
        *,
        mail_options: Iterable[str] = (),
        rcpt_options: Iterable[str] = (),
        timeout: Timeout = DEFAULT,
    ) -> SendResult:
        """Send finished content in one transaction.

        Returns:
            The refused recipients with their replies, and the text of the reply to the end of data.

        Raises:
            SMTPSenderRefused, SMTPRecipientsRefused, SMTPDataError: Nothing was delivered.
            SMTPServerDisconnected, SMTPReadTimeoutError: See `unconfirmed` on the exception.
            ValueError: A control character in an address, or no recipients.
        """
        envelope = make_envelope(sender, recipients, mail_options, rcpt_options)
        mail = mail_from_bytes(envelope, message)
        return await self._deliver(lambda _: mail, timeout)

    async def send_message(
        self,
        message: AnyMessage,
        /,
        *,
        sender: str | None = None,
        recipients: str | Sequence[str] | None = None,
        mail_options: Iterable[str] = (),
        rcpt_options: Iterable[str] = (),
        timeout: Timeout = DEFAULT,
    ) -> SendResult:
        """Send an email.message object; sender and recipients are read from its headers unless given.

        Returns:
            The refused recipients with their replies, and the text of the reply to the end of data.

        Raises:
            ValueError: No sender or recipients to be found.
            SMTPException: As for `sendmail`; SMTPNotSupported where an address needs SMTPUTF8 and it is missing.
        """

        def make(extensions: Extensions) -> Mail:
            return mail_from_message(
                message,
                extensions,
                sender=sender,
                recipients=recipients,
                mail_options=mail_options,
                rcpt_options=rcpt_options,
            )

        return await self._deliver(make, timeout)

    async def _deliver(self, make: Callable[[Extensions], Mail], timeout: Timeout) -> SendResult:
        async def work(connection: Connection) -> SendResult:
            seconds = self._seconds(timeout)
            await self._hello_if_needed(connection, seconds)
            mail = make(connection.extensions)
            receipt = await connection.deliver(mail, timeout=seconds, end_of_data_timeout=seconds)
            return dict(receipt.refused), receipt.reply.message

        return await self._in_turn(work)


async def send(
    message: AnyMessage | str | bytes,
    /,
    *,
    sender: str | None = None,
    recipients: str | Sequence[str] | None = None,
    mail_options: Iterable[str] = (),
    rcpt_options: Iterable[str] = (),
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
        async with client:
            return await client.sendmail(
                sender, recipients, message, mail_options=mail_options, rcpt_options=rcpt_options
            )
    async with client:
        return await client.send_message(
            message, sender=sender, recipients=recipients, mail_options=mail_options, rcpt_options=rcpt_options
        )

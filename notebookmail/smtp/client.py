"""The public SMTP client: the documented face of aiosmtplib over our own wire.

Whole messages stand here, the single commands in dialogue.py. A transaction takes its turn as one, so that tasks
which share a client never mix theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .content import AnyMessage, mail_from_bytes, mail_from_message, make_envelope
from .dialogue import DEFAULT, Dialogue, Timeout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Unpack

    from notebookmail.mail import Mail
    from notebookmail.reply import SMTPResponse

    from .connection import Connection
    from .options import ConnectionChanges
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

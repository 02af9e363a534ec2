"""From an email.message object, a text or bytes to a mail object.

The caller's message is never changed. Bcc is dropped on a copy; headers are written by header_fields.py, bodies by
the standard library's generator.
"""

from __future__ import annotations

import copy
import io
from email.generator import BytesGenerator
from email.message import EmailMessage, Message
from typing import TYPE_CHECKING

from notebookmail.errors import SMTPNotSupported, at
from notebookmail.mail.header_folding import unfold
from notebookmail.mail.message import Mail
from notebookmail.smtp.wire.payload import to_crlf

from .header_fields import NOT_SUPPORTED, WirePolicy, needs_smtputf8

if TYPE_CHECKING:
    from notebookmail.mail.message import Envelope
    from notebookmail.smtp.wire.extensions import Extensions

AnyMessage = EmailMessage | Message


def mail_from_bytes(envelope: Envelope, message: str | bytes) -> Mail:
    """Make a mail object of finished content; a text is encoded as UTF-8."""
    octets = to_crlf(message.encode() if isinstance(message, str) else bytes(message))
    if octets.isascii():
        return Mail(envelope, (octets,))
    headers = octets.partition(b"\r\n\r\n")[0]
    return Mail(envelope, (octets,), needs_8bit=True, needs_smtputf8=not headers.isascii())


def mail_from_message(message: AnyMessage, envelope: Envelope, extensions: Extensions) -> Mail:
    """Make a mail object of an email.message object, as the server's extensions allow.

    Raises:
        ValueError: A header that cannot be written.
        SMTPNotSupported: An address needs SMTPUTF8 and the server does not offer it; one in Reply-To alone does
            not stop a message.
    """
    outgoing = without_bcc(message)
    is_international = not "".join((envelope.sender, *envelope.recipients)).isascii()
    is_offered = "smtputf8" in extensions
    if not is_offered and (is_international or needs_smtputf8(outgoing, to_be_sent=False)):
        raise at("mail", SMTPNotSupported(NOT_SUPPORTED))
    utf8 = is_offered and (is_international or needs_smtputf8(outgoing))
    octets = flatten(outgoing, utf8=utf8, eight_bit="8bitmime" in extensions)
    return Mail(
        envelope,
        (to_crlf(octets),),
        message_id=_message_id(message),
        needs_8bit=not octets.isascii(),
        needs_smtputf8=utf8,
    )


def _message_id(message: AnyMessage) -> str:
    """Read the Message-ID as it stands: the library's parser knows some that it cannot read, and raises."""
    found = (unfold(str(value)).strip() for name, value in message.raw_items() if name.lower() == "message-id")
    return next(found, "")


def without_bcc(message: AnyMessage) -> AnyMessage:
    """Copy a message's head for the wire."""
    outgoing = copy.copy(message)  # deleting a header gives the copy a header list of its own
    del outgoing["Bcc"]
    del outgoing["Resent-Bcc"]
    return outgoing


def flatten(message: AnyMessage, *, utf8: bool, eight_bit: bool) -> bytes:
    """Write a message out with CRLF line ends.

    Raises:
        ValueError: A header cannot be written.
    """
    policy = WirePolicy(linesep="\r\n", utf8=utf8, cte_type="8bit" if eight_bit else "7bit")
    buffer = io.BytesIO()
    BytesGenerator(buffer, mangle_from_=False, policy=policy).flatten(message)
    return buffer.getvalue()

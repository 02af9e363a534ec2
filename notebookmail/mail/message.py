"""What travels between the wings: a mail object, its envelope, and the receipt for it (RFC 5321 2.3.1).

The envelope is data of its own, never derived from headers: that is what keeps Bcc blind and a forged header
line harmless. Content travels as segments so that a large attachment, encoded once, is shared by all rows. Each is
made once for every row, so they are named tuples: the cheapest values Python has that cannot be changed.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookmail.response import SMTPResponse

_NOBODY: Final[Mapping[str, SMTPResponse]] = MappingProxyType({})


class DeliveryReports(NamedTuple):
    """Reports that are asked for where the server offers them (RFC 3461).

    Attributes:
        notify: On what: of "failure", "delay", "success", or "never" alone.
        envelope_id: What the reports name the message by.
    """

    notify: tuple[str, ...]
    envelope_id: str


class Envelope(NamedTuple):
    """Who a message is from and to, as the server is told (RFC 5321 2.3.1).

    Attributes:
        sender: The reverse-path address; "" is the null sender.
        recipients: The forward-path addresses, at least one.
        mail_options: Further parameters of MAIL, such as "RET=HDRS" (RFC 3461).
        rcpt_options: Further parameters of every RCPT, such as "NOTIFY=NEVER".
        reports: What is to be reported, where the server offers it; None leaves that to the server.
    """

    sender: str
    recipients: tuple[str, ...]
    mail_options: tuple[str, ...] = ()
    rcpt_options: tuple[str, ...] = ()
    reports: DeliveryReports | None = None


class RowContent(NamedTuple):
    """What a row said in its letter, by which several rows of one person are told apart.

    Attributes:
        person: Stands for what the row is known by.
        names: The names of what the letter read.
        digest: Stands for what the row said under them.
    """

    person: int
    names: tuple[str, ...]
    digest: int


class Mail(NamedTuple):
    """A mail object: envelope and content.

    Attributes:
        envelope: The sender and recipients.
        segments: The content in pieces that are sent one after the other. Lines end in CRLF, every piece begins
            at the start of a line and the last ends with CRLF, so that each can be dot-stuffed by itself.
        message_id: The Message-ID header's value, for the results table; "" when unknown.
        needs_8bit: True when a body line holds octets above 127 (RFC 6152).
        needs_smtputf8: True when a header holds raw UTF-8 or an address needs it (RFC 6531).
        copies: The recipients who only get a copy (cc, bcc): whether they take it says nothing about the others.
        said: What its row said, if it was made of one.
    """

    envelope: Envelope
    segments: tuple[bytes, ...]
    message_id: str = ""
    needs_8bit: bool = False
    needs_smtputf8: bool = False
    copies: frozenset[str] = frozenset()
    said: RowContent | None = None

    def __repr__(self) -> str:
        return f"<Mail {self.message_id or 'without a Message-ID'}, {self.size} octets>"

    @property
    def size(self) -> int:
        """Octets of the content, as declared with SIZE (RFC 1870): without dot-stuffing and the final dot."""
        return sum(map(len, self.segments))

    @property
    def content(self) -> bytes:
        """The whole content in one piece."""
        return b"".join(self.segments)


class Receipt(NamedTuple):
    """The server took responsibility for a message (RFC 5321 4.2.5).

    Attributes:
        reply: The reply to the end of data, always 2yz.
        refused: The recipients that were refused, each with its reply; the others were accepted.
    """

    reply: SMTPResponse
    refused: Mapping[str, SMTPResponse] = _NOBODY

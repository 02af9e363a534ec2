"""`Notice`, what one message says about a letter that was sent before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

NoticeKind = Literal[
    "bounce", "delay", "reply", "auto_reply", "complaint", "unsubscribe", "delivered", "other"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """What a message says, as far as it speaks of a letter. Nothing in it is proven: anybody can write a message.

    Attributes:
        kind: What it is.
        is_permanent: Of a bounce, whether the address takes no mail at all (hard), not this one or not now (soft).
        refers_to: Message-IDs without their brackets that it may speak of: those of the returned part first, then
            In-Reply-To, then References, the nearest first.
        envelope_id: The Original-Envelope-Id (RFC 3464 2.2.1), or "".
        came_to: The addresses it was delivered to, where a VERP address is looked for.
        recipients: Whose letter it speaks of: addresses that a report names; of what a person or an answering
            machine writes, its own From.
        code: The enhanced status code, such as "5.1.1", or "".
        reason: What it says, in one line of bounded length.
        sender: The address that it is From, or "".
        subject: Its subject, decoded.
        date: When it says it was written, or None.
        message_id: Its own Message-ID, without brackets, or "".
        digest: 16 octets that stay the same when the message is read again, from another folder or after a new
            UIDVALIDITY.
    """

    kind: NoticeKind
    is_permanent: bool
    refers_to: tuple[str, ...]
    envelope_id: str
    came_to: tuple[str, ...]
    recipients: tuple[str, ...]
    code: str
    reason: str
    sender: str
    subject: str
    date: datetime | None
    message_id: str
    digest: bytes

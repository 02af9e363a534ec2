"""From the octets of one message to the notice that it is: the order of judgement.

What is a form of its own goes first, because nobody writes it by hand: a complaint, a read receipt, a delivery
report. Then who writes: a mail system does not reply, and a person does not bounce.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from .body_text import new_text, one_line, text_of
from .delivery_report import read_report
from .fields import addresses_in, date_of, ids_in, nearest_ids
from .notice import Notice
from .parts import cut, head_and_body

if TYPE_CHECKING:
    from .notice import NoticeKind
    from .parts import ReceivedMessage

_STATUS_TYPES: Final = ("message/delivery-status", "message/global-delivery-status")
_RETURNED_TYPES: Final = (
    "message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers",
)  # fmt: skip
_KINDS: Final[dict[str, NoticeKind]] = {
    "failed": "bounce", "delayed": "delay", "delivered": "delivered", "relayed": "delivered",
    "expanded": "delivered", "": "other",
}  # fmt: skip
_CAME_TO: Final = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to")


def read_notice(content: bytes) -> Notice:
    """Read a message as a notice.

    Args:
        content: The octets of the message as a mailbox holds it, whole or cut off anywhere.

    Returns:
        What it says. Nothing raises, and what is looked at and kept is bounded.
    """
    message = cut(content)
    status = message.part(*_STATUS_TYPES)
    if status is not None:
        return _reported(message, status.content)
    fields = message.fields
    sender = next(iter(addresses_in([fields.words("from")])), "")
    is_reply = message.has_body and bool(sender) and ("in-reply-to" in fields or "references" in fields)
    reason = new_text(text_of(message))
    return _notice(
        message, "reply" if is_reply else "other", reason=reason, recipients=(sender,) if sender else ()
    )


def _reported(message: ReceivedMessage, content: bytes) -> Notice:
    report = read_report(content)
    action = report.action
    chosen = [each for each in report.statuses if each.action == action]
    code = next((each.code for each in chosen if each.code), "")
    reason = next((each.diagnostic for each in chosen if each.diagnostic), "")
    return _notice(
        message,
        _KINDS[action],
        is_permanent=action == "failed" and code.startswith("5.1."),
        envelope_id=report.envelope_id,
        recipients=tuple(dict.fromkeys(each.address for each in chosen if each.address)),
        code=code,
        reason=reason,
    )


def _notice(
    message: ReceivedMessage, kind: NoticeKind, *, is_permanent: bool = False, envelope_id: str = "",
    recipients: tuple[str, ...] = (), code: str = "", reason: str = "",
) -> Notice:  # fmt: skip
    fields = message.fields
    return Notice(
        kind=kind,
        is_permanent=is_permanent,
        refers_to=_refers_to(message),
        envelope_id=envelope_id,
        came_to=tuple(addresses_in(fields.texts(*_CAME_TO))),
        recipients=recipients,
        code=code,
        reason=reason,
        sender=next(iter(addresses_in([fields.words("from")])), ""),
        subject=one_line(fields.words("subject")),
        date=date_of(fields.text("date")),
        message_id=next(iter(ids_in(fields.texts("message-id")[:1])), ""),
        digest=_digest(message),
    )


def _refers_to(message: ReceivedMessage) -> tuple[str, ...]:
    returned = message.part(*_RETURNED_TYPES)
    ids = []
    if returned is not None:
        ids += ids_in(head_and_body(returned.content)[0].texts("message-id"))
    ids += ids_in(message.fields.texts("in-reply-to"))
    return tuple(dict.fromkeys([*ids, *nearest_ids(message.fields.texts("references"))]))


def _digest(message: ReceivedMessage) -> bytes:
    """Digest what identifies a message: its header's own fields, which servers leave as they are."""
    seen = blake2b(digest_size=16)
    for name in ("message-id", "date", "from", "subject"):
        seen.update(b"%d:" % len(message.fields.octets(name)) + message.fields.octets(name))
    if "message-id" not in message.fields:
        seen.update(b"".join(part.body[:4_096] for part in message.parts[:4]))
    return seen.digest()

"""From the octets of one message to the notice that it is: the order of judgement.

What has a form of its own goes first, because nobody writes it by hand: a complaint, a delivery report, a read
receipt. Then who writes: a mail system does not answer, a machine is no person, and a person does not bounce. What
nothing speaks for is "other". A message that is cut off before its header ends may be anything, and so is other.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from .automatic import is_automatic
from .body_text import new_text, one_line, text_of
from .complaint import read_abuse_report
from .delivery_report import gravest, read_report
from .fields import Fields, addresses_in, date_of, ids_in, nearest_ids
from .mail_system import is_mail_system, is_taken_back
from .notice import Notice
from .parts import cut, head_and_body
from .permanence import is_for_good
from .plain_report import read_plain_report
from .report_text import returned_ids, split_report
from .ses_notification import read_ses_notification
from .unsubscribing import ids_in_subject, is_unsubscribing

if TYPE_CHECKING:
    from .notice import NoticeKind
    from .parts import ReceivedMessage, ReceivedPart

_STATUS_TYPES: Final = ("message/delivery-status", "message/global-delivery-status")
_RECEIPT_TYPES: Final = ("message/disposition-notification", "message/global-disposition-notification")
_RETURNED_TYPES: Final = (
    "message/rfc822", "message/global", "text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers",
    "message/global-headers", "text/global-headers",
)  # fmt: skip
_REPORT_TYPES: Final = ("delivery-status", "disposition-notification", "feedback-report", "ipnrn")
_KINDS: Final[dict[str, NoticeKind]] = {
    "failed": "bounce", "delayed": "delay", "delivered": "delivered", "relayed": "delivered",
    "expanded": "delivered",
}  # fmt: skip
_OF_SYSTEMS: Final = frozenset({"bounce", "delay", "delivered", "complaint", "unsubscribe"})
_IDENTIFYING: Final = ("message-id", "date", "from", "subject")
_CAME_TO: Final = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "to")


class _Judgement(NamedTuple):
    """What a message was found to be."""

    kind: NoticeKind
    recipients: tuple[str, ...] = ()
    reason: str = ""
    code: str = ""
    is_permanent: bool = False
    envelope_id: str = ""
    ids: tuple[str, ...] = ()  # that its own form names, before those of the header


def read_notice(content: bytes) -> Notice:
    """Read a message as a notice.

    Args:
        content: The octets of the message as a mailbox holds it, whole or cut off anywhere.

    Returns:
        What it says. Nothing in the octets raises, and what is looked at and kept is bounded.
    """
    message = cut(content)
    returned = _returned(message)
    found = (
        _complaint(message, returned)
        or _delivery_report(message)
        or _receipt(message)
        or _ses_notification(message)
        or _plain_report(message, returned)
        or _letter(message)
    )
    return _notice(message, returned, found)


def _complaint(message: ReceivedMessage, returned: Fields) -> _Judgement | None:
    found = read_abuse_report(message, returned)
    if found is None:
        return None
    return _Judgement(found.kind, found.recipients, found.reason, envelope_id=found.envelope_id)


def _delivery_report(message: ReceivedMessage) -> _Judgement | None:
    """Judge a delivery report, also one that a gateway made text of; what a person forwards is none."""
    part = message.part(*_STATUS_TYPES)
    sureness = is_mail_system(message.fields)
    if not _is_report(message) and (sureness == "no" or is_taken_back(message.fields.words("subject"))):
        return None
    text, _ = split_report(message.texts)
    if part is not None:
        report = read_report(part.content)
    elif sureness == "sure":
        report = read_report(text.encode("utf-8", "replace"))
    else:
        return None
    if not report.statuses:
        return None
    judged = gravest(report, text)
    return _Judgement(
        _KINDS[judged.action],
        judged.addresses,
        judged.reason or one_line(message.fields.words("subject")),
        judged.code,
        judged.is_permanent,
        report.envelope_id,
    )


def _receipt(message: ReceivedMessage) -> _Judgement | None:
    """Judge a receipt of reading, which says nothing of delivery (RFC 8098); but a filter may refuse by one."""
    part = message.part(*_RECEIPT_TYPES)
    if part is None:
        return None
    fields = Fields(part.content.strip(b"\n").partition(b"\n\n")[0])
    disposition = fields.text("disposition").rpartition(";")[2].strip() or "unknown"
    named = (each.rpartition(";")[2] for each in fields.texts("original-recipient", "final-recipient"))
    ids = tuple(ids_in(fields.texts("original-message-id")))
    recipients = tuple(addresses_in(named))
    said = f"{message.fields.words('subject')}\n{message.texts}"
    if disposition.startswith("deleted") and "rejected" in said.lower():  # RFC 5429 2.1.1, of a reader's own rule
        return _Judgement("bounce", recipients, one_line(message.texts), ids=ids)
    return _Judgement("other", recipients, one_line(f"read receipt: {disposition}"), ids=ids)


def _ses_notification(message: ReceivedMessage) -> _Judgement | None:
    found = read_ses_notification(message)
    if found is None:
        return None
    return _Judgement(
        found.kind, found.recipients, found.reason, found.code, is_permanent=found.is_permanent, ids=found.ids
    )


def _plain_report(message: ReceivedMessage, returned: Fields) -> _Judgement | None:
    found = read_plain_report(message, returned)
    if found is None:
        return None
    is_permanent = not found.is_delay and is_for_good(found.code, found.said)
    kind: NoticeKind = "delay" if found.is_delay else "bounce"
    return _Judgement(kind, found.addresses, found.reason, found.code, is_permanent)


def _letter(message: ReceivedMessage) -> _Judgement:
    """Judge what is no report: a letter that a person wrote, or a machine in his name."""
    fields = message.fields
    text = text_of(message)
    new = new_text(text)
    recipients = _sender(fields)
    if not message.has_body or not recipients or _is_report(message) or is_mail_system(fields) == "sure":
        return _Judgement("other", (), new)
    if is_unsubscribing(fields, new):
        return _Judgement("unsubscribe", recipients, new, ids=tuple(ids_in_subject(fields.words("subject"))))
    if is_automatic(fields, text):
        return _Judgement("auto_reply", recipients, new)
    answers = "in-reply-to" in fields or "references" in fields or is_taken_back(fields.words("subject"))
    return _Judgement("reply" if answers else "other", recipients, new)


def _is_report(message: ReceivedMessage) -> bool:
    kind = message.content_type
    return kind.name == "multipart/report" or kind.report_type in _REPORT_TYPES


def _notice(message: ReceivedMessage, returned: Fields, found: _Judgement) -> Notice:
    fields = message.fields
    return Notice(
        kind=found.kind,
        is_permanent=found.is_permanent,
        refers_to=_refers_to(message, returned, found),
        envelope_id=found.envelope_id,
        came_to=tuple(addresses_in(fields.texts(*_CAME_TO))),
        recipients=found.recipients,
        code=found.code,
        reason=found.reason,
        sender=next(iter(_sender(fields)), ""),
        subject=one_line(fields.words("subject")),
        date=date_of(fields.text("date")),
        message_id=next(iter(ids_in(fields.texts("message-id")[:1])), ""),
        digest=_digest(message),
    )


def _sender(fields: Fields) -> tuple[str, ...]:
    return tuple(addresses_in([fields.text("from")])[:1])


def _returned(message: ReceivedMessage) -> Fields:
    """Return the header of the letter that a report returns; empty where it returns none as a part."""
    part: ReceivedPart | None = message.part(*_RETURNED_TYPES)
    return Fields() if part is None else head_and_body(part.content.lstrip(b"\n"))[0]


def _refers_to(message: ReceivedMessage, returned: Fields, found: _Judgement) -> tuple[str, ...]:
    """Collect the letters it may speak of; what a person attaches or quotes is none of them."""
    ids: list[str] = list(found.ids)
    if found.kind in _OF_SYSTEMS:
        ids += ids_in(returned.texts("message-id"))
        ids += returned_ids(message.texts) if not ids else []
    ids += ids_in(message.fields.texts("in-reply-to"))
    ids += nearest_ids(message.fields.texts("references"))
    return tuple(dict.fromkeys(ids))


def _digest(message: ReceivedMessage) -> bytes:
    """Digest what identifies a message: fields of its header that servers leave as they are."""
    seen = blake2b(digest_size=16)
    for name in _IDENTIFYING:
        value = message.fields.octets(name)
        seen.update(b"%d:%b" % (len(value), value))
    if "message-id" not in message.fields:
        for part in message.parts[:4]:
            seen.update(part.body[:4_096])
    return seen.digest()

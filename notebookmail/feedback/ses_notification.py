"""Notifications of Amazon SES that Amazon SNS sends as mail: JSON, with a few words below it.

docs.aws.amazon.com/ses, "Amazon SNS notification contents for Amazon SES". Whoever lets SNS mail them gets these
instead of reports. Every value may be of any kind: a stranger can write JSON.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .body_text import one_line
from .delivery_report import MOST_RECIPIENTS
from .fields import addresses_in, ids_in
from .permanence import code_in

if TYPE_CHECKING:
    from .notice import NoticeKind
    from .parts import ReceivedMessage

_SENDER: Final = "no-reply@sns.amazonaws.com"
_KINDS: Final[dict[str, tuple[NoticeKind, str, str]]] = {
    "Bounce": ("bounce", "bounce", "bouncedRecipients"),
    "Complaint": ("complaint", "complaint", "complainedRecipients"),
    "Delivery": ("delivered", "delivery", "recipients"),
    "DeliveryDelay": ("delay", "deliveryDelay", "delayedRecipients"),
}  # fmt: skip
_OF_ADDRESSES: Final = frozenset({"General", "NoEmail", "Suppressed", "OnAccountSuppressionList", ""})
"""Kinds of permanent bounces that speak of the address."""


@dataclass(frozen=True, slots=True)
class SesNotification:
    """What SES tells of a letter."""

    kind: NoticeKind
    is_permanent: bool
    recipients: tuple[str, ...]
    code: str
    reason: str
    ids: tuple[str, ...]


def read_ses_notification(message: ReceivedMessage) -> SesNotification | None:
    """Read a notification; None if the message is none."""
    if _SENDER not in addresses_in(message.fields.texts("from")):
        return None
    said = _json(message.texts)
    kind = str(said.get("notificationType") or said.get("eventType") or "")
    if kind not in _KINDS:
        return None
    notice_kind, name, recipients_name = _KINDS[kind]
    event, mail = _object(said.get(name)), _object(said.get("mail"))
    told = _list(event.get(recipients_name))[:MOST_RECIPIENTS]
    diagnostic = next(
        (str(each["diagnosticCode"]) for each in map(_object, told) if each.get("diagnosticCode")), ""
    )
    words = [str(event.get(each) or "") for each in ("bounceType", "bounceSubType", "complaintFeedbackType")]
    status = next((str(each["status"]) for each in map(_object, told) if each.get("status")), "")
    return SesNotification(
        notice_kind,
        notice_kind == "bounce" and words[0] == "Permanent" and words[1] in _OF_ADDRESSES,
        tuple(addresses_in(str(_object(each).get("emailAddress") or each) for each in told)),
        code_in(status) or code_in(diagnostic),
        one_line(diagnostic.removeprefix("smtp; ") or " ".join(filter(None, words)) or kind),
        _ids(mail),
    )


def _ids(mail: dict[str, Any]) -> tuple[str, ...]:
    """Return the identifier that SES gave the letter, as it writes it, and the letter's own."""
    own = str(_object(mail.get("commonHeaders")).get("messageId") or "")
    given = str(mail.get("messageId") or "")
    return tuple(ids_in([f"<{given}@email.amazonses.com>" if given else "", own]))


def _json(text: str) -> dict[str, Any]:
    """Return the object that a text begins with, also one that SNS wrapped in a message of its own.

    SNS breaks its lines anywhere, also within a string, and begins the next one with a blank.
    """
    try:
        found = _object(json.JSONDecoder().raw_decode(text.replace("\n ", "").lstrip())[0])
        inner = found.get("Message")
        return _object(json.loads(inner)) if isinstance(inner, str) else found
    except (ValueError, RecursionError):
        return {}


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []

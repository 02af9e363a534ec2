"""Complaints: abuse reports (RFC 5965), also redacted ones (RFC 6590), and Hotmail's older form.

A mailbox provider reports that a reader called a letter spam. Reports of other matters have the same form: that
something is no spam, that a signature failed (RFC 6591), that somebody wants to leave the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .body_text import one_line
from .fields import Fields, addresses_in

if TYPE_CHECKING:
    from .notice import NoticeKind
    from .parts import ReceivedMessage

REPORT_TYPE: Final = "message/feedback-report"
_KINDS: Final[dict[str, NoticeKind]] = {
    "abuse": "complaint", "fraud": "complaint", "virus": "complaint", "": "complaint",
    "opt-out": "unsubscribe", "opt-out-list": "unsubscribe",
}  # fmt: skip
_HOTMAIL_RECIPIENT: Final = "x-hmxmroriginalrecipient"
_REDACTED: Final = ("redacted", "xxx", "***", "removed", "hidden", "undisclosed", "anonym", "suppressed")


@dataclass(frozen=True, slots=True)
class AbuseReport:
    """What a mailbox provider tells of a reader."""

    kind: NoticeKind
    recipients: tuple[str, ...]
    envelope_id: str
    reason: str


def read_abuse_report(message: ReceivedMessage, returned: Fields) -> AbuseReport | None:
    """Read a complaint; None if the message is none.

    Args:
        message: The message.
        returned: The header of the letter that it returns.
    """
    part = message.part(REPORT_TYPE)
    if part is not None:
        return _standard(Fields(part.content.strip(b"\n").partition(b"\n\n")[0]), returned)
    subject = message.fields.words("subject").lower()
    if _HOTMAIL_RECIPIENT in returned and subject.startswith("complaint about message from"):
        recipients = _told(addresses_in(returned.texts(_HOTMAIL_RECIPIENT)))
        return AbuseReport("complaint", recipients, "", "the reader called the letter spam (Hotmail)")
    return None


def _standard(report: Fields, returned: Fields) -> AbuseReport:
    feedback = report.text("feedback-type").split("(")[0].strip().lower()
    named = report.texts("original-rcpt-to", "removal-recipient", "x-hmxmroriginalrecipient")
    recipients = _told(addresses_in(each.removeprefix("rfc822;") for each in named))
    if not recipients:
        recipients = _told(addresses_in(returned.texts(_HOTMAIL_RECIPIENT)))
    if not recipients:
        alone = addresses_in(returned.texts("to", "cc"))
        recipients = _told(alone) if len(alone) == 1 else ()  # of several, nobody knows which
    return AbuseReport(
        _KINDS.get(feedback, "other"),
        recipients,
        report.text("original-envelope-id")[:200],
        one_line(f"{feedback or 'abuse'}, reported by {report.text('user-agent') or 'the mailbox provider'}"),
    )


def _told(addresses: list[str]) -> tuple[str, ...]:
    """Leave out addresses that were made unreadable (RFC 6590)."""
    return tuple(each for each in addresses if not any(mark in each.lower() for mark in _REDACTED))

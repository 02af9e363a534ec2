"""What a delivery report says of its recipients (RFC 3464; RFC 6533, internationalised).

The blocks of message/delivery-status are read as they are written by servers: out of order, with empty lines too
many, without an Action, with addresses in brackets, or as plain text that a gateway made of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .body_text import one_line
from .fields import Fields, addresses_in
from .permanence import code_in, is_for_good
from .report_text import reason_in

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_RECIPIENTS: Final = 100
_ACTIONS: Final = ("failed", "delayed", "delivered", "relayed", "expanded")
_STATUS: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_XTEXT: Final = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_PREFIX: Final = re.compile(r"^[^;@\s]{1,30};\s*")
_NEXT_BLOCK: Final = re.compile(rb"\n[ \t]*\n")
_NEXT_RECIPIENT: Final = re.compile(rb"\n(?=final-recipient[ \t]*:)", re.IGNORECASE)
_BY_FIRST_DIGIT: Final = {"5": "failed", "4": "delayed", "2": "delivered"}


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """What became of a letter for one of its recipients."""

    address: str
    action: str
    code: str
    diagnostic: str


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What became of a letter: for whom, and which one it was."""

    envelope_id: str
    statuses: tuple[RecipientStatus, ...]


@dataclass(frozen=True, slots=True)
class JudgedReport:
    """The gravest of what a report says, and of whom it says that."""

    action: str
    is_permanent: bool
    addresses: tuple[str, ...]
    code: str
    reason: str


def read_report(content: bytes) -> DeliveryReport:
    """Read the fields of a report; lines end in LF."""
    envelope_id, statuses = "", []
    for fields in _blocks(content):
        envelope_id = envelope_id or fields.text("original-envelope-id")[:200]
        if "final-recipient" in fields or "original-recipient" in fields or "action" in fields:
            statuses.append(_status(fields))
    statuses = [each for each in statuses if each.action]  # of what is cut off, nobody knows what it was to say
    return DeliveryReport(envelope_id, tuple(statuses))


def _blocks(content: bytes) -> Iterator[Fields]:
    """Cut at empty lines, and before each further recipient where they are missing."""
    for block in _NEXT_BLOCK.split(content, MOST_RECIPIENTS)[:MOST_RECIPIENTS]:
        fields = Fields(block.strip(b"\n"))
        if len(fields.texts("final-recipient")) > 1:
            yield from map(Fields, _NEXT_RECIPIENT.split(block.strip(b"\n"))[:MOST_RECIPIENTS])
        else:
            yield fields


def gravest(report: DeliveryReport, text: str) -> JudgedReport:
    """Judge a report that has at least one recipient: the gravest counts, and only whose it is.

    Args:
        report: The report.
        text: What it says to people, which tells the reason where its fields tell none.
    """
    actions = {each.action for each in report.statuses}
    action = next(each for each in _ACTIONS if each in actions)
    chosen = [each for each in report.statuses if each.action == action]
    reasons = [each.diagnostic or reason_in(text, [each.address]) for each in chosen]
    if action == "failed":
        verdicts = [is_for_good(each.code, said) for each, said in zip(chosen, reasons, strict=True)]
    else:
        verdicts = [False] * len(chosen)
    is_permanent = any(verdicts)
    own = [number for number, verdict in enumerate(verdicts) if verdict == is_permanent]
    reason = next((reasons[number] for number in own if reasons[number]), "")
    return JudgedReport(
        action,
        is_permanent,
        tuple(dict.fromkeys(chosen[number].address for number in own if chosen[number].address)),
        _clearest(code_in(reason), next((chosen[number].code for number in own if chosen[number].code), "")),
        reason,
    )


def _clearest(said: str, reported: str) -> str:
    """Pick the code that says more: a report's own, unless it says nothing (RFC 3463 3.1)."""
    return said if said and (not reported or reported.endswith(".0.0")) else reported


def _status(fields: Fields) -> RecipientStatus:
    code = _STATUS.search(fields.text("status"))
    diagnostic = one_line(_PREFIX.sub("", fields.words("diagnostic-code"), count=1))
    action = fields.text("action").split("(")[0].split(";")[0].strip().lower()
    if action not in _ACTIONS:
        action = _BY_FIRST_DIGIT[code[1][0]] if code else ""
    return RecipientStatus(_recipient(fields), action, code[1] if code else "", diagnostic)


def _recipient(fields: Fields) -> str:
    """Return the address as it was given by the sender, if the report says so, else the final one."""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        value = _XTEXT.sub(lambda match: chr(min(int(match[1], 16), 0x10FFFF)), fields.text(name))
        found = addresses_in([_PREFIX.sub("", value, count=1)])
        if found:
            return found[0]
    return ""

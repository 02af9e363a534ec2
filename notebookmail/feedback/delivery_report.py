"""What a delivery report says of its recipients (RFC 3464; RFC 6533, internationalised).

The blocks of message/delivery-status are read as they are written by servers: out of order, with empty lines too
many, without an Action, with addresses in brackets, or as plain text that a gateway made of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .body_text import one_line
from .fields import Fields, addresses_in

MOST_RECIPIENTS: Final = 200
_ACTIONS: Final = ("failed", "delayed", "delivered", "relayed", "expanded")
_STATUS: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_XTEXT: Final = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_PREFIX: Final = re.compile(r"^[^;@\s]{1,30};\s*")
_BLANK_LINES: Final = re.compile(rb"\n[ \t]*\n")
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

    @property
    def action(self) -> str:
        """The gravest of the actions, or "" where there is none."""
        actions = {each.action for each in self.statuses}
        return next((action for action in _ACTIONS if action in actions), "")


def read_report(content: bytes) -> DeliveryReport:
    """Read the fields of a report; lines end in LF."""
    envelope_id, statuses = "", []
    for block in _BLANK_LINES.split(content, MOST_RECIPIENTS)[:MOST_RECIPIENTS]:
        fields = Fields(block.strip(b"\n"))
        envelope_id = envelope_id or fields.text("original-envelope-id")[:200]
        if "final-recipient" in fields or "original-recipient" in fields or "action" in fields:
            statuses.append(_status(fields))
    return DeliveryReport(envelope_id, tuple(statuses))


def _status(fields: Fields) -> RecipientStatus:
    code = _STATUS.search(fields.text("status"))
    diagnostic = one_line(_PREFIX.sub("", fields.words("diagnostic-code"), count=1))
    action = fields.text("action").split("(")[0].split(";")[0].strip().lower()
    if action not in _ACTIONS:
        first = (code[1] if code else "5")[0]
        action = _BY_FIRST_DIGIT[first]
    return RecipientStatus(_recipient(fields), action, code[1] if code else "", diagnostic)


def _recipient(fields: Fields) -> str:
    """Return the address as it was given by the sender, if the report says so, else the final one."""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        value = _XTEXT.sub(lambda match: chr(min(int(match[1], 16), 0x10FFFF)), fields.text(name))
        found = addresses_in([_PREFIX.sub("", value, count=1)])
        if found:
            return found[0]
    return ""

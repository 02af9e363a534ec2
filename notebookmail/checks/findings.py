"""What a check can find: remarks about a message, each of a known kind with its remedy.

An error is what send_frame would refuse or fail. A warning is what would go out as asked and looks like a slip; a
check never decides that for the author, so no warning stops a run. What is said of many rows is said in the same
words, so that it can be counted and shown once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class FindingKind:
    """One sort of finding.

    Attributes:
        heading: What it is, as in "37 rows: a greeting without a name".
        remedy: What to do about it.
        is_wording: True for what the author wrote rather than the row: found in every message, it is said once.
    """

    heading: str
    remedy: str
    is_wording: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """What is wrong, whichever row it is about.

    Attributes:
        severity: "error" or "warning".
        kind: A key of KINDS.
        field: The part of the template it is in, or None.
        message: What is wrong.
        remedy: What to do.
        cell: A cell that the message quotes and that may name a person, or "".
    """

    severity: Severity
    kind: str
    field: str | None
    message: str
    remedy: str
    cell: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A remark and the row it is about.

    Attributes:
        position: The row's place in the frame, from 0; None for the call as a whole and for every message.
        row: The row's label, or None.
        severity: "error" or "warning".
        kind: A short name to group by.
        field: The part of the template it is in, or None.
        message: What is wrong.
        remedy: What to do.
    """

    position: int | None
    row: Hashable
    severity: Severity
    kind: str
    field: str | None
    message: str
    remedy: str


def warning(kind: str, field: str | None, message: str) -> Remark:
    """Make the remark on what looks like a slip."""
    return Remark("warning", kind, field, message, KINDS[kind].remedy)


def error(kind: str, field: str | None, message: str) -> Remark:
    """Make the remark on what send_frame would refuse or fail."""
    return Remark("error", kind, field, message, KINDS[kind].remedy)


KINDS: Final[Mapping[str, FindingKind]] = {
    "call": FindingKind(
        "the call cannot be carried out",
        "correct the call; no row was checked",
    ),
    "confirm": FindingKind(
        "another number of messages than confirmed",
        "look at what is left out, or correct confirm=",
    ),
    "template": FindingKind(
        "the row does not fill the template",
        "correct the row or the template",
    ),
    "address": FindingKind(
        "no valid address",
        "correct the cell",
    ),
    "duplicate": FindingKind(
        "the same recipient more than once",
        "drop the rows, or say duplicates='skip' (only the first) or duplicates='send' (all of them)",
    ),
    "too-large": FindingKind(
        "the message is too large",
        "make attachments or figures smaller, or send a link",
    ),
    "not-supported": FindingKind(
        "the server cannot carry the message",
        "use an ASCII address, or another server",
    ),
    "server": FindingKind(
        "the server could not be asked",
        "check host name, port, credentials and network",
    ),
    "typo": FindingKind(
        "the domain looks mistyped",
        "correct the address",
    ),
    "role": FindingKind(
        "the address belongs to no person",
        "ask for the address of somebody who reads it",
    ),
    "reserved": FindingKind(
        "the domain is reserved for examples and tests",
        "use a real address",
    ),
    "same-mailbox": FindingKind(
        "probably the same mailbox as another row",
        "drop one of the rows if it is one person",
    ),
    "twice": FindingKind(
        "somebody is in To and in Cc",
        "take the address out of cc=",
    ),
    "name": FindingKind(
        "the name is somebody else's address",
        "correct the column the name comes from",
    ),
    "greeting": FindingKind(
        "a greeting without a name",
        "fill in the names, or write {{ name or 'colleague' }}",
        is_wording=True,
    ),
    "empty-value": FindingKind(
        "an empty value left a gap",
        "fill in the cell, or print it under {% if %}",
        is_wording=True,
    ),
    "missing-value": FindingKind(
        "a missing value is written out",
        "clean the column; {{ x | default('...') }} prints a stand-in",
        is_wording=True,
    ),
    "number-format": FindingKind(
        "a number is written as a computer writes it",
        "write {{ x | number }} or {{ x | int }}; df[column].astype('Int64') keeps whole numbers beside gaps",
        is_wording=True,
    ),
    "number-name": FindingKind(
        "a number that is a name has lost its form",
        "read the column as text: dtype=str; digits that a spreadsheet rounded away must come from the source",
        is_wording=True,
    ),
    "date-format": FindingKind(
        "a date is written with its midnight",
        "write {{ x | date }}",
        is_wording=True,
    ),
    "day-number": FindingKind(
        "Excel's day numbers among dates",
        "convert them: pd.to_datetime(number, unit='D', origin='1899-12-30')",
        is_wording=True,
    ),
    "line-break": FindingKind(
        "a value begins or ends with a line break",
        "strip the column: df[column].str.strip()",
        is_wording=True,
    ),
    "leftover": FindingKind(
        "template syntax is left in the text",
        "columns are written {{ like_this }}",
        is_wording=True,
    ),
    "subject": FindingKind(
        "the subject wants a look",
        "write one short line that says what it is about",
        is_wording=True,
    ),
    "empty-body": FindingKind(
        "the message has no text",
        "write one, or check the conditions in the template",
        is_wording=True,
    ),
    "attachment": FindingKind(
        "the text speaks of an attachment and there is none",
        "attach the file, or change the text",
        is_wording=True,
    ),
    "alt-text": FindingKind(
        "an image without alternative text",
        'add alt="...": it is read aloud, and shown while images are off',
        is_wording=True,
    ),
    "remote-image": FindingKind(
        "an image that must be fetched",
        "embed it: most programs fetch images only when asked",
        is_wording=True,
    ),
    "data-image": FindingKind(
        "an image as a data: URI",
        "use {{ figure | image }}: Gmail and Outlook show no data: URIs",
        is_wording=True,
    ),
    "link": FindingKind(
        "a link leads nowhere",
        "write the whole address: https://host/path",
        is_wording=True,
    ),
    "link-value": FindingKind(
        "a value cuts a link",
        "write {{ x | urlencode }}",
        is_wording=True,
    ),
    "insecure-link": FindingKind(
        "a link without encryption",
        "write https:// if the site has it",
        is_wording=True,
    ),
    "deceptive-link": FindingKind(
        "a link shows one site and leads to another",
        "show words, or the site it leads to: filters take it for phishing",
        is_wording=True,
    ),
    "left-out": FindingKind(
        "the letter leaves out what the notebook shows",
        "show it as a picture or a table in the notebook, or tag the cell remove-output",
        is_wording=True,
    ),
    "clipped": FindingKind(
        "Gmail may cut the message off",
        "shorten it: Gmail shows 104 kB (102 KiB) of HTML",
        is_wording=True,
    ),
}
"""Every kind of finding; the order is the order among groups of one size."""

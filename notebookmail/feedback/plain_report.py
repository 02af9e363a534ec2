"""Reports of no standard form: what mail systems say in words of a letter that they could not deliver.

qmail, Exim, older Exchange, Domino, Yahoo, Zoho and many more. One rule reads them all, by what they have in
common: a mail system is the sender, says that something failed, names an address, and returns the letter. A sender
that may be a person is believed only if the letter is returned, or, where it is likely none, if its subject says
so; a person who forwards or answers a report writes none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import phrases
from .body_text import one_line
from .fields import addresses_in
from .mail_system import is_mail_system, is_taken_back
from .permanence import code_in
from .report_text import (
    addresses_named,
    reason_in,
    returned_ids,
    returned_recipient,
    returned_to,
    split_report,
)

if TYPE_CHECKING:
    from .fields import Fields
    from .mail_system import Sureness
    from .parts import ReceivedMessage


@dataclass(frozen=True, slots=True)
class PlainReport:
    """What a mail system says in words.

    Attributes:
        is_delay: Whether the letter is still on its way.
        addresses: Whom it was not delivered to.
        code: The enhanced status code, or "".
        reason: The line that says why.
        said: All that it says, for a judgement.
    """

    is_delay: bool
    addresses: tuple[str, ...]
    code: str
    reason: str
    said: str


def read_plain_report(message: ReceivedMessage, returned: Fields) -> PlainReport | None:
    """Read what a mail system says in words; None if it is none, or says nothing of a failure.

    Args:
        message: The message.
        returned: The header of the letter that it returns as a part, if it does.
    """
    fields, subject = message.fields, message.fields.words("subject")
    sureness = is_mail_system(fields)
    if sureness == "no" or (sureness != "sure" and is_taken_back(subject)):
        return None
    report, below = split_report(message.texts)
    said = _lower(f"{subject}\n{report}")
    is_delay = _has(said, phrases.DELAYS) and not _has(said, phrases.GIVEN_UP)
    if not is_delay and not _is_failure(
        sureness, said, _lower(subject), has_letter=bool(returned_ids(below) or returned)
    ):
        return None
    addresses = (
        addresses_in(fields.texts("x-failed-recipients"))
        or addresses_named(report, fields)
        or returned_recipient(returned.texts("to") or returned_to(below))
    )
    reason = reason_in(report, addresses)
    code = code_in(reason) or code_in(report)
    return PlainReport(is_delay, tuple(addresses), code, reason or one_line(subject), f"{reason}\n{said[:4_000]}")


def _is_failure(sureness: Sureness, said: str, subject: str, *, has_letter: bool) -> bool:
    if sureness == "sure" or has_letter:
        return _has(said, phrases.FAILURES)
    return sureness == "likely" and _has(subject, phrases.FAILURES)


def _has(text: str, fragments: tuple[str, ...]) -> bool:
    return any(fragment in text for fragment in fragments)


def _lower(text: str) -> str:
    return text.lower().replace("\u2019", "'")

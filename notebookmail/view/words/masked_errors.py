"""What an error says, masked for saved outputs: the mailboxes that the error itself carries, too.

What masks a text or a label is privacy/masking.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookmail.errors import AddressError, SMTPRecipientRefused, SMTPRecipientsRefused, SMTPSenderRefused
from notebookmail.privacy.masking import mask_text

if TYPE_CHECKING:
    from collections.abc import Iterator


def mask_error(error: Exception, text: str, to: str = "") -> str:
    """Mask what a text about an error gives away: the mailbox it went to, and those the error itself carries."""
    return mask_text(text, to, *_named_in(error))


def quoted(cell: str) -> tuple[str, ...]:
    """Return a cell as it is and as a message quotes it: what is no address has no @ to be known by."""
    text = cell.strip()
    return tuple({each for each in (cell, text, repr(text)[1:-1]) if each})


def _named_in(error: BaseException) -> Iterator[str]:
    if isinstance(error.__cause__, AddressError):  # a row's error says what the address's says
        yield from _named_in(error.__cause__)
    match error:
        case AddressError():
            yield from quoted(error.text)
        case SMTPRecipientRefused():
            yield error.recipient
        case SMTPRecipientsRefused():
            yield from (each.recipient for each in error.recipients)
        case SMTPSenderRefused():
            yield error.sender

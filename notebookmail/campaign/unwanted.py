"""Whom a run may not mail: the addresses of suppress=, and the book of suppressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from notebookmail.compose.identity.same_value import address_text
from notebookmail.privacy.masking import mask_address

from .suppressions import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .suppressions import SuppressedAddresses


class Unwanted(NamedTuple):
    """Addresses never to mail.

    Attributes:
        listed: Those of this call, as they are compared.
        book: Those of the journal; None for none.
    """

    listed: frozenset[str] = frozenset()
    book: SuppressedAddresses | None = None

    @property
    def is_anybody(self) -> bool:
        """Whether anybody is not to be mailed."""
        return bool(self.listed) or self.book is not None

    def objection(self, copies: Iterable[str]) -> str:
        """Say why a message may not go to all who get a copy of it (cc, bcc); "" where it may.

        Whom its row is for was asked when the plan was made.

        Raises:
            JournalError: The book cannot be read.
        """
        texts = {address_text(each): each for each in copies}
        for text, address in texts.items():
            if text in self.listed:
                who = mask_address(address)
                return f"{who} is among cc or bcc and on the suppress list; take it out of one of them"
        for text, suppression in self.book.find_few(texts).items() if self.book else ():
            who = mask_address(texts[text])
            return (
                f"{who} is among cc or bcc and {reason_of(suppression)}; take it out there, or of the book: "
                "notebookmail.unsuppress(...)"
            )
        return ""

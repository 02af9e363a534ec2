"""Whether a bounce speaks of an address that takes no mail (hard), or of this letter or this hour (soft).

What is hard is not written to again, so it takes a reason of the address's own: unknown, closed, no such domain. A
full mailbox, a size, a policy, a block list, a sender that is not believed may all be said with 550, and all pass.
What a server says in words counts before its codes, since many say 5.0.0 or 5.1.1 of everything.
"""

from __future__ import annotations

import re
from typing import Final

from . import phrases

_ADDRESS_CODES: Final = frozenset({
    "5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.1.351", "5.2.1", "5.4.4", "5.4.310",
})  # fmt: skip
"""RFC 3463, RFC 7505, and Exchange Online's own."""

_UNCLEAR_CODES: Final = frozenset({"", "5.0.0", "5.5.0", "5.3.0", "5.0.1"})
ENHANCED: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
REPLY_CODE: Final = re.compile(r"(?<![\w.:/+-])([45]\d\d)(?=[ \-:](?!\d))")


def code_in(text: str) -> str:
    """Return the last enhanced code of a refusal in a text, or "": a server's own stands behind a relay's."""
    codes = [match[0] for match in ENHANCED.finditer(text) if match[1] != "2"]
    return next((each for each in reversed(codes) if not each.endswith(".0.0")), codes[0] if codes else "")


def is_for_good(code: str, said: str) -> bool:
    """Tell whether the address takes no mail.

    Args:
        code: The enhanced status code, or "".
        said: What servers said of it.
    """
    text = said.lower().replace("\u2019", "'")
    own = code_in(said) or code
    reply = REPLY_CODE.search(said)
    if own.startswith("4") or (reply is not None and reply[1].startswith("4")):
        return False
    if any(phrase in text for phrase in phrases.OF_THE_SENDER):
        return False
    if any(phrase in text for phrase in (*phrases.ALWAYS_NO_SUCH_ADDRESS, *phrases.NO_SUCH_ADDRESS)):
        return True
    if any(phrase in text for phrase in phrases.NOT_OF_THE_ADDRESS):
        return False
    if any(phrase in text for phrase in phrases.PERHAPS_NO_SUCH_ADDRESS):
        return own.startswith("5.1.") or own in _UNCLEAR_CODES
    return own in _ADDRESS_CODES

"""SASLprep: user names and passwords in the one form both sides compute with (RFC 4013).

Without it a password typed with a composed letter on one system and a decomposed one on another would not match.
Octets that are no UTF-8 text, and texts that SASLprep forbids, are taken as they are: the server is to judge them.
"""

from __future__ import annotations

import stringprep
import unicodedata

_FORBIDDEN = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def saslprep(octets: bytes) -> bytes:
    """Prepare a user name or password."""
    if octets.isascii():
        return octets
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        return octets
    blanks = "".join(" " if stringprep.in_table_c12(char) else char for char in text)
    kept = "".join(char for char in blanks if not stringprep.in_table_b1(char))
    prepared = unicodedata.normalize("NFKC", kept)
    return octets if _is_forbidden(prepared) else prepared.encode()


def _is_forbidden(text: str) -> bool:
    if any(is_in(char) for char in text for is_in in _FORBIDDEN):
        return True
    right_to_left = [stringprep.in_table_d1(char) for char in text]
    if not any(right_to_left):
        return False
    # RFC 3454 6: such a text begins and ends right to left, and holds no letter of the other direction.
    return not (right_to_left[0] and right_to_left[-1]) or any(map(stringprep.in_table_d2, text))

"""What may stand in a command as an address: the one judge of what is safe to write (RFC 5321 4.1.2).

Safe is what stays one path inside its angle brackets: nothing that ends the line, the path or the argument.
Whether such an address exists, or is one by RFC 5321 at all, is the server's to say: `root`, `user@mailhost` and
local parts of 65 characters are in use. Nothing is repaired, quoted or cut.
"""

from __future__ import annotations

import re

from notebookmail.address import end_of_quoted_string, has_control, shown
from notebookmail.errors import AddressError

_ENDS_A_PATH = frozenset('<>"')
_PLAIN = re.compile(r"[A-Za-z0-9@.!#$%&'*+/=?^_`{|}~-]*")
"""What most addresses are made of, and nothing else: none of it is looked for here."""


def check_path(address: str) -> str:
    """Return an address that is safe to write into a command.

    Args:
        address: Without angle brackets around it; "" is the null sender.

    Raises:
        AddressError: It holds control characters, or outside a quoted local part blanks, angle brackets or quotes;
            or it is a list of addresses.
    """
    if _PLAIN.fullmatch(address):
        return address
    if has_control(address):
        raise AddressError("an address holds no control characters or line breaks", address)
    rest = _behind_quoted_local_part(address)
    if not _ENDS_A_PATH.isdisjoint(rest) or "".join(rest.split()) != rest:  # split cuts where isspace is true
        raise AddressError(
            f"{shown(address)} cannot be written as an address: blanks, angle brackets and quotes stand only in a "
            "quoted local part",
            address,
        )
    if rest.count("@") > 1 and ("," in rest or ";" in rest):
        raise AddressError(f"{shown(address)} holds several addresses: give each by itself", address)
    return address


def _behind_quoted_local_part(address: str) -> str:
    """Return what follows a quoted string at the start, or all of it where none stands there (RFC 5321 4.1.2)."""
    if not address.startswith('"'):
        return address
    end = end_of_quoted_string(address)
    rest = address[end:]
    if not end or (rest and not rest.startswith("@")):
        raise AddressError(f"{shown(address)} is no quoted local part, an @ and a domain", address)
    return rest

"""`SMTPResponse`, a server's reply as a value: its code, its text, its enhanced code (RFC 5321 4.2, RFC 2034).

Both wings read replies: the wire makes them, delivery explains them. Nothing here parses bytes. The module has the
name under which programs written for aiosmtplib import it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")


class SMTPResponse(NamedTuple):
    """One reply of a server.

    Attributes:
        code: The three-digit reply code (RFC 5321 4.2).
        message: The text of all its lines, joined by newlines, without codes.

    Example:
        >>> str(SMTPResponse(250, "OK"))
        '250 OK'
    """

    code: int
    message: str

    def __str__(self) -> str:
        return f"{self.code} {self.message}"

    @property
    def enhanced_code(self) -> str | None:
        """The enhanced status code, such as "5.1.1", or None (RFC 3463)."""
        return enhanced_code(self.code, self.message)


def enhanced_code(code: int, message: str) -> str | None:
    """Read the enhanced status code from a reply's text.

    RFC 2034 asks that its first digit agrees with the reply code; text that disagrees is just text.
    """
    match = _ENHANCED.match(message)
    if match is None or match[1] != str(code)[0]:
        return None
    return match[0]

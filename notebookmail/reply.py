"""SMTP replies as values: code and text, the names of the codes, the enhanced code (RFC 5321 4.2, RFC 2034).

Both wings read replies: the wire makes them, the merge explains them. Nothing here parses bytes.
"""

from __future__ import annotations

import enum
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


@enum.unique
class SMTPStatus(enum.IntEnum):
    """The reply codes by name (RFC 5321 4.2.3, RFC 4954, RFC 3207, RFC 7504)."""

    invalid_response = -1
    system_status_ok = 211
    help_message = 214
    ready = 220
    closing = 221
    auth_successful = 235
    completed = 250
    will_forward = 251
    cannot_vrfy = 252
    auth_continue = 334
    start_input = 354
    domain_unavailable = 421
    mailbox_unavailable = 450
    error_processing = 451
    insufficient_storage = 452
    tls_not_available = 454
    unrecognized_command = 500
    unrecognized_parameters = 501
    command_not_implemented = 502
    bad_command_sequence = 503
    parameter_not_implemented = 504
    domain_does_not_accept_mail = 521
    access_denied = 530
    auth_failed = 535
    mailbox_does_not_exist = 550
    user_not_local = 551
    storage_exceeded = 552
    mailbox_name_invalid = 553
    transaction_failed = 554
    syntax_error = 555

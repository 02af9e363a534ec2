"""What servers say when they refuse: words of real ones, by the step they are said at."""

from __future__ import annotations

from typing import Final

TEMPORARY: Final[dict[str, tuple[bytes, ...]]] = {
    "greeting": (b"454 4.3.2 please try again later", b"450 4.7.1 come back later"),
    "EHLO": (b"451 4.3.0 not now",),
    "AUTH": (
        b"454 4.7.0 Temporary authentication failure",
        b"454 4.7.0 Too many login attempts, please try again later",
    ),
    "MAIL": (
        b"451 4.3.0 Temporary lookup failure", b"452 4.3.1 Insufficient system storage",
        b"450 4.7.1 try again later",
        b"432 4.3.2 Concurrent connections limit exceeded",
        b"454 Throttling failure: Maximum sending rate exceeded.",
        b"452 4.5.3 Too many messages sent on this connection", b"451 4.7.28 rate limited", b"450 4.2.1 too fast",
    ),
    "RCPT": (
        b"450 4.2.0 Greylisted, see you in 300 seconds", b"451 4.7.1 Greylisting in action",
        b"452 4.2.2 Mailbox full", b"452 4.5.3 Too many recipients", b"450 mailbox busy",
        b"451 4.4.1 no answer from host",
    ),
    "DATA": (b"451 4.3.0 queue file write error", b"421-4.3.2 going down\r\n421 4.3.2 bye"),
    "END": (
        b"451 4.3.0 queue file write error", b"452 4.3.1 Insufficient system storage", b"450 4.7.0 deferred",
        b"451 4.7.28 rate limited", b"454 Throttling failure: Daily message quota exceeded.",
        b"432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", b"452 4.5.3 Too many messages",
    ),
    "RSET": (b"451 4.3.0 not now",),
}  # fmt: skip

PERMANENT: Final[dict[str, tuple[bytes, ...]]] = {
    "greeting": (b"554 5.7.1 no service for you", b"521 5.3.2 does not accept mail"),
    "EHLO": (b"550 5.7.1 bad name", b"502 5.5.1 not implemented"),
    "AUTH": (
        b"535 5.7.8 Username and Password not accepted", b"534 5.7.9 Application-specific password required",
        b"535 5.7.139 Authentication unsuccessful, basic authentication is disabled",
    ),
    "MAIL": (
        b"550 5.7.60 Client does not have permissions to send as this sender",
        b"530 5.7.0 Authentication required",
        b"553 5.1.8 sender domain not found", b"550 5.4.5 Daily user sending limit exceeded", b"550 5.7.1 blocked",
        b"552 5.3.4 too big", b"501 5.5.4 syntax", b"555 5.5.4 parameters",
    ),
    "RCPT": (
        b"550 5.1.1 unknown", b"551 5.1.6 moved", b"553 5.1.3 bad address", b"550 5.2.1 disabled",
        b"554 5.7.1 denied", b"550 5.1.10 recipient not found", b"552 too many recipients", b"521 no mail here",
    ),
    "DATA": (b"554 5.7.1 no", b"503 5.5.1 bad sequence"),
    "END": (
        b"554 5.7.1 looks like spam", b"552 5.3.4 too big", b"550 5.2.0 quota: submission quota exceeded",
        b"550 5.7.232 tenant external recipient rate limit", b"554 5.6.0 bad content",
        b"550 5.4.5 Daily limit exceeded", b"500 odd",
    ),
    "RSET": (b"500 what",),
}  # fmt: skip

CLOSING: Final = (
    b"421 4.3.2 closing", b"421 4.7.28 rate limited, try later", b"421 4.7.0 too many errors", b"421 bye"
)  # fmt: skip

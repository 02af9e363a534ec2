"""What to do after a try: pure decisions. Time and randomness are arguments, so nothing here waits or rolls dice.

Inside one run only troubles of the connection are tried again, after short waits; a server that asks to come back
later is taken at its word, and the row is deferred.
"""

from __future__ import annotations

import enum

from notebookmail.errors import (
    SMTPConnectError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)
from notebookmail.reply import SMTPStatus

from .explain import explain

MAX_ATTEMPTS = 3
_FIRST_WAIT_SECONDS = 0.25
_WAIT_FACTOR = 4.0


class Verdict(enum.Enum):
    """What becomes of a row after a failed try."""

    AGAIN = "try it again in this run"
    FAIL = "it is refused for good"
    DEFER = "a later run may succeed"
    HOLD = "it may have been delivered"
    STOP = "every further row would meet the same fate"
    STOP_SENDER = "every further row of this sender would meet the same fate"


def judge(error: Exception, attempts: int) -> Verdict:
    """Decide about a row whose try ended in an exception.

    Args:
        error: What the sender raised.
        attempts: How often the row was tried, this time included.
    """
    if isinstance(error, SMTPException) and error.unconfirmed:
        return Verdict.HOLD
    if is_connection_trouble(error):
        if attempts < MAX_ATTEMPTS:
            return Verdict.AGAIN
        return Verdict.STOP if isinstance(error, SMTPConnectError) else Verdict.DEFER
    explanation = explain(error)
    if explanation.stops_run:
        return Verdict.STOP_SENDER if explanation.category == "sender" else Verdict.STOP
    return Verdict.DEFER if explanation.is_transient else Verdict.FAIL


def is_connection_trouble(error: Exception) -> bool:
    """Tell trouble of the connection, which another one may not have, from trouble of the row."""
    if isinstance(error, SMTPRecipientsRefused):
        return any(map(is_connection_trouble, error.recipients))
    if isinstance(error, SMTPResponseException):
        return error.code == SMTPStatus.domain_unavailable
    if isinstance(error, SMTPConnectError):
        return error.phase != "tls"
    return isinstance(error, SMTPServerDisconnected | SMTPTimeoutError)


def wait_seconds(attempts: int, chance: float) -> float:
    """Tell how long to wait before the next try.

    Args:
        attempts: Tries so far.
        chance: A random number from 0 to 1, so that connections that failed together do not return together.
    """
    return _FIRST_WAIT_SECONDS * _WAIT_FACTOR ** (attempts - 1) * (0.5 + chance)

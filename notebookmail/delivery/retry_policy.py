"""What to do after a try: pure decisions. Time and randomness are arguments, so nothing here waits or rolls dice.

Inside one run only troubles of the connection are tried again, after short waits; a server that asks to come back
later is taken at its word, and the row is deferred. Only what would meet every row stops a run.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from notebookmail.errors import (
    SMTPConnectError,
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)
from notebookmail.status import SMTPStatus

from . import remedies
from .explain import explain, gravest_refusal

if TYPE_CHECKING:
    from notebookmail.response import SMTPResponse

MAX_ATTEMPTS: Final = 3
"""A row whose message breaks the connection every time is left for later after so many."""

MAX_SLOWDOWNS: Final = 5
"""A row that meets a server that wants less is left for later after so many."""

MAX_RECONNECTS: Final = 16
"""A row that meets spent connections is left for later after so many; several may be spent at the same time."""

_OF_THE_CONNECTION: Final = frozenset({SMTPStatus.domain_unavailable, SMTPStatus.invalid_response})
"""421, and what was no reply at all: both close the connection, and say nothing about the row."""

_FIRST_WAIT_SECONDS: Final = 0.25
_WAIT_FACTOR: Final = 4.0
_DEFER_SECONDS: Final = (300.0, 900.0, 1_800.0)
_DEFER_FACTOR: Final = 1.5
_LONGEST_DEFER_SECONDS: Final = 14_400.0
_JITTER: Final = 0.2
_SLOW_SECONDS: Final = 2.0
_LONGEST_SLOW_SECONDS: Final = 60.0


class Verdict(enum.Enum):
    """What becomes of a row after a failed try."""

    RETRY = "try it again in this run"
    RECONNECT = "try it at once on a new connection"
    SLOW_DOWN = "try it again, more slowly"
    FAIL = "it is refused for good"
    DEFER = "a later run may succeed"
    UNCONFIRMED = "it may have been delivered"
    STOP = "every further row would meet the same fate"
    STOP_SENDER = "every further row of this sender would meet the same fate"


def judge(error: Exception, attempts: int) -> Verdict:
    """Decide about a row whose try ended in an exception.

    Args:
        error: What the sender raised.
        attempts: How often the row was tried, this time included.
    """
    if isinstance(error, SMTPException) and error.unconfirmed:
        return Verdict.UNCONFIRMED
    explanation = explain(error)
    if explanation.category == "rate":
        return Verdict.RECONNECT if explanation == remedies.SPENT else Verdict.SLOW_DOWN
    is_trouble = is_connection_trouble(error)
    if explanation.stops_run and (not is_trouble or reply_of(error) is not None):
        return Verdict.STOP_SENDER if explanation.category == "sender" else Verdict.STOP
    if is_trouble:
        return Verdict.RETRY if attempts < MAX_ATTEMPTS else Verdict.DEFER
    return Verdict.DEFER if explanation.is_transient else Verdict.FAIL


def reply_of(error: Exception) -> SMTPResponse | None:
    """Return the server's reply an exception stands for, if it is one."""
    from notebookmail.response import SMTPResponse

    error = gravest_refusal(error)
    return SMTPResponse(error.code, error.message) if isinstance(error, SMTPResponseException) else None


def is_connection_trouble(error: Exception) -> bool:
    """Tell trouble of the connection, which another one may not have, from trouble of the row."""
    error = gravest_refusal(error)
    if isinstance(error, SMTPResponseException):
        return error.code in _OF_THE_CONNECTION
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


def defer_seconds(deferrals: int, chance: float) -> float:
    """Tell when a row that the server defers may be tried again: after 5, 15, 30 minutes, then x1.5 each time.

    Args:
        deferrals: How often the server deferred it, this time included.
        chance: A random number from 0 to 1; the time is up to a fifth shorter or longer.
    """
    step = max(1, deferrals) - 1
    if step < len(_DEFER_SECONDS):
        seconds = _DEFER_SECONDS[step]
    else:  # the exponent is bounded, so that no count of deferrals overflows
        seconds = _DEFER_SECONDS[-1] * _DEFER_FACTOR ** min(step - len(_DEFER_SECONDS) + 1, 20)
    return min(seconds, _LONGEST_DEFER_SECONDS) * (1 - _JITTER + 2 * _JITTER * chance)


def slow_down_seconds(slowdowns: int, chance: float) -> float:
    """Tell how long to send nothing after a server said that it is too much.

    Args:
        slowdowns: How often the row met that, this time included.
        chance: A random number from 0 to 1.
    """
    return min(_SLOW_SECONDS * 2.0 ** min(slowdowns - 1, 10), _LONGEST_SLOW_SECONDS) * (0.75 + 0.5 * chance)

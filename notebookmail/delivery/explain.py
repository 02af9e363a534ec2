"""From an exception to what an analyst wants to know: category, cause, remedy.

Order of judgement: why no session came about (session_faults.py), what a provider is known to say, what a code
means at this step of the session, the enhanced code (RFC 3463), words any server may use, the reply code, its
first digit (RFC 5321 4.3.2). What servers say is data (remedies.py); here is only the order. A refusal for now
never becomes one for good: what says so is the first digit alone, except where a limit or the login concerns the
whole run.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from notebookmail.errors import (
    AddressError,
    FunctionError,
    MailboxError,
    SignInError,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
    TemplateError,
)
from notebookmail.status import SMTPStatus

from . import remedies
from .explanation import Category, Explanation
from .session_faults import NO_TLS, explain_session
from .sign_in_refusals import explain_sign_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notebookmail.errors import Phase

__all__ = ["Category", "Explanation", "explain", "gravest_refusal"]

_UNCONFIRMED = Explanation(
    "unconfirmed",
    "the message went out whole, but no answer came: it may have been delivered",
    "ask the recipient or the server's log before sending again",
)
_CONNECTION = Explanation(
    "connection", "the connection was lost", "check the network and retry()", is_transient=True
)
_UNREACHABLE = Explanation(
    "connection", "the server cannot be reached", "check host name, port and network", is_transient=True
)
_TIMEOUT = Explanation("timeout", "the server did not answer in time", "retry() later", is_transient=True)
_UNSUPPORTED = Explanation(
    "server", "the server lacks what this message needs", "use an ASCII address, or another server"
)
_TEMPLATE = Explanation("template", "the row does not fill the template", "correct the row or the template")
_MALFORMED = Explanation("address", "the cell does not hold one valid address", "correct the cell")
_PLACE = Explanation(  # of the files that messages go to
    "server",
    "the place is full, or not to be written",
    "make room there, or choose another place, and run it again",
)
_BUG = Explanation("", "an unexpected error", "report it with its text")

_BY_KIND: tuple[tuple[type[Exception], Explanation], ...] = (
    (TemplateError, _TEMPLATE),
    (AddressError, _MALFORMED),
    (SMTPTimeoutError, _TIMEOUT),
    (SMTPNotSupported, _UNSUPPORTED),
    (SMTPConnectError, _UNREACHABLE),
    (SMTPServerDisconnected, _CONNECTION),
    (TimeoutError, _TIMEOUT),
    (ConnectionError, _CONNECTION),
    (OSError, _PLACE),
)
_ALWAYS_AUTH: Final = frozenset({530, 534, 535, 538})
"""Codes that only ever speak of the login (RFC 4954 6), whatever enhanced code comes with them."""

_REFUSES_SENDER: Final = frozenset({550, 553})  # in answer to MAIL
_OF_LOGIN: Final = frozenset({"auth", "quota", "tls"})
"""What a refused login can be about."""

_UNKNOWN_COMMANDS: Final = range(500, 505)
_CONTENT_PHASES: Final = frozenset({"data", "content", "end_of_data"})
_FOR_NOW, _FOR_GOOD = 4, 5  # first digits (RFC 5321 4.2.1)
_ENHANCED: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_LONGEST_TEXT: Final = 2_000  # what a server says may be as long as it likes


def explain(error: Exception) -> Explanation:
    """Judge an exception of one row."""
    if isinstance(error, SMTPException) and error.unconfirmed:
        return _UNCONFIRMED
    if isinstance(error, FunctionError):
        cause = f"your function `{error.function}` failed in this row"
        return Explanation("function", cause, "correct the function, or what the row gives it")
    if isinstance(error, TemplateError) and isinstance(error.__cause__, AddressError):
        return _MALFORMED
    error = gravest_refusal(error)
    if isinstance(error, SMTPAuthenticationError | SignInError) and (found := explain_sign_in(error)) is not None:
        return found
    found = explain_session(error)
    if found is not None:
        return found
    return _explain_reply(error) if isinstance(error, SMTPResponseException) else _explain_kind(error)


def _explain_kind(error: Exception) -> Explanation:
    """Explain what is no reply: trouble of the connection or of the row, or a bug."""
    if isinstance(error, SMTPNotSupported) and error.phase == "auth":
        return remedies.AUTH_NONE
    if isinstance(error, MailboxError):
        return Explanation("server", error.message, error.remedy or "run it again later")
    found = next((explanation for kind, explanation in _BY_KIND if isinstance(error, kind)), _BUG)
    return replace(found, cause=str(error) or found.cause) if found is _PLACE else found


def gravest_refusal(error: Exception) -> Exception:
    """Pick, where all recipients of a message were refused, the refusal that decides what becomes of it.

    What concerns every row comes first, then what may succeed later: a message that one of its recipients can
    still get is not lost.
    """
    if isinstance(error, SMTPRecipientsRefused) and error.recipients:
        if len(error.recipients) == 1:
            return error.recipients[0]
        return min(error.recipients, key=lambda each: _gravity(_explain_reply(each)))
    return error


def _gravity(explanation: Explanation) -> int:
    if explanation.stops_run:
        return 0
    if explanation.category == "rate":
        return 1
    return 2 if explanation.is_transient else 3


def _explain_reply(error: SMTPResponseException) -> Explanation:
    return _explained(error.code, error.message[:_LONGEST_TEXT], error.phase)


@lru_cache(maxsize=1024)
def _explained(code: int, message: str, phase: Phase | None) -> Explanation:
    """Look a reply up; servers say the same few again and again, and results ask for each row more than once."""
    error = SMTPResponseException(code, message)
    error.phase = phase
    text = _plain(message)
    said = (
        _by_text(remedies.BY_PROVIDER, error, text)
        or _by_phase(error)
        or _by_enhanced(error)
        or _by_text(remedies.BY_WORDS, error, text)
    )
    return said or _by_code(error)


def _by_code(error: SMTPResponseException) -> Explanation:
    if error.code == SMTPStatus.mailbox_does_not_exist and error.phase in _CONTENT_PHASES:
        return remedies.POLICY  # the recipients were taken already: it is about the message
    if error.code == SMTPStatus.storage_exceeded and error.phase == "rcpt":
        return remedies.CROWD  # RFC 5321 4.5.3.1.10: some servers say so of too many recipients
    known = remedies.BY_CODE.get(error.code)
    if known is not None:
        return known
    match error.code // 100:
        case 4:  # RFC 5321 4.2.1: the first digit says whether to try again
            return remedies.SERVER_BUSY if error.phase == "connect" else remedies.LATER
        case 5:
            return remedies.REFUSED
        case _:
            return remedies.PROTOCOL


def _plain(message: str) -> str:
    """Take out what could pass for the server's own words, and what stands between the words.

    Addresses hold what a row holds; the lines of one reply each repeat the enhanced code (RFC 2034 4).
    """
    return " ".join(word for word in message.split() if "@" not in word and not _ENHANCED.fullmatch(word))


def _by_text(rules: Iterable[remedies.Rule], error: SMTPResponseException, text: str) -> Explanation | None:
    for pattern, codes, explanation in rules:
        if error.code in codes and re.search(pattern, text, re.IGNORECASE):
            if error.phase == "auth" and explanation.category not in _OF_LOGIN:
                continue  # a login that was refused must not be tried at once, not even more slowly
            return explanation
    return None


def _by_phase(error: SMTPResponseException) -> Explanation | None:  # noqa: PLR0911 -- one line for each step
    """Read a code that means something else, or something clearer, at this step of the session."""
    code, phase, enhanced = error.code, error.phase, error.enhanced_code
    if code == SMTPStatus.domain_unavailable:
        return None  # 421 may come at any step (RFC 5321 3.8), and says nothing about it
    if phase == "tls":
        return NO_TLS
    if code in _ALWAYS_AUTH:
        return remedies.AUTH_BASIC if enhanced == "5.7.139" else remedies.AUTH
    if phase == "auth":
        return _refused_login(error)
    if phase == "connect" and code // 100 == _FOR_GOOD:
        return remedies.TURNED_AWAY
    if phase == "mail":
        return _refused_sender(error)
    return None


def _refused_sender(error: SMTPResponseException) -> Explanation | None:
    """Read an address that is refused in answer to MAIL as what it is: the sender's."""
    enhanced = error.enhanced_code
    is_address = enhanced is None or enhanced.startswith("5.1.")
    return remedies.SENDER if is_address and error.code in _REFUSES_SENDER else None


def _refused_login(error: SMTPResponseException) -> Explanation:
    if error.enhanced_code == "5.7.139":
        return remedies.AUTH_BASIC
    if error.code // 100 == _FOR_NOW:
        return remedies.AUTH_LATER
    return remedies.AUTH_METHOD if error.code in _UNKNOWN_COMMANDS else remedies.AUTH


def _by_enhanced(error: SMTPResponseException) -> Explanation | None:
    enhanced = error.enhanced_code
    if enhanced is None:
        return None
    for pattern, explanation in remedies.BY_ENHANCED:
        if re.fullmatch(pattern, enhanced):
            return explanation
    return remedies.SENDER if error.phase == "mail" and error.code in _REFUSES_SENDER else None

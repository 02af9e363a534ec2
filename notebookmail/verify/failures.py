"""Why a step failed, in words, and what to do about it.

What the error already says is not said again; what is added is what the step makes of it: a port that waits in
silence wants TLS, a handshake answered in plain text wants none.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

from notebookmail.delivery.explain import explain
from notebookmail.errors import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPNotSupported,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
    at,
)
from notebookmail.mail.providers import provider_at

from .step_result import Failure, StepResult, said

if TYPE_CHECKING:
    from notebookmail.response import SMTPResponse
    from notebookmail.smtp.options import ConnectionOptions

    from .target import Target

_PLAIN_TEXT: Final = {
    "WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST", "UNKNOWN_PROTOCOL",
}  # fmt: skip
"""OpenSSL's reasons when the other side does not speak TLS."""

_IN_CLEAR: Final = 'the server speaks without TLS there: security="starttls", mostly with port 587'
_UNDER_TLS: Final = 'a server that waits in silence mostly wants TLS at once: security="tls", mostly with port 465'


def too_slow(seconds: float) -> StepResult:
    """Say that a step took too long as a whole."""
    return Failure(f"not done within {seconds:g} s", "the server is very slow: try again later").result


def no_greeting(error: SMTPException, options: ConnectionOptions) -> Failure:
    """Say why a server that can be connected to is none yet."""
    if isinstance(error, SMTPTimeoutError):
        remedy = "the server may be overloaded: try again later" if options.use_tls else _UNDER_TLS
        return Failure(f"connected, but no greeting within {options.timeout:g} s", remedy)
    if isinstance(error, SMTPServerDisconnected):
        return Failure("connected, but cut off before a greeting", "the server may turn this machine away")
    return Failure(f"what answers there does not speak SMTP: {said(error)}", "check host name and port")


def turned_away(greeting: SMTPResponse) -> Failure:
    """Say that a server greeted us with a refusal."""
    error = at("connect", SMTPResponseException(*greeting))
    return Failure(f"the server turns this machine away: {said(error)}", explain(error).remedy)


def result_of(error: SMTPException, step: str, target: Target, offered: tuple[str, ...]) -> StepResult:
    """Say what an error means at a step."""
    if step == "AUTH":
        return _login(error, target, offered)
    if step == "TLS":
        return _tls(error, target.options)
    words = f"the server answers: {said(error)}" if isinstance(error, SMTPResponseException) else said(error)
    return Failure(words, explain(error).remedy).result


def _login(error: SMTPException, target: Target, offered: tuple[str, ...]) -> StepResult:
    facts = (f"the server offers {said(' '.join(offered).upper())}",) if offered else ()
    remedy = explain(error).remedy
    found = provider_at(target.options.host)
    if found is not None and found[1].login:
        remedy = f"{remedy}; {found[0]} wants {found[1].login}"
    if isinstance(error, SMTPAuthenticationError):
        return Failure(f"the server refuses the login: {said(error)}", remedy, facts).result
    if isinstance(error, SMTPNotSupported) and not target.options.use_tls and target.options.start_tls is False:
        remedy = 'credentials go out under TLS alone: security="starttls", or "tls" with port 465'
    return Failure(said(error), remedy, facts).result


def _tls(error: SMTPException, options: ConnectionOptions) -> StepResult:
    cause = error.__cause__
    if isinstance(cause, ssl.SSLError) and cause.reason in _PLAIN_TEXT:
        return Failure("the server does not answer in TLS", _IN_CLEAR).result
    if isinstance(error, SMTPTimeoutError):
        return Failure(f"no answer to the start of TLS within {options.timeout:g} s", _IN_CLEAR).result
    if isinstance(error, SMTPNotSupported):
        return Failure("the server does not offer STARTTLS", "ask for the port with TLS: mostly 465 or 587").result
    if isinstance(error, SMTPResponseException):
        return Failure(f"the server refuses: {said(error)}", "try another port: mostly 465 or 587").result
    return Failure(said(error), "check port and security=; a firewall may cut TLS off").result

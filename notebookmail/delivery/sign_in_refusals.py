"""Why a sign-in does not let anybody send: what servers and providers say of access tokens, in words.

A refused token is told like a refused password by most servers ("Username and Password not accepted"), and the
remedies for those (an app password, OAuth) are none here. What the server said of the token in JSON before it
refused it counts more than what it says to everybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notebookmail.errors import SignInError, SMTPAuthenticationError

from .explanation import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

_AS_WHOM: Final = "as the account that username= names: await server.sign_in()"

TOKEN: Final = Explanation(
    "auth",
    "the server does not accept the sign-in: it has ended, or belongs to another account than username=",
    f"sign in again, {_AS_WHOM}",
    stops_run=True,
)
TOKEN_SCOPE: Final = Explanation(
    "auth",
    "the sign-in does not allow sending mail, or belongs to another account than username=",
    "give the app the permission (https://mail.google.com/ at Google, SMTP.Send at Microsoft), sign in again, "
    + _AS_WHOM,
    stops_run=True,
)
SMTP_SWITCHED_OFF: Final = Explanation(
    "auth",
    "sending by SMTP is switched off for this mailbox, whichever way it logs in",
    "ask the administrator to switch on Authenticated SMTP for it (Microsoft 365 admin center, the user, Mail, "
    "Manage email apps)",
    stops_run=True,
)

_BY_STATUS: Final[Mapping[str, Explanation]] = {
    # RFC 7628 3.2.2 by name, XOAUTH2 by number. Gmail's 400 means the scope, or another account's token
    # (PHPMailer#1664, go-imap#213), its 401 a token that has ended.
    "400": TOKEN_SCOPE,
    "403": TOKEN_SCOPE,
    "insufficient_scope": TOKEN_SCOPE,
    "401": TOKEN,
    "invalid_token": TOKEN,
}
_SWITCHED_OFF: Final = "smtpclientauthentication is disabled"  # Exchange Online, beside 5.7.139
_TOKEN_MECHANISMS: Final = frozenset({"XOAUTH2", "OAUTHBEARER"})
_FOR_GOOD: Final = 5  # first digit (RFC 5321 4.2.1)


def explain_sign_in(error: SMTPAuthenticationError | SignInError) -> Explanation | None:
    """Judge what became of a sign-in; None for what concerns passwords, or comes from trouble of the server."""
    if isinstance(error, SignInError):
        return Explanation("auth", "signing in did not work", error.message, stops_run=True)
    if error.mechanism not in _TOKEN_MECHANISMS or error.code // 100 != _FOR_GOOD:
        return None
    if _SWITCHED_OFF in error.message.lower():
        return SMTP_SWITCHED_OFF
    return _BY_STATUS.get(error.token_status, TOKEN)

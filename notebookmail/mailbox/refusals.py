"""Why a mailbox cannot be used, in words: what goes wrong on the way to it, and what servers say (RFC 5530).

One seam for the exceptions of imap-tools, imaplib, ssl and socket: none of them leaves the room.
"""

from __future__ import annotations

import socket
import ssl
from typing import Final

from notebookmail.errors import MailboxError
from notebookmail.mail.providers import login_wanted
from notebookmail.privacy.masking import mask_text

_LONGEST: Final = 300

_PASSWORD: Final = "check the user name and the password; many providers want an app password for programs"  # noqa: S105
_SIGN_IN: Final = (
    "sign in again by `await mailbox.sign_in()`, with the permission to read the mailbox "
    "(OAuth.microsoft(..., mailbox=True); https://mail.google.com/ at Google)"
)
_IMAP_OFF: Final = "switch on IMAP in the mailbox's settings, or ask the administrator to"
_APP_PASSWORD: Final = "make an app password in the account's settings, and give that as password="  # noqa: S105
_NO_PASSWORDS: Final = "it takes no passwords any more: give oauth=, such as OAuth.microsoft(..., mailbox=True)"
_LATER: Final = "try again later"
_BY_CODE: Final = {
    "ALREADYEXISTS": "choose another name",
    "AUTHORIZATIONFAILED": "log in as the mailbox's owner, or ask for access to it",
    "CONTACTADMIN": "ask the administrator",
    "EXPIRED": "the password has ended: choose a new one with the provider",
    "INUSE": _LATER,
    "LIMIT": _LATER,
    "NONEXISTENT": "name a folder that is there",
    "NOPERM": "ask the administrator for the right to do this",
    "OVERQUOTA": "make room in the mailbox",
    "PRIVACYREQUIRED": 'the server wants TLS first: security="tls" or "starttls"',
    "TRYCREATE": "name a folder that is there",
    "UNAVAILABLE": _LATER,
}
_BY_WORDS: Final = (  # in lower case; the first that is found counts
    (
        "application-specific password",
        "make an app password in the account's settings, and give that as password=",
    ),
    ("app password", _APP_PASSWORD),
    ("basicauthblocked", _NO_PASSWORDS),
    ("basic authentication is disabled", _NO_PASSWORDS),
    ("not enabled for imap", _IMAP_OFF),
    ("imap access is disabled", _IMAP_OFF),
    ("imap is disabled", _IMAP_OFF),
    ("imap4 is disabled", _IMAP_OFF),
    ("authenticated but not connected", _IMAP_OFF),  # Exchange Online
    ("log in via your web browser", "log in once in a web browser: the provider wants to know that it is you"),
    ("too many simultaneous connections", _LATER),
    ("too many connections", _LATER),
)


def login_refused(host: str, username: str, said: str, *, is_token: bool) -> MailboxError:
    """Explain a refused login.

    Args:
        host: The server's name.
        username: Who wanted to log in.
        said: What the server said, without secrets.
        is_token: True where an access token was shown, and no password.
    """
    code, words = response_code(said)
    remedy = _remedy(code, words) or (_SIGN_IN if is_token else _PASSWORD)
    wanted = login_wanted(host)
    return MailboxError(
        f"{host} refuses the login of {mask_text(username)} ({one_line(words) or 'without a reason'})",
        f"{remedy}. {wanted}" if wanted else remedy,
        code or "AUTHENTICATIONFAILED",
    )


def refused(what: str, said: str) -> MailboxError:
    """Explain a command that was refused.

    Args:
        what: What was asked for, as the object of "the mailbox does not ...".
        said: What the server said.
    """
    code, words = response_code(said)
    return MailboxError(f"the mailbox does not {what} ({one_line(words)})", _remedy(code, words), code)


def unreachable(where: str, problem: Exception) -> MailboxError:
    """Explain why no connection came about.

    Args:
        where: The server: "imap.example.org:993".
        problem: What was raised on the way.
    """
    host = where.rpartition(":")[0]
    if isinstance(problem, ssl.SSLCertVerificationError):
        return MailboxError(
            f"the certificate of {where} is not trusted ({problem.verify_message})",
            "check the host name; a company's own authority is given by cert_bundle=",
        )
    if isinstance(problem, ssl.SSLError):
        words = problem.reason or "no TLS"
        return MailboxError(
            f"no TLS with {where} ({words})", 'port 993 wants security="tls", port 143 security="starttls"'
        )
    if isinstance(problem, socket.gaierror):
        return MailboxError(f"there is no host {host}", "check its name and the network", "", True)
    if isinstance(problem, TimeoutError):
        return MailboxError(f"{where} does not answer", "check host name, port and network", "", True)
    words = problem.strerror or "" if isinstance(problem, OSError) else str(problem)
    return MailboxError(
        f"{where} cannot be reached ({one_line(words) or type(problem).__name__})",
        "check host name, port and network",
        "",
        True,
    )


def lost(where: str, problem: BaseException | None = None) -> MailboxError:
    """Explain a connection that is gone."""
    if isinstance(problem, TimeoutError):
        return MailboxError(f"{where} did not answer in time", _LATER, "", True)
    return MailboxError(f"the connection to {where} was lost", "check the network, and run it again", "", True)


def response_code(said: str) -> tuple[str, str]:
    """Take the code in brackets off what a server says (RFC 3501 7.1): "[OVERQUOTA] No room" is two things."""
    if not said.startswith("["):
        return "", said
    code, closing, words = said[1:].partition("]")
    return (code.split(" ")[0].upper(), words.strip()) if closing else ("", said)


def one_line(text: str) -> str:
    """Put what a server said on one line of bounded length."""
    line = " ".join(text[: 2 * _LONGEST].split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _remedy(code: str, words: str) -> str:
    said = words.lower()
    return next((remedy for sign, remedy in _BY_WORDS if sign in said), _BY_CODE.get(code, ""))

"""Why no session with a server came about: from what network, TLS and greeting said to cause and remedy.

What went wrong is read from the exception behind ours (a name that is not known, a connection refused, a
certificate that is not valid) and from what the server said where it should have greeted. These are the only words
there are for it: `Server.verify` shows them at its steps, and a run that cannot begin says them, too.
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
from typing import TYPE_CHECKING, Final

from notebookmail.errors import (
    SMTPConnectError,
    SMTPConnectTimeoutError,
    SMTPException,
    SMTPHeloError,
    SMTPNotSupported,
    SMTPReadTimeoutError,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)
from notebookmail.status import SMTPStatus

from .explanation import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .explanation import Category


def _network(cause: str, remedy: str) -> Explanation:
    return Explanation("connection", cause, remedy, is_transient=True)


def _run(category: Category, cause: str, remedy: str) -> Explanation:
    return Explanation(category, cause, remedy, stops_run=True)


# --- the way there ------------------------------------------------------------------------------------------

NO_HOST: Final = _network(
    "there is no host of this name",
    "check the host name's spelling; some names are known only inside a company's network (VPN)",
)
NO_NAME_SERVER: Final = _network(
    "the name server that knows where hosts are does not answer",
    "check whether this machine is connected to a network, and a VPN if you use one",
)
NOBODY_LISTENS: Final = _network(
    "nobody listens at this port of the server",
    "check host name and port (mostly 587 or 465); the server may be down",
)
NO_WAY: Final = _network(
    "there is no way to the server from this network",
    "check whether this machine is connected to a network, and a VPN if you use one",
)
NO_ANSWER: Final = _network(
    "nothing answers: most likely a firewall drops what is sent to this port",
    "ask for port 587 or 465 (many networks block 25), or try from another network",
)

# --- who is there -------------------------------------------------------------------------------------------

SILENT: Final = _network(
    "the server takes the connection, but no greeting comes",
    'a server that waits in silence mostly wants TLS at once: security="tls", mostly with port 465',
)
CUT_OFF: Final = _network(
    "the server cuts the connection off before its greeting",
    "it may turn this machine away, or be overloaded: try again later, or from another network",
)
WEB_SERVER: Final = _run(
    "protocol",
    "a web server answers there, and no mail server",
    "in a hotel, train or office: sign in to the network with a web browser first; else check host name and port",
)
IMAP_SERVER: Final = _run(
    "protocol",
    "a server for reading mail answers there (IMAP), and none for sending it",
    "use the provider's SMTP server: mostly another host name, with port 587 or 465",
)
POP_SERVER: Final = _run(
    "protocol",
    "a server for fetching mail answers there (POP3), and none for sending it",
    "use the provider's SMTP server: mostly another host name, with port 587 or 465",
)
OTHER_SERVER: Final = _run(
    "protocol", "what answers there does not speak SMTP", "check host name and port: mostly 587 or 465"
)
NAME_REFUSED: Final = _run(
    "policy",
    "the server does not accept the name by which this machine greets it (EHLO)",
    "give it a full name: local_hostname= of the Server, such as the name that this machine has in DNS",
)

# --- TLS ----------------------------------------------------------------------------------------------------

PLAIN_PORT: Final = _run(
    "tls",
    "the server does not answer in TLS: it speaks without it at first there",
    'set security="starttls" of the Server, mostly with port 587; or the port for TLS, mostly 465',
)
TLS_SILENT: Final = _run(
    "tls",
    "no answer comes to the start of TLS",
    'the server may speak without TLS at first there: security="starttls", mostly with port 587',
)
NO_STARTTLS: Final = _run(
    "tls",
    "the server does not offer STARTTLS, and nothing was sent in clear",
    "ask for its port with TLS: mostly 465 or 587",
)
MASKED: Final = _run(
    "tls",
    "something between here and the server masks what the server offers, and TLS with it",
    'ask whoever runs the network to switch off "SMTP inspection" (fixup) of its firewall, or use port 465 with '
    'security="tls"',
)
OLD_TLS: Final = _run(
    "tls",
    "the server knows only versions of TLS that are too old to be safe",
    "its administrator has to update it (TLS 1.2 or newer); ask for another server until then",
)
CLIENT_CERTIFICATE: Final = _run(
    "tls",
    "the server wants a certificate of this machine, or another one than it has",
    "client_cert= and client_key= of the Server give one (PEM files from its administrator); or ask for a server "
    "that takes a password",
)
TLS_CUT_OFF: Final = _run(
    "tls",
    "the server breaks off the start of TLS",
    "it may want a certificate of this machine (client_cert= of the Server), or know only old versions of TLS: "
    "ask its administrator; a firewall may do that, too",
)
EXPIRED: Final = _run(
    "tls",
    "the server's certificate has expired",
    "the server's administrator has to renew it; look also whether this machine's clock is right",
)
NOT_YET: Final = _run(
    "tls",
    "the server's certificate is not valid yet, by this machine's clock",
    "look whether this machine's clock is right, date and year too; it mostly is not",
)
WRONG_HOST: Final = _run(
    "tls",
    "the server's certificate is for another host name",
    "use a name that the certificate has as the Server's hostname, if it is the same server",
)
SELF_SIGNED: Final = _run(
    "tls",
    "the server's certificate is self-signed: nobody vouches for it",
    "cert_bundle= of the Server names what to trust instead: the certificate as a PEM file, from its "
    "administrator; on a foreign network somebody may be listening in",
)
UNKNOWN_AUTHORITY: Final = _run(
    "tls",
    "this machine does not know the authority that signed the server's certificate",
    "a company's own authority: cert_bundle= of the Server names its PEM file, which its administrator has; on a "
    "foreign network somebody may be listening in",
)
NO_TLS: Final = _run(
    "tls",
    "no secure connection came about",
    "check security= and port of the Server (587 or 465), and its certificate; nothing was sent in clear",
)

# --- from exception to explanation --------------------------------------------------------------------------

# OpenSSL's codes of what is wrong with a certificate (x509_vfy.h)
_BY_CERTIFICATE: Final[Mapping[int, Explanation]] = {
    9: NOT_YET, 10: EXPIRED, 18: SELF_SIGNED, 19: UNKNOWN_AUTHORITY, 20: UNKNOWN_AUTHORITY, 21: UNKNOWN_AUTHORITY,
    62: WRONG_HOST, 64: WRONG_HOST,
}  # fmt: skip
_IN_PLAIN_TEXT: Final = frozenset({
    "WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST", "UNKNOWN_PROTOCOL",
})  # fmt: skip
"""OpenSSL's reasons when the other side does not speak TLS."""

_BY_ERRNO: Final[Mapping[int, Explanation]] = {
    errno.ECONNREFUSED: NOBODY_LISTENS,
    errno.ENETUNREACH: NO_WAY,
    errno.EHOSTUNREACH: NO_WAY,
    errno.ETIMEDOUT: NO_ANSWER,
}
_BY_FIRST_WORDS: Final = (
    (("HTTP/", "<!DOCTYPE", "<html"), WEB_SERVER),
    (("* OK", "* PREAUTH", "* BYE"), IMAP_SERVER),
    (("+OK", "-ERR"), POP_SERVER),
)
_OF_A_NAME: Final = re.compile(r"\b(helo|ehlo|host ?name|fqdn|fully.qualified|domain name)\b", re.IGNORECASE)
_FOR_GOOD: Final = 5  # first digit (RFC 5321 4.2.1)


def explain_session(error: Exception) -> Explanation | None:
    """Explain why no session came about; None where the error is about something else."""
    if isinstance(error, SMTPHeloError):
        is_refusal = error.code // 100 == _FOR_GOOD and _OF_A_NAME.search(error.message)
        return NAME_REFUSED if is_refusal else None
    if isinstance(error, SMTPResponseException):
        return _not_smtp(error) if error.code == SMTPStatus.invalid_response else None
    if not isinstance(error, SMTPException):
        return None
    if error.phase == "tls" or isinstance(error.__cause__, ssl.SSLError):
        return _without_tls(error)
    return _unreached(error) if isinstance(error, SMTPConnectError) else None


def first_words_of(said: str) -> Explanation | None:
    """Tell which kind of server begins like that; None where it may be one for sending mail."""
    return next((meaning for starts, meaning in _BY_FIRST_WORDS if said.startswith(starts)), None)


def _not_smtp(error: SMTPResponseException) -> Explanation | None:
    if error.phase != "connect":
        return None
    _, _, quoted = error.message.partition("'")  # the wire quotes what came instead of a reply
    return first_words_of(quoted) or OTHER_SERVER


def _without_tls(error: SMTPException) -> Explanation:
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _BY_CERTIFICATE.get(cause.verify_code, NO_TLS)
    if isinstance(cause, ssl.SSLError):
        return _by_reason(cause.reason or "")
    if isinstance(error, SMTPNotSupported):
        return MASKED if isinstance(cause, SMTPException) else NO_STARTTLS
    if isinstance(error, SMTPTimeoutError):
        return TLS_SILENT
    is_cut_off = isinstance(error, SMTPServerDisconnected) or isinstance(cause, ConnectionError)
    return TLS_CUT_OFF if is_cut_off else NO_TLS


def _by_reason(reason: str) -> Explanation:
    if reason in _IN_PLAIN_TEXT:
        return PLAIN_PORT
    if reason == "UNSUPPORTED_PROTOCOL" or reason.endswith("PROTOCOL_VERSION"):
        return OLD_TLS
    return CLIENT_CERTIFICATE if reason.endswith("CERTIFICATE_REQUIRED") else NO_TLS


def _unreached(error: SMTPConnectError) -> Explanation | None:
    cause = error.__cause__
    if isinstance(cause, SMTPReadTimeoutError):
        return SILENT
    if isinstance(cause, SMTPServerDisconnected):
        return CUT_OFF
    if isinstance(error, SMTPConnectTimeoutError):
        return NO_ANSWER
    if isinstance(cause, socket.gaierror):
        return NO_NAME_SERVER if cause.errno == socket.EAI_AGAIN else NO_HOST
    if isinstance(cause, UnicodeError):
        return NO_HOST
    return _BY_ERRNO.get(cause.errno or 0) if isinstance(cause, OSError) else None

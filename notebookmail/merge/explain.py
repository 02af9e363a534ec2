"""From an exception to what an analyst wants to know: category, cause, remedy.

Order of judgement: the enhanced code (RFC 3463), then the reply code, then its first digit (RFC 5321 4.3.2).
The table is data; where the text of a provider decides, that stands in it too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from notebookmail.errors import (
    AddressError,
    SMTPConnectError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
    TemplateError,
)

Category = Literal[
    "",
    "address",
    "auth",
    "connection",
    "content",
    "policy",
    "protocol",
    "quota",
    "rate",
    "sender",
    "server",
    "size",
    "template",
    "timeout",
    "tls",
    "transient",
    "unconfirmed",
]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a row ended as it did.

    Attributes:
        category: One word to group by.
        cause: What happened, in words an analyst understands.
        remedy: What to do about it.
        is_transient: True when the same message may succeed later.
        stops_run: True when every further row would meet the same fate.
    """

    category: Category
    cause: str
    remedy: str
    is_transient: bool = False
    stops_run: bool = False


_AUTH = Explanation(
    "auth",
    "the server does not accept the credentials",
    "check user name and password; many providers want an app password or OAuth",
    stops_run=True,
)
_AUTH_LATER = Explanation(
    "auth",
    "the server cannot check credentials just now",
    "try again in a while",
    is_transient=True,
    stops_run=True,
)
_ADDRESS = Explanation(
    "address", "there is no such mailbox", "correct the address, or take the row out of the list"
)
_SENDER = Explanation(
    "sender",
    "the server does not let you send as this sender",
    "use a sender address that belongs to the account",
    stops_run=True,
)
_TLS = Explanation(
    "tls", "no secure connection came about", "check security= and the certificate; nothing was sent in clear",
    stops_run=True,
)  # fmt: skip
_QUOTA = Explanation(
    "quota", "the account's sending limit is reached", "go on when the limit is renewed", stops_run=True
)
_RATE = Explanation(
    "rate", "the server wants fewer messages at a time", "retry() later, with fewer connections", is_transient=True
)
_FULL = Explanation(
    "transient", "the recipient's mailbox is full", "retry() in a day; tell them another way", is_transient=True
)
_LATER = Explanation(
    "transient", "the server asks to try again later", "retry() in a quarter of an hour", is_transient=True
)
_POLICY = Explanation(
    "policy",
    "the server refuses the message by its policy",
    "read the reply: often SPF or DKIM is missing, or the text looks like spam",
)
_SIZE = Explanation("size", "the message is too large for the server", "make attachments or figures smaller")
_PROTOCOL = Explanation(
    "protocol", "the server did not understand the session", "report it with the reply: it may be our mistake"
)
_REFUSED = Explanation("policy", "the server refused the message", "read the reply")
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
_BUG = Explanation("", "an unexpected error", "report it with the traceback")

_BY_ENHANCED: tuple[tuple[str, Explanation], ...] = (
    # First match wins; patterns are matched against the whole enhanced code.
    (r"5\.1\.[78]|5\.7\.60", _SENDER),
    (r"5\.1\.([1236]|10)|5\.2\.1", _ADDRESS),
    (r"5\.4\.5|5\.7\.23[23]", _QUOTA),
    (r"[45]\.2\.2", _FULL),
    (r"4\.3\.2|4\.2\.1|[45]\.7\.28|4\.5\.3", _RATE),
    (r"5\.2\.3|5\.3\.4", _SIZE),
    (r"5\.7\.([89]|11|139)", _AUTH),
    (r"5\.7\.\d+", _POLICY),
    (r"5\.5\.\d+", _PROTOCOL),
)
_BY_CODE: dict[int, Explanation] = {
    432: _RATE,
    454: _AUTH_LATER,
    530: _AUTH,
    534: _AUTH,
    535: _AUTH,
    538: _AUTH,
    550: _ADDRESS,
    551: _ADDRESS,
    552: _SIZE,
    553: _ADDRESS,
    554: _POLICY,
    555: _PROTOCOL,
} | dict.fromkeys(range(500, 505), _PROTOCOL)


def explain(error: Exception) -> Explanation:
    """Judge an exception of one row."""
    if isinstance(error, SMTPException) and (error.unconfirmed or error.phase == "tls"):
        return _UNCONFIRMED if error.unconfirmed else _TLS
    if isinstance(error, TemplateError) and isinstance(error.__cause__, AddressError):
        return _MALFORMED
    if isinstance(error, SMTPRecipientsRefused) and error.recipients:
        return explain(error.recipients[0])
    if isinstance(error, SMTPResponseException):
        return _explain_reply(error)
    for kind, explanation in _BY_KIND:
        if isinstance(error, kind):
            return explanation
    return _BUG


_BY_KIND: tuple[tuple[type[Exception], Explanation], ...] = (
    (TemplateError, _TEMPLATE),
    (AddressError, _MALFORMED),
    (SMTPTimeoutError, _TIMEOUT),
    (SMTPNotSupported, _UNSUPPORTED),
    (SMTPConnectError, _UNREACHABLE),
    (SMTPServerDisconnected, _CONNECTION),
)


def _explain_reply(error: SMTPResponseException) -> Explanation:
    enhanced = error.enhanced_code
    if enhanced is not None:
        for pattern, explanation in _BY_ENHANCED:
            if re.fullmatch(pattern, enhanced):
                return explanation
    if error.phase == "mail" and error.code in {550, 553}:
        return _SENDER
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    if error.code // 100 == 4:  # noqa: PLR2004 -- RFC 5321 4.2.1: the first digit says whether to try again
        return _LATER
    return _REFUSED if error.code > 0 else _PROTOCOL

"""Whether a mail system wrote a message, by its sender.

A sender is sure (MAILER-DAEMON, "Mail Delivery System"), or likely, though a person or an answering machine may be
it as well (postmaster@, an empty return path), or perhaps (noreply@, "System Administrator"). Those who are called
Mailer or Postman are people.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from . import phrases
from .fields import addresses_in

if TYPE_CHECKING:
    from .fields import Fields

Sureness = Literal["sure", "likely", "perhaps", "no"]

_SYSTEM_NAMES: Final = frozenset({
    "mailer-daemon", "mailerdaemon", "mailer_daemon", "mail-daemon", "maildaemon", "mail.daemon", "mailer.daemon",
    "mail.delivery.system", "post_master", "double-bounce", "mdaemon", "mmdf",
})  # fmt: skip
_SHARED_NAMES: Final = frozenset({
    "sysadmin", "administrator", "root", "mail", "mailadmin", "noreply", "no-reply", "donotreply",
})  # fmt: skip
_SYSTEM_FIELDS: Final = ("x-failed-recipients", "x-ms-exchange-message-is-ndr", "x-ms-embedded-report")
_EXCHANGE_NAME: Final = re.compile(r"microsoftexchange[0-9a-f]{32}")


def is_mail_system(fields: Fields) -> Sureness:
    """Tell whether a mail system is the sender of a message, by its header."""
    sender = fields.words("from")
    if any(name in fields for name in _SYSTEM_FIELDS) or sender == "<>":
        return "sure"
    local = (addresses_in([sender]) or [sender.strip(" <>\"'")])[0].partition("@")[0].lower()
    if local in _SYSTEM_NAMES or _EXCHANGE_NAME.fullmatch(local):
        return "sure"
    title = sender.lower().partition("<")[0] if "<" in sender else sender.lower().partition("(")[2]
    if any(phrase in title for phrase in phrases.SYSTEM_TITLES):
        return "sure"
    if local == "postmaster" or has_empty_return_path(fields):
        return "likely"
    is_titled = any(phrase in title for phrase in phrases.KEEPER_TITLES)
    return "perhaps" if local in _SHARED_NAMES or is_titled else "no"


def has_empty_return_path(fields: Fields) -> bool:
    """Tell whether the envelope's sender was empty, as reports and answering machines have it (RFC 5321 4.5.5)."""
    path = fields.text("return-path").lower()
    return path == "<>" or "mailer-daemon" in path


def is_taken_back(subject: str) -> bool:
    """Tell whether a subject begins as that of an answer or of something forwarded."""
    return subject.lower().lstrip().replace("\uff1a", ":").startswith(phrases.ANSWER_PREFIXES)

"""Masked addresses: what is saved with a notebook names no one (`a...@example.org`).

A saved output travels: to GitHub, to a colleague, to a printer. Servers echo addresses in their replies, so texts
are masked like columns, and a row's own mailbox also where it is named without its domain. Domains stay: they tell
where the trouble is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from notebookmail.errors import AddressError, SMTPRecipientRefused, SMTPRecipientsRefused, SMTPSenderRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUOTED_LOCAL = re.compile(r'"[^"]*"(?=@|%40)')
# Tokens, then a look into each: one pass, whatever a hostile server sends. %40 is an @ in a link (SPF's replies).
_TOKEN = re.compile(r"[^\s<>()\[\]{},;:\"|]+")
_AT = re.compile("[@\uff20]|%40")
_SHORTEST_WORD = 3


def mask_address(to: str) -> str:
    """Mask a mailbox; a display name is left out, for it names the person too.

    Example:
        >>> mask_address("Ada Lovelace <ada@example.org>")
        'a...@example.org'
    """
    address = bare_address(to)
    local, at, domain = address.rpartition("@")
    return f"{_initial(local)}{at}{domain}" if at else _initial(address)


def bare_address(to: str) -> str:
    """Return a mailbox without its display name."""
    return to.rpartition("<")[2].rstrip("> ")


def mask_text(text: str, *private: str) -> str:
    """Mask every address in a text.

    Args:
        text: A server's reply, an error, a hint, a row's label.
        private: Mailboxes or cells the text may be about: also their bare local parts are masked.

    Example:
        >>> mask_text("<ada@example.org>: no user ada here", "ada@example.org")
        '<a...@example.org>: no user a... here'
    """
    for cell in filter(None, private):
        text = text.replace(cell, mask_address(cell))
    text = _QUOTED_LOCAL.sub(lambda match: _initial(match[0].strip('"')), text)
    text = _TOKEN.sub(lambda match: _mask_token(match[0]), text)
    for cell in private:
        local = bare_address(cell).rpartition("@")[0]
        if len(local) >= _SHORTEST_WORD:
            masked = _initial(local).replace("\\", r"\\")
            text = re.sub(rf"(?<![\w.]){re.escape(local)}(?!\w)", masked, text)
    return text


def mask_error(error: Exception, text: str, to: str = "") -> str:
    """Mask what a text about an error gives away: the mailbox it went to, and those the error itself carries."""
    return mask_text(text, to, *_named_in(error))


def quoted(cell: str) -> tuple[str, ...]:
    """Return a cell as it is and as a message quotes it: what is no address has no @ to be known by."""
    text = cell.strip()
    return tuple({each for each in (cell, text, repr(text)[1:-1]) if each})


def _named_in(error: BaseException) -> Iterator[str]:
    if isinstance(error.__cause__, AddressError):  # a row's error says what the address's says
        yield from _named_in(error.__cause__)
    match error:
        case AddressError():
            yield from quoted(error.text)
        case SMTPRecipientRefused():
            yield error.recipient
        case SMTPRecipientsRefused():
            yield from (each.recipient for each in error.recipients)
        case SMTPSenderRefused():
            yield error.sender


def _mask_token(token: str) -> str:
    found = list(_AT.finditer(token))
    if not found:
        return token
    bare = token.lstrip("'")
    local = token[: found[-1].start()].lstrip("'")
    if not local:
        return token
    quotes = token[: len(token) - len(bare)]
    return f"{quotes}{_initial(local)}{token[found[-1].start() :]}"


def _initial(text: str) -> str:
    return f"{text.strip()[:1]}..." if text.strip() else ""

"""Header fields of a message or of a part, read leniently and bounded (RFC 5322 2.2, RFC 2047, RFC 3464 2.1).

What is read here was written by strangers: a field that is not what it should be is empty, never an error.
"""

from __future__ import annotations

import re
from datetime import UTC
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from .decoding import decoded

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

MOST_FIELDS: Final = 500
MOST_OF_A_VALUE: Final = 8_192  # octets; of longer ones, half of it from the beginning and half from the end
MOST_IDS: Final = 40
MOST_ADDRESSES: Final = 50
_LONGEST_ENCODED: Final = 2_000
_LONGEST_ADDRESS: Final = 320  # 64 + "@" + 255 octets (RFC 5321 4.5.3.1)
_FIELD: Final = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_ID: Final = re.compile(r"<([^<>\s]{1,512})>")
_PIECE: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\\.|[(),;<>:]|[^"\\(),;<>:]+|["\\]', re.DOTALL)
_BARE_ID: Final = re.compile(r"[^<>\s@]{1,256}@[^<>\s@]{1,255}")


class Fields:
    """The fields of a block, by names in any case.

    Args:
        block: What stands before the first empty line; its lines end in LF.
    """

    __slots__ = ("_values",)

    def __init__(self, block: bytes = b"") -> None:
        self._values: dict[str, list[bytes]] = {}
        for line in block.replace(b"\n ", b" ").replace(b"\n\t", b"\t").split(b"\n", MOST_FIELDS)[:MOST_FIELDS]:
            match = _FIELD.match(line)
            if match is not None:
                self._values.setdefault(match[1].decode("ascii").lower(), []).append(_bounded(line[match.end() :]))

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __bool__(self) -> bool:
        return bool(self._values)

    def octets(self, name: str) -> bytes:
        """Return the first value of a name as it was sent, or nothing."""
        return self._values.get(name, (b"",))[0]

    def text(self, name: str) -> str:
        """Return the first value of a name, or "": one line, its encoded words not decoded."""
        return decoded(self.octets(name))

    def texts(self, *names: str) -> list[str]:
        """Return all the values of some names."""
        return [decoded(value) for name in names for value in self._values.get(name, ())]

    def words(self, name: str) -> str:
        """Return the first value of a name as people read it, or "" (RFC 2047)."""
        return decode_words(self.text(name))


def _bounded(value: bytes) -> bytes:
    value = value.strip()
    if len(value) <= MOST_OF_A_VALUE:
        return value
    return value[: MOST_OF_A_VALUE // 2] + b" " + value[-MOST_OF_A_VALUE // 2 :]


def decode_words(text: str) -> str:
    """Decode the encoded words of a text (RFC 2047); what cannot be decoded stays as it is."""
    if "=?" not in text:
        return text
    try:
        pieces = decode_header(text[:_LONGEST_ENCODED])
    except (HeaderParseError, ValueError):
        return text
    return "".join(
        decoded(piece, charset or "") if isinstance(piece, bytes) else piece for piece, charset in pieces
    )


def ids_in(values: Iterable[str]) -> list[str]:
    """Return the Message-IDs in some values, without brackets, each once and in order (RFC 5322 3.6.4)."""
    found: dict[str, None] = {}
    for value in values:
        bracketed = _ID.findall(value)
        bare = () if "<" in value else (word for word in value.split() if _BARE_ID.fullmatch(word))
        found.update(dict.fromkeys(bracketed or bare))
    return list(found)[:MOST_IDS]


def nearest_ids(values: Iterable[str]) -> list[str]:
    """Return the Message-IDs of References fields, the nearest one first, which stands last (RFC 5322 3.6.4)."""
    return [each for value in values for each in reversed(_ID.findall(value))][:MOST_IDS]


def addresses_in(values: Iterable[str]) -> list[str]:
    """Return the addresses in some values, each once and in order, without names and comments (RFC 5322 3.4)."""
    found: dict[str, None] = {}
    for value in values:
        for address in _addresses(value):
            if "@" in address and len(address) <= _LONGEST_ADDRESS and not any(each.isspace() for each in address):
                found[address] = None
    return list(found)[:MOST_ADDRESSES]


def _addresses(text: str) -> list[str]:
    """Cut a list of mailboxes at its commas: of each, what stands in angle brackets, else all of it.

    One pass, so that no nesting of comments and quotes costs more than its length.
    """
    found: list[str] = []
    bare: list[str] = []
    angle = ""
    depth = 0
    for piece in [*_PIECE.findall(text), ","]:
        if piece in "()":
            depth = depth + 1 if piece == "(" else max(depth - 1, 0)
        elif depth:
            continue
        elif piece in ",;":
            found.append((angle or "".join(bare)).strip())
            bare, angle = [], ""
        elif piece == ">":
            angle, bare = angle or "".join(bare), []
        elif piece == "<" or (piece == ":" and "@" not in "".join(bare)):
            bare = []  # the display name, or the name of a group
        else:
            bare.append(piece)
    return found


def date_of(text: str) -> datetime | None:
    """Read a date (RFC 5322 3.3), in UTC where it says no zone; None if it is none."""
    try:
        date = parsedate_to_datetime(text[:200])
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date

"""Reads the answer to FETCH (RFC 3501 7.4.2) as the standard library hands it over: texts, literals beside them.

What a server says may stand in any order, and what was not asked for among it.
"""

from __future__ import annotations

import imaplib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SPACE: Final = b" \r\n\t"
_Token = tuple[str, bytes]


def read_fetched(answer: Iterable[bytes | tuple[bytes, bytes] | None]) -> Iterator[dict[str, bytes]]:
    """Give the attributes of each message: by name, in upper case, without the section and origin of a body.

    Args:
        answer: What imaplib collects: texts, and pairs of a text and the literal that it announces.
    """
    found: dict[str, bytes] | None = None
    name, depth = "", 0
    for kind, value in _tokens(answer):
        if kind == "(":
            depth += 1
            if depth == 1:
                found, name = {}, ""
        elif kind == ")":
            depth -= 1
            if depth == 0 and found is not None:
                yield found
                found = None
            elif depth == 1:
                name = ""  # a list was the value
        elif depth == 1 and found is not None:
            if name:
                found[name], name = value, ""
            else:
                name = value.split(b"[")[0].decode("ascii", "replace").upper()


def _tokens(answer: Iterable[bytes | tuple[bytes, bytes] | None]) -> Iterator[_Token]:
    for part in answer:
        if isinstance(part, tuple):
            text, _, _ = part[0].rpartition(b"{")
            yield from _tokens_of(text)
            yield "text", part[1]
        elif part is not None:
            yield from _tokens_of(part)


def _tokens_of(text: bytes) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        here = text[place : place + 1]
        if here in _SPACE:
            place += 1
        elif here in b"()":
            yield here.decode(), here
            place += 1
        elif here == b'"':
            value, place = _quoted(text, place + 1)
            yield "text", value
        else:
            end = _end_of_atom(text, place)
            yield "text", text[place:end]
            place = end


def _quoted(text: bytes, place: int) -> tuple[bytes, int]:
    value = bytearray()
    while place < len(text) and text[place] != ord('"'):
        place += text[place] == ord("\\")
        value += text[place : place + 1]
        place += 1
    return bytes(value), place + 1


def _end_of_atom(text: bytes, place: int) -> int:
    """Find where a word ends; within brackets, as in BODY[HEADER.FIELDS (DATE)], it may hold anything."""
    brackets = 0
    while place < len(text):
        here = text[place : place + 1]
        brackets += (here == b"[") - (here == b"]")
        if brackets <= 0 and (here in _SPACE or here in b"()"):
            break
        place += 1
    return place


def internal_date(value: bytes) -> datetime:
    """Read when a message came (RFC 3501, date-time); what is none is the beginning of 1970."""
    local = imaplib.Internaldate2tuple(b'INTERNALDATE "' + value + b'"')
    return datetime.fromtimestamp(0 if local is None else time.mktime(local), UTC)

"""Lines of header fields: words folded, text as encoded-words (RFC 5322 2.2.3, RFC 2047).

The letters of a run and what a caller's message becomes are both written with these. They decide nothing about
a field: which words may be encoded, and which must stay as they are, its writer knows.
"""

from __future__ import annotations

from binascii import b2a_base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LINE = 78
"""Characters a line should not exceed (RFC 5322 2.1.1)."""

WORD = 75
"""Characters an encoded-word may have (RFC 2047 2)."""

_FRAME = len("=?utf-8?q??=")
# What Q leaves as it is: the set for phrases, the strictest place (RFC 2047 5 (3)).
_Q = {octet: f"={octet:02X}" for octet in range(256)} | {
    ord(char): char for char in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/"
}
_Q[ord(" ")] = "_"
_AS_IT_IS = bytes(octet for octet, written in _Q.items() if len(written) == 1)


def encoded_words(text: str, first_room: int, room: int = WORD) -> list[str]:
    """Cut a text into encoded-words at character boundaries.

    Args:
        text: Without control characters and halves of surrogate pairs.
        first_room: Characters that the first may have, so that it fits behind the field's name.
        room: Characters that each may have.
    """
    words: list[str] = []
    left = min(room, first_room) - _FRAME
    place = 0
    while place < len(text):
        taken, word = _encoded_word(text[place : place + left], left)  # no character takes less than one
        words.append(word)
        place += taken
        left = room - _FRAME
    return words


def quoted(text: str) -> str:
    """Write a text as a quoted string (RFC 5322 3.2.4)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def fold(prefix: str, words: Sequence[str]) -> bytes:
    """Write a field's words, folded between them where a line would get longer than 78 characters, with its CRLF.

    Args:
        prefix: The field's name and colon.
        words: At least one; a word is never cut.
    """
    # Never right after the colon: old parsers then read the fold's space as part of the value.
    lines = [f"{prefix} {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= LINE:
            lines[-1] += f" {word}"
        else:
            lines.append(f" {word}")
    return ("\r\n".join(lines) + "\r\n").encode("utf-8")


def unfold(value: str) -> str:
    """Join a field's lines (RFC 5322 2.2.3); a line break without a blank behind it is left, to be refused."""
    if "\n" not in value and "\r" not in value:
        return value
    first, *rest = value.replace("\r\n", "\n").split("\n")
    return first + "".join(line if line[:1] in {" ", "\t"} else f"\n{line}" for line in rest)


def _encoded_word(text: str, room: int) -> tuple[int, str]:
    """Encode as many characters as fit, in Q or B, whichever takes more of them or is shorter."""
    octets = text.encode()
    q_length = len(octets) + 2 * len(octets.translate(None, _AS_IT_IS))
    # Where all of it fits in B, B is right unless Q takes all of it too, and is shorter; else Q, if it takes all.
    if len(octets) <= room // 4 * 3 and q_length > (len(octets) + 2) // 3 * 4:
        return len(text), f"=?utf-8?b?{b2a_base64(octets, newline=False).decode('ascii')}?="
    if q_length <= room:
        return len(text), f"=?utf-8?q?{_q(text)}?="
    q_taken = _fitting((len(_q(char)) for char in text), room)
    b_taken = _fitting((len(char.encode()) for char in text), room // 4 * 3)
    q = _q(text[:q_taken])
    b = b2a_base64(text[:b_taken].encode(), newline=False).decode("ascii")
    if (q_taken, -len(q)) >= (b_taken, -len(b)):
        return q_taken, f"=?utf-8?q?{q}?="
    return b_taken, f"=?utf-8?b?{b}?="


def _fitting(sizes: Iterable[int], room: int) -> int:
    """Count how many of the sizes fit into the room."""
    taken = 0
    for size in sizes:
        room -= size
        if room < 0:
            break
        taken += 1
    return taken


def _q(text: str) -> str:
    return "".join(map(_Q.__getitem__, text.encode()))

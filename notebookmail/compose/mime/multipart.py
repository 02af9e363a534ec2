"""The parts of a message put together: mixed > alternative > related (RFC 2046, RFC 2387).

A part is a list of pieces of bytes, fields first, each piece beginning at the start of a line and ending with one,
so that what all messages share (an attached megabyte, encoded once) is never copied. Short pieces are joined,
because every piece costs a write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

MimePart = list[bytes]
_LONG: Final = 32 * 1024
_AS_IT_IS: Final = b": 7bit\r\n"
_FIELDS: Final = 200  # octets of a body's fields, at most
_OPENINGS: Final = {
    "mixed": (b'Content-Type: multipart/mixed;\r\n boundary="', b"=_m"),
    "alternative": (b'Content-Type: multipart/alternative;\r\n boundary="', b"=_a"),
    "related": (b'Content-Type: multipart/related; type="text/html";\r\n boundary="', b"=_r"),
}
"""How a part of each subtype begins, and its boundary: one letter tells nested ones apart."""


def multipart(subtype: str, parts: Sequence[MimePart], token: str) -> MimePart:
    """Put several parts together to one, with its Content-Type field.

    Args:
        subtype: "mixed", "alternative" or "related"; the first part of the last is the one that is shown.
        parts: At least one.
        token: What the boundary is made of; lengthened until no line of the parts could be it.
    """
    opening, boundary = _OPENINGS[subtype]
    boundary += token.encode("ascii")
    # "=_" cannot occur in quoted-printable or base64; in 7bit it can.
    plain = [piece for part in parts for piece in part if piece.find(_AS_IT_IS, 0, _FIELDS) >= 0]
    while plain and any(boundary in piece for piece in plain):
        boundary += b"_"
    pieces = [b'%b%b"\r\n' % (opening, boundary)]
    delimiter = b"\r\n--%b\r\n" % boundary
    for part in parts:
        pieces.append(delimiter)
        pieces += part
    pieces.append(b"\r\n--%b--\r\n" % boundary)
    return pieces


def joined(pieces: Sequence[bytes]) -> tuple[bytes, ...]:
    """Join short pieces to long ones; long ones stay the objects they are."""
    if sum(map(len, pieces)) < _LONG:  # a letter, as most
        return (b"".join(pieces),)
    done: list[bytes] = []
    short: list[bytes] = []
    for piece in pieces:
        if len(piece) < _LONG:
            short.append(piece)
            continue
        if short:
            done.append(b"".join(short))
            short.clear()
        done.append(piece)
    if short:
        done.append(b"".join(short))
    return tuple(done)

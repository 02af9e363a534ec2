"""The parts of a message put together: mixed > alternative > related (RFC 2046, RFC 2387).

A part is a list of pieces of bytes, fields first, each piece beginning at the start of a line and ending with one,
so that what all messages share (an attached megabyte, encoded once) is never copied. Short pieces are joined,
because every piece costs a write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MimePart = list[bytes]
_LONG: Final = 32 * 1024
_FIELDS: Final = 200  # octets of a body's fields, at most
_SUBTYPES: Final = {"mixed": "m", "alternative": "a", "related": "r"}


def multipart(subtype: str, parts: Sequence[MimePart], token: str) -> MimePart:
    """Put several parts together to one, with its Content-Type field.

    Args:
        subtype: "mixed", "alternative" or "related"; the first part of the last is the one that is shown.
        parts: At least one.
        token: What the boundary is made of; lengthened until no line of the parts could be it.
    """
    # "=_" cannot occur in quoted-printable or base64; in 7bit it can. One letter tells nested boundaries apart.
    boundary = f"=_{_SUBTYPES[subtype]}{token}".encode("ascii")
    plain = [piece for part in parts for piece in part if b": 7bit\r\n" in piece[:_FIELDS]]
    while any(boundary in piece for piece in plain):
        boundary += b"_"
    kind = b'; type="text/html"' if subtype == "related" else b""
    opening = b"".join((
        b"Content-Type: multipart/", subtype.encode("ascii"), kind, b';\r\n boundary="', boundary, b'"\r\n\r\n',
    ))  # fmt: skip
    pieces = [opening]
    for part in parts:
        pieces.append(b"--%b\r\n" % boundary if len(pieces) == 1 else b"\r\n--%b\r\n" % boundary)
        pieces += part
    pieces.append(b"\r\n--%b--\r\n" % boundary)
    return pieces


def joined(pieces: Iterable[bytes]) -> tuple[bytes, ...]:
    """Join short pieces to long ones; long ones stay the objects they are."""
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

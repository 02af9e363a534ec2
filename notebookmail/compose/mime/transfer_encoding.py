"""Bodies as bytes: content transfer encodings (RFC 2045).

Everything that leaves here is ASCII in lines of at most 78 characters that end in CRLF, so that no server needs an
extension for it and none can misread it. A text stays as it is where it can (7bit), is quoted-printable where few
characters need it, and base64 where most do.
"""

from __future__ import annotations

from binascii import b2a_base64
from typing import TYPE_CHECKING, Final

from notebookmail.errors import TemplateError

from .quoted_printable import QuotedLines, QuotedPieces

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

_ASCII: Final = bytes(range(128))
_CONTROLS: Final = bytes([*range(9), *range(11, 32), 127])  # all but tab and line feed
LINE: Final = 78
_BASE64_LINE = 76
_MOSTLY = 6  # above one octet in six, base64 is the shorter
_LONG_PIECES = 12  # characters to a piece, below which joining them first is faster


SEVEN_BIT: Final = b"7bit\r\n\r\n"
QUOTED: Final = b"quoted-printable\r\n\r\n"


def content_fields(subtype: str) -> bytes:
    """Return the Content-* fields of a body, up to the name of its encoding."""
    return f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: '.encode("ascii")


class BodyEncoder:
    """Encodes the bodies of one part of a template.

    Most of a letter is the same for every row: what was encoded before is looked up (see quoted_printable.py).

    Args:
        subtype: "plain" or "html".
    """

    def __init__(self, subtype: str) -> None:
        self._fields = content_fields(subtype)
        self._lines = QuotedLines()
        self._pieces = QuotedPieces()
        self._long_of: AbstractSet[str] = frozenset()
        self._long: frozenset[str] = frozenset()

    def encode(self, text: str) -> bytes:
        """Write a body with its Content-* fields, the blank line, and a final CRLF.

        Line endings become CRLF, and the text ends with one.

        Raises:
            UnicodeEncodeError: The text holds half a surrogate pair.
        """
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = text.removesuffix("\n")
        lines = text.split("\n")
        if text.isascii():
            data = text.encode("ascii")
            if max(map(len, lines)) <= LINE and is_clean(data):
                return b"".join([self._fields, SEVEN_BIT, data.replace(b"\n", b"\r\n"), b"\r\n"])
        elif is_mostly_foreign(text):
            return b"".join([self._fields, b"base64\r\n\r\n", _base64_lines(lines)])
        encoded = map(self._lines.__getitem__, lines)
        return b"".join([self._fields, QUOTED, *encoded])

    def encode_pieces(self, pieces: Sequence[str], own: AbstractSet[str]) -> bytes:
        """Write the body that pieces make: the same octets as `encode` of the whole, with less work.

        Args:
            pieces: The text in pieces, none of them empty.
            own: Those of them that are the template's own, and so come again in other rows.

        Raises:
            UnicodeEncodeError: As for `encode`.
        """
        text = "".join(pieces)
        if len(text) < _LONG_PIECES * len(pieces) or "\r" in text or "\0" in text:
            return self.encode(text)
        if text.isascii():
            if not self._has_long_line(pieces, own):  # it may go as it is
                return self.encode(text)
        elif is_mostly_foreign(text.removesuffix("\n")):
            return self.encode(text)
        return b"".join([self._fields, QUOTED, *self._pieces.encoded(pieces, own)])

    def _has_long_line(self, pieces: Sequence[str], own: AbstractSet[str]) -> bool:
        """Tell whether one of the template's own pieces is enough to see that a line is too long for 7bit."""
        if self._long_of is not own:
            self._long_of = own
            self._long = frozenset(piece for piece in own if max(map(len, piece.split("\n"))) > LINE)
        return not self._long.isdisjoint(pieces)


def is_clean(data: bytes) -> bool:
    """Tell whether a text of short ASCII lines can go as it is."""
    return not (b" \n" in data or b"\t\n" in data or data.endswith((b" ", b"\t"))) and len(
        data.translate(None, _CONTROLS)
    ) == len(data)


def is_mostly_foreign(text: str) -> bool:
    """Tell whether base64 is the shorter for a text, without the end of its last line."""
    data = text.encode("utf-8")
    if 2 * (len(data) - len(text)) * _MOSTLY <= len(data):  # a foreign character has at most twice as many octets
        return False  # as it has more than one
    return many_foreign(data)


def many_foreign(data: bytes) -> bool:
    """Tell whether so many octets are beyond ASCII that base64 is the shorter."""
    return len(data.translate(None, _ASCII)) * _MOSTLY > len(data)


def _base64_lines(lines: list[str]) -> bytes:
    # Base64 carries a text in its canonical form, with CRLF (RFC 2046 4.1.1).
    return base64_body("\r\n".join([*lines, ""]).encode("utf-8"))


def surrogate_error(field: str, row: object) -> TemplateError:
    """Say what half a surrogate pair in a body is."""
    return TemplateError(
        "the text holds half of a surrogate pair, which no encoding can carry: an emoji was cut in two, or the "
        "file was read with a wrong encoding; clean the column",
        field,
        row,
    )


def base64_body(content: bytes) -> bytes:
    """Encode octets as lines of base64, the last one ended too (RFC 2045 6.8)."""
    encoded = b2a_base64(content, newline=False)
    lines = [encoded[start : start + _BASE64_LINE] for start in range(0, len(encoded), _BASE64_LINE)]
    return b"\r\n".join([*lines, b""])

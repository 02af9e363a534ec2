"""Quoted-printable (RFC 2045 6.7) for letters of which most is the same for every row.

The form of a stretch of text depends on nothing but the column it begins at, and on whether its line ends behind
it. So lines met before, and the template's own stretches, are looked up instead of encoded again; what is kept is
bounded.
"""

from __future__ import annotations

import re
from binascii import a2b_qp, b2a_qp
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

_MOST_LINES: Final = 1_024
_LONGEST_LINE: Final = 2_048
_MOST_OCTETS: Final = 4_194_304
LONGEST: Final = 76
"""Characters of a line, without its end (RFC 2045 6.7 (5))."""
_NOTHING_TO_CODE: Final = re.compile(r"[!-\-/-<>-~](?:[ -<>-~]*[!-<>-~])?")
"""A stretch that stays as it is anywhere: no blank at its ends, no dot that might be alone in its line."""
_WORTH_CUTTING: Final = 512
_AS_THEY_ARE: Final = bytes({9, *range(32, 127)})
"""What stands for itself; of these, "=" is the first to get its code."""
_CUT: Final = re.compile(rb".{73,75}(?<!=)(?<!=.)", re.DOTALL)
"""Lines as long as they may be before the "=" of a soft break; a code is never cut in two."""


def quoted(line: bytes) -> bytes:
    """Return what b2a_qp makes of a line without CR and LF; of a long one, such as a table, several times faster.

    It looks at octets one by one. Here the few that need a code are replaced in the whole line, which is then cut;
    the last stretch is left to it, for it has rules of its own for the end of a line.
    """
    if len(line) < _WORTH_CUTTING or b"\0" in line:
        return b2a_qp(line)
    coded = set(line.translate(None, _AS_THEY_ARE))
    whole = line.replace(b"=", b"=3D")
    for octet in coded:
        whole = whole.replace(bytes((octet,)), b"=%02X" % octet)
    lines = _CUT.findall(whole)
    start, last = sum(map(len, lines)), len(whole) - 2 * LONGEST
    while lines and start - len(lines[-1]) >= last:
        start -= len(lines.pop())
    return b"=\n".join([*lines, b2a_qp(a2b_qp(whole[start:]))])


class QuotedLines(dict[str, bytes]):
    """Whole lines and their quoted-printable forms, encoded when first asked for."""

    def __missing__(self, line: str) -> bytes:
        # b2a_qp also encodes what a relay could spoil: white space at a line's end, and a lone dot.
        encoded = quoted(line.encode("utf-8")).replace(b"\n", b"\r\n") + b"\r\n"
        if len(self) < _MOST_LINES and len(line) <= _LONGEST_LINE:
            self[line] = encoded
        return encoded


class QuotedPieces:
    """Stretches of text that make a body, the template's own of them kept for each place they were met at."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[int, tuple[bytes, int]]] = {}
        self._room = _MOST_OCTETS

    def encoded(self, pieces: Sequence[str], own: AbstractSet[str]) -> list[bytes]:
        """Encode a text that is whole; its last line is ended.

        Args:
            pieces: What it is made of, one after the other; none is empty, and none holds CR or NUL.
            own: Those of them that come again in other texts.

        Raises:
            UnicodeEncodeError: The text holds half a surrogate pair.
        """
        done = []
        column = 0
        kept = self._kept
        for piece, following in zip(pieces, [*pieces[1:], "\n"], strict=True):
            ends_line = following[0] == "\n"
            forms = kept.get(piece)
            if forms is not None or piece in own:
                place = -1 - column if ends_line else column
                found = forms.get(place) if forms is not None else None
                encoded, column = found or self._keep(piece, column, place)
            elif column + len(piece) < LONGEST and _NOTHING_TO_CODE.fullmatch(piece):
                encoded = piece.encode("ascii")
                column += len(piece)
            else:
                encoded, column = encoded_stretch(piece, column, ends_line=ends_line)
            done.append(encoded)
        if pieces[-1][-1] != "\n":
            done.append(b"\r\n")
        return done

    def _keep(self, piece: str, column: int, place: int) -> tuple[bytes, int]:
        found = encoded_stretch(piece, column, ends_line=place < 0)
        if self._room > 0:
            self._room -= len(found[0])
            self._kept.setdefault(piece, {})[place] = found
        return found


def encoded_stretch(text: str, column: int, *, ends_line: bool) -> tuple[bytes, int]:
    """Encode a stretch that begins at a column of its line; return at which one it ends, too."""
    if "\n" not in text:
        return _encoded_line(text, column, ends_line=ends_line)
    *lines, rest = text.split("\n")
    done = []
    for line in lines:
        done += [_encoded_line(line, column, ends_line=True)[0], b"\r\n"]
        column = 0
    encoded, column = _encoded_line(rest, column, ends_line=ends_line)
    return b"".join([*done, encoded]), column


def _encoded_line(text: str, column: int, *, ends_line: bool) -> tuple[bytes, int]:
    """Encode a stretch of one line as b2a_qp does there: it looks at the column, and at whether more follows."""
    if not text:
        return b"", column
    before = b"x" * column
    if ends_line:
        encoded = quoted(before + text.encode("utf-8"))
    else:  # a break that stands before what follows is for that to make
        encoded = quoted(before + text.encode("utf-8") + b"x")[:-1].removesuffix(b"=\n")
    return encoded[column:].replace(b"\n", b"\r\n"), len(encoded) - encoded.rfind(b"\n") - 1

"""Bodies of nothing but text and values of one line, written from stretches that were encoded before.

The general way (transfer_encoding.py) makes a whole text and looks at all of it. Here what the template decides
is decided once: its own stretches are encoded for each column they were met at, and which lines a value could make
too long for 7bit is known. For a row they are looked up, with its values between them; the octets are the same.
What has too many characters beyond ASCII for quoted-printable is left to the general way.
"""

from __future__ import annotations

from binascii import a2b_qp, b2a_qp
from typing import TYPE_CHECKING, Final, NamedTuple

from .quoted_printable import LONGEST, encoded_stretch
from .transfer_encoding import LINE, QUOTED, SEVEN_BIT, content_fields, is_clean, is_mostly_foreign, many_foreign

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    PlainValue = tuple[bytes, bytes, bytes, bytes]
    """A value's octets, and their quoted-printable form in one long line; then the same as HTML has them."""

_CODE: Final = ord("=")
_TWO_LINES: Final = 2 * LONGEST - 3
"""What is shorter is broken but once, wherever a code in it moves the break to."""
_MOST_OCTETS: Final = 4_194_304


class Stretch(NamedTuple):
    """A part of a template that is nothing but text, or the name of a value.

    Attributes:
        text: What the template says itself; "" for a value.
        name: The value's name; "" for text.
        is_link: Whether a link begins with the value.
    """

    text: str
    name: str = ""
    is_link: bool = False


def plain_value(text: str, escaped: str) -> PlainValue:
    """Return a value in the forms that bodies have it in.

    Args:
        text: Of one line, neither empty nor a lone dot, without control characters, halves of surrogate pairs, and
            a blank at its end: how those are written is decided by what stands around them.
        escaped: The same as HTML has it.
    """
    octets = text.encode("utf-8")
    coded = _in_one_line(octets)
    if escaped == text:
        return octets, coded, octets, coded
    html = escaped.encode("utf-8")
    return octets, coded, html, _in_one_line(html)


def _in_one_line(octets: bytes) -> bytes:
    coded = b2a_qp(octets)
    return coded if len(coded) < LONGEST else coded.replace(b"=\n", b"")


class PlainBody:
    """Writes one body of each row.

    Args:
        subtype: "plain" or "html".
        stretches: What it is made of; at least one of them is a value.
    """

    def __init__(self, subtype: str, stretches: Sequence[Stretch]) -> None:
        fields = content_fields(subtype)
        self._as_it_is, self._quoted = fields + SEVEN_BIT, fields + QUOTED
        self._octets_at = 2 if subtype == "html" else 0
        self._coded_at = self._octets_at + 1
        texts, names = _texts_and_names(stretches)
        self._names = names
        last = texts.pop()
        room = _MOST_OCTETS // (len(texts) + 1)
        follows = [*texts[1:], last or "\n"]
        self._steps = [
            (_Forms(text, room), name, following[:1] == "\n")
            for text, name, following in zip(texts, names, follows, strict=True)
        ]
        self._last = _Forms(last, room, ends_line=True)
        self._end = b"" if last.endswith("\n") else b"\r\n"
        self._own = "".join([*texts, last.removesuffix("\n")]).encode("utf-8")
        self._lines = _lines_with_values([*texts, last], names)
        self._may_be_7bit = _may_be_7bit("x".join([*texts, last]))
        self._crlf_texts = [text.replace("\n", "\r\n").encode("utf-8") for text in texts]
        self._crlf_last = last.replace("\n", "\r\n").encode("utf-8") + self._end

    def write(self, values: Mapping[str, PlainValue], *, is_ascii: bool) -> bytes | None:
        """Write a row's body with its Content-* fields, as `BodyEncoder.encode` writes its text.

        Args:
            values: The row's, by name.
            is_ascii: Whether all of them are ASCII.

        Returns:
            The body; None if it takes another encoding.
        """
        if not is_ascii:
            octets = b"".join([values[name][self._octets_at] for name in self._names])
            return None if many_foreign(self._own + octets) else self._write_quoted(values)
        if self._may_be_7bit and self._has_short_lines(values):
            return self._write_as_it_is(values)
        return self._write_quoted(values)

    def _has_short_lines(self, values: Mapping[str, PlainValue]) -> bool:
        place = self._octets_at
        return all(sum([len(values[name][place]) for name in names]) <= room for room, names in self._lines)

    def _write_as_it_is(self, values: Mapping[str, PlainValue]) -> bytes:
        place = self._octets_at
        done = [self._as_it_is]
        for text, name in zip(self._crlf_texts, self._names, strict=True):
            done += (text, values[name][place])
        done.append(self._crlf_last)
        return b"".join(done)

    def _write_quoted(self, values: Mapping[str, PlainValue]) -> bytes:
        place = self._coded_at
        done = [self._quoted]
        column = 0
        for forms, name, ends_line in self._steps:
            octets, column = forms.get(column) or forms[column]  # get is the faster, where there is one
            coded = values[name][place]
            after = column + len(coded)
            if after < LONGEST:
                done += (octets, coded)
                column = after
                continue
            if ends_line or after >= _TWO_LINES:
                coded, column = encoded_stretch(a2b_qp(coded).decode("utf-8"), column, ends_line=ends_line)
            else:
                coded, column = _broken(coded, column)
            done += (octets, coded)
        done += (self._last[column][0], self._end)
        return b"".join(done)


class _Forms(dict[int, tuple[bytes, int]]):
    """A stretch in quoted-printable, and the column it ends at, by the column it begins at; made when asked for.

    Args:
        text: The stretch.
        room: So many octets are kept.
        ends_line: Whether its last line ends behind it.
    """

    def __init__(self, text: str, room: int, *, ends_line: bool = False) -> None:
        super().__init__()
        self._text = text
        self._room = room
        self._ends_line = ends_line

    def __missing__(self, column: int) -> tuple[bytes, int]:
        found = encoded_stretch(self._text, column, ends_line=self._ends_line)
        if self._room > 0:
            self._room -= len(found[0])
            self[column] = found
        return found


def plain_body(subtype: str, stretches: Sequence[Stretch]) -> PlainBody | None:
    """Return what writes bodies of these stretches; None if it takes the general way."""
    text = "".join(each.text for each in stretches)
    if not any(each.name for each in stretches) or "\r" in text or "\0" in text:
        return None
    try:
        return None if is_mostly_foreign(text.removesuffix("\n")) else PlainBody(subtype, stretches)
    except UnicodeEncodeError:  # half a surrogate pair, which each row is told of
        return None


def _broken(coded: bytes, column: int) -> tuple[bytes, int]:
    """Break a quoted-printable value once, as b2a_qp does it where more follows in its line."""
    cut = LONGEST - 1 - column
    if cut > 0 and coded[cut - 1] == _CODE:
        cut -= 1
    elif cut > 1 and coded[cut - 2] == _CODE:
        cut -= 2
    return b"%b=\r\n%b" % (coded[:cut], coded[cut:]), len(coded) - cut


def _texts_and_names(stretches: Sequence[Stretch]) -> tuple[list[str], list[str]]:
    """Return the texts before, between and behind the values, "" where there is none, and the values' names."""
    texts, names = [""], list[str]()
    for each in stretches:
        if each.name:
            names.append(each.name)
            texts.append("")
        else:
            texts[-1] += each.text
    return texts, names


def _lines_with_values(texts: Sequence[str], names: Sequence[str]) -> list[tuple[int, tuple[str, ...]]]:
    """Return the characters of 7bit that each line with values has for them, and their names."""
    lines: list[tuple[int, tuple[str, ...]]] = []
    length, inside = 0, tuple[str, ...]()
    for text, name in zip(texts, [*names, ""], strict=True):
        before, *others = text.split("\n")
        if others:
            lines.append((length + len(before), inside))
            length, inside = len(others[-1]), ()
        else:
            length += len(before)
        inside += (name,) if name else ()
    return [(LINE - own, values) for own, values in [*lines, (length, inside)] if values]


def _may_be_7bit(probe: str) -> bool:
    """Tell whether a body can go as it is, judged by one whose values are one letter."""
    return probe.isascii() and max(map(len, probe.split("\n"))) <= LINE and is_clean(probe.encode("ascii"))

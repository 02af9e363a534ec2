"""Quoted-printable by pieces: the octets of the whole, wherever the pieces are cut and whatever came before."""

from __future__ import annotations

import quopri
from binascii import b2a_qp

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notebookmail.compose.mime.quoted_printable import QuotedLines, QuotedPieces, quoted
from notebookmail.compose.mime.transfer_encoding import BodyEncoder

# What quoted-printable looks at: line ends, blanks before them, dots, =, several octets; and long lines.
LETTERS = st.sampled_from("ab .=\t\n\u00e9\u20ac\U0001f600-_x")
TEXTS = st.one_of(
    st.text(LETTERS, min_size=1, max_size=12),
    st.builds(lambda letter, count: letter * count, LETTERS, st.integers(60, 160)),
    st.builds(lambda count, end: "word " * count + end, st.integers(10, 40), st.text(LETTERS, max_size=4)),
)


def whole(text: str) -> bytes:
    lines = QuotedLines()
    return b"".join(lines[line] for line in text.removesuffix("\n").split("\n"))


@given(
    st.lists(
        st.sampled_from([*"ab .=\t_-\x01\x7f\0", "é", "€", '<td style="', "x" * 70, "=" * 30]),
        min_size=60,
        max_size=300,
    )
)
def test_a_long_line_has_the_octets_of_the_codec(pieces: list[str]) -> None:
    line = "".join(pieces).encode()
    assert quoted(line) == b2a_qp(line)


@given(st.lists(TEXTS, min_size=1, max_size=8), st.data())
@example(["x" * 75, "\n"], None).via("a full line")
@example(["x" * 76, ".", "\n.", "\n"], None).via("a lone dot")
@example(["y" * 74, "\u00e9", " ", "\nz"], None).via("a blank before a line's end")
def test_pieces_give_the_octets_of_the_whole(pieces: list[str], data: st.DataObject | None) -> None:
    own = frozenset(pieces[::2] if data is None else data.draw(st.sets(st.sampled_from(pieces))))
    encoder = QuotedPieces()
    for _ in range(2):  # the second time from what is kept
        assert b"".join(encoder.encoded(pieces, own)) == whole("".join(pieces))


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=5), min_size=2, max_size=6))
def test_what_is_kept_of_one_row_fits_the_next_at_its_own_column(rows: list[list[str]]) -> None:
    encoder, own = QuotedPieces(), frozenset(piece for pieces in rows for piece in pieces)
    for pieces in rows:
        encoded = b"".join(encoder.encoded(pieces, own))
        assert encoded == whole("".join(pieces))
        assert max(map(len, encoded.split(b"\r\n"))) <= 76


@given(st.lists(st.one_of(TEXTS, st.text(min_size=1, max_size=60)), max_size=6))
def test_a_body_in_pieces_is_the_body(pieces: list[str]) -> None:
    encoder = BodyEncoder("html")
    text = "".join(pieces)
    try:
        body = encoder.encode(text)
    except UnicodeEncodeError:
        with pytest.raises(UnicodeEncodeError):
            encoder.encode_pieces(pieces, frozenset(pieces))
    else:
        assert encoder.encode_pieces(pieces, frozenset(pieces)) == body


def test_what_is_kept_is_bounded() -> None:
    encoder = QuotedPieces()
    for number in range(10):
        piece = f"{number}\u00e9" * 400_000
        b"".join(encoder.encoded([piece], frozenset([piece])))
    assert encoder._room <= 0
    assert sum(len(encoded) for forms in encoder._kept.values() for encoded, _ in forms.values()) < 20_000_000


def test_it_reads_back_as_it_was() -> None:
    pieces = ["Dear ", "J\u00f6rg", ",\n\n.\nyou owe 3 = 2 + 1 \u20ac \n"]
    encoded = b"".join(QuotedPieces().encoded(pieces, frozenset(pieces[::2])))
    assert quopri.decodestring(encoded).decode().replace("\r\n", "\n") == "".join(pieces)


@given(st.lists(st.text(st.sampled_from("ab .=\t\n"), min_size=1, max_size=30), max_size=8), st.integers(60, 100))
def test_a_body_of_ascii_is_the_same_in_pieces_whether_a_line_of_its_own_is_long_or_not(
    pieces: list[str], length: int
) -> None:
    encoder, long = BodyEncoder("html"), "x" * length
    pieces = [long, *pieces, *["Dear reader, this is not long.\n" * 8] * 3]
    assert encoder.encode_pieces(pieces, frozenset({long, pieces[-1]})) == encoder.encode("".join(pieces))

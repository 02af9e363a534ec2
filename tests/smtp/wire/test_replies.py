"""Replies: parsed the same at every byte split, strictly, within bounds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.errors import SMTPResponseException
from notebookmail.response import SMTPResponse
from notebookmail.smtp.wire.replies import MAX_REPLY_OCTETS, ReplyReader

TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=40)
REPLY = st.builds(SMTPResponse, st.integers(200, 559).filter(lambda c: c // 10 % 10 < 6), st.lists(
    TEXT, min_size=1, max_size=4).map("\n".join))  # fmt: skip


def on_the_wire(reply: SMTPResponse) -> bytes:
    lines = reply.message.split("\n")
    marks = ["-"] * (len(lines) - 1) + [" "]
    return "".join(f"{reply.code}{mark}{line}\r\n" for mark, line in zip(marks, lines, strict=True)).encode()


def read_all(chunks: list[bytes]) -> list[SMTPResponse]:
    reader = ReplyReader()
    found = []
    for chunk in chunks:
        reader.feed(chunk)
        while (reply := reader.next_reply()) is not None:
            found.append(reply)
    return found


@given(st.lists(REPLY, max_size=4), st.lists(st.integers(0, 400), max_size=8))
def test_replies_come_out_the_same_at_every_split(replies: list[SMTPResponse], cuts: list[int]) -> None:
    octets = b"".join(map(on_the_wire, replies))
    edges = [0, *sorted(min(cut, len(octets)) for cut in cuts), len(octets)]
    chunks = [octets[start:end] for start, end in pairwise(edges)]
    assert read_all(chunks) == replies


@given(st.lists(st.binary(max_size=60), max_size=10))
def test_any_bytes_end_in_replies_or_one_of_our_errors(chunks: list[bytes]) -> None:
    codes: list[int] = []
    try:
        codes = [reply.code for reply in read_all(chunks)]
    except SMTPResponseException as error:
        codes = [error.code]
    assert all(code == -1 or 200 <= code < 560 for code in codes)


@given(st.binary(max_size=80).map(lambda octets: b"250 " + octets + b"\r\n"), st.data())
def test_errors_do_not_depend_on_the_split(octets: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(octets)))

    def outcome(chunks: list[bytes]) -> object:
        try:
            return read_all(chunks)
        except SMTPResponseException as error:
            return error.code

    assert outcome([octets]) == outcome([octets[:cut], octets[cut:]])


@pytest.mark.parametrize(
    "octets",
    [
        b"250OK\r\n", b"2500 ok\r\n", b"+25 ok\r\n", b"2_5 ok\r\n", b"999 ok\r\n", b"25\r\n", b"\r\n",
        b" 250 ok\r\n",
        b"150 ok\r\n", b"600 ok\r\n", b"250 ok\n", b"250 o\rk\r\n", b"250-a\r\n550 b\r\n", b"250-a\r\n251-b\r\n",
        b"hello\r\n", b"\xff\xfe\xfd\r\n", b"\n", "\uff12\uff15\uff10 ok\r\n".encode(),
    ],
)  # fmt: skip
def test_what_is_no_reply_is_refused(octets: bytes) -> None:
    with pytest.raises(SMTPResponseException, match="not a valid SMTP reply"):
        read_all([octets])


def test_a_code_without_text_is_a_reply() -> None:
    assert read_all([b"250\r\n250-\r\n250 \r\n"]) == [SMTPResponse(250, ""), SMTPResponse(250, "\n")]


def test_control_characters_in_text_are_made_visible() -> None:
    (reply,) = read_all([b"550 no\x00\x1b[31m\xc2\x85\r\n"])
    assert reply.message == "no\\x00\\x1b[31m\\x85"


def test_text_that_is_not_utf8_is_kept_readable() -> None:
    assert read_all([b"550 caf\xe9\r\n"])[0].message == "caf\\xe9"


@pytest.mark.parametrize("octets", [b"250-" + b"x" * 200 + b"\r\n", b"250 " + b"y" * 1000])
def test_a_flood_is_cut_off_within_bounds(octets: bytes) -> None:
    reader = ReplyReader()
    fed = 0

    def flood() -> None:
        nonlocal fed
        while fed < 4 * MAX_REPLY_OCTETS:
            reader.feed(octets)
            fed += len(octets)
            reader.next_reply()

    with pytest.raises(SMTPResponseException, match="longer than"):
        flood()
    assert fed <= MAX_REPLY_OCTETS + len(octets)

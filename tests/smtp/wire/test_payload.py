"""Content: CRLF only, dots stuffed, nothing lost."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from notebookmail.smtp.wire.payload import dot_stuff, to_crlf

LINES = st.lists(st.sampled_from([b".", b"..", b"a", b"", b"\r", b"\n", b"\r\n", b".\n", b"x" * 30]), max_size=20)


def unstuffed(octets: bytes) -> bytes:
    lines = octets.split(b"\r\n")
    return b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)


@given(LINES.map(b"".join))
@example(b"a\n.\nMAIL FROM:<evil@example.org>\n")
def test_no_bare_line_end_leaves_and_the_words_stay(content: bytes) -> None:
    out = to_crlf(content)
    assert out.endswith(b"\r\n")
    assert out.replace(b"\r\n", b"").count(b"\r") == out.replace(b"\r\n", b"").count(b"\n") == 0
    assert out.split() == content.split()


@given(LINES.map(b"".join))
def test_no_line_of_a_stuffed_segment_is_a_lone_dot(content: bytes) -> None:
    out = dot_stuff(to_crlf(content))
    assert b".\r\n" not in [line + b"\r\n" for line in out.split(b"\r\n")]
    assert unstuffed(out) == to_crlf(content)


@given(LINES.map(b"".join))
def test_content_that_is_right_is_left_alone(content: bytes) -> None:
    assert to_crlf(to_crlf(content)) == to_crlf(content)

"""The answer to FETCH, as imaplib hands it over: whatever the order, whatever else is said."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from notebookmail.mailbox.fetched import internal_date, read_fetched

Part = bytes | tuple[bytes, bytes]


@st.composite
def answers(draw: st.DrawFn) -> tuple[list[Part], list[dict[str, bytes]]]:
    """An answer, and what it says."""
    parts: list[Part] = []
    expected = []
    for number in range(draw(st.integers(0, 4))):
        body = draw(st.binary(max_size=40))
        is_literal = draw(st.booleans()) or not body.isascii() or b"\0" in body or b"\n" in body or b"\r" in body
        values = {"UID": str(draw(st.integers(1, 2**32 - 1))).encode(), "RFC822.SIZE": b"77", "BODY": body}
        names = draw(st.permutations(["UID", "RFC822.SIZE", "BODY", "FLAGS"]))
        text = f"{number + 1} (".encode()
        for name in names:
            text += b"" if text.endswith(b"(") else b" "
            if name == "FLAGS":
                text += rb"FLAGS (\Seen $Forwarded)"
            elif name == "BODY" and is_literal:
                parts.append((text + b"BODY[]<0> {%d}" % len(body), body))
                text = b""
            elif name == "BODY":
                quoted = body.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
                text += b'BODY[HEADER.FIELDS ("X (Y")]<0> "' + quoted + b'"'
            else:
                text += name.lower().encode() + b" " + values[name]
        parts.append(text + b")")
        expected.append(values)
    return parts, expected


@given(answers())
def test_every_attribute_is_read_wherever_it_stands(answer: tuple[list[Part], list[dict[str, bytes]]]) -> None:
    parts, expected = answer
    assert list(read_fetched(parts)) == expected


@given(st.lists(st.one_of(st.none(), st.binary(max_size=30), st.tuples(st.binary(max_size=30), st.binary()))))
def test_nonsense_is_read_without_an_error(parts: list[Part | None]) -> None:
    assert all(isinstance(each, dict) for each in read_fetched(parts))


def test_a_date_is_read_with_its_time_zone() -> None:
    assert internal_date(b"17-Jul-1996 02:44:25 -0700") == datetime(1996, 7, 17, 9, 44, 25, tzinfo=UTC)


def test_what_is_no_date_is_the_beginning_of_time() -> None:
    assert internal_date(b"yesterday") == datetime(1970, 1, 1, tzinfo=UTC)

"""Bodies written from stretches that were encoded before: the octets of the general way, whatever the values."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import escape

from notebookmail.compose.jinja.plain_values import PlainValues
from notebookmail.compose.mime.plain_body import PlainBody, Stretch, plain_body
from notebookmail.compose.mime.transfer_encoding import BodyEncoder

NAMES = ("name", "points", "city")
# What the encodings look at: line ends, blanks, dots, =, several octets, long lines; and what HTML escapes.
TEXTS = st.one_of(
    st.text(st.sampled_from("ab .=\t\n\u00e9\u20ac-<"), min_size=1, max_size=12),
    st.builds(lambda letter, count: letter * count, st.sampled_from("x=\u00e9"), st.integers(20, 160)),
    st.builds(lambda count, end: "word " * count + end, st.integers(10, 40), st.text("a. \n", max_size=4)),
)
VALUES = st.one_of(
    st.text(st.sampled_from("ab .=\t\n\r\0\u00e9\u20ac\U0001f600-&<\"'"), max_size=12),
    st.builds(lambda letter, count: letter * count, st.sampled_from("x=\u00e9&"), st.integers(1, 160)),
    st.sampled_from([".", "https://example.org/?a=1&b=2", "\ud800", "12.50", 17, 2.5, True]),
)
STRETCHES = st.lists(
    st.one_of(st.builds(Stretch, TEXTS), st.sampled_from([Stretch("", name) for name in NAMES])),
    min_size=1,
    max_size=9,
)
ROWS = st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES)), min_size=1, max_size=4)


def general(subtype: str, stretches: list[Stretch], row: dict[str, object]) -> bytes | None:
    values = {name: str(escape(str(value))) if subtype == "html" else str(value) for name, value in row.items()}
    try:
        return BodyEncoder(subtype).encode("".join(values.get(each.name, each.text) for each in stretches))
    except UnicodeEncodeError:
        return None


@pytest.mark.parametrize("subtype", ["plain", "html"])
@given(stretches=STRETCHES, rows=ROWS)
@settings(max_examples=150)
def test_a_body_has_the_octets_of_the_general_way(
    subtype: str, stretches: list[Stretch], rows: list[dict[str, object]]
) -> None:
    body, reader = plain_body(subtype, stretches), PlainValues(stretches)
    for row in [*rows, *rows]:  # the second time from what is kept
        read = reader.read(row)
        if body is not None and read is not None:
            written = body.write(read[0], is_ascii=read[1])
            assert written in {None, general(subtype, stretches, row)}


@pytest.mark.parametrize("length", range(1, 80))
def test_a_value_is_broken_where_the_codec_breaks_it(length: int) -> None:
    for value in ("a" * 40 + "=" + "b" * 30, "=" * 24, "\u00e9" * 12 + "." * 30, "two words " * 9 + "end"):
        stretches = [Stretch("x" * length), Stretch("", "name"), Stretch(" and\n\u00e9" + " more of it" * 30)]
        body, read = plain_body("plain", stretches), PlainValues(stretches).read({"name": value})
        assert body is not None
        assert read is not None
        assert body.write(read[0], is_ascii=read[1]) == general("plain", stretches, {"name": value})


def test_most_letters_are_written_so() -> None:
    stretches = [Stretch("<p>Dear "), Stretch("", "name"), Stretch(',</p>\n<a href="'), Stretch("", "link", True)]
    body, reader = plain_body("html", stretches), PlainValues(stretches)
    read = reader.read({"name": "J\u00f6rg & Zo\u00eb", "link": "https://example.org/?a=1&b=2"})
    assert isinstance(body, PlainBody)
    assert read is not None
    assert body.write(read[0], is_ascii=read[1]) == general(
        "html", stretches, {"name": "J\u00f6rg & Zo\u00eb", "link": "https://example.org/?a=1&b=2"}
    )


@pytest.mark.parametrize(
    "value", ["", ".", "two\nlines", "a\tb", "end ", "\0", "\ud83d", None, float("nan"), b"x", ["a"]]
)
def test_what_the_text_around_it_decides_or_jinja_prints_takes_the_general_way(value: object) -> None:
    assert PlainValues([Stretch("", "name")]).read({"name": value}) is None


def test_a_link_no_mail_may_hold_takes_the_general_way_where_a_link_begins_with_it() -> None:
    assert PlainValues([Stretch("", "link", True)]).read({"link": "javascript:x"}) is None
    assert PlainValues([Stretch("", "link")]).read({"link": "javascript:x"}) is not None


def test_a_template_that_would_be_base64_takes_the_general_way() -> None:
    assert plain_body("plain", [Stretch("\u0434\u043e\u0431\u0440\u043e "), Stretch("", "name")]) is None
    body = plain_body("plain", [Stretch("Dear "), Stretch("", "name")])
    read = PlainValues([Stretch("", "name")]).read({"name": "\u0434\u043e\u0431\u0440\u043e"})
    assert body is not None
    assert read is not None
    assert body.write(read[0], is_ascii=read[1]) is None


def test_what_is_kept_of_values_is_bounded() -> None:
    reader = PlainValues([Stretch("", "name")])
    for number in range(3_000):
        assert reader.read({"name": f"Ann {number}"}) is not None
    assert reader.read({"name": "long " * 100 + "."}) is not None
    assert len(reader._kept) <= 1_024


def test_what_is_kept_of_a_template_is_bounded() -> None:
    text = "Dear reader, \u00e9\n" * 100_000
    stretches = [Stretch("", "name"), Stretch(f" {text}"), Stretch("", "name"), Stretch(text)]
    body, reader = plain_body("plain", stretches), PlainValues(stretches)
    assert body is not None
    for count in range(1, 5):
        row = {"name": "x" * count}
        read = reader.read(row)
        assert read is not None
        assert body.write(read[0], is_ascii=read[1]) == general("plain", stretches, row)
    kept = [forms for forms, _, _ in body._steps] + [body._last]
    assert sum(len(octets) for forms in kept for octets, _ in forms.values()) < 12_000_000

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sample_runs import ANYTHING, Tags

from notebookmail.view.html.escaping import BREAK, Html, element, escape, join
from notebookmail.view.words.visible_text import clip, visible


@given(ANYTHING, ANYTHING)
def test_no_value_can_make_a_tag_or_an_attribute(content: str, attribute: str) -> None:
    page = Tags(element("p", content, element("b", content), title=attribute))

    assert page.tags == [("p", ("title",)), ("b", ())]


@given(ANYTHING)
def test_what_is_escaped_is_read_back_as_the_visible_text(value: str) -> None:
    assert Tags(escape(value)).text == visible(value)


@given(st.text(st.characters()))
def test_visible_text_can_be_encoded_and_holds_nothing_that_acts(value: str) -> None:
    shown = visible(value)

    shown.encode()
    assert not any(each in "\x00\x07\x08\x1b\r\n\x9b\u202e\u2066\u200b\ufeff" for each in shown)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\r\nb\tc", "a b c"),
        ("\x1b[31m", "\\x1b[31m"),
        ("gro\u202efdp.exe", "gro\\u202efdp.exe"),
        ("\udcff", "\\udcff"),
        ("Łódź 東京 👩\u200d🚀", "Łódź 東京 👩\u200d🚀"),
        (("a", 1), "('a', 1)"),
    ],
)
def test_control_characters_are_spelled_out_and_letters_are_left_alone(value: object, shown: str) -> None:
    assert visible(value) == shown


@given(st.text(st.characters(), max_size=400), st.integers(2, 50))
def test_clipped_text_is_never_longer_than_its_limit(value: str, limit: int) -> None:
    assert len(clip(value, limit)) <= limit


def test_clipping_a_huge_value_does_not_look_at_all_of_it() -> None:
    assert clip("\x1b" * 10_000_000, 9) == "\\x1b\\x1b…"


def test_markup_is_not_escaped_twice() -> None:
    assert join("a & ", BREAK, element("b", "<")) == "a &amp; <br><b>&lt;</b>"


def test_text_joined_to_markup_is_plain_text_again() -> None:
    assert escape(Html("<b>") + "x") == "&lt;b&gt;x"


def test_what_is_none_is_left_out() -> None:
    assert element("p", None, "x", None, title=None) == "<p>x</p>"

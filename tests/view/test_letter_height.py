"""How tall a letter is told to be: near what a browser makes of it, and always within bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail import Template
from notebookmail.view.html import letter_height
from notebookmail.view.html.letter_height import LEAST, MOST
from notebookmail.view.words.message import read_letter

PARAGRAPH = "<p style='margin:0 0 16px;font-size:16px;line-height:1.5'>Dear Ann</p>"


def page_of(markdown: str) -> str:
    return read_letter(Template("x", sender="a@example.org", markdown=markdown).render({})).page or ""


@pytest.mark.parametrize(
    ("markdown", "least", "most"),  # as Chromium shows them, 163 and 515, within a fifth
    [
        ("Dear Ann,\n\nyou have **17** points.", 130, 200),
        ("word " * 120 + "\n\n- one\n- two\n\nBest,\n\nMe", 250, 640),
    ],
)
def test_a_letter_is_about_as_tall_as_a_browser_shows_it(markdown: str, least: int, most: int) -> None:
    assert least <= letter_height.letter_height(page_of(markdown), 700) <= most


def test_what_stands_side_by_side_is_counted_once() -> None:
    cells = f"<td>{PARAGRAPH * 5}</td>"
    one = letter_height.letter_height(f"<table><tr>{cells}</tr></table>", 700)
    assert letter_height.letter_height(f"<table><tr>{cells * 3}</tr></table>", 700) == one
    assert letter_height.letter_height(f"<table>{f'<tr>{cells}</tr>' * 2}</table>", 700) > one * 1.5


def test_what_nobody_sees_takes_no_room() -> None:
    shown = letter_height.letter_height(PARAGRAPH * 6, 700)
    hidden = f"<style>{'x' * 9_000}</style><div style='display:none'>{PARAGRAPH * 9}</div>"
    assert letter_height.letter_height(hidden + PARAGRAPH * 6, 700) == shown


def test_a_picture_is_as_tall_as_it_says() -> None:
    def at(width: int) -> int:
        return letter_height.letter_height('<img src="https://x.test/a.png" width="600" height="400">', width)

    assert 400 <= at(700) <= 450
    assert at(375) < 300  # smaller where there is less room


def test_a_narrow_frame_is_taller() -> None:
    text = f"<p>{'word ' * 100}</p>"
    assert letter_height.letter_height(text, 375) > letter_height.letter_height(text, 700) * 1.4


@given(
    st.text(alphabet="<>/='\"ptdrablesyhi:;%0129 -\n", max_size=200) | st.text(max_size=60),
    st.sampled_from([375, 700]),
)
def test_any_text_has_a_height_within_bounds(text: str, width: int) -> None:
    assert LEAST <= letter_height.letter_height(text, width) <= MOST


@pytest.mark.parametrize("text", ["<div>" * 50_000, "<table><tr><td>" * 500, "<p>x" * 100_000, "<b" * 100_000])
def test_no_letter_is_too_deep_or_too_long(text: str) -> None:
    assert LEAST <= letter_height.letter_height(text, 700) <= MOST

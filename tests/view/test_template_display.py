"""A template that shows itself, and the letter of one row."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from notebookmail import FrameError, Template
from notebookmail.view.widgets import live_output

if TYPE_CHECKING:
    from email.message import EmailMessage

LETTER = Template(
    "News for {{ name }}", sender="Desk <desk@example.org>", markdown="Dear {{ name }},\n\n<b>{{ points }}</b>"
)
ANN = {"name": "Ann", "points": 17, "email": "ann@example.org"}


def test_a_template_shows_what_was_written_and_escapes_it() -> None:
    page = LETTER._repr_html_()
    assert page is not None
    assert "News for {{ name }}" in page
    assert "Desk &lt;desk@example.org&gt;" in page
    assert "name, points" in page
    assert "&lt;b&gt;{{ points }}&lt;/b&gt;" in page
    assert "Written in Markdown." in page


def test_a_long_template_is_cut_and_says_so() -> None:
    page = Template("x", text="word " * 2_000)._repr_html_()
    assert page is not None
    assert "The first 4,000 of 10,000 characters of its text." in page
    assert "the frame\u2019s e-mail column" in page


@pytest.mark.parametrize("row", [ANN, pd.DataFrame([ANN]).iloc[0]])
def test_the_letter_of_a_row_is_there_to_look_at(row: Any) -> None:
    shown = LETTER.preview(row)
    message: EmailMessage = shown.message
    assert message["Subject"] == "News for Ann"
    assert "Subject: News for Ann" in str(shown)
    assert "17" in str(shown)
    with pytest.raises(FrameError, match="points"):
        LETTER.preview({"name": "Ann"})


def test_what_is_saved_of_it_names_no_one_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    displayed: list[dict[str, Any]] = []
    monkeypatch.setattr(live_output, "display", lambda bundle, **_: displayed.append(bundle))
    monkeypatch.setattr("notebookmail.view.frontend.is_notebook", lambda: True)
    monkeypatch.setattr("notebookmail.view.frontend.is_attended", lambda: False)
    shown = LETTER.preview(ANN)
    shown._ipython_display_()
    assert "Ann" not in str(displayed) + repr(shown) + shown._repr_html_()
    assert "a...@example.org" in str(displayed)
    shown.show(save=True)
    assert "News for Ann" in str(displayed[-1])


def test_a_template_that_was_pickled_shows_itself_too() -> None:
    twin: Template = pickle.loads(pickle.dumps(LETTER))
    assert twin._repr_html_() == LETTER._repr_html_()

"""Live views and their stand-ins: what front ends that never heard of this library can do with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import ipywidgets
import pandas as pd
import pytest
from support.captured_displays import VIEW, Screen
from support.sample_runs import Tags, mixed_outcomes, sample_outcomes, sample_progress

from notebookmail import Template, check_frame, preview_frame
from notebookmail.server.diagnosis import Diagnosis
from notebookmail.view.html.style import LIVE_STYLE
from notebookmail.view.widgets.board import Board
from notebookmail.view.widgets.inbox import Inbox
from notebookmail.view.widgets.live_output import LiveView, show_page, show_static, stand_in
from notebookmail.view.widgets.preview import PreviewView
from notebookmail.view.widgets.results_table import ResultsTable

if TYPE_CHECKING:
    from collections.abc import Iterator


def models_in(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from models_in(child)


def test_every_widget_is_one_that_front_ends_bring_along() -> None:
    """Colab and VS Code fetch any other from a CDN, if they do at all."""
    people = pd.DataFrame({"email": ["ann@example.org"]})
    preview = preview_frame(people, Template("Hello", text="hello", sender="desk@example.org"))
    views = [Board(sample_progress), ResultsTable(mixed_outcomes()), Inbox([]), PreviewView(preview._shown_rows())]
    modules = {each._model_module for view in views for each in models_in(view.widget)}

    assert modules == {"@jupyter-widgets/controls"}


def test_no_style_loads_anything() -> None:
    assert not re.search(r"url\(|@import|@font-face|https?:", LIVE_STYLE)


def test_a_stand_in_says_its_sentence_without_any_style() -> None:
    assert (
        Tags(re.sub(r"<style>.*?</style>", "", stand_in("Run <the> cell again."))).text == "Run <the> cell again."
    )


def test_without_widgets_the_page_is_all_there_is(screen: Screen) -> None:
    show_page(ipywidgets.HTML("live"), "<p>All 3 sent</p>", "All 3 sent")
    page, live = screen.pages

    assert "All 3 sent" in page["text/html"]
    assert page["text/plain"] == "All 3 sent"
    assert {live["text/html"], live["text/plain"]} == {""}
    assert VIEW in live


def test_a_replaced_view_leaves_no_widget(screen: Screen) -> None:
    view = LiveView(ipywidgets.HTML("live"), stand_in("gone"), "gone")
    view.replace("<p>done</p>", "done")

    assert [VIEW in page for page in screen.pages] == [False, False]
    assert screen.pages[0] == {"text/html": "<p>done</p>", "text/plain": "done"}


def views() -> dict[str, Any]:
    people = pd.DataFrame({"n": [1], "email": ["a@example.org"]})
    letter = Template("N {{ n }}", text="x", sender="desk@example.org")
    return {
        "results": sample_outcomes(3),
        "table": ResultsTable(sample_outcomes(3)),
        "inbox": Inbox([]),
        "preview": preview_frame(people, letter),
        "check": check_frame(people, letter),
        "diagnosis": Diagnosis("mail.example.org:587", "", ()),
    }


@pytest.mark.parametrize("name", ["results", "table", "inbox", "preview", "check", "diagnosis"])
def test_a_front_end_without_widgets_gets_a_page_that_is_a_plain_text(name: str) -> None:
    page = views()[name]._repr_html_()
    assert type(page) is str
    assert "nbm" in page
    assert "a@example.org" not in page


def test_what_is_displayed_is_plain_text_too(screen: Screen) -> None:
    show_static(stand_in("Here it was."), "Here it was.")
    assert [type(each) for bundle in screen.pages for each in bundle.values()] == [str, str]

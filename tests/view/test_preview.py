"""The preview's widget without a kernel: its buttons, search and state; and the page that is written to a file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given, settings
from support.sample_runs import ANYTHING, Tags

import notebookmail.review.shown_rows
import notebookmail.view.widgets.preview
from notebookmail import Template, preview_frame
from notebookmail.view.html.preview import preview_page
from notebookmail.view.widgets.preview import PreviewView

if TYPE_CHECKING:
    import ipywidgets

LETTER = Template("News for {{ name }}", sender="Desk <desk@acme.org>", markdown="Dear {{ name }},\n\n*all* well?")


def people(count: int = 5, **columns: Any) -> pd.DataFrame:
    df = pd.DataFrame(
        {"name": [f"Name{n}" for n in range(count)], "email": [f"n{n}@acme.org" for n in range(count)]}
    )
    return df.assign(**columns)


def view_of(df: pd.DataFrame, template: Template = LETTER, **options: Any) -> PreviewView:
    return PreviewView(preview_frame(df, template, **options)._shown_rows())


def state_of(widget: ipywidgets.Widget) -> str:
    """Everything a notebook would save of a widget and what is in it."""
    return str(widget.get_state()) + "".join(map(state_of, getattr(widget, "children", ())))


def shown(view: PreviewView) -> str:
    return Tags(view._where.value).text


def press(view: PreviewView, words: str) -> None:
    button = next(each for each in walk(view.widget) if getattr(each, "description", "") == words)
    button.click()


def walk(widget: ipywidgets.Widget) -> list[ipywidgets.Widget]:
    return [widget, *(inner for child in getattr(widget, "children", ()) for inner in walk(child))]


def test_it_opens_on_the_first_row_and_the_buttons_walk() -> None:
    view = view_of(people())
    assert shown(view) == "Row 0 · 1 of 5"
    assert view._previous.disabled
    for _ in range(4):
        press(view, "Next")
    assert shown(view) == "Row 4 · 5 of 5"
    assert view._next.disabled
    press(view, "Previous")
    assert (shown(view), view._slider.value) == ("Row 3 · 4 of 5", 4)


def test_an_interrupt_of_a_function_of_the_row_is_shown_and_the_next_row_too() -> None:
    def chart(row: Any) -> bytes:
        if row.name == "Name1":
            raise SystemExit("boom")
        return b"x"

    letter = Template("Hi", text="{{ name }}", sender="me@example.org", attachments=[("x.bin", chart)])
    view = view_of(people(), letter)
    press(view, "Next")
    assert "There is no message. Interrupted by SystemExit: boom" in state_of(view.widget)
    press(view, "Next")
    assert shown(view) == "Row 2 \u00b7 3 of 5"


def test_the_slider_shows_the_row_it_comes_to_rest_on() -> None:
    view = view_of(people(100))
    view._slider.value = 42
    assert shown(view) == "Row 41 · 42 of 100"
    assert "Name41" in state_of(view.widget)


def test_the_state_holds_no_row_but_the_one_that_is_shown() -> None:
    view = view_of(people(100))
    for place in (7, 50, 90, 3):
        view._slider.value = place
    state = state_of(view.widget)
    assert "n2@acme.org" in state
    for position in range(100):
        assert (f"n{position}@acme.org" in state) == (position == 2)
        assert (f"Name{position}<" in state) == (position == 2)


@pytest.mark.parametrize(
    ("text", "rows"), [("name3", [3]), ("N1@ACME.org", [1]), ("acme", [0, 1, 2, 3, 4]), ("4", [4]), ("bern", [2])]
)
def test_find_looks_at_labels_addresses_and_cells(text: str, rows: list[int]) -> None:
    view = view_of(people(city=[None, None, "Bern", None, None]))
    view._text.value = text
    assert shown(view) == f"Row {rows[0]} · 1 of {len(rows)}"
    assert f"{len(rows)} of 5" in Tags(view._said.value).text


def test_find_that_finds_nothing_says_so_and_an_empty_one_shows_all_again() -> None:
    view = view_of(people())
    view._text.value = "nobody"
    assert "Nothing here holds this text" in shown(view)
    assert "n0@acme.org" not in state_of(view.widget)
    view._text.value = ""
    assert shown(view) == "Row 0 · 1 of 5"


def test_find_sees_an_address_that_the_template_computes() -> None:
    template = Template("x", sender="a@acme.org", text="x", to="{{ name | lower }}@example.org")
    view = view_of(people(), template)
    view._text.value = "name2@example"
    assert shown(view) == "Row 2 · 1 of 1"


def test_a_search_that_takes_too_long_stops_and_goes_through_all_rows_when_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notebookmail.review.shown_rows, "_SEARCH_SECONDS", -1.0)
    view = view_of(people(1200))
    view._text.value = "n1100@"
    assert "512 searched" in Tags(view._said.value).text
    assert "Nothing yet holds this text" in shown(view)
    press(view, "Search all rows")
    assert shown(view) == "Row 1100 · 1 of 1"
    assert view._on.layout.display == "none"


async def test_all_rows_are_searched_beside_the_cells_with_progress_and_the_open_row_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notebookmail.review.shown_rows, "_SEARCH_SECONDS", -1.0)
    monkeypatch.setattr(notebookmail.view.widgets.preview, "_STEP_SECONDS", -1.0)
    view = view_of(people(2000))
    view._text.value = "n1"
    press(view, "Next")
    opened = shown(view)
    press(view, "Search all rows")
    await asyncio.sleep(0)
    assert "1,024 searched (51 %) ..." in Tags(view._said.value).text
    press(view, "Stop")
    assert "1,024 searched" in Tags(view._said.value).text
    press(view, "Search all rows")
    await view._task
    assert view._on.layout.display == "none"
    assert shown(view).partition(" · ")[0] == opened.partition(" · ")[0]
    assert (view._rows.searched, view._number.max) == (2000, len(view._rows))


async def test_another_text_ends_the_search_for_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebookmail.review.shown_rows, "_SEARCH_SECONDS", -1.0)
    view = view_of(people(2000))
    view._text.value = "n1999"
    press(view, "Search all rows")
    view._text.value = "n3@"
    await view._task
    assert shown(view) == "Row 3 · 1 of 1"
    assert "512 searched" in Tags(view._said.value).text


def test_the_odd_ones_are_shown_first_each_with_why_and_in_order_again() -> None:
    view = view_of(people(30, name=["Name", "nan", *["Name"] * 26, "N" * 50, None]))
    view._order.value = "Odd ones first"
    assert shown(view).startswith("Row 29 · 1 of 3Has an error: column 'name' is missing")
    press(view, "Next")
    assert "Has a warning: a missing value is written out" in shown(view)
    view._order.value = "In order"
    assert shown(view) == "Row 0 · 1 of 30"


def test_rows_that_were_picked_are_not_offered_in_another_order() -> None:
    assert view_of(people(), pick=[1, 2])._order.widget.layout.display == "none"
    assert view_of(people())._order.widget.layout.display != "none"


def test_findings_stand_beside_the_letter_in_words_with_a_sign() -> None:
    view = view_of(people(2, name=["nan", "Ann"], email=["a@gmial.com", "b@acme.org"]))
    beside = Tags(view._beside.value).text
    for words in (
        "3 warnings",
        "! Warning in 'to'",
        "gmial.com looks like a slip for gmail.com",
        "Correct the address",
    ):
        assert words in beside
    press(view, "Next")
    assert "✓ No findings" in Tags(view._beside.value).text


def test_values_that_the_letter_uses_are_listed_and_no_others() -> None:
    beside = Tags(view_of(people(city="Bern"))._beside.value).text
    assert "nameName0emailn0@acme.org" in beside
    assert "Bern" not in beside


def test_a_row_without_a_message_says_why() -> None:
    view = view_of(people(3, name=["Ann", None, "Bo"]), suppress=["n2@acme.org"])
    press(view, "Next")
    assert "cannot be made" in state_of(view.widget)
    assert "Error in 'subject'" in Tags(view._beside.value).text
    press(view, "Next")
    assert "gets no message: on the suppress list" in state_of(view.widget)


def test_an_empty_frame_says_so() -> None:
    view = view_of(people(0))
    assert shown(view) == "No rows, nothing to preview."
    assert view._slider.disabled


def test_it_can_be_closed() -> None:
    view = view_of(people())
    inner = walk(view.widget)
    view.close()
    assert all(each.comm is None for each in inner)


@given(ANYTHING, ANYTHING, ANYTHING)
@settings(max_examples=40)
def test_no_value_changes_the_tags_beside_a_letter(name: str, value: str, label: str) -> None:
    template = Template("x", sender="a@acme.org", text="Text {{ name }} {{ value }}")

    def tags(*cells: str) -> list[Any]:
        columns = {"name": [cells[0]], "value": [cells[1]], "email": ["a@acme.org"]}
        label = pd.Index([cells[2]], dtype=object)  # pyarrow takes no half of a surrogate pair
        df = pd.DataFrame(columns, label, dtype=object)
        view = view_of(df, template)
        without_findings = view._beside.value[view._beside.value.index("Values in") :]
        return [Tags(view._where.value).tags, Tags(without_findings).tags]

    assert tags(f"x{name}", f"x{value}", f"x{label}") == tags("x", "x", "x")


# --- what is displayed -------------------------------------------------------------------------------------


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    from notebookmail.view.widgets import live_output

    shown: list[dict[str, Any]] = []
    monkeypatch.setattr(live_output, "display", lambda bundle, **_: shown.append(bundle))
    return shown


def test_where_nobody_watches_only_the_stand_in_is_shown(
    monkeypatch: pytest.MonkeyPatch, displayed: list[dict[str, Any]]
) -> None:
    monkeypatch.setattr("notebookmail.view.frontend.is_attended", lambda: False)
    monkeypatch.setattr("notebookmail.view.frontend.is_notebook", lambda: True)
    preview_frame(people(1200), LETTER)._ipython_display_()
    (bundle,) = displayed
    assert set(bundle) == {"text/html", "text/plain"}
    assert bundle["text/plain"] == "Preview of 1,200 letters: run the cell again to see them."
    assert "n0@acme.org" not in str(bundle)


def test_what_is_saved_beside_the_widget_names_no_one_and_holds_no_letter(
    monkeypatch: pytest.MonkeyPatch, displayed: list[dict[str, Any]]
) -> None:
    monkeypatch.setattr("notebookmail.view.frontend.is_attended", lambda: True)
    preview_frame(people(), LETTER)._ipython_display_()
    assert any("application/vnd.jupyter.widget-view+json" in bundle for bundle in displayed)
    assert not any(f"n{number}@" in str(displayed) or f"Name{number}" in str(displayed) for number in range(5))
    assert "all* well" not in str(displayed)
    assert "Name" not in str(displayed)


def test_a_page_without_widgets_lists_whom_the_letters_are_for_and_makes_none() -> None:
    def fails(row: Any) -> str:
        raise AssertionError("a letter was made")

    letter = Template("x", text="{{ y }}", sender="a@acme.org", inline={"y": fails})
    df = people(25).set_index("name", drop=False)
    page = preview_frame(df, letter)._repr_html_()
    assert "n...@acme.org" in page
    assert "N..." in page
    assert "and 5 more" in page
    assert "Name1" not in page
    assert "n1@" not in page


def test_without_a_notebook_the_first_message_is_shown_as_text(displayed: list[dict[str, Any]]) -> None:
    preview_frame(people(), LETTER)._ipython_display_()
    (bundle,) = displayed
    assert set(bundle) == {"text/plain"}
    assert "Subject: News for Name0" in bundle["text/plain"]


def test_a_number_among_the_findings_is_the_rows_own() -> None:
    letter = Template("Points", text="You have {{ points }} points.", sender="a@acme.org")
    preview = preview_frame(people(2, points=[1.23456789012345, 9.87654321098765]), letter)
    said = [[each.message for each in preview.findings(label) if "digits" in each.message] for label in (0, 1)]
    assert said == [
        ["column 'points': 1.23456789012345 is written with all its digits"],
        ["column 'points': 9.87654321098765 is written with all its digits"],
    ]


# --- the page ----------------------------------------------------------------------------------------------


def page_of(df: pd.DataFrame, template: Template = LETTER) -> str:
    rows = list(preview_frame(df, template).previewed_rows())
    return preview_page([(row, "") for row in rows], len(rows))


def test_a_page_holds_every_letter_in_a_frame_and_what_was_found() -> None:
    page = page_of(people(3, name=["Ann", None, "nan"]))
    assert [tag for tag, _ in Tags(page).tags].count("iframe") == 2
    for words in ("Row 0", "3 of 3", "cannot be made", "Error in 'subject'", "'nan' stands in the text"):
        assert words in Tags(page).text


def test_a_page_runs_nothing_and_loads_nothing() -> None:
    template = Template(
        "<script>1</script>", sender="a@acme.org", html="<p>{{ name }}</p><img src='https://evil.org/x'>"
    )
    page = page_of(people(2, name="<script src=//evil.org></script>"), template)
    tags = Tags(page).tags
    assert {tag for tag, _ in tags}.isdisjoint({"script", "link", "img", "object", "form"})
    assert all("sandbox" in names for tag, names in tags if tag == "iframe")
    assert "default-src 'none'" in page.partition("<style>")[0]

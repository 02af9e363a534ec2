"""The preview in JupyterLab: it walks, finds and names its rows in the browser, and saves none of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.jupyter_browser import Opened

pytestmark = pytest.mark.browser

FRAME = """
import pandas as pd
from notebookmail import Template, preview_frame
df = pd.DataFrame({"name": [f"Canary{n}" for n in range(1200)]})
df["email"] = df["name"].str.lower() + "@acme.org"
df.loc[700, "name"] = None
letter = Template("News for {{ name }}", sender="Desk <desk@acme.org>", markdown="Dear {{ name }}, *all* well?")
"""
SHOW = "preview_frame(df, letter)"


@pytest.fixture(scope="module")
def opened(open_notebook: Callable[..., Opened]) -> Opened:
    opened = open_notebook(FRAME, SHOW, name="preview")
    opened.run_all()
    opened.page.get_by_text("1 of 1,200").wait_for()
    return opened


def test_the_keyboard_chooses_the_row_and_the_letter_follows(opened: Opened) -> None:
    page = opened.page
    page.get_by_label("Show", exact=True).focus()
    page.keyboard.press("ArrowUp")
    page.get_by_text("2 of 1,200").wait_for()
    reader = page.get_by_role("cell", name="Canary1 ").or_(page.get_by_role("cell", name="canary1@acme.org")).first
    reader.wait_for()
    assert reader.is_visible()


def test_a_search_shows_the_rows_it_finds(opened: Opened) -> None:
    page = opened.page
    page.get_by_label("Find").fill("canary11@")
    page.get_by_text("1 of 1,200", exact=True).wait_for()
    page.get_by_role("heading", name="Row 11").wait_for()
    page.get_by_label("Find").fill("")
    first = page.get_by_role("heading", name="Row 0")
    first.wait_for()
    assert first.is_visible()


def test_the_odd_ones_come_with_why(opened: Opened) -> None:
    page = opened.page
    page.get_by_role("button", name="Odd ones first").click()
    page.get_by_role("heading", name="Row 700").wait_for()
    why = page.get_by_text("Has an error: column 'name' is missing")
    why.wait_for()
    assert why.is_visible()
    page.get_by_role("button", name="In order").click()
    page.get_by_role("heading", name="Row 0").wait_for()


def test_the_saved_notebook_names_no_one_and_holds_no_letter(opened: Opened) -> None:
    outputs = json.dumps(opened.save()["cells"][1]["outputs"])
    assert "Preview of 1,200 letters: run the cell again to see them." in outputs
    assert "canary" not in outputs.lower()
    assert len(outputs) < 20_000


def test_nothing_was_fetched_and_nothing_complained(opened: Opened) -> None:
    assert (opened.foreign_requests, opened.errors_of_ours) == ([], [])

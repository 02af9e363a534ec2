"""What marimo shows of every view: a page that reads, for it shows no Jupyter widgets, and says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
from support.every_view import RUN, SETUP, VIEWS
from support.github_pages import on_github
from support.jupyter_browser import LEAST_CONTRAST, START_SECONDS
from support.marimo_notebooks import executed, served, write_notebook

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
pytest.importorskip("marimo", reason="marimo is not installed; .ci/run has an environment with it")

HINT: Final = "In Jupyter this is a live view."
READS: Final = {
    "results": ("18 of 24 rehearsed; none left this machine", "4 failed: there is no such mailbox"),
    "table": ("18 of 24 rehearsed, 6 failed; none left this machine. results.frame holds every row.", HINT),
    "causes": ("there is no such mailbox", "the cell does not hold one valid address"),
    "frame": ("person00@letters.example", "person23@gone.example"),
    "feedback": ("18 letters: 1 bounced", "✕ 1 bounced for good", "1 bounced: there is no such mailbox"),
    "inbox": (
        "18 messages arrived. box.messages holds them; results.message(label) gives a row's.",
        "p...@letters.example", HINT,
    ),
    "arrived": ("One message to p...@letters.example. .message holds it; .show(save=True) shows all of it.", HINT),
    "check": ("2 errors and 23 warnings in 24 rows", "✕ 1 row: no valid address", "letters.example 18"),
    "preview": (
        "Preview of 24 letters. print(preview) writes the first of them.", "no address", "and 4 more", HINT,
    ),
    "plan": ("2 rows cannot be made into a message: check_frame says why",),
    "template": ("Your {{ points }} points", "name, points", "Dear {{ name }},"),
    "letter": (
        "One message to p...@letters.example. print(...) writes it; .show(save=True) shows all of it.", HINT,
    ),
    "server": ("Server('smtp.letters.example', username='desk')",),
    "diagnosis": ("Looked at; no mail was sent", "✓ Log in", "no user name is set, so there is no login"),
}  # fmt: skip
SHOWN_IN_FULL: Final = {"frame", "whole letter"}
"""Data, and a letter that was asked for; all others name nobody."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What each view's cell puts out, and marimo saves."""
    path = tmp_path_factory.mktemp("marimo") / "every_view.py"
    write_notebook(path, [SETUP, RUN, *VIEWS.values()])
    by_source = {cell.source: cell for cell in executed(path).cells if cell.cell_type == "code"}
    return {
        name: "".join(output.data["text/html"] for output in by_source[source].outputs)
        for name, source in VIEWS.items()
    }


@pytest.mark.parametrize("name", READS)
def test_a_view_reads_and_says_what_jupyter_would_show(pages: Mapping[str, str], name: str) -> None:
    lines = on_github(pages[name])

    for line in READS[name]:
        assert line in lines


def test_no_view_shows_an_object_for_a_page(pages: Mapping[str, str]) -> None:
    for name in READS:
        words = " ".join(on_github(pages[name]))
        assert not words.startswith("&lt;")
        assert " object at 0x" not in words


def test_what_is_saved_names_nobody_but_where_it_was_asked_for(pages: Mapping[str, str]) -> None:
    for name in VIEWS.keys() - SHOWN_IN_FULL:
        assert re.findall(r"person\d+@|canary", pages[name]) == []


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_its_page_shows_the_cards_and_a_letter_in_its_theme(chromium: Browser, tmp_path: Path, theme: str) -> None:
    write_notebook(tmp_path / "every_view.py", [SETUP, RUN, *VIEWS.values()], theme)
    with served(tmp_path / "every_view.py") as address:
        context = chromium.new_context(viewport={"width": 1000, "height": 900})
        context.set_default_timeout(START_SECONDS * 1000)
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address)
        page.get_by_text("is ready for mail").wait_for()
        words = " ".join(page.locator("body").inner_text().split())
        contrast = page.evaluate(LEAST_CONTRAST, ".nbmail *")
        letter = page.frame_locator(".nbm-message iframe").frame_locator("iframe")
        letter.get_by_text("Dear person00").wait_for()
        context.close()

    for name in READS.keys() - {"frame", "causes"}:  # marimo's own tables
        for line in READS[name]:
            assert line in words
    assert contrast >= 4.5
    assert problems == []

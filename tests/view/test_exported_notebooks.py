"""Every view in a notebook that was run where nobody watches: nbconvert's pages, paper, Markdown, LaTeX, GitHub.

One notebook is executed by a real kernel; what is read is what its readers see.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest
from support.every_view import RUN, SETUP, VIEWS
from support.github_pages import on_github
from support.jupyter_browser import LEAST_CONTRAST
from support.kernels import execute, new_notebook
from support.printed_pages import printed_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nbformat import NotebookNode
    from playwright.sync_api import Browser, Page

pytest.importorskip("nbconvert")

GONE: Final = "The table lives as long as the kernel: run the cell again to open it."
READS: Final = {
    "results": (
        "18 of 24 rehearsed; none left this machine", "✕ 6 failed", "4 failed: there is no such mailbox",
        "Correct the address, or take the row out of the list", "row 4 p...@letters.example",
    ),
    "table": ("18 of 24 rehearsed, 6 failed; none left this machine. " + GONE,),
    "causes": ("there is no such mailbox", "the cell does not hold one valid address", "[20, 21, 22, 23]"),
    "frame": ("person00@letters.example", "2.0.0 OK, message 1 is in the sandbox", "person23@gone.example"),
    "feedback": ("18 letters: 1 bounced", "✕ 1 bounced for good", "1 bounced: there is no such mailbox"),
    "inbox": ("18 messages arrived. Run the cell again to open, read and search them.", "p...@letters.example"),
    "arrived": ("One message to p...@letters.example; run the cell again to read it.",),
    "check": (
        "2 errors and 23 warnings in 24 rows", "✕ 1 row: no valid address", "Correct the cell",
        "! 23 rows: the domain is reserved for examples and tests", "letters.example 18",
    ),
    "preview": ("Row", "no address", "and 4 more"),
    "template": ("Your {{ points }} points", "name, points", "Dear {{ name }},"),
    "letter": ("One message to p...@letters.example; run the cell again to read it.",),
    "whole letter": ("person00@letters.example", "Your 0 points", "As text", "Dear person00,", "0 first"),
    "diagnosis": ("Looked at; no mail was sent", "✓ Log in", "no user name is set, so there is no login"),
}  # fmt: skip
"""What stands in a line of its own where styles are taken away."""
TEXTS: Final = {
    "plan": ("22 messages", "2 rows cannot be made into a message: check_frame says why"),
    "server": ("Server('smtp.letters.example', username='desk')",),
}
SHOWN_IN_FULL: Final = {"frame", "whole letter"}
"""Data, and a letter that was saved on purpose; all others name nobody."""
WIDER: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    notebook = new_notebook(SETUP, RUN, *VIEWS.values())
    with pytest.MonkeyPatch.context() as patch:  # no test's own journal is there yet
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        execute(notebook, cell_seconds=200)
    return notebook


def shown(notebook: NotebookNode, name: str) -> dict[str, Any]:
    """What the cell of a view put out."""
    cell = notebook.cells[2 + list(VIEWS).index(name)]
    (output,) = cell.outputs
    data: dict[str, Any] = output.data
    return data


def page_of(notebook: NotebookNode, theme: str = "light") -> str:
    from nbconvert import HTMLExporter

    return HTMLExporter(theme=theme).from_notebook_node(notebook)[0]


def words_of(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 900, "height": 900})
    page = context.new_page()
    page.route("http*://**/*", lambda route: route.abort())  # nbconvert's page asks for MathJax
    yield page
    context.close()


@pytest.mark.parametrize("name", READS)
def test_a_view_reads_line_by_line_where_github_takes_its_styles(notebook: NotebookNode, name: str) -> None:
    lines = on_github(shown(notebook, name)["text/html"])

    for line in READS[name]:
        assert line in lines


@pytest.mark.parametrize("name", TEXTS)
def test_what_has_no_page_reads_as_text(notebook: NotebookNode, name: str) -> None:
    data = shown(notebook, name)

    assert list(data) == ["text/plain"]
    for words in TEXTS[name]:
        assert words in data["text/plain"]


def test_every_view_is_read_here() -> None:
    assert {*READS, *TEXTS} == set(VIEWS)


def test_no_view_shows_an_object_for_a_page(notebook: NotebookNode) -> None:
    for name in READS:
        words = words_of(on_github(shown(notebook, name)["text/html"]))
        assert not words.startswith("&lt;")
        assert " object at 0x" not in words


def test_what_is_saved_names_nobody_but_where_it_was_asked_for(notebook: NotebookNode) -> None:
    for name in VIEWS.keys() - SHOWN_IN_FULL:
        assert re.findall(r"person\d+@|canary", str(shown(notebook, name))) == []


def test_as_markdown_the_views_are_texts_that_read(notebook: NotebookNode) -> None:
    from nbconvert import MarkdownExporter
    from traitlets.config import Config

    texts = Config(NbConvertBase={"display_data_priority": ["text/plain"]})
    markdown = MarkdownExporter(config=texts).from_notebook_node(notebook)[0]

    assert re.findall(r"<(?:div|style|table)", markdown) == []
    for line in (
        "    18 of 24 rehearsed, 6 failed; none left this machine",
        "      1 failed: the row does not fill the template",
        "    2 errors and 23 warnings in 24 rows",
        "    18 letters: 1 bounced",
        "    18 messages arrived. Run the cell again to open, read and search them.",
    ):
        assert line in markdown.splitlines()


def test_in_latex_the_views_are_texts_that_read(notebook: NotebookNode) -> None:
    from nbconvert import LatexExporter

    latex = LatexExporter().from_notebook_node(notebook)[0]

    for words in (
        "18 of 24 rehearsed, 6 failed; none left this machine",
        "18 letters: 1 bounced",
        "no such mailbox",
    ):
        assert words in latex


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nbconverts_page_shows_every_view_in_its_theme(notebook: NotebookNode, page: Page, theme: str) -> None:
    page.set_content(page_of(notebook, theme), wait_until="load")
    words = " ".join(page.locator("body").inner_text().split())

    for name in READS.keys() - {"whole letter"}:
        for line in READS[name]:
            assert line in words
    assert page.evaluate(LEAST_CONTRAST, ".nbmail *") >= 4.5
    assert page.evaluate(WIDER) <= 0
    assert (
        page.frame_locator(".nbm-message iframe").frame_locator("iframe").get_by_text("Dear person00").is_visible()
    )


@pytest.mark.browser
def test_without_scripts_the_page_is_the_same(notebook: NotebookNode, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.route("http*://**/*", lambda route: route.abort())
    page.set_content(page_of(notebook), wait_until="load")
    words = " ".join(page.locator("body").inner_text().split())
    context.close()

    for name in READS.keys() - {"whole letter"}:
        for line in READS[name]:
            assert line in words


@pytest.mark.browser
def test_on_paper_nothing_of_a_view_is_cut_off(notebook: NotebookNode, page: Page, tmp_path: Path) -> None:
    page.set_content(page_of(notebook), wait_until="load")
    page.pdf(path=str(tmp_path / "printed.pdf"), format="A4", print_background=True)
    words = printed_words(tmp_path / "printed.pdf")
    solid = words.replace(" ", "")  # a long word may be broken

    for name in READS.keys() - {"whole letter"}:
        for line in READS[name]:
            assert line.replace(" ", "") in solid
    for number in [*range(3), *range(5, 20)]:  # whole lines of the results' frame: the last column, too
        assert re.search(
            rf"\b{number} ?person{number:02}@letters\.example ?sent", words.replace("lette rs", "letters")
        )
    assert solid.count("+00:00") >= 18
    assert words.count("Dear person00,") == 1

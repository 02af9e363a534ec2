"""Notebooks of public projects: each letter reads as nbconvert's page of it does, in Chromium.

The folder NOTEBOOKMAIL_NOTEBOOKS names holds them; `.ci/run` fetches some. They are not ours to keep.
"""

from __future__ import annotations

import base64
import difflib
import hashlib
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import nbformat
import pandas as pd
import pytest

from notebookmail import Template, check_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.browser]

FOLDER = os.environ.get("NOTEBOOKMAIL_NOTEBOOKS", "")
NOTEBOOKS = sorted(Path(FOLDER).glob("*.ipynb")) if FOLDER else []
CLIPPED_OCTETS = 102 * 1024
ALIKE = 0.99  # of the words: what is spaced otherwise in formulas counts, too
READ = """() => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    if (node.nodeType === 3) {
      const parent = node.parentElement;
      if (!parent.closest('style, script, .anchor-link')) found.push(node.textContent);
    } else if (node.tagName === 'IMG') {
      const isFormula = node.style.verticalAlign !== '';
      found.push(isFormula ? node.alt : ' \\u0000' + node.currentSrc + '\\u0000 ');
    } else if (getComputedStyle(node).display !== 'inline') found.push(' ');
  }
  return found;
}"""


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 800, "height": 900})
    page = context.new_page()
    page.route("http*://**/*", lambda route: route.abort())
    yield page
    context.close()


def read(page: Page, html: str) -> tuple[list[str], list[str]]:
    """Return the words a page shows, and what its pictures hold."""
    page.set_content(html, wait_until="load")
    parts = "".join(page.evaluate(READ)).split("\0")
    words = " ".join(parts[0::2]).replace("$", "").split()  # a page writes $x$, a letter draws x and says it
    contents = filter(None, map(octets, parts[1::2]))  # a file that is not there is none
    return words, [hashlib.sha256(content).hexdigest()[:12] for content in contents]


def octets(url: str) -> bytes:
    return base64.b64decode(unquote(url.partition(",")[2])) if url.startswith("data:") else url.encode()


def as_page(path: Path) -> str:
    """Return nbconvert's page of what a letter is to show: no code, no warnings of the author's."""
    from nbconvert import HTMLExporter

    notebook: Any = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
    exporter = HTMLExporter(
        template_name="basic", exclude_input=True, exclude_input_prompt=True, exclude_output_prompt=True
    )
    return exporter.from_notebook_node(notebook, {"metadata": {"path": str(path.parent)}})[0]


@cache
def as_letter(path: Path) -> tuple[Template, str]:
    template = Template.from_notebook(path, subject="Report", sender="desk@example.org")
    message = template.render({"email": "ann@example.org"})
    html = message.get_body(("html",)).get_content()
    for part in message.walk():
        if part.get_content_maintype() == "image":
            url = f"data:{part.get_content_type()};base64,{base64.b64encode(part.get_content()).decode()}"
            html = html.replace(f"cid:{part['Content-ID'].strip('<>')}", url)
    return template, html


@pytest.mark.parametrize("path", NOTEBOOKS or [None], ids=lambda path: "none" if path is None else path.stem)
def test_a_public_notebook_reads_as_its_page_does(page: Page, path: Path | None) -> None:
    if path is None:
        pytest.skip("no notebooks of public projects are there (NOTEBOOKMAIL_NOTEBOOKS)")
    _, html = as_letter(path)
    words, pictures = read(page, html)
    expected_words, expected_pictures = read(page, as_page(path))
    matcher = difflib.SequenceMatcher(None, words, expected_words, autojunk=False)
    differing = [
        (" ".join(words[a:b]), " ".join(expected_words[c:d]))
        for kind, a, b, c, d in matcher.get_opcodes()
        if kind != "equal"
    ]
    print(f"{path.stem}: {matcher.ratio():.4f} of {len(expected_words)} words, {len(expected_pictures)} pictures,")
    print(f"  {len(html.encode()) // 1000} kB with pictures, {differing}")
    embedded = [each for each in expected_pictures if each in pictures]
    assert [each for each in pictures if each in expected_pictures] == embedded  # the same, in the same order
    assert matcher.ratio() >= ALIKE, differing
    assert len(embedded) == len(expected_pictures)


@pytest.mark.parametrize("path", NOTEBOOKS or [None], ids=lambda path: "none" if path is None else path.stem)
def test_a_letter_that_would_be_clipped_says_so(path: Path | None) -> None:
    if path is None:
        pytest.skip("no notebooks of public projects are there (NOTEBOOKMAIL_NOTEBOOKS)")
    template, _ = as_letter(path)
    html = template.render({"email": "a@example.org"}).get_body(("html",)).get_content()
    found = check_frame(pd.DataFrame({"email": ["ann@mailbox.org"]}), template).frame
    print(path.stem, len(html.encode()), list(found["kind"]))
    assert len(html.encode()) <= CLIPPED_OCTETS or "clipped" in set(found["kind"])

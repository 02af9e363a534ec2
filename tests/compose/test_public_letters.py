"""Letters of public projects arrive as they were: in Chromium, no pixel differs.

`.ci/run` fetches them from npm and has letters.mjs finish those that are templates of their own. They are not part
of this project; without them the tests are skipped.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.letter_screenshots import Camera

from notebookmail.compose.template import Template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.browser]

FOLDER = os.environ.get("NOTEBOOKMAIL_LETTERS", "")
LETTERS = sorted(Path(FOLDER).glob("*.html")) if FOLDER else []
FEWEST = 40


@pytest.fixture(scope="module")
def camera(chromium: Browser) -> Iterator[Camera]:
    camera = Camera(chromium)
    yield camera
    camera.close()


def read(path: Path) -> str:
    """Read a letter; its pictures, which are not there, stand on the web."""
    html = path.read_text(encoding="utf-8")
    return html.replace('"img/', '"https://pictures.example/').replace("(img/", "(https://pictures.example/")


def arrived(html: str) -> str:
    """Send a letter as it is: its own braces are no tags of ours."""
    letter = Template("s", html=f"{{% raw %}}{html}{{% endraw %}}", text="x").render({})
    content: str = letter.get_body(("html",)).get_content()
    return content


@pytest.mark.skipif(not LETTERS, reason="the letters of public projects were not fetched (NOTEBOOKMAIL_LETTERS)")
def test_there_are_letters_enough() -> None:
    assert len(LETTERS) >= FEWEST


@pytest.mark.parametrize("path", LETTERS or [None], ids=lambda path: "none" if path is None else path.stem)
def test_a_letter_of_a_public_project_arrives_as_it_was(camera: Camera, path: Path | None) -> None:
    if path is None:
        pytest.skip("the letters of public projects were not fetched (NOTEBOOKMAIL_LETTERS)")
    before = read(path)
    assert camera.differences(before, arrived(before)) == []


@pytest.mark.parametrize("path", LETTERS or [None], ids=lambda path: "none" if path is None else path.stem)
def test_every_byte_of_a_letter_arrives(path: Path | None) -> None:
    if path is None:
        pytest.skip("the letters of public projects were not fetched (NOTEBOOKMAIL_LETTERS)")
    before = read(path)
    rest = iter(arrived(before))
    assert all(sign in rest for sign in before.rstrip("\n"))  # what is left without the styles that were put in

"""What stands where in Chromium: nothing cut off, nothing stuck to its neighbour, on a narrow page too."""

from __future__ import annotations

from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from support.sample_runs import mixed_outcomes

from notebookmail.view.html.message import message_html
from notebookmail.view.html.results import table_html
from notebookmail.view.html.style import LIVE_STYLE, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator, Page
    from support.jupyter_browser import Opened

pytestmark = pytest.mark.browser

PREPARE = """
import pandas as pd
from notebookmail import *
df = pd.DataFrame({"email": ["ann@example.org", "bo@example.org"]})
template = Template("Hello", text="hello", sender="desk@example.org")
box = await Sandbox().__aenter__()
results = await send_frame(df, template, box.server, progress=False)
"""
LEAST_GAP = 8  # CSS pixels
# What in the views is drawn another way when all their style sheets come once more, in the opposite order.
REVERSED = """() => {
  const drawn = () => [...document.querySelectorAll('.nbmail, .nbmail *')]
    .filter(each => !each.closest('svg') && each.tagName !== 'STYLE')
    .map(each => { const style = getComputedStyle(each);
      return each.className + ' ' + [...style].map(name => name + ':' + style.getPropertyValue(name)).join(';') });
  const sheets = [...new Set([...document.querySelectorAll('style')].map(each => each.textContent))]
    .filter(text => text.includes('.nbmail'));
  const before = drawn();
  const copies = sheets.reverse().map(text => {
    const copy = document.createElement('style');
    copy.textContent = text;
    return document.body.appendChild(copy);
  });
  const changed = drawn().filter((line, place) => line !== before[place]).map(line => line.slice(0, 120));
  copies.forEach(copy => copy.remove());
  return [sheets.length, changed];
}"""


@pytest.fixture
def paper(chromium: Browser) -> Iterator[Page]:
    """A narrow page without any style of its own."""
    context = chromium.new_context(viewport={"width": 480, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def views(open_notebook: Callable[..., Opened]) -> Opened:
    """A preview and an inbox; the inbox brings the house's style sheet once more."""
    opened = open_notebook(PREPARE, "preview_frame(df, template)", "box.inbox()", "results.table()")
    opened.run_all()
    for number, shown in enumerate((".nbm-preview", ".nbm-inbox", ".nbm-table"), start=1):
        opened.output(number).locator(shown).wait_for(timeout=90_000)
    opened.wait_until_idle()
    return opened


def sides(part: Locator) -> tuple[float, float, float, float]:
    """Left, top, right and bottom."""
    box = part.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def test_all_that_a_saved_message_says_stands_within_its_card(paper: Page) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "Accounts <accounts@example.org>", "Ann Lee <ann@example.org>"
    message["Subject"] = "A subject that is longer than a line of a narrow page can be, and so goes on in the next"
    message.set_content("Dear Ann,")
    message.add_alternative("<p>Dear Ann,</p>", subtype="html")
    message.add_attachment(b"1,2", maintype="text", subtype="csv", filename="figures.csv")
    paper.set_content(message_html(message))
    left, _, right, bottom = sides(paper.locator(".nbm-message"))

    parts = [sides(each) for each in paper.locator(".nbm-fields, .nbm-notes").all()]
    assert len(parts) == 4  # fields, what the frame leaves out, the text, what is attached
    assert all(part[0] >= left + LEAST_GAP and part[2] <= right - LEAST_GAP for part in parts)
    assert parts[-1][3] <= bottom - LEAST_GAP / 2


@pytest.mark.parametrize("width", [480, 1100])
def test_every_status_in_the_table_is_read_whole(paper: Page, width: int) -> None:
    outcomes = mixed_outcomes()
    cells = f'<div class="nbm-cells">{table_html(outcomes, range(len(outcomes)))}</div>'
    paper.set_viewport_size({"width": width, "height": 900})
    paper.set_content(f'{LIVE_STYLE}<div class="{ROOT}">{cells}</div>')

    cut = "cells => cells.filter(each => each.scrollWidth > each.clientWidth).map(each => each.textContent)"
    assert paper.locator("td[class^=nbm-]").evaluate_all(cut) == []
    assert paper.locator("td.nbm-unconfirmed").count() == 1


def test_the_parts_of_a_live_view_keep_apart_on_a_narrow_page(views: Opened) -> None:
    views.page.set_viewport_size({"width": 600, "height": 900})
    preview, inbox = views.output(1), views.output(2)

    assert sides(preview.locator(".nbm-split"))[1] - sides(preview.locator(".nbm-place"))[3] >= LEAST_GAP
    assert sides(inbox.locator(".nbm-open"))[1] - sides(inbox.locator(".nbm-mails"))[3] >= LEAST_GAP


def test_every_view_looks_the_same_whichever_is_shown_last(views: Opened) -> None:
    views.page.set_viewport_size({"width": 1100, "height": 900})
    sheets, changed = views.page.evaluate(REVERSED)

    assert sheets >= 3
    assert sorted(set(changed)) == []


def test_a_choices_arrow_is_drawn_in_the_colour_of_its_words(views: Opened) -> None:
    """JupyterLab's picture of an arrow is black, in the dark too."""
    drawn = "each => { const style = getComputedStyle(each); return [style.appearance, style.backgroundImage] }"
    choices = views.output(3).locator("select").all()

    assert [choice.evaluate(drawn) for choice in choices] == [["auto", "none"]] * 2

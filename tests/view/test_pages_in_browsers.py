"""Every static page in Chromium and Firefox: at any width, light and dark, it is read whole, by everybody."""

from __future__ import annotations

from email.message import EmailMessage
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pytest
from support.accessibility import axe_script, grave_violations
from support.browsers import start_firefox
from support.notebook_files import code, shown, text, written
from support.sample_runs import PNG, mixed_outcomes, sample_outcomes

from notebookmail import Template, check_frame, preview_frame
from notebookmail.verify.steps import Step, VerifiedSteps
from notebookmail.view.html.diagnosis import diagnosis_html
from notebookmail.view.html.feedback import reading_html
from notebookmail.view.html.message import message_html
from notebookmail.view.html.preview import preview_page
from notebookmail.view.html.results import results_html
from notebookmail.view.html.sign_in import sign_in_html
from notebookmail.view.words.feedback import ReadingState
from notebookmail.view.words.sign_in import SignInCard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Playwright

pytestmark = pytest.mark.browser

WIDTHS: Final = (1280, 800, 460)
LONG: Final = "department-of-" + "very-" * 12 + "long-names"
LETTER: Final = Template(
    "Figures for {{ name }} and everybody else who has waited for them for so long",
    sender="Desk <desk@acme.org>",
    markdown="Dear {{ name }},\n\nyou have **{{ points }}** points.\n\n| a | b |\n|---|---|\n| 1 | 2 |",
)
ROWS: Final = pd.DataFrame({
    "name": ["Ann", None, LONG, "שלום"],
    "email": ["ann@acme.org", "bo@acme.org", f"{LONG[:60]}@acme.org", "no address"],
    "points": [17, 0.1 + 0.2, 10**15, -1],
})  # fmt: skip
PAPER: Final = {
    "light": "<!doctype html><html lang=en><title>x</title><body><main>",
    "dark": "<!doctype html><html lang=en data-theme=dark><title>x</title>"
    "<body style='background:#111;color:#eee'><main>",
}
WIDER: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# What stands beyond the edge of its card, or ends where there is more of it, and cannot be scrolled to.
CUT: Final = """() => {
  const scrolls = node => node && (/auto|scroll/.test(getComputedStyle(node).overflowX) || scrolls(node.parentElement));
  const hides = node => /hidden|clip/.test(getComputedStyle(node).overflowX) && getComputedStyle(node).clipPath === 'none';
  return [...document.querySelectorAll('.nbmail *')]
    .filter(node => [...node.childNodes].some(each => each.nodeType === 3 && each.data.trim()))
    .filter(node => node.tagName !== 'STYLE' && node.checkVisibility() && !node.title)
    .filter(node => node.getBoundingClientRect().width > 1)
    .filter(node => !scrolls(node.parentElement))
    .filter(node => node.getBoundingClientRect().right > node.closest('.nbmail').getBoundingClientRect().right + 1
      || hides(node) && node.scrollWidth > node.clientWidth + 1)
    .map(node => node.textContent.slice(0, 80));
}"""  # noqa: E501 -- a line of JavaScript


def message() -> str:
    letter = EmailMessage()
    letter["From"], letter["To"] = "Accounts <accounts@acme.org>", f"{LONG} <ann@acme.org>"
    letter["Subject"] = "A subject that is longer than a line of a narrow page can be, and so goes on in the next"
    letter.set_content("Dear Ann,")
    letter.add_alternative("<p>Dear Ann,</p>", subtype="html")
    letter.add_attachment(PNG, maintype="image", subtype="png", filename=f"{LONG}.png")
    return message_html(letter)


def diagnosis() -> str:
    failed = Step("TLS", "failed", f"the certificate is for {LONG}.acme.org", ("a fact",), "ask its owner", 0.2)
    return str(diagnosis_html(VerifiedSteps("mail.acme.org:587", "", (Step("DNS", "ok", "1.2.3.4"), failed))))


def preview() -> str:
    rows = list(preview_frame(ROWS, LETTER).previewed_rows())
    return preview_page([(row, "It is odd.") for row in rows], len(rows))


CARDS: Final[dict[str, Callable[[], Any]]] = {
    "results": lambda: results_html(mixed_outcomes(), title="may-letters"),
    "many results": lambda: results_html(sample_outcomes(400, failing=200, reply="5.1.1 " + "x" * 90)),
    "report": lambda: check_frame(ROWS, LETTER)._repr_html_(),
    "reading": lambda: reading_html(ReadingState(f"imap.{LONG}.org/a@acme.org", "may", 1, 5, {"reply": 1})),
    "template": LETTER._repr_html_,
    "message": message,
    "diagnosis": diagnosis,
    "sign-in": lambda: sign_in_html(
        SignInCard("waiting", "Sign in", (f"Sign in as a@{LONG}.org.",), "https://acme.org", "AB-CD")
    ),
}


@pytest.fixture(scope="module", params=["chromium light", "chromium dark", "firefox light", "firefox dark"])
def window(request: pytest.FixtureRequest, driver: Playwright) -> Iterator[tuple[Page, str]]:
    """A page of a browser, and whether its user prefers light or dark ones."""
    axe_script()
    name, scheme = request.param.split()
    own = name == "firefox" and scheme == "dark"  # there it is a setting of the whole browser
    browser: Browser = start_firefox(driver, scheme) if own else request.getfixturevalue(name)
    context = browser.new_context(**({"color_scheme": scheme} if name == "chromium" else {}))
    context.set_default_timeout(90_000)  # ms
    yield context.new_page(), scheme
    context.close()
    if own:
        browser.close()


@pytest.fixture
def page(window: tuple[Page, str]) -> Iterator[Page]:
    """The page; what it says to the console is an error."""
    page, said = window[0], []
    hear = lambda each: said.append(str(getattr(each, "text", each)))  # noqa: E731 -- taken away again below
    page.on("pageerror", hear)
    page.on("console", hear)
    yield page
    page.remove_listener("pageerror", hear)
    page.remove_listener("console", hear)
    assert said == []


def faults(page: Page) -> list[object]:
    """What is wider than the page, or cut off, at every width."""
    found: list[object] = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found += [(width, said) for said in page.evaluate(CUT)]
        if (over := page.evaluate(WIDER)) > 0:
            found.append((width, f"{over} pixels wider than the page"))
    return found


@pytest.mark.parametrize("card", CARDS)
def test_a_card_is_read_whole_by_everybody(window: tuple[Page, str], page: Page, card: str) -> None:
    page.set_content(PAPER[window[1]] + CARDS[card]() + "</main>")
    assert page.locator(".nbmail").first.is_visible()
    assert faults(page) == []
    assert grave_violations(page, "main") == []


def test_a_page_of_letters_is_read_whole_by_everybody(page: Page) -> None:
    page.set_content(preview())
    letter = page.frame_locator("iframe").first.frame_locator("iframe").get_by_text("Dear Ann")
    letter.wait_for()
    assert letter.is_visible()
    assert faults(page) == []
    assert grave_violations(page, "body") == []


def test_a_notebooks_letter_fits_every_page(page: Page, tmp_path: Path) -> None:
    table = f"<table><tr><th>region</th><th>{LONG}</th></tr><tr><td>North</td><td>1</td></tr></table>"
    cells = (
        text("# A report\n\nFor you."),
        code("df", shown(text_html=table)),
        code("1", shown(text_plain="x " * 300)),
    )
    path = written(tmp_path, *cells)
    mail = Template.from_notebook(path, sender="desk@acme.org").preview({"email": "ann@acme.org"}).message
    html = mail.get_body(("html",))
    assert html is not None
    page.set_content(html.get_content())
    assert page.get_by_text("For you.").is_visible()
    assert faults(page) == []

"""Letters as a mail program's browser shows them: on a phone and on a desk, on light and on dark ground."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from matplotlib.figure import Figure
from support.jupyter_browser import LEAST_CONTRAST

from notebookmail.compose.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PHONE, DESK = 360, 1100
SALES = pd.DataFrame({
    "Month": ["January", "February", "March"],
    "Orders": [1204, 987, 1530],
    "Turnover in EUR": [48_230.5, 39_120.25, 61_004.0],
    "Change": [0.12, -0.19, 0.56],
    "A remark that takes more room than a phone has": ["a good start", "short month", "the fair"],
})  # fmt: skip


def drawn() -> Figure:
    figure = Figure(figsize=(7.5, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.bar(SALES["Month"], SALES["Orders"], color="#0b5fa5")
    axes.set_title("Orders by month")
    return figure


LETTER = Template(
    "Your first quarter, {{ name }}",
    markdown="""\
# Your first quarter, {{ name }}

You had **{{ orders }} orders**. The table has the months, and `orders.csv` all of them.

{{ sales | table(caption="Orders by month") }}

{{ chart | image(alt="Bars: 1,204 orders in January, 987 in February, 1,530 in March") }}

{{ styled }}

> Shall we talk about it?

{{ invitation }}

- [Your figures](https://example.org/q1)
- `a_very_long_identifier_that_no_line_of_a_phone_has_room_for_at_all_{{ orders }}`

```
code that is wider than a phone: 0123456789 0123456789 0123456789 0123456789 0123456789
```
""",
    preheader="1,204 orders in January alone",
    sender="Ann Analyst <ann@example.com>",
    to="{{ email }}",
    inline={
        "sales": SALES,
        "chart": drawn(),
        "styled": SALES[["Month", "Change"]].style.format({"Change": "{:+.0%}"}).highlight_max(
            subset="Change", color="#d7f5dd"
        ),
    },
    attachments=[("orders.csv", SALES)],
    calendar={
        "summary": "Your first quarter",
        "start": dt.datetime(2026, 4, 9, 15, 0, tzinfo=dt.UTC),
        "duration": 30,
        "location": "Room 4",
        "url": "https://meet.example.org/q1",
    },
)  # fmt: skip
ROW = {"name": "Zoë", "email": "zoe@example.org", "orders": 3721}


def as_shown(letter: EmailMessage) -> str:
    """Return the HTML with its images in it: what a mail program makes of cid: addresses."""
    html = letter.get_body(("html",)).get_content()
    for part in letter.walk():
        if part["Content-ID"]:
            data = part.get_payload().replace("\n", "")
            html = html.replace(f"cid:{part['Content-ID'][1:-1]}", f"data:{part.get_content_type()};base64,{data}")
    assert "cid:" not in html
    return html


@pytest.fixture(scope="module")
def shown() -> str:
    letter = email.message_from_bytes(LETTER.render(ROW).as_bytes(), policy=email.policy.default)
    return as_shown(letter)


@pytest.fixture(scope="module")
def show(chromium: Browser, shown: str) -> Iterator[Callable[[int, str], Page]]:
    """Show the letter in a window of so many CSS pixels, on light or dark ground."""
    contexts = []

    def show_one(width: int, scheme: str) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.foreign = []
        page.on("request", lambda request: page.foreign.append(request.url))
        page.set_content(shown, wait_until="load")
        return page

    yield show_one
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_letter_is_never_wider_than_its_window(show: Callable[[int, str], Page], width: int) -> None:
    page = show(width, "light")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut_off = page.evaluate(
        """() => [...document.querySelectorAll('p, li, h1, img')].filter(each =>
           each.getBoundingClientRect().right > innerWidth).map(each => each.outerHTML)"""
    )
    assert cut_off == []


def test_a_wide_table_scrolls_by_itself_on_a_phone(show: Callable[[int, str], Page]) -> None:
    wide = show(PHONE, "light").evaluate(
        "[...document.querySelectorAll('table')].map(each => each.parentElement)"
        ".map(around => around.scrollWidth > around.clientWidth)"
    )
    assert wide == [True, False]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_of_a_letter_stands_out_from_its_ground(show: Callable[[int, str], Page], scheme: str) -> None:
    page = show(DESK, scheme)
    assert page.evaluate(LEAST_CONTRAST, "body *") >= 4.5
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 24, 28)"}[scheme]


def test_numbers_stand_right_aligned_under_each_other(show: Callable[[int, str], Page]) -> None:
    edges = show(DESK, "light").evaluate(
        """[...document.querySelectorAll('table')[0].rows].map(row => {
             const range = document.createRange(); range.selectNodeContents(row.cells[2]);
             return Math.round(range.getBoundingClientRect().right); })"""
    )
    assert len(set(edges)) == 1


def test_figures_are_shown_in_their_own_width_and_fit_a_phone(show: Callable[[int, str], Page]) -> None:
    widths = [
        show(width, "light").evaluate("document.images[0].getBoundingClientRect().width")
        for width in (DESK, PHONE)
    ]
    assert widths[0] == pytest.approx(552, abs=50)  # the letter's column; the figure is 600 wide
    assert widths[1] <= PHONE
    assert show(DESK, "light").evaluate("document.images[0].naturalWidth > 2 * 552")


def test_a_preheader_is_not_seen_in_the_letter(show: Callable[[int, str], Page]) -> None:
    page = show(DESK, "light")
    assert not page.get_by_text("1,204 orders in January alone").is_visible()


def test_a_letter_fetches_nothing(show: Callable[[int, str], Page]) -> None:
    page = show(DESK, "dark")
    assert [url for url in page.foreign if not url.startswith(("data:", "about:"))] == []

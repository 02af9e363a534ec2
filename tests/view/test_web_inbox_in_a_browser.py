"""The inbox in Chromium and Firefox: it follows, loads nothing from elsewhere, and reads well, light and dark."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from support.jupyter_browser import LEAST_CONTRAST

from notebookmail import Sandbox, Template, send_frame
from notebookmail.sandbox.web_inbox import WebInbox

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

TEMPLATE = Template(
    "Hello {{ name }}",
    sender="desk@example.org",
    html="<p>Dear {{ name }}</p><img src='https://example.com/pixel.png'><script>document.title='run'</script>",
)


class Served:
    """A sandbox with its inbox, on a loop in another thread: the browser's driver takes this one."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self.box = self.run(Sandbox().start())
        self.inbox = self.run(WebInbox(self.box).__aenter__())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def deliver(self, *names: str) -> None:
        df = pd.DataFrame({"name": names, "email": [f"{name}@example.org" for name in names]})
        self.run(send_frame(df, TEMPLATE, self.box.server, journal=False, progress=False))

    def close(self) -> None:
        self.run(self.inbox.__aexit__(None, None, None))
        self.run(self.box.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@pytest.fixture
def served() -> Iterator[Served]:
    running = Served()
    yield running
    running.close()


@pytest.fixture(params=["chromium light", "chromium dark", "firefox light"])
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    name, scheme = request.param.split()
    browser: Browser = request.getfixturevalue(name)
    preferred = {"color_scheme": scheme} if name == "chromium" else {}  # of Firefox it is a setting of the whole
    context = browser.new_context(viewport={"width": 1200, "height": 800}, **preferred)
    context.set_default_timeout(90_000)
    yield context.new_page()
    context.close()


def test_it_follows_what_arrives_and_opens_a_letter_that_does_nothing(served: Served, page: Page) -> None:
    foreign: list[str] = []
    page.on("response", lambda reply: foreign.append(reply.url) if served.inbox.url not in reply.url else None)
    page.goto(served.inbox.url)
    page.get_by_text("live", exact=True).wait_for()
    served.deliver("ann", "bo")
    page.locator("#mails a").nth(1).wait_for()
    assert page.locator("#count").inner_text() == "2 messages"
    page.locator("#mails a").first.click()
    letter = page.frame_locator("#open iframe").frame_locator("iframe")
    letter.get_by_text("Dear ").wait_for()
    served.deliver("cy")
    page.locator("#mails a").nth(2).wait_for()
    assert page.locator("#open iframe").count() == 1
    page.get_by_role("link", name="Source", exact=True).click()
    page.get_by_text("MIME-Version: 1.0").wait_for()
    assert page.title().startswith("(3) Inbox")
    assert foreign == []
    assert page.evaluate(LEAST_CONTRAST, ".nbmail *") >= 4.5


def test_nothing_is_cut_off_on_a_page_of_any_width(served: Served, page: Page) -> None:
    served.deliver("ann", "a-very-long-name-" * 3 + "x")
    page.goto(f"{served.inbox.url}?open=1&tab=headers")
    page.locator("#open .nbm-reader").wait_for()
    for width in (1280, 800, 460, 400):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_says_when_the_server_has_ended(served: Served, page: Page) -> None:
    page.goto(served.inbox.url)
    page.get_by_text("live", exact=True).wait_for()
    served.run(served.inbox.__aexit__(None, None, None))
    said = page.get_by_text("the server does not answer")
    said.wait_for()
    assert said.is_visible()

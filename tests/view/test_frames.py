"""A stranger's letter in its frames, in Chromium: no link leads anywhere, by mouse or by key."""

from __future__ import annotations

import html
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from notebookmail.view.markup import framed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

# They undo the style that keeps the mouse off links.
LINK = '<a id="link" {target} style="pointer-events:auto!important" href="{home}/unsubscribe">Unsubscribe</a>'
ASK = "url => fetch(url, {mode: 'no-cors'}).catch(() => null)"


class Listener(ThreadingHTTPServer):
    """Remembers every path somebody asks for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked: list[str] = []
        self.home = f"http://127.0.0.1:{self.server_port}"


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def follow(chromium: Browser, listener: Listener, page_html: str, depth: int, how: str) -> list[str]:
    """Follow the link in the innermost frame; return what was asked for before a request of our own."""
    page = chromium.new_page()
    page.set_content(page_html)
    frame = page.frame_locator("iframe")
    for _ in range(depth - 1):
        frame = frame.frame_locator("iframe")
    link = frame.locator("#link")
    link.wait_for()
    listener.asked.clear()
    if how == "click":
        link.click()
    else:
        link.focus()
        page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    page.evaluate(ASK, f"{listener.home}/control")
    page.close()
    return [path for path in listener.asked if path != "/favicon.ico"]


@pytest.mark.parametrize("how", ["click", "Enter"])
@pytest.mark.parametrize("target", ["", "target=_self", "target=_parent", "target=_top", "target=_blank"])
def test_a_link_in_a_letter_leads_nowhere(chromium: Browser, listener: Listener, target: str, how: str) -> None:
    letter = framed(LINK.format(target=target, home=listener.home), title="A letter")

    assert follow(chromium, listener, letter, 2, how) == ["/control"]


@pytest.mark.parametrize("how", ["click", "Enter"])
def test_without_the_second_frame_it_would(chromium: Browser, listener: Listener, how: str) -> None:
    letter = html.escape(LINK.format(target="", home=listener.home), quote=True)

    assert (
        follow(chromium, listener, f'<iframe sandbox="" srcdoc="{letter}"></iframe>', 1, how)[0] == "/unsubscribe"
    )

"""A letter that attacks whoever looks at it, in a real JupyterLab: nothing runs, nobody is asked for anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.remembering_servers import listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import FrameLocator
    from support.jupyter_browser import Opened
    from support.remembering_servers import Listener

pytestmark = pytest.mark.browser


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as server:
        yield server


@pytest.fixture
def elsewhere() -> Iterator[Listener]:
    """Where the control goes: Chromium may open a spare connection for it, which must not look like an answer."""
    with listening() as server:
        yield server


def attack(home: str) -> str:
    return f"""<!doctype html><html><head><base href="{home}/base/">
<meta http-equiv=refresh content="0;url={home}/refresh">
<link rel=stylesheet href="{home}/style.css"><link rel=prefetch href="{home}/prefetch">
<link rel=preload as=image href="{home}/preload"><LINK/rel=preconnect href="{home}">
<link rel=icon href="{home}/icon">
<link rel=dns-prefetch href="{home}"><link rel=modulepreload href="{home}/module">
<style>@import "{home}/import.css"; @font-face {{ font-family: far; src: url({home}/font) }}
p {{ font-family: far; background: url({home}/css.png) }} a {{ pointer-events: auto !important }}</style>
</head><body onload="parent.parent.postMessage('ran', '*')">
<script>parent.parent.postMessage('ran', '*')</script><script src="{home}/script.js"></script>
<img src="{home}/tracker.png" onerror="parent.parent.postMessage('ran', '*')" srcset="{home}/set.png 2x">
<picture><source srcset="{home}/source.png"><img alt=""></picture>
<iframe src="{home}/frame"></iframe><iframe srcdoc="<img src='{home}/deep.png'>"></iframe>
<object data="{home}/object"></object><embed src="{home}/embed"><video src="{home}/video" poster="{home}/poster">
</video><audio src="{home}/audio" autoplay></audio>
<svg width=10 height=10><image href="{home}/svg.png" /><use href="{home}/use.svg#x" /></svg>
<form action="{home}/form"><button>send</button></form>
<form action="{home}/form-top" target=_top><input type=image alt="picture button" src="{home}/input.png"></form>
<p>still here</p>
<a href="{home}/plain" ping="{home}/ping">plain</a> <a href="{home}/self" target=_self>self</a>
<a href="{home}/top" target=_top>top</a> <a href="{home}/parent" target=_parent>parent</a>
<a href="{home}/blank" target=_blank>blank</a> <a href="{home}/down" download>down</a>
<a href="javascript:parent.parent.postMessage('ran', '*')">code</a>
</body></html>"""


LINKS = ("plain", "self", "top", "parent", "blank", "down", "code")
SHOW = """
from email.message import EmailMessage
from notebookmail import Received
message = EmailMessage()
message['Subject'] = '<img src=x onerror=alert(1)>'
message.set_content('text')
message.add_alternative({page!r}, subtype='html')
received = Received('a@example.org', ('b@example.org',), message, message.as_bytes())
received.show(save={save})
"""
# A picture asked for by the page itself: it arrives, so what the frame asked for before would have arrived, too.
LOAD = "url => new Promise(done => { const image = new Image(); image.onerror = done; image.src = url })"


def letter_of(opened: Opened) -> FrameLocator:
    return opened.page.frame_locator(".nbm-sheet iframe").frame_locator("iframe")


def provoke(opened: Opened) -> None:
    """Click on everything, by mouse and keyboard; each time with the letter shown anew, should it have gone."""
    letter = letter_of(opened)
    letter.get_by_text("still here").wait_for()
    letter.get_by_role("button", name="send").click()
    letter.get_by_role("button", name="picture button").click()
    for name in LINKS:
        letter.get_by_text(name, exact=True).click(force=True)
        opened.page.wait_for_timeout(100)
        if letter.get_by_text("still here").count() == 0:
            opened.page.get_by_role("button", name="Dark").click()
            opened.page.get_by_role("button", name="Light").click()
            letter.get_by_text("still here").wait_for()


def test_a_letter_asks_nobody_for_anything_whatever_is_clicked(
    open_notebook: Callable[..., Opened], listener: Listener, elsewhere: Listener
) -> None:
    opened = open_notebook(SHOW.format(page=attack(listener.home), save=False), name="attack")
    pages = len(opened.page.context.pages)
    opened.page.evaluate("window.heard = []; addEventListener('message', event => heard.push(event.data))")
    opened.run_all()
    provoke(opened)

    opened.page.evaluate(LOAD, f"{elsewhere.home}/control")
    assert "/control" in elsewhere.asked
    assert listener.asked == []
    assert "ran" not in opened.page.evaluate("heard")
    assert len(opened.page.context.pages) == pages
    assert opened.page.get_by_text("onerror=alert(1)").first.is_visible()


def test_a_letter_that_is_saved_asks_nobody_either(
    open_notebook: Callable[..., Opened], listener: Listener, elsewhere: Listener
) -> None:
    opened = open_notebook(SHOW.format(page=attack(listener.home), save=True), name="attack-saved")
    opened.page.evaluate("window.heard = []; addEventListener('message', event => heard.push(event.data))")
    opened.run_all()
    letter = letter_of(opened)
    letter.get_by_text("still here").wait_for()
    letter.get_by_text("self", exact=True).click(force=True)
    opened.page.wait_for_timeout(200)

    opened.page.evaluate(LOAD, f"{elsewhere.home}/control")
    assert "/control" in elsewhere.asked
    assert listener.asked == []
    assert "ran" not in opened.page.evaluate("heard")

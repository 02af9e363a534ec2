"""A stranger's letter in its frames, in Chromium: nobody is asked for anything, nor even called."""

from __future__ import annotations

import html
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.remembering_servers import CONNECTED, listening

from notebookmail.view.html.letter_frame import framed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playwright.sync_api import Browser, FrameLocator, Page

pytestmark = pytest.mark.browser

# They undo the style that keeps the mouse off links.
LINK = '<a id="there" {target} style="pointer-events:auto!important" href="{home}/unsubscribe">Unsubscribe</a>'
# No policy forbids it: a connection is made before the policy is asked.
CONNECTING = '<iframe src="{home}/frame"></iframe>'
LOOKS = (
    CONNECTING,
    '<link rel="preconnect" href="{home}">',
    '<link\frel="dns-prefetch preconnect"\rhref="{home}">',
    "<iFrame\nsrc={home}/frame>",
    '<iframe/srcdoc="&lt;iframe src={home}/deep>"></iframe>',
    '<frameset><frame src="{home}/frame"></frameset>',
    '<object type="text/html" data="{home}/object"></object><embed type="text/html" src="{home}/embed">',
    '<svg><foreignObject><iframe src="{home}/frame"></iframe></foreignObject></svg>',
    '<svg><image href="{home}/image"/><use href="{home}/x.svg#x"/><feImage href="{home}/fe"/></svg>',
    '<meta http-equiv="refresh" content="0;url={home}/refresh">',
    '<style>@import "{home}/css"; p {{ background: url({home}/p.png) }}</style><p>x',
    '<img src="{home}/i.png"><video poster="{home}/v.png" src="{home}/v.mp4"></video><body background="{home}/b">',
    '<script type="speculationrules">{{"prefetch": [{{"urls": ["{home}/next"]}}]}}</script>',
    '<table><iframe src="{home}/b"></iframe></table><noscript><iframe src="{home}/c"></iframe></noscript>',
    "<p title='<!--'><iframe src='{home}/d'></iframe>",
)
CLICKS = (
    *(LINK.replace("{target}", each) for each in ("", "target=_self", "target=_parent", "target=_top")),
    *(LINK.replace("{target}", each) for each in ("target=_blank", 'target=""', "download", "target=x")),
    '<a id=there title=">" href="{home}/quoted">link</a>',
    '<A/ID="there"/href="{home}/slashes">link</A>',
    '<a id=there name=\v"x href={home}/hidden y">link</a>',
    '<base href="{home}/"><base target="_self"><a id=there href="relative">link</a>',
    '<svg width=90 height=90><a id=there href="{home}/svg" target="_self"><text y=20>link</text></a></svg>',
    '<svg width=90 height=90><a id=there xlink:href="{home}/xlink"><text y=20>link</text></a></svg>',
    (
        '<svg width=90 height=90><a id=there href="#"><set attributeName="href" to="{home}/set" />'
        '<animate attributeName=href values="{home}/animated" /><text y=20>link</text></a></svg>'
    ),
    '<math href="{home}/math"><mtext id=there href="{home}/mtext">link</mtext></math>',
    (
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" usemap="#m" width=90 height=90>'
        '<map name=m><area id=there tabindex=0 shape=default href="{home}/area"></map>'
    ),
    '<form action="{home}/form" target=_self><button id=there formaction="{home}/button">send</button></form>',
)
FREE = "<style>* {{ pointer-events: auto !important }}</style>"
# A picture asked for by the page itself: it arrives, so what the letter asked for before would have arrived, too.
ASK = "url => new Promise(done => { const image = new Image(); image.onerror = done; image.src = url })"


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """A page that came from a server: one that came from nowhere is not let near the network."""
    with listening() as home:
        page = chromium.new_page()
        page.goto(home.home)
        yield page
        page.close()


def heard_of(
    page: Page, letters: Sequence[str], frame: Callable[[str], str], how: str = ""
) -> dict[str, list[str]]:
    """Lay out letters, each with an address of its own, and act on #there; return what each address heard."""
    with ExitStack() as open_ones:
        servers = {letter: open_ones.enter_context(listening()) for letter in letters}
        page.set_content("".join(frame(letter.format(home=servers[letter].home)) for letter in letters))
        for place, letter in enumerate(letters):
            opened = innermost(page, place)
            opened.locator("body, frameset").first.wait_for(state="attached")
            if how:
                follow(page, opened, how)
                assert opened.locator("#there").count() == 1, f"{letter} has made way"
        page.wait_for_timeout(200)
        elsewhere = open_ones.enter_context(listening())
        page.evaluate(ASK, f"{elsewhere.home}/control")
        assert "/control" in elsewhere.asked
        return {letter: list(server.asked) for letter, server in servers.items()}


def innermost(page: Page, place: int = 0) -> FrameLocator:
    frame = page.frame_locator("iframe").nth(place)
    return frame.frame_locator("iframe") if frame.locator("iframe").count() else frame


def follow(page: Page, frame: FrameLocator, how: str) -> None:
    if how != "Enter":
        frame.locator("img, #there").first.click(force=True, button="middle" if how == "middle" else "left")
    else:
        frame.locator("#there").evaluate("element => element.focus()")
        page.keyboard.press("Enter")


def in_our_frames(letter: str) -> str:
    return framed(letter, title="A letter")


def in_one_frame(letter: str) -> str:
    shown = html.escape(f"<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">{letter}")
    return f'<iframe sandbox="" srcdoc="{shown}"></iframe>'


def test_a_letter_that_is_looked_at_calls_nobody(page: Page) -> None:
    assert heard_of(page, LOOKS, in_our_frames) == {letter: [] for letter in LOOKS}


@pytest.mark.parametrize("how", ["click", "middle", "Enter"])
def test_a_link_in_a_letter_leads_nowhere(page: Page, how: str) -> None:
    letters = [FREE + letter for letter in CLICKS]

    assert heard_of(page, letters, in_our_frames, how) == {letter: [] for letter in letters}


def test_a_policy_and_a_sandbox_alone_let_a_letter_call(page: Page) -> None:
    assert heard_of(page, [CONNECTING], in_one_frame) == {CONNECTING: [CONNECTED]}


def test_a_policy_and_a_sandbox_alone_let_a_link_be_fetched(page: Page) -> None:
    with listening() as server:
        page.set_content(in_one_frame(LINK.format(target="", home=server.home)))
        follow(page, innermost(page), "click")
        innermost(page).get_by_text("here", exact=True).wait_for()

        assert "/unsubscribe" in server.asked


TAGS = ("a", "A", "area", "iframe", "IFRAME", "frame", "link", "Link", "math", "mtext", "set", "animate", "image")
PLACES = (
    *(
        "<svg>",
        "</svg>",
        "<math>",
        "<mtext>",
        "<p>",
        "<foreignObject>",
        "<table>",
        "</table>",
        "<select>",
        "<xmp>",
    ),
    *(
        "<style>",
        "</style>",
        "<title>",
        "</title>",
        "<textarea>",
        "</textarea>",
        "<template>",
        "</template>",
        "<?",
    ),
    *(
        "<!--",
        "-->",
        "--!>",
        "<![CDATA[",
        "]]>",
        "<noscript>",
        "<frameset>",
        "</a>",
        "</iframe>",
        "</xmp>",
        "&lt;",
    ),
    *("<", ">", '"', "'", "x", "<b title=", "<b title='", '<b title="', "(prefers-color-scheme: dark)"),
)
SPACES = (" ", "\t", "\n", "\f", "\r", "/", "\v", "\xa0", "\x00", ">", "")
WORDS = (
    *("href=http://127.0.0.1:9/", 'href="http://127.0.0.1:9/"', "href = 'x'", "xlink:href=x", "src=x", "srcdoc=x"),
    *(
        "name=",
        "name=x",
        'id="x"',
        "title='>'",
        'title="',
        "style=\v",
        "attributeName=href",
        "to=x",
        "target=_self",
    ),
    *("download", "'x", '"x', 'y"', "=", "<a", "about:blank"),
)


@st.composite
def tags(draw: st.DrawFn) -> str:
    """Draw a tag, more or less whole."""
    words = draw(st.lists(st.tuples(st.sampled_from(SPACES), st.sampled_from(WORDS)), max_size=4))
    return f"<{draw(st.sampled_from(TAGS))}{''.join(map(''.join, words))}{draw(st.sampled_from(SPACES))}"


LETTERS = st.lists(st.sampled_from(PLACES) | tags(), max_size=9).map("".join)
# Whatever could take a browser somewhere: an address on an element that goes to it without asking the policy.
FIND = """letter => {
  const found = [];
  const look = root => {
    for (const each of root.querySelectorAll('*')) {
      const name = each.localName, html = each.namespaceURI === 'http://www.w3.org/1999/xhtml';
      const goes = (each.href && each.href.baseVal !== undefined) ? each.href.baseVal : each.href;
      if (['a', 'area'].includes(name) && goes && goes !== 'about:blank') found.push(each.outerHTML);
      if (html && ['iframe', 'frame', 'link'].includes(name)) found.push(each.outerHTML);
      if (each.namespaceURI.endsWith('MathML') || (!html && ['set', 'animate'].includes(name))) found.push(name);
      if (each.content instanceof DocumentFragment) look(each.content);
    }
  };
  look(new DOMParser().parseFromString(letter, 'text/html'));
  return found;
}"""


def inner_document(frame: str) -> str:
    """Return what the inner frame shows."""
    for _ in range(2):
        frame = html.unescape(frame.partition('srcdoc="')[2].partition('"')[0])
    return frame


@settings(max_examples=300)
@given(LETTERS, st.booleans())
def test_no_letter_keeps_an_address_that_a_browser_goes_to(page: Page, letter: str, is_dark: bool) -> None:
    shown = inner_document(framed(letter, title="A letter", is_dark=is_dark))

    assert page.evaluate(FIND, shown) == []


def test_an_address_that_was_kept_would_be_found(page: Page) -> None:
    kept = "<a href=x></a><svg><a xlink:href=x /></svg><template><iframe src=x></iframe></template><math>"

    assert len(page.evaluate(FIND, kept)) == 4


def test_a_mark_to_jump_to_does_not_become_a_link(page: Page) -> None:
    shown = inner_document(framed('<a>1</a><a name="top" class=x>2</a><a href="x" id=y>3</a>', title="A letter"))

    count = "letter => new DOMParser().parseFromString(letter, 'text/html').querySelectorAll('a:any-link').length"
    assert page.evaluate(count, shown) == 1

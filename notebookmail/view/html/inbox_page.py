"""What arrived, as pages for a browser: a list, and the message that is open beside it.

Every state is an address (InboxView), so links do all there is to do and nothing needs a script; the one script
there is (LIVE_SCRIPT) only asks for the same page again when something arrives, and takes the list from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, get_args
from urllib.parse import urlencode

from notebookmail.view.words.message import date, field, read_letter
from notebookmail.view.words.visible_text import clip, visible

from .escaping import Html, element, join
from .message import attachments_html, headers_html, heading_html, page_html, source_html, text_html
from .reader_style import READER_STYLE
from .style import DARK_COLOURS, LIVE_STYLE, ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookmail.view.words.message import Arrived, Letter

Tab = Literal["letter", "text", "headers", "source"]
TABS: Final[tuple[Tab, ...]] = get_args(Tab)
PAGE: Final = 50
"""Messages on a page of the list."""

_TO, _SUBJECT = 60, 100  # characters shown
_DIGITS: Final = 9
_IN: Final = f".{ROOT}.nbm-web"
_RULES: Final = f"""
:root{{color-scheme:light dark;--jp-layout-color1:#fff;--jp-ui-font-color1:#1c2128;--jp-ui-font-color2:#59636e}}
@media (prefers-color-scheme:dark){{:root{{--jp-layout-color1:#16191d;--jp-ui-font-color1:#e3e7ec;
--jp-ui-font-color2:#a3adb8}}{_IN},{_IN} .{ROOT}{{{DARK_COLOURS}}}}}
*{{box-sizing:border-box}}body{{margin:0;background:var(--jp-layout-color1)}}
.{ROOT}{_IN}{{display:flex;flex-flow:column;max-width:none;min-height:100vh;margin:0;padding:0;border:0;
border-radius:0}}
{_IN} header{{display:flex;flex-flow:row wrap;align-items:center;gap:8px 20px;padding:12px 20px;
border-bottom:1px solid var(--nbm-line)}}
{_IN} h1{{margin:0;font-size:17px;font-weight:600}}
{_IN} header form{{margin-left:auto}}
{_IN} input{{width:20em;max-width:60vw;height:30px;padding:0 10px;border:1px solid var(--nbm-edge);
border-radius:6px;background:var(--jp-layout-color1);color:inherit;font:inherit}}
{_IN} main{{flex:1;display:grid;grid-template-columns:minmax(260px,27%) minmax(0,1fr);align-items:start}}
{_IN} nav{{position:sticky;top:0;max-height:100vh;min-height:100%;overflow:auto;
border-right:1px solid var(--nbm-line)}}
{_IN} .nbm-open{{min-width:0;padding:16px 20px}}
{_IN} a{{color:var(--nbm-link)}}
{_IN} :is(a,input):focus-visible{{outline:2px solid var(--nbm-focus);outline-offset:-2px}}
{_IN} .nbm-mail{{display:block;padding:8px 20px;border-bottom:1px solid var(--nbm-line);color:inherit;
text-decoration:none}}
{_IN} .nbm-mail:hover{{background:var(--nbm-soft)}}
{_IN} .nbm-mail[aria-current]{{background:var(--nbm-track);box-shadow:inset 3px 0 var(--nbm-focus)}}
{_IN} .nbm-mail span{{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}}
{_IN} .nbm-mail .nbm-who{{display:flex;gap:12px;justify-content:space-between}}
{_IN} .nbm-mail .nbm-when{{flex:none}}
{_IN} .nbm-pages{{display:flex;justify-content:space-between;padding:10px 20px}}
{_IN} .nbm-choice{{display:flex}}
{_IN} .nbm-choice a{{margin-left:-1px;padding:3px 12px;border:1px solid var(--nbm-edge);color:inherit;
font-size:12px;text-decoration:none}}
{_IN} .nbm-choice a:first-child{{margin:0;border-radius:6px 0 0 6px}}
{_IN} .nbm-choice a:last-child{{border-radius:0 6px 6px 0}}
{_IN} .nbm-choice a:hover{{background:var(--nbm-soft)}}
{_IN} .nbm-choice a[aria-current]{{background:var(--nbm-track);font-weight:600}}
{_IN} .nbm-reader .nbm-tools{{display:flex}}
{_IN} .nbm-reader .nbm-sheet iframe{{height:calc(100vh - 300px);min-height:320px}}
{_IN} .nbm-reader .nbm-scroller{{max-height:none}}
{_IN} .nbm-empty{{padding:40px 20px}}
@media (max-width:860px){{{_IN} main{{grid-template-columns:minmax(0,1fr)}}
{_IN} nav{{position:static;max-height:36vh;min-height:0;border-right:0;border-bottom:1px solid var(--nbm-line)}}}}
"""
_STYLE: Final = Html(element("style", Html(_RULES.replace("\n", ""))))
_HEAD: Final = Html(
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<link rel="icon" href="data:,">'
)
SCRIPT_NAME: Final = "live.js"
EVENTS_NAME: Final = "events"
_SCRIPT: Final = Html(f'<script src="{SCRIPT_NAME}" defer></script>')
LIVE_SCRIPT: Final = f"""\
"use strict";
let isAsking = false, isStale = false;
const part = (page, id) => page.getElementById(id);
async function renew() {{
  if (isAsking) {{ isStale = true; return; }}
  isAsking = true;
  try {{
    const reply = await fetch(location.href, {{cache: "no-store"}});
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const chosen = document.activeElement?.closest("#mails a")?.getAttribute("href");
    const top = part(document, "mails").scrollTop;
    const isOpen = document.querySelector("#open .nbm-reader") !== null;
    for (const id of isOpen ? ["mails", "count"] : ["mails", "count", "open"])
      part(document, id).replaceWith(document.adoptNode(part(page, id)));
    part(document, "mails").scrollTop = top;
    [...document.querySelectorAll("#mails a")].find(each => each.getAttribute("href") === chosen)?.focus();
    document.title = page.title;
  }} catch {{ /* the server has ended: the events say so */ }}
  isAsking = false;
  if (isStale) {{ isStale = false; setTimeout(renew, 300); }}
}}
const events = new EventSource("{EVENTS_NAME}");
events.onmessage = renew;
events.onopen = () => {{ part(document, "state").textContent = "live"; }};
events.onerror = () => {{ part(document, "state").textContent = "the server does not answer"; }};
"""
"""The script of every page, to be served under SCRIPT_NAME; EVENTS_NAME gives it server-sent events."""


@dataclass(frozen=True, slots=True)
class InboxView:
    """What a page shows; every link is one of these.

    Attributes:
        open: The open message, counted from 0 in the order of arrival; None opens none.
        tab: What is shown of it.
        is_phone: Show its letter as wide as a phone.
        is_dark: Show its letter as a dark mail program would.
        find: Show only messages that hold this text in their recipients or subject.
        start: How many newer messages stand on pages before this one.
    """

    open: int | None = None
    tab: Tab = "letter"
    is_phone: bool = False
    is_dark: bool = False
    find: str = ""
    start: int = 0

    @property
    def address(self) -> str:
        """The address of this view, relative to the inbox."""
        said = {"open": "" if self.open is None else self.open, "tab": "" if self.tab == "letter" else self.tab,
                "phone": int(self.is_phone) or "", "dark": int(self.is_dark) or "", "find": self.find,
                "start": self.start or ""}  # fmt: skip
        return "?" + urlencode({name: value for name, value in said.items() if value != ""})

    @classmethod
    def at(cls, query: dict[str, str]) -> InboxView:
        """Read a view from an address's query; what it does not understand is left out."""
        tab: Tab = next((each for each in TABS if each == query.get("tab")), "letter")
        return cls(_number(query.get("open")), tab, query.get("phone") == "1", query.get("dark") == "1",
                   query.get("find", "").strip(), _number(query.get("start")) or 0)  # fmt: skip


def _number(text: str | None) -> int | None:
    is_number = text is not None and text.isascii() and text.isdecimal() and len(text) <= _DIGITS
    return int(text) if text is not None and is_number else None


def inbox_page(received: Sequence[Arrived], view: InboxView, *, endpoint: str) -> str:
    """Write the page of a view.

    Args:
        received: What arrived, in order.
        view: What to show of it.
        endpoint: Where the server takes mail, for who sees an empty inbox.
    """
    found = _found(received, view.find)
    count = f"{len(received):,} message{'' if len(received) == 1 else 's'}"
    header = element(
        "header", element("h1", "Inbox"), element("span", count, id="count", class_="nbm-quiet"),
        element("span", "", id="state", class_="nbm-quiet", role="status"), _search(view),
    )  # fmt: skip
    opened = received[view.open] if view.open is not None and view.open < len(received) else None
    shown = _reader(opened, view) if opened is not None else _nothing(received, endpoint)
    main = element("main", _mails(received, found, view), element("section", shown, class_="nbm-open", id="open"))
    body = element("div", header, main, class_=f"{ROOT} nbm-web")
    title = element("title", f"({len(received):,}) Inbox, {endpoint}")
    return join(_HEAD, title, LIVE_STYLE, READER_STYLE, _STYLE, _SCRIPT, body)


def _found(received: Sequence[Arrived], find: str) -> Sequence[int]:
    """Return the positions of messages, the newest first."""
    wanted = find.casefold()
    newest_first = range(len(received) - 1, -1, -1)
    return [each for each in newest_first if wanted in _searched(received[each])] if wanted else newest_first


def _searched(arrived: Arrived) -> str:
    return visible("\n".join((*arrived.rcpt_to, field(arrived.message, "Subject") or ""))).casefold()


def _search(view: InboxView) -> Html:
    words = "Find recipient or subject"
    box = element("input", name_="find", type="search", value=view.find, placeholder=words, aria_label=words)
    return element("form", box, method="get", role="search")


def _mails(received: Sequence[Arrived], found: Sequence[int], view: InboxView) -> Html:
    start = min(view.start, max(0, len(found) - 1) // PAGE * PAGE)
    lines = [_mail(received[each], replace(view, open=each), is_open=each == view.open)
             for each in found[start : start + PAGE]]  # fmt: skip
    if not lines and view.find:
        lines = [element("p", "No message holds this text.", class_="nbm-empty nbm-quiet")]
    newer = _page_link("Newer", view, start - PAGE) if start else element("span")
    older = _page_link("Older", view, start + PAGE) if start + PAGE < len(found) else None
    pages = element("p", newer, older, class_="nbm-pages") if start or older is not None else None
    return element("nav", *lines, pages, id="mails", aria_label="Messages")


def _page_link(words: str, view: InboxView, start: int) -> Html:
    return element("a", words, href=replace(view, start=max(0, start)).address)


def _mail(arrived: Arrived, view: InboxView, *, is_open: bool) -> Html:
    moment = date(arrived.message)
    others = len(arrived.rcpt_to) - 1
    to = clip(arrived.rcpt_to[0], _TO) + (f" +{others}" if others else "") if arrived.rcpt_to else "(nobody)"
    who = element("span", element("span", to), element("span", f"{moment:%H:%M:%S}" if moment else "",
                  class_="nbm-when nbm-quiet"), class_="nbm-who")  # fmt: skip
    subject = element(
        "span", clip(field(arrived.message, "Subject") or "(no subject)", _SUBJECT), class_="nbm-quiet"
    )
    return element(
        "a", who, subject, href=view.address, class_="nbm-mail", aria_current="true" if is_open else None
    )


def _nothing(received: Sequence[Arrived], endpoint: str) -> Html:
    words = (
        "Choose a message." if received else f"Nothing has arrived yet. Send to {endpoint}; it goes nowhere else."
    )
    return element("p", words, class_="nbm-empty nbm-quiet")


def _reader(arrived: Arrived, view: InboxView) -> Html:
    letter = read_letter(arrived.message)
    offered = [tab for tab in TABS if tab != "letter" or letter.page is not None]
    tab = view.tab if view.tab in offered else offered[0]
    tools = [
        _choice("What is shown", [(each.capitalize(), replace(view, tab=each), each == tab) for each in offered])
    ]
    if tab == "letter":
        tools += [
            _choice("Width", [(word, replace(view, is_phone=on), view.is_phone == on)
                              for word, on in (("Desktop", False), ("Phone", True))]),
            _choice("Colours", [(word, replace(view, is_dark=on), view.is_dark == on)
                                for word, on in (("Light", False), ("Dark", True))]),
        ]  # fmt: skip
    files = attachments_html(letter)
    return element(
        "div", heading_html(arrived.message, arrived), element("div", *tools, class_="nbm-tools"),
        _shown(arrived, letter, tab, view),
        element("div", files, class_="nbm-files") if files is not None else None, class_="nbm-reader",
    )  # fmt: skip


def _choice(label: str, choices: Sequence[tuple[str, InboxView, bool]]) -> Html:
    links = (
        element("a", word, href=view.address, aria_current="true" if is_chosen else None)
        for word, view, is_chosen in choices
    )
    return element("div", *links, class_="nbm-choice", role="group", aria_label=label)


def _shown(arrived: Arrived, letter: Letter, tab: Tab, view: InboxView) -> Html:
    match tab:
        case "letter":
            page = page_html(letter, "The letter", is_dark=view.is_dark, is_tall=True)
            return element("div", page, class_=f"nbm-letterbox{' nbm-phone' if view.is_phone else ''}")
        case "text":
            shown = text_html(letter.text if letter.text is not None else "(no text)")
        case "headers":
            shown = headers_html(arrived.message)
        case "source":
            shown = source_html(arrived.message, arrived.content)
    return element("div", shown, class_="nbm-screen nbm-scroller")

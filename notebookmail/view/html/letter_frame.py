"""A stranger's letter, framed: it looks as it would in a mail program, and can do nothing.

Three fences, each of which would hold most letters alone. A Content-Security-Policy stands before anything of the
letter, so nothing is fetched. Two sandboxed frames, one in the other, run nothing and lead nowhere. And what opens
a connection all the same is rewritten: no policy forbids a browser to *connect*, and Chromium connects to the
address of a link or a frame before it asks the policy whether it may be fetched. That is enough for a host of a
letter's own to learn that it was read.
"""

from __future__ import annotations

import html
import re

from .escaping import Html, escape

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_HEAD = (
    f'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    '<meta http-equiv="x-dns-prefetch-control" content="off">'
)
_STYLE_OR_TAG = re.compile(r"<style\b[^<>]*>.*?(?:</style|\Z)|<[a-z][^<>]*>", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"\(\s{0,9}prefers-color-scheme\s{0,9}:\s{0,9}(dark|light)\s{0,9}\)", re.IGNORECASE)
_ALWAYS, _NEVER = "(min-width:0px)", "(max-width:-1px)"
_STILL = "a,area{pointer-events:none!important;cursor:default!important}"
# White becomes a very dark grey, and hues stay what they were; pictures are turned back.
_TURNED = "iframe{filter:invert(.92) hue-rotate(180deg)}"
_TURNED_BACK = "img,svg,video,[background],[style*='url(']{filter:invert(1) hue-rotate(180deg)}"
_GROUND = {False: "#ffffff", True: "#141414"}

# What follows reads tags as a browser does (HTML, 13.2.5): a name ends at one of five spaces, "/" or ">".
_SPACE = r"[ \t\n\f\r]"
_ENDED = r"(?=[ \t\n\f\r/>])"
# A link element may connect (preconnect), frames and MathML go to addresses, and animation gives a link a new one.
_CONNECTING = re.compile(rf"<(?:link|i?frame|math|set|animate){_ENDED}", re.IGNORECASE)
_IDLE = "<basefont"
# A mark to jump to, of the plainest form, is no link and must not look like one.
_VALUE = rf"""{_SPACE}*={_SPACE}*(?:"[^"<>]*"|'[^'<>]*'|[\w-]+)"""
_MARK = rf"(?:{_SPACE}+(?:name|id|class|style|title){_VALUE})*{_SPACE}*/?>"
_LINKING = re.compile(rf"<(a|area){_ENDED}(?!{_MARK})", re.IGNORECASE)


def has_dark_rules(document: str) -> bool:
    """Tell whether a letter brings colours of its own for dark mail programs."""
    return any(
        found[1].lower() == "dark"
        for place in _STYLE_OR_TAG.finditer(document)
        for found in _SCHEME.finditer(place[0])
    )


def framed(document: str, *, title: str, is_dark: bool = False, height: int | None = None) -> Html:
    """Return a stranger's HTML in a frame where it can be looked at and can do nothing.

    The outer page's policy allows its frame no address, so a link that was missed leads nowhere: otherwise a click
    on it would fetch it *inside* the frame, and a look at a letter could unsubscribe its reader.

    A dark mail program applies the letter's own dark rules, whatever the browser prefers; a letter without any is
    recoloured, as many do.

    Args:
        document: The HTML as it is; it is escaped here, with its white space kept.
        title: What a screen reader says of the frame.
        is_dark: Show it as a dark mail program would.
        height: Of the frame, in CSS pixels; None leaves it to the page's style.
    """
    is_turned = is_dark and not has_dark_rules(document)
    scheme = "dark" if is_dark and not is_turned else "only light"
    first = f":root{{color-scheme:{scheme}}}html{{background:{_GROUND[is_dark and not is_turned]}}}{_STILL}"
    shown = _stilled(_settled(document, is_dark=is_dark))
    inner = f"{_HEAD}<style>{first}{_TURNED_BACK if is_turned else ''}</style>{shown}"
    ground = f"html,body{{margin:0;height:100%;overflow:hidden;background:{_GROUND[is_dark]}}}"
    fill = f"iframe{{display:block;width:100%;height:100%;border:0;color-scheme:{scheme}}}"
    outer = f"{_HEAD}<style>{ground}{fill}{_TURNED if is_turned else ''}</style>{_frame(inner, title)}"
    return _frame(outer, title, "" if height is None else f' style="height:{height}px"')


def _settled(document: str, *, is_dark: bool) -> str:
    """Answer what the letter's styles would ask of its reader's system."""
    holds = {"dark": _ALWAYS if is_dark else _NEVER, "light": _NEVER if is_dark else _ALWAYS}
    return _STYLE_OR_TAG.sub(lambda place: _SCHEME.sub(lambda found: holds[found[1].lower()], place[0]), document)


def _stilled(document: str) -> str:
    """Take the addresses from everything that a browser connects to without asking the policy first.

    A basefont is parsed in the same places as what it stands for, and does nothing. Of an attribute that is given
    twice the first counts, so a link is turned without its own attributes being read; what is written has neither
    quotes nor brackets, so that it changes no parsing where the text is no tag after all.
    """
    return _LINKING.sub(r"<\1 target=_blank href=about:blank ", _CONNECTING.sub(_IDLE, document))


def _frame(document: str, title: str, style: str = "") -> Html:
    shown = document.encode("utf-8", "replace").decode("utf-8")
    return Html(
        f'<iframe sandbox="" referrerpolicy="no-referrer" title="{escape(title)}"{style} '
        f'srcdoc="{html.escape(shown, quote=True)}"></iframe>'
    )

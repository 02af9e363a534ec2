"""The one guard of everything shown: values become visible text, text becomes escaped markup.

Rows, replies and error texts come from strangers, and ipywidgets.HTML, Styler and rich interpret what they are
given. So markup is built by `element` alone, and whatever is not `Html` already is escaped on its way in:
forgetting to escape is not possible, escaping twice is merely ugly. No other module writes an angle bracket.
"""

from __future__ import annotations

import html
import re
import unicodedata

_JOINERS = "\u200c\u200d"  # they shape Persian, Indic and emoji text; every other format character can deceive


class Html(str):
    """A text that is markup already; only `escape`, `element` and this package's own constants make one."""

    __slots__ = ()


def visible(value: object) -> str:
    r"""Return a value's text with nothing in it that acts instead of being read.

    Line breaks become spaces; control characters, bidi overrides (CVE-2021-42574), zero-width characters and lone
    surrogates are spelled out, so that no terminal, browser or JSON encoder obeys them or stumbles over them.

    Example:
        >>> visible("a\x1b[2Jb\r\nc")
        'a\\x1b[2Jb c'
    """
    text = str(value)
    if text.isprintable():
        return text
    return "".join(map(_spelled, " ".join(text.split())))


def _spelled(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def clip(value: object, limit: int) -> str:
    """Return a value's visible text, cut to at most `limit` characters with an ellipsis."""
    whole = str(value)
    text = visible(whole[: limit + 1])  # cut first: a value may be megabytes long
    return text if len(whole) <= limit and len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


BREAK = Html("<br>")
"""A line break, which has no end tag."""


def escape(value: object) -> Html:
    """Return a value as markup: itself if it is `Html`, else its visible text, safe anywhere but in a tag."""
    return value if isinstance(value, Html) else Html(html.escape(visible(value), quote=True))


def join(*children: object) -> Html:
    """Return the children, escaped, one after the other; None is left out."""
    return Html("".join(escape(child) for child in children if child is not None))


def element(name: str, *children: object, **attributes: object) -> Html:
    """Return one element with its children escaped.

    Args:
        name: The tag, a constant.
        children: Values; None is left out.
        attributes: Values by name: `class_` is class, `aria_label` is aria-label. None is left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def join_lines(text: str) -> Html:
    """Return a text as markup for a place that keeps white space (a pre): its lines stay lines."""
    return Html("\n".join(escape(line.expandtabs(8)) for line in text.splitlines()))


_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_HEAD = (
    f'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    '<meta http-equiv="x-dns-prefetch-control" content="off">'
)
_LINK = re.compile(r"<link(?=[\s/>])", re.IGNORECASE)
_STYLE_OR_TAG = re.compile(r"<style\b[^<>]*>.*?(?:</style|\Z)|<[a-z][^<>]*>", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"\(\s{0,9}prefers-color-scheme\s{0,9}:\s{0,9}(dark|light)\s{0,9}\)", re.IGNORECASE)
_ALWAYS, _NEVER = "(min-width:0px)", "(max-width:-1px)"
_STILL = "a,area{pointer-events:none!important;cursor:default!important}"
# White becomes a very dark grey, and hues stay what they were; pictures are turned back.
_TURNED = "iframe{filter:invert(.92) hue-rotate(180deg)}"
_TURNED_BACK = "img,svg,video,[background],[style*='url(']{filter:invert(1) hue-rotate(180deg)}"
_GROUND = {False: "#ffffff", True: "#141414"}


def has_dark_rules(document: str) -> bool:
    """Tell whether a letter brings colours of its own for dark mail programs."""
    return any(
        found[1].lower() == "dark"
        for place in _STYLE_OR_TAG.finditer(document)
        for found in _SCHEME.finditer(place[0])
    )


def framed(document: str, *, title: str, is_dark: bool = False) -> Html:
    """Return a stranger's HTML in a frame where it can be looked at and can do nothing.

    Two frames, one in the other. Both are sandboxed: no scripts, forms, plugins, pop-ups or same-origin rights. In
    both the Content-Security-Policy stands first, before anything of the document, so nothing is fetched. And
    because the outer page's policy allows its frame no address, a link in the letter leads nowhere: otherwise a
    click on it would fetch it *inside* the frame, and a look at a letter could unsubscribe its reader.

    A dark mail program applies the letter's own dark rules, whatever the browser prefers; a letter without any is
    recoloured, as many do.

    Args:
        document: The HTML as it is; it is escaped here, with its white space kept.
        title: What a screen reader says of the frame.
        is_dark: Show it as a dark mail program would.
    """
    is_turned = is_dark and not has_dark_rules(document)
    scheme = "dark" if is_dark and not is_turned else "only light"
    first = f":root{{color-scheme:{scheme}}}html{{background:{_GROUND[is_dark and not is_turned]}}}{_STILL}"
    inner = f"{_HEAD}<style>{first}{_TURNED_BACK if is_turned else ''}</style>{_tamed(document, is_dark=is_dark)}"
    ground = f"html,body{{margin:0;height:100%;overflow:hidden;background:{_GROUND[is_dark]}}}"
    fill = f"iframe{{display:block;width:100%;height:100%;border:0;color-scheme:{scheme}}}"
    outer = f"{_HEAD}<style>{ground}{fill}{_TURNED if is_turned else ''}</style>{_frame(inner, title)}"
    return _frame(outer, title)


def _tamed(document: str, *, is_dark: bool) -> str:
    """Settle what the letter would ask of its reader's system, and take out what asks the network regardless.

    A link element can open a connection (preconnect), which no policy forbids. A basefont is parsed in exactly the
    same places, and does nothing.
    """
    holds = {"dark": _ALWAYS if is_dark else _NEVER, "light": _NEVER if is_dark else _ALWAYS}
    settled = _STYLE_OR_TAG.sub(
        lambda place: _SCHEME.sub(lambda found: holds[found[1].lower()], place[0]), document
    )
    return _LINK.sub("<basefont", settled)


def _frame(document: str, title: str) -> Html:
    shown = document.encode("utf-8", "replace").decode("utf-8")
    return Html(
        f'<iframe sandbox="" referrerpolicy="no-referrer" title="{escape(title)}" '
        f'srcdoc="{html.escape(shown, quote=True)}"></iframe>'
    )

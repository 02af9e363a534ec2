"""Links and images of a message: those that lead nowhere, deceive, or do not show.

Every address is judged by its text alone; nothing is fetched. Most are the same in every message, so a judgement
is kept.
"""

from __future__ import annotations

import html as escapes
import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from notebookmail.compose.markup.html_tokens import tokens

from .findings import warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .findings import Remark

# Possessive and bounded: what is left open costs no more than what is closed.
_ATTRIBUTES: Final = r"""((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)"""
_LINK: Final = re.compile(rf"<a\b{_ATTRIBUTES}>(.{{0,2000}}?)</a\s*>", re.IGNORECASE | re.DOTALL)
_IMAGE: Final = re.compile(rf"<img\b{_ATTRIBUTES}>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"([\w-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
_MARKUP: Final = re.compile(r"<[^<>]*+>")
# What Markdown makes no link of, because there is a blank in the address, or file:, and leaves as it was typed.
_UNMADE: Final = re.compile(r"\[[^\[\]\n]{1,200}\]\(([^()\n]{1,500})\)")
_CODE: Final = re.compile(r"<(code|pre)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_BARE: Final = re.compile(r"\b(?:https?|file):/[^\s<>\"']*|\bwww\.[\w-]+\.[^\s<>\"']+", re.IGNORECASE)
_UNFILLED: Final = re.compile(r"\{\{|\}\}|\{%|%7B%7B", re.IGNORECASE)
# What is shown counts as a site's name only with a scheme, with www., or with an ending everybody knows: Node.js
# and report.pdf are none.
_SITE: Final = re.compile(
    r"(?:https?://|(?=www\.)|(?=[\w.-]+\.(?:com|org|net|edu|gov|eu|de|fr|it|es|nl|uk|ch|at)\b))"
    r"([\w-]+(?:\.[\w-]+)+)(?:[:/?#]\S*)?",
    re.IGNORECASE,
)
_STYLE_URL: Final = re.compile(r"url\(([^()]*)\)", re.IGNORECASE)
_SHOWN: Final = 80


def html_remarks(html: str, field: str) -> Iterator[Remark]:
    """Say what looks wrong about the links and images of an HTML body."""
    for attributes, label in _LINK.findall(html):
        target = _attributes(attributes).get("href")
        if target is not None:
            yield from judge_link(target, " ".join(_MARKUP.sub("", label).split()), field)
    for attributes in _IMAGE.findall(html):
        yield from _judge_image(attributes, field)
    if "background=" in html or "url(" in html:  # most letters have neither, and cutting one up takes its time
        yield from _background_remarks(html, field)
    if field == "markdown" and "](" in html:
        for match in _UNMADE.finditer(escapes.unescape(_MARKUP.sub("", _CODE.sub("", html)))):
            reason = "has a blank in its address" if " " in match[1].strip() else "has no address for a mail"
            yield warning("link", field, f"{match[0][:_SHOWN]!r} is left as it was typed: it {reason}")


def _background_remarks(html: str, field: str) -> Iterator[Remark]:
    """Say which pictures behind elements do not travel with the letter."""
    for token in tokens(html):
        for attribute in token.attributes:
            found = [attribute.value] if attribute.name == "background" else []
            if attribute.name == "style" and "url(" in attribute.value.lower():
                found = [match[1] for match in _STYLE_URL.finditer(escapes.unescape(attribute.value))]
            for source in found:
                yield from _judge_background(escapes.unescape(source).strip(" '\""), field)


def _judge_background(source: str, field: str) -> Iterator[Remark]:
    scheme = source.partition(":")[0].lower() if ":" in source else ""
    name = repr(source[:_SHOWN])
    if scheme in {"http", "https"} or source.startswith("//"):
        yield warning("remote-image", field, f"the background {name} is fetched when the mail is read")
    elif scheme == "data":
        yield warning("data-image", field, f"a background is written out as {source[:20]}...")
    elif scheme != "cid" and source and not source.startswith("#"):
        yield warning("link", field, f"the background {name} is in no place a reader could fetch it from")


def text_remarks(text: str, field: str) -> Iterator[Remark]:
    """Say what looks wrong about the addresses that stand in a plain text."""
    for match in _BARE.finditer(text):
        target = match[0].rstrip(".,;:!?)")
        if "://" in target or not target.lower().startswith("www."):  # programs make links of www. by themselves
            yield from judge_link(target, "", field)


@lru_cache(maxsize=4096)
def judge_link(target: str, label: str, field: str) -> tuple[Remark, ...]:
    """Say what is wrong with one link, if anything is.

    Args:
        target: Where it leads, as it stands in the HTML.
        label: What is shown, without markup.
        field: The part of the template it is in.
    """
    url = escapes.unescape(target).strip()
    fault = _fault(url)
    if fault:
        return (warning("link", field, f"the link {url[:_SHOWN]!r} {fault}"),)
    remarks = []
    if url.lower().startswith("http://"):
        remarks.append(warning("insecure-link", field, f"{url[:_SHOWN]} is not https"))
    shown = _SITE.fullmatch(escapes.unescape(label))
    if shown and not _is_same_site(shown[1], _host(url)):
        remarks.append(
            warning("deceptive-link", field, f"shows {shown[1]} and leads to {_host(url) or url[:_SHOWN]}")
        )
    return tuple(remarks)


def _fault(url: str) -> str:
    """Say why a link leads nowhere; "" if it may lead somewhere."""
    scheme = url.partition(":")[0].lower() if ":" in url else ""
    faults = (
        (url in {"", "#"}, "is empty"),
        (_UNFILLED.search(url), "is not filled in"),
        (scheme == "mailto" and "@" not in url, "names no address"),
        (scheme == "file" or len(scheme) == 1, "leads to a file on one machine"),  # C: is a drive
        (scheme in {"javascript", "data", "vbscript"}, "is blocked by every mail program"),
        (not scheme and not url.startswith("#"), "has no https:// before it: a mail does not know its site"),
    )
    found = next((words for is_so, words in faults if is_so), "")
    return _web_fault(url, scheme) if not found and scheme in {"http", "https"} else found


def _web_fault(url: str, scheme: str) -> str:
    if re.search(r"\s", url):
        return "holds a blank"
    if not url[len(scheme) :].startswith("://") or not _host(url):
        return "names no site"
    host = _host(url)
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")) or _is_private(host):
        return "leads to a machine that readers cannot reach"
    return "" if "." in host or ":" in host else "names no site on the internet"


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _is_same_site(shown: str, host: str) -> bool:
    shown = shown.lower().removeprefix("www.")
    host = host.removeprefix("www.")
    return shown == host or host.endswith(f".{shown}") or shown.endswith(f".{host}")


@lru_cache(maxsize=4096)
def _judge_image(attributes: str, field: str) -> tuple[Remark, ...]:
    found = _attributes(attributes)
    source = escapes.unescape(found.get("src", "")).strip()
    scheme = source.partition(":")[0].lower() if ":" in source else ""
    name = repr(source[:_SHOWN])
    remarks = []
    # alt="" is how an author says that a picture only decorates; but ![](https://...) is how one forgets it.
    is_forgotten = field == "markdown" and scheme in {"http", "https"} and not found.get("alt", "").strip()
    if "alt" not in found or is_forgotten:
        remarks.append(warning("alt-text", field, f"the image {name} has no alt="))
    if scheme in {"http", "https"}:
        remarks.append(warning("remote-image", field, f"the image {name} is fetched when the mail is read"))
    elif scheme == "data":
        remarks.append(warning("data-image", field, f"an image is written out as {source[:20]}..."))
    elif scheme != "cid":
        remarks.append(warning("link", field, f"the image {name} is in no place a reader could fetch it from"))
    return tuple(remarks)


def _attributes(written: str) -> dict[str, str]:
    return {name.lower(): double or single or bare for name, double, single, bare in _ATTRIBUTE.findall(written)}

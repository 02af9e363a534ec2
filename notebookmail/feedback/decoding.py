"""Octets of strangers as text: any charset, declared wrongly or not at all; any transfer encoding, cut or broken.

Never raises. Codecs that are no charsets of mail, some of which take more than their share of time, are not used.
"""

from __future__ import annotations

import binascii
import codecs
import html
import re
from typing import Final

_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]+")
_NO_CHARSETS: Final = frozenset(
    {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"}
)
_UNSEEN: Final = ("head", "style", "script", "title")
_BREAKS: Final = frozenset({
    "address", "blockquote", "br", "center", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "hr", "li", "ol",
    "p", "pre", "table", "td", "th", "tr", "ul",
})  # fmt: skip
_TAG: Final = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,20})")


def decoded(octets: bytes, charset: str = "") -> str:
    """Decode octets by their charset; by UTF-8, and else by Windows-1252, where it is none or unknown."""
    codec = _codec(charset) if charset else ""
    if codec:
        try:
            return octets.decode(codec, "replace")
        except (UnicodeError, ValueError):  # some codecs know no "replace"
            pass
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def _codec(charset: str) -> str:
    """Return the name of the codec of a charset other than ASCII and UTF-8, or ""."""
    try:
        found = codecs.lookup(charset) if charset.isascii() else None
    except (LookupError, ValueError):
        return ""
    if found is None or found.name in _NO_CHARSETS or not found._is_text_encoding:
        return ""
    return "" if found.name in {"ascii", "utf-8"} else found.name


def transfer_decoded(body: bytes, encoding: str) -> bytes:
    """Undo a content transfer encoding (RFC 2045 6); what is cut off in the middle loses its last octets."""
    match encoding.strip().lower():
        case "base64":
            letters = _NOT_BASE64.sub(b"", body)
            return binascii.a2b_base64(letters[: len(letters) // 4 * 4])
        case "quoted-printable":
            return binascii.a2b_qp(body)
        case _:
            return body


def html_to_text(page: str) -> str:
    """Return what a page says, without its tags, in one pass: a line for each block."""
    pieces, place = [], 0
    lower = page.lower()
    while (opened := page.find("<", place)) >= 0:
        pieces.append(page[place:opened])
        tag = _TAG.match(page, opened)
        if page.startswith("<!--", opened):
            place = _behind(page, "-->", opened)
            continue
        if tag is None:
            pieces.append("<")
            place = opened + 1
            continue
        name = tag[1].lower()
        place = _behind(page, ">", opened)
        if name in _UNSEEN and page[opened + 1] != "/":
            place = _behind(lower, f"</{name}", place)
            place = _behind(page, ">", place)
        if name in _BREAKS:
            pieces.append("\n")
    return html.unescape("".join([*pieces, page[place:]]))


def _behind(text: str, mark: str, start: int) -> int:
    found = text.find(mark, start)
    return len(text) if found < 0 else found + len(mark)

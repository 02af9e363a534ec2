"""A message as static HTML: who writes to whom, its letter in a frame, its text, source and attachments."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

from notebookmail.view.words.message import (
    FIELDS,
    LONGEST,
    LONGEST_FIELD,
    envelope_fields,
    field,
    header_fields,
    read_letter,
    written,
)
from notebookmail.view.words.quantities import size_in_words
from notebookmail.view.words.visible_text import clip

from .escaping import element, escape, join, join_lines
from .letter_frame import framed, has_dark_rules
from .letter_height import letter_height
from .style import ROOT, STYLE

if TYPE_CHECKING:
    from email.message import EmailMessage

    from notebookmail.view.words.message import Arrived, Attachment, Letter

    from .escaping import Html

DESK, PHONE = 700, 375
"""How wide a letter is shown at the least where there is room, in CSS pixels."""
LARGEST_LINK: Final = 5_000_000
"""Bytes of an attachment that a link can hold."""

_MOST_LINKS: Final = 10_000_000  # bytes, all together
_MOST_FIELDS: Final = 200


def heading_html(message: EmailMessage, envelope: Arrived | None = None) -> Html:
    """Show who writes to whom about what; the envelope only where it says something else (Bcc, bounces)."""
    rows = [(name, value) for name in FIELDS if (value := field(message, name)) is not None]
    if envelope is not None:
        rows += envelope_fields(envelope)
    return element("table", element("tbody", *(_row(name, value) for name, value in rows)), class_="nbm-fields")


def headers_html(message: EmailMessage) -> Html:
    """Show every header field, in order."""
    fields = list(header_fields(message))
    rows = [_row(name, value) for name, value in fields[:_MOST_FIELDS]]
    left_out = len(fields) - len(rows)
    note = element("p", f"{left_out:,} more are not shown.", class_="nbm-quiet") if left_out else None
    table = element("table", element("tbody", *rows), class_="nbm-fields nbm-all")
    return join(table if rows else element("p", "There are none.", class_="nbm-quiet"), note)


def page_html(
    letter: Letter, title: str, *, is_dark: bool = False, width: int = DESK, is_tall: bool = False
) -> Html:
    """Show the letter in its frame, with notes on what is not as it would be at the recipient's.

    Args:
        letter: What is shown.
        title: What a screen reader says of the frame.
        is_dark: Show it as a dark mail program would.
        width: How wide its frame is; it will be about as tall as the letter then, within bounds.
        is_tall: Leave the frame's height to the page.
    """
    page = letter.page or ""
    notes = list(letter.notes)
    if is_dark and not has_dark_rules(page):
        notes.insert(0, "Recoloured, as some mail programs do: the letter has no dark colours of its own.")
    notes.append("Links do nothing here.")
    said = element("p", " ".join(notes), class_="nbm-quiet nbm-notes")
    height = None if is_tall else letter_height(page, width)
    return join(
        element("div", framed(page, title=title, is_dark=is_dark, height=height), class_="nbm-sheet"), said
    )


def text_html(text: str) -> Html:
    """Show a plain text, its beginning if it is long."""
    return _block(text[:LONGEST], "characters", len(text), "The text")


def source_html(message: EmailMessage, content: bytes) -> Html:
    """Show the message as transmitted, its beginning if it is long."""
    raw = content or written(message)
    return _block(raw[:LONGEST].decode("utf-8", "backslashreplace"), "bytes", len(raw), "The source")


def attachments_html(letter: Letter) -> Html | None:
    """List what is attached, each with a link that downloads it; None if nothing is."""
    if not letter.attachments:
        return None
    room = _MOST_LINKS
    items = []
    for each in letter.attachments:
        is_linked = len(each.content) <= min(LARGEST_LINK, room)
        room -= len(each.content) if is_linked else 0
        items.append(_attachment(each, is_linked=is_linked))
    count = len(items)
    words = "1 attachment" if count == 1 else f"{count:,} attachments"
    return join(element("p", words, class_="nbm-quiet"), element("ul", *items))


def message_html(message: EmailMessage, envelope: Arrived | None = None) -> Html:
    """Show a message as a static page that holds all of its letter: for whoever asks to have it saved."""
    letter = read_letter(message)
    if letter.page is not None:
        body = join(page_html(letter, "The letter"), _as_text(letter.text))
    else:
        body = element("div", text_html(letter.text or "(no text)"), class_="nbm-letter")
    names = ", ".join(f"{clip(each.name, 80)} ({size_in_words(len(each.content))})" for each in letter.attachments)
    attached = element("p", f"Attached: {names}", class_="nbm-quiet nbm-notes") if names else None
    return join(
        STYLE, element("div", heading_html(message, envelope), body, attached, class_=f"{ROOT} nbm-message")
    )


def _as_text(text: str | None) -> Html | None:
    """Show the text version, folded away: GitHub and some readers of notebooks show no frames."""
    if not text:
        return None
    return element("details", element("summary", "As text"), text_html(text), class_="nbm-notes")


def _row(name: str, value: str) -> Html:
    return element(
        "tr", element("th", clip(name, 80), scope="row"), element("td", clip(value, LONGEST_FIELD) or "\u00a0")
    )


def _block(text: str, unit: str, whole: int, label: str) -> Html:
    block = element("pre", join_lines(text), tabindex=0, role="region", aria_label=label, class_="nbm-plain")
    if whole <= LONGEST:
        return block
    return join(block, element("p", f"The first {LONGEST:,} of {whole:,} {unit}.", class_="nbm-quiet nbm-notes"))


def _attachment(each: Attachment, *, is_linked: bool) -> Html:
    name = clip(each.name, 120)
    facts = f"{clip(each.type, 60)}, {size_in_words(len(each.content))}"
    if not is_linked:
        return element("li", name, " ", element("span", f"{facts}; too large for a link here", class_="nbm-quiet"))
    # Always as bytes: a type a browser knows how to open could be opened in place of being kept.
    href = f"data:application/octet-stream;base64,{base64.b64encode(each.content).decode()}"
    link = element("a", name, href=escape(href), download=_safe_name(each.name))
    return element("li", link, " ", element("span", facts, class_="nbm-quiet"))


def _safe_name(name: str) -> str:
    return re.sub(r'[\x00-\x1f<>:"/\\|?*]+', "_", clip(name, 120)).lstrip(".") or "attachment"

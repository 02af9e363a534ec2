"""What a message says, read for showing: its fields, its letter, its text, what is attached.

Messages come from strangers, too, and the standard library's parser raises on some of them: here whatever can be
read is read, and the rest is shown as it stands. Everything is bounded.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from email.utils import getaddresses, parsedate_to_datetime
from mimetypes import guess_extension
from typing import TYPE_CHECKING, Final, Protocol, TypeVar
from urllib.parse import unquote

from notebookmail.privacy.masking import mask_address

from .calendar_text import summary_of
from .visible_text import clip, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from email.message import EmailMessage, Message

_T = TypeVar("_T")

LONGEST: Final = 65_536
"""Characters of a text, bytes of a source, that are shown."""
LONGEST_FIELD: Final = 2_000
"""Characters of a header field that are shown."""
FIELDS: Final = ("From", "To", "Cc", "Reply-To", "Subject", "Date")
"""The header fields at the head of a letter."""

_LONGEST_PAGE: Final = 2_000_000
_MOST_PICTURES: Final = 8_000_000  # bytes, all together
_MOST_PARTS: Final = 500
_CID = re.compile(r"\bcid:([^\"'()\s<>]+)", re.IGNORECASE)
_PICTURE_TYPE = re.compile(r"image/[a-z0-9.+-]+")
_REMOTE = re.compile(
    r"<(?:img|image|input|video|table|td|th|body)\b[^<>]*?\b(?:src|background|poster|href)\s{0,9}="
    r"\s{0,9}[\"']?(?:https?:)?//|url\(\s{0,9}[\"']?(?:https?:)?//",
    re.IGNORECASE,
)


class Arrived(Protocol):
    """A message with its envelope, such as the sandbox's Received."""

    @property
    def mail_from(self) -> str:
        """The envelope sender."""

    @property
    def rcpt_to(self) -> tuple[str, ...]:
        """The envelope recipients."""

    @property
    def message(self) -> EmailMessage:
        """The parsed message."""

    @property
    def content(self) -> bytes:
        """The raw bytes."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part to be downloaded, decoded."""

    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """What a message holds.

    Attributes:
        page: Its HTML with the pictures it brings inside; None if it has none.
        text: Its plain text; None if it has none.
        attachments: Everything else.
        notes: What is not shown, in words.
    """

    page: str | None
    text: str | None
    attachments: tuple[Attachment, ...]
    notes: tuple[str, ...]


def read_letter(message: EmailMessage) -> Letter:
    """Read a message's bodies and attachments; whatever it is, this does not raise."""
    page = text = None
    files: list[tuple[Message, Attachment]] = []
    for part in _leaves(message):
        kind = _tried(part.get_content_type, "application/octet-stream")
        is_file = _tried(part.get_content_disposition, None) == "attachment"
        if kind == "text/html" and page is None and not is_file:
            page = _text(part)
        elif kind == "text/plain" and text is None and not is_file:
            text = _text(part)
        else:
            files.append((part, Attachment(_name(part), kind, _bytes(part))))
    notes: list[str] = []
    if page is not None:
        page, shown = _with_pictures(page, files, notes)
        files = [(part, each) for part, each in files if id(part) not in shown]
    return Letter(page, text, tuple(each for _, each in files), tuple(notes))


def field(message: EmailMessage, name: str) -> str | None:
    """Return a header field's text, None if there is none; a malformed one as it stands."""
    for key, value in header_fields(message):
        if key.lower() == name.lower():
            return value
    return None


def date(message: EmailMessage) -> datetime | None:
    """Return the moment in the Date field."""
    try:
        return parsedate_to_datetime(field(message, "Date") or "").astimezone()
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None


def envelope_fields(arrived: Arrived) -> Iterator[tuple[str, str]]:
    """Return what the envelope says that the header fields do not (Bcc, bounces), by name."""
    sender = _addresses(arrived.message, "From")
    if arrived.mail_from.lower() not in sender:
        yield "Envelope from", arrived.mail_from or "(empty: a bounce)"
    named = _addresses(arrived.message, "To") | _addresses(arrived.message, "Cc")
    if {each.lower() for each in arrived.rcpt_to} != named:
        yield "Envelope to", ", ".join(arrived.rcpt_to)


def _addresses(message: EmailMessage, name: str) -> set[str]:
    return _tried(lambda: {each.lower() for _, each in getaddresses([field(message, name) or ""]) if each}, set())


def message_text(message: EmailMessage) -> str:
    """Write a message as plain text, all of it."""
    heads = [f"{name}: {clip(value, LONGEST_FIELD)}" for name in FIELDS if (value := field(message, name))]
    text = read_letter(message).text or "(no text)"
    return "\n".join([*heads, "", *(visible(line) for line in text[:LONGEST].splitlines())])


def arrived_text(arrived: Arrived) -> str:
    """Return what of a message may be looked for: its addresses, its subject and its text."""
    letter = read_letter(arrived.message)
    fields = (field(arrived.message, name) or "" for name in ("From", "To", "Cc", "Subject"))
    return "\n".join((arrived.mail_from, *arrived.rcpt_to, *fields, letter.text or letter.page or ""))


def masked_words(arrived: Arrived) -> str:
    """Say in a sentence that may be saved which message this is."""
    others = len(arrived.rcpt_to) - 1
    to = clip(mask_address(arrived.rcpt_to[0]), 100) if arrived.rcpt_to else "nobody"
    return f"One message to {to}" + (f" and {others:,} more" if others > 0 else "")


def _leaves(message: Message) -> Iterator[Message]:
    """Give the parts that hold content, in order; a forwarded message is one of them."""
    stack: list[Message] = [message]
    for _ in range(_MOST_PARTS):
        if not stack:
            return
        part = stack.pop()
        payload = _payload(part)
        if isinstance(payload, list) and _tried(part.get_content_maintype, "") == "multipart":
            stack.extend(each for each in reversed(payload) if not isinstance(each, str))
        else:
            yield part


def _text(part: Message) -> str:
    content = _bytes(part)
    try:
        return content.decode(str(_tried(lambda: part.get_content_charset("utf-8"), "utf-8")), "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def _bytes(part: Message) -> bytes:
    content = _tried(lambda: part.get_payload(decode=True), None)
    if isinstance(content, bytes):
        return content
    payload = _payload(part)
    if isinstance(payload, list):  # a forwarded message, or a multipart that is none
        return b"".join(written(each) for each in payload if not isinstance(each, str))
    return str(payload or "").encode("utf-8", "replace")


def _payload(part: Message) -> object:
    return _tried(lambda: part.get_payload(), None)  # noqa: PLW0108 -- its overloads have no one type


def _content_id(part: Message) -> str:
    return _tried(lambda: str(part.get("Content-ID", "")), "").strip()


def written(message: Message) -> bytes:
    """Return a message as octets, whatever it is."""
    return _tried(message.as_bytes, b"(this part cannot be written again)")


def _name(part: Message) -> str:
    name = _tried(part.get_filename, None)
    if name:
        return str(name).strip()
    kind = _tried(part.get_content_type, "application/octet-stream")
    if kind == "text/calendar" and (summary := summary_of(_text(part)[:LONGEST])):
        return f"Invitation: {summary}.ics"
    return f"unnamed{guess_extension(kind) or '.' + kind.rpartition('/')[2]}"


def _tried(ask: Callable[[], _T], otherwise: _T) -> _T:
    """Ask the standard library about a malformed part: it raises IndexError, UnicodeError, TypeError and more."""
    try:
        return ask()
    except Exception:  # noqa: BLE001 -- see above; a stranger's bytes must not take the view away
        return otherwise


def header_fields(message: EmailMessage) -> Iterator[tuple[str, str]]:
    """Return every header field, in order; a malformed one as it stands."""
    for name, raw in message.raw_items():
        try:
            yield name, str(message.policy.header_fetch_parse(name, raw))
        except Exception:  # noqa: BLE001 -- the parser raises IndexError and others on malformed fields
            yield name, str(raw)


def _with_pictures(
    page: str, files: list[tuple[Message, Attachment]], notes: list[str]
) -> tuple[str, frozenset[int]]:
    """Put the pictures a letter brings along into it; tell which parts these were."""
    by_id = {_content_id(part).strip("<>"): (part, each) for part, each in files}
    shown: set[int] = set()
    room, left_out = _MOST_PICTURES, 0

    def put(match: re.Match[str]) -> str:
        nonlocal room, left_out
        part, picture = by_id.get(match[1]) or by_id.get(unquote(match[1])) or (None, None)
        if picture is None or not _PICTURE_TYPE.fullmatch(picture.type):
            return match[0]
        if len(picture.content) > room:
            left_out += 1
            return match[0]
        room -= len(picture.content)
        shown.add(id(part))
        return f"data:{picture.type};base64,{base64.b64encode(picture.content).decode()}"

    remote = len(_REMOTE.findall(page[:_LONGEST_PAGE]))
    if len(page) > _LONGEST_PAGE:
        notes.append(f"The first {_LONGEST_PAGE:,} of {len(page):,} characters.")
    if remote:
        notes.append("1 remote picture is not loaded here." if remote == 1
                     else f"{remote:,} remote pictures are not loaded here.")  # fmt: skip
    page = _CID.sub(put, page[:_LONGEST_PAGE])
    if left_out:
        notes.append("Some pictures are too large to be shown here.")
    return page, frozenset(shown)

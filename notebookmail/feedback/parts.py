"""A message cut into its parts, bounded whatever it holds (RFC 2046 5.1).

The standard library's parser goes a level of its own calls down for each level of a message, and asks each line
of every boundary around it: a message of a thousand nested parts ends it. This one keeps a list of what is left to
cut, stops at so many octets, parts and levels, and looks into no message within a message. What it is given may
be cut off anywhere: a part ends where the message does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from email.utils import collapse_rfc2231_value
from functools import cached_property
from typing import Final

from .decoding import decoded, html_to_text, transfer_decoded
from .fields import Fields

MOST_OCTETS: Final = 1 << 20
MOST_PARTS: Final = 64
MOST_TRIES: Final = 500
MOST_LEVELS: Final = 12
MOST_OF_A_TEXT: Final = 1 << 16
MOST_TEXTS: Final = 4
_BOUNDARY_LINE: Final = re.compile(rb"^--([A-Za-z0-9'()+_,./:=?-]{8,70})[ \t]*\n[A-Za-z-]+:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ContentType:
    """What a Content-Type field says (RFC 2045 5.1)."""

    name: str
    boundary: str = ""
    charset: str = ""
    report_type: str = ""


@dataclass(frozen=True, slots=True)
class ReceivedPart:
    """A part that is no multipart: its fields, and its body as it was sent."""

    fields: Fields
    content_type: ContentType
    body: bytes

    @property
    def content(self) -> bytes:
        """The body without its transfer encoding, its lines ended by LF."""
        encoding = self.fields.text("content-transfer-encoding")
        return with_line_feeds(transfer_decoded(self.body, encoding))

    @property
    def text(self) -> str:
        """The body as text, its beginning if it is long; of HTML, what it says."""
        encoding = self.fields.text("content-transfer-encoding")
        octets = with_line_feeds(transfer_decoded(self.body[:MOST_OF_A_TEXT], encoding))
        text = decoded(octets, self.content_type.charset)
        return html_to_text(text) if self.content_type.name == "text/html" else text


@dataclass(frozen=True)
class ReceivedMessage:
    """A message as it came.

    Attributes:
        fields: Its header.
        content_type: The type of the whole.
        parts: Its parts that are no multiparts, in order.
        has_body: Whether its header has an end: a message cut off before it may be anything.
    """

    fields: Fields
    content_type: ContentType
    parts: tuple[ReceivedPart, ...]
    has_body: bool

    def part(self, *names: str) -> ReceivedPart | None:
        """Return the first part of one of these types, or None."""
        return next((part for part in self.parts if part.content_type.name in names), None)

    @cached_property
    def texts(self) -> str:
        """What its text parts say, one below the other; what its HTML says where there are none."""
        for name in ("text/plain", "text/html"):
            found = [part.text for part in self.parts if part.content_type.name == name][:MOST_TEXTS]
            if any(text.strip() for text in found):
                return "\n".join(found)
        return ""


def cut(content: bytes) -> ReceivedMessage:
    """Cut a message into its parts."""
    octets = with_line_feeds(content[:MOST_OCTETS]).lstrip(b"\n")
    if octets.startswith(b"From "):  # the separator of an mbox
        octets = octets.partition(b"\n")[2]
    fields, body = head_and_body(octets)
    whole = content_type(fields)
    parts: list[ReceivedPart] = []
    waiting = [(fields, body or b"", 0)]
    while waiting and len(parts) < MOST_PARTS:
        own, inner, level = waiting.pop()
        kind = whole if own is fields else content_type(own)
        if kind.name.startswith("multipart/") and level < MOST_LEVELS:
            pieces = _split(inner, kind.boundary) or _split(inner, _likely_boundary(inner))
            if pieces:
                default = "message/rfc822" if kind.name == "multipart/digest" else "text/plain"
                waiting += [(*_opened(piece, default), level + 1) for piece in reversed(pieces)]
                continue
        parts.append(ReceivedPart(own, kind, inner))
    return ReceivedMessage(fields, whole, tuple(parts), has_body=body is not None)


def with_line_feeds(octets: bytes) -> bytes:
    """End lines by LF, whether they ended by CRLF or by CR."""
    if b"\r" not in octets:
        return octets
    octets = octets.replace(b"\r\n", b"\n")
    return octets if b"\n" in octets else octets.replace(b"\r", b"\n")


def head_and_body(octets: bytes) -> tuple[Fields, bytes | None]:
    """Cut at the first empty line; the body is None where there is none."""
    if octets.startswith(b"\n"):
        return Fields(), octets[1:]
    head, found, body = octets.partition(b"\n\n")
    return Fields(head), body if found else None


def content_type(fields: Fields) -> ContentType:
    """Read the Content-Type field; text where there is none, or none that can be read (RFC 2045 5.2)."""
    value = fields.text("content-type")[:2_000]
    if not value:
        return ContentType("text/plain")
    reader = Message()
    reader["Content-Type"] = " ".join(value.split())
    (kind, _), *listed = reader.get_params([("", "")])
    named = {name.lower(): collapse_rfc2231_value(content) for name, content in reversed(listed)}
    return ContentType(
        kind.split()[0].lower() if kind.strip() and kind.count("/") == 1 else "text/plain",
        named.get("boundary", "").rstrip(),
        named.get("charset", ""),
        named.get("report-type", "").lower(),
    )


def _opened(piece: bytes, default: str) -> tuple[Fields, bytes]:
    fields, body = head_and_body(piece)
    if body is None and not fields:
        return Fields(), piece  # what has no fields is all body
    if "content-type" not in fields and default != "text/plain":
        fields = Fields(b"Content-Type: " + default.encode())
    return fields, body or b""


def _split(body: bytes, boundary: str) -> list[bytes]:
    """Cut a multipart's body at its boundaries, so many times at most; what stands before the first is dropped."""
    if not boundary:
        return []
    mark = b"\n--" + boundary.encode("utf-8", "replace")
    body = b"\n" + body
    places: list[tuple[int, int]] = []  # where a boundary's line begins, and where the part behind it does
    found = body.find(mark)
    is_last = False
    tries = 0  # a boundary that is the beginning of many others is sought no further
    while found >= 0 and not is_last and len(places) <= MOST_PARTS and tries < MOST_TRIES:
        tries += 1
        behind = found + len(mark)
        is_last = body.startswith(b"--", behind)
        end = body.find(b"\n", behind)
        end = len(body) if end < 0 else end
        if is_last or not body[behind:end].strip():
            places.append((found, end + 1))
        found = body.find(mark, behind)
    ends = [begin for begin, _ in places[1:]]
    if not is_last:
        ends.append(len(body))
    return [body[behind:end] for (_, behind), end in zip(places, ends, strict=False)]


def _likely_boundary(body: bytes) -> str:
    """Return what looks like the boundary where the declared one is missing: the first line that begins as one."""
    match = _BOUNDARY_LINE.search(body[:MOST_OF_A_TEXT])
    return match[1].decode("ascii") if match else ""

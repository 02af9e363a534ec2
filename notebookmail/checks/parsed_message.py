"""A finished message read back: its subject, addresses and bodies, as a mail program would find them.

A check reads what will go out, not what was meant. It reads only messages of this package, so it cuts them at
their boundaries instead of parsing every line, and never looks into attached octets: ten thousand rows with the
same megabyte attached cost no more than without it.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, a2b_qp
from dataclasses import dataclass
from email.header import decode_header, make_header
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookmail.mail.message import Mail

_LONG: Final = 32 * 1024
# At the start of a line: a subject may say anything.
_BOUNDARY: Final = re.compile(
    rb'^Content-Type: multipart/\w+;(?:[^\r\n]|\r\n[ \t])*?boundary="([^"]+)"', re.MULTILINE | re.IGNORECASE
)
_TEXT: Final = re.compile(rb"^Content-Type: text/(plain|html)\b", re.MULTILINE | re.IGNORECASE)
_ENCODING: Final = re.compile(rb"^Content-Transfer-Encoding: ([\w-]+)", re.MULTILINE | re.IGNORECASE)
_ATTACHMENT: Final = re.compile(rb"^Content-Disposition: attachment", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """What a message says.

    Attributes:
        subject: Its subject.
        to: The To field.
        cc: The Cc field, or "".
        text: The plain text, or "".
        html: The HTML, or "".
        html_octets: The HTML's size before it was encoded.
        has_attachment: Whether anything is attached; a picture inside the HTML is not.
    """

    subject: str
    to: str
    cc: str
    text: str
    html: str
    html_octets: int
    has_attachment: bool


def read(mail: Mail) -> ParsedMessage:
    """Read a finished message as a mail program would."""
    entity = _without_payloads(mail.segments)
    head, _, _ = entity.partition(b"\r\n\r\n")  # of all pieces: a signature is one of its own
    bodies = {b"plain": b"", b"html": b""}
    has_attachment = False
    for fields, body in _leaves(entity):
        kind = _TEXT.search(fields)
        if _ATTACHMENT.search(fields) or (kind is None and b"Content-ID:" not in fields):
            has_attachment = True
        elif kind is not None and not bodies[kind[1].lower()]:
            bodies[kind[1].lower()] = _decoded(fields, body)
    html = bodies[b"html"].replace(b"\r\n", b"\n")
    text = bodies[b"plain"].replace(b"\r\n", b"\n").decode("utf-8", "replace")
    return ParsedMessage(
        _field(head, b"Subject"), _field(head, b"To"), _field(head, b"Cc"), text, html.decode("utf-8", "replace"),
        len(bodies[b"html"]), has_attachment,
    )  # fmt: skip


def _without_payloads(segments: tuple[bytes, ...]) -> bytes:
    """Join the segments, without long ones that follow the fields of something that is no text."""
    kept: list[bytes] = []
    for segment in segments:
        if len(segment) >= _LONG and kept and kept[-1].endswith(b"\r\n\r\n"):
            fields = kept[-1].rpartition(b"\r\n--")[2]
            if b"Content-Type: " in fields and _TEXT.search(fields) is None:
                continue
        kept.append(segment)
    return b"".join(kept)


def _leaves(entity: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Walk the parts that are no multipart, each as its fields and its body (RFC 2046 5.1.1)."""
    fields, _, body = entity.partition(b"\r\n\r\n")
    boundary = _BOUNDARY.search(fields)
    if boundary is None:
        yield fields, body
        return
    opening, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary[1])
    del opening
    for part in parts:
        if part.startswith(b"\r\n"):  # the last begins with "--": the end
            yield from _leaves(part[2:])


def _decoded(fields: bytes, body: bytes) -> bytes:
    encoding = _ENCODING.search(fields)
    name = encoding[1].lower() if encoding else b"7bit"
    if name == b"quoted-printable":
        return a2b_qp(body)
    return a2b_base64(body) if name == b"base64" else body


def _field(head: bytes, name: bytes) -> str:
    """Return a field's value, unfolded and decoded (RFC 2047)."""
    match = re.search(rb"^%b:[ \t]*([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)" % name, head, re.MULTILINE | re.IGNORECASE)
    if match is None:
        return ""
    value = re.sub(r"\r\n(?=[ \t])", "", match[1].decode("utf-8", "replace"))
    return str(make_header(decode_header(value))) if "=?" in value else value

"""Content on its way to the wire: line endings and dot-stuffing (RFC 5321 2.3.8, 4.5.2)."""

from __future__ import annotations

import re

_BARE = re.compile(rb"\r\n|\r|\n")


def to_crlf(content: bytes) -> bytes:
    """End every line in CRLF, the last one included.

    A bare CR or LF is what SMTP smuggling is made of (CVE-2023-51764): some servers read `LF . LF` as the end of
    data. None leaves here.
    """
    rest = b"".join(content.split(b"\r\n"))  # what is left of a line end now is bare; faster than any search
    if b"\n" in rest or b"\r" in rest:
        content = _BARE.sub(b"\r\n", content)
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def dot_stuff(segment: bytes) -> bytes:
    """Double the dot at the start of each line of a segment that itself begins at the start of a line."""
    # Most have no such line, which is found out fastest from the end.
    stuffed = segment if segment.rfind(b"\n.") < 0 else segment.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed

"""Bytes to replies, strictly and within bounds (RFC 5321 4.2).

Leniency here is how one reply gets credited to another command, so a line is three digits, a blank or a hyphen,
text, CRLF, and nothing else; all lines of a reply carry one code. Text is kept, with its control characters made
visible: it ends up on terminals and in notebooks. A code is read by its first digit (RFC 5321 4.2.1, 4.3.2): the
second one of the grammar ends at 5, and servers say 571 all the same.
"""

from __future__ import annotations

import re
from functools import lru_cache

from notebookmail.errors import SMTPResponseException
from notebookmail.response import SMTPResponse
from notebookmail.status import SMTPStatus

MAX_REPLY_OCTETS = 65_536
"""More than any honest reply (RFC 5321 4.5.3.1.5: 512 octets a line); a server that sends more is cut off."""

_PLAIN = re.compile(rb"[2-5][0-9]{2} [ -~]*")
"""The only line of a reply, as most are: it says nothing that has to be made visible."""

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SHORT_OCTETS = 4096  # of what the short way reads, and remembers
_SHOWN_OCTETS = 120


def malformed(what: str) -> SMTPResponseException:
    """Make the error for a server that does not keep to the protocol."""
    return SMTPResponseException(int(SMTPStatus.invalid_response), f"not a valid SMTP reply: {what}")


class ReplyReader:
    """Collects bytes and hands out complete replies.

    The result does not depend on how the bytes were split. Keeps at most MAX_REPLY_OCTETS of an unfinished reply.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._start = 0  # what stands before it is read
        self._lines: list[str] = []
        self._code = 0
        self._octets = 0

    @property
    def has_leftover(self) -> bool:
        """True when bytes came that are not yet part of a handed-out reply."""
        return self._start < len(self._buffer) or bool(self._lines)

    def feed(self, data: bytes) -> None:
        """Take in bytes from the server."""
        self._buffer = self._buffer[self._start :] + data
        self._start = 0

    def next_plain(self) -> list[SMTPResponse]:
        """Hand out all replies at once, if all are complete and plain; else none, and `next_reply` reads them."""
        buffer = self._buffer
        if self._lines or self._start or not buffer.endswith(b"\r\n") or len(buffer) > _SHORT_OCTETS:
            return []
        read = list(map(_plain, buffer[:-2].split(b"\r\n")))
        replies = [reply for reply in read if reply is not None]
        if len(replies) < len(read):
            return []
        self._start = len(buffer)
        return replies

    def next_reply(self) -> SMTPResponse | None:
        """Hand out the next complete reply, or None while there is none.

        Raises:
            SMTPResponseException: With code -1, when what came is no reply by RFC 5321.
        """
        while (line := self._next_line()) is not None:
            code, is_last, text = _parse(line)
            if self._lines and code != self._code:
                raise malformed(f"lines of one reply carry the codes {self._code} and {code}")
            self._code = code
            self._lines.append(text)
            if is_last:
                reply = SMTPResponse(code, "\n".join(self._lines))
                self._lines, self._octets = [], 0
                return reply
        return None

    def _next_line(self) -> bytes | None:
        buffer, start = self._buffer, self._start
        end = buffer.find(b"\n", start)
        carriage = buffer.find(b"\r", start)
        if end < 0:
            if 0 <= carriage < len(buffer) - 1:
                raise malformed("a carriage return in the middle of a line")
            self._bound(len(buffer) - start)
            return None
        if carriage != end - 1 or end == start:
            raise malformed(f"a line does not end in CRLF: {_shown(buffer[start:end])}")
        self._bound(end + 1 - start)
        self._start = end + 1
        self._octets += end + 1 - start
        return buffer[start:carriage]

    def _bound(self, further: int) -> None:
        if self._octets + further > MAX_REPLY_OCTETS:
            raise malformed(f"longer than {MAX_REPLY_OCTETS} octets")


@lru_cache(maxsize=256)
def _plain(line: bytes) -> SMTPResponse | None:
    """Read a line that is a whole reply by itself; servers say the same few again and again."""
    return SMTPResponse(int(line[:3]), line[4:].decode("ascii")) if _PLAIN.fullmatch(line) else None


def _parse(line: bytes) -> tuple[int, bool, str]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise malformed(_shown(line))
    text = (match[3] or b"").decode("utf-8", "backslashreplace")
    if not text.isprintable():
        text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
    return int(match[1]), match[2] != b"-", text


def _shown(octets: bytes) -> str:
    shown = octets[:_SHOWN_OCTETS]
    return repr(shown)[1:] + ("..." if len(octets) > _SHOWN_OCTETS else "")

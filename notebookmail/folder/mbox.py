"""All messages in one mbox file (RFC 4155), to which they are added by the standard library's `mailbox`.

A header of the file's own in front of each message, Content-Length, says how long its body is: so a last message
that a crash cut short is known from a whole one, and taken out before the next is added. Lines end in LF, and
"From " at the start of one is quoted, as the format wants it.
"""

from __future__ import annotations

import mailbox
import sys
import threading
import time
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

from notebookmail.errors import FrameError

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from io import BufferedWriter
    from pathlib import Path

    from notebookmail.mail.message import Mail

_LENGTH = "Content-Length"


class MboxFile:
    """An mbox file that messages are added to; nobody else may write to it meanwhile.

    Args:
        path: The file; made, with the folders above it, if there is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._box: mailbox.mbox | None = None
        self._held: BufferedWriter | None = None
        self._known: set[str] = set()
        self._one_at_a_time = threading.Lock()

    def open(self) -> None:
        """Lock the file, read which messages it holds, and take out one that a crash cut short."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._own()
        box = self._box = mailbox.mbox(self.path)
        torn = []
        for key in list(box.iterkeys()):
            octets = box.get_bytes(key)
            if _is_whole(octets):
                self._known.add(str(_header(octets, "Message-ID") or "").strip())
            else:
                torn.append(key)
        if torn:
            for key in torn:
                box.remove(key)
            box.close()  # writes another file in its place, which is nobody's yet
            self._own()
            self._box = mailbox.mbox(self.path)

    def _own(self) -> None:
        """Lock the file as it is now: the lock ends with this process, however that one ends."""
        if self._held is not None:
            self._held.close()
        self._held = self.path.open("ab")
        if sys.platform == "win32":  # which refuses to replace or remove an open file by itself
            return
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            self.close()
            message = f"another run writes to {self.path}: wait until it has ended; nothing was written"
            raise FrameError(message) from problem

    def write(self, mail: Mail) -> str:
        """Add a message, unless it is there."""
        assert self._box is not None  # noqa: S101 -- it was opened
        with self._one_at_a_time:
            if not mail.message_id or mail.message_id not in self._known:
                self._box.add(_with_length(mail))
                self._box.flush()
                self._known.add(mail.message_id)
        return self.path.name

    def close(self) -> None:
        """Give the file up."""
        if self._box is not None:
            self._box.close()
            self._box = None
        if self._held is not None:
            self._held.close()
            self._held = None


def _with_length(mail: Mail) -> bytes:
    text = mail.content.replace(b"\r\n", b"\n").replace(b"\nFrom ", b"\n>From ")
    body = text.partition(b"\n\n")[2]
    sender = mail.envelope.sender or "MAILER-DAEMON"
    first = f"From {sender} {time.asctime(time.gmtime())}\n{_LENGTH}: {len(body)}\n"
    return first.encode() + text


def _is_whole(octets: bytes) -> bool:
    """Tell a whole message from the beginning of one; what other programs wrote counts as whole."""
    _, end_of_header, body = octets.partition(b"\n\n")
    length = _header(octets, _LENGTH)
    if length is None:
        return bool(end_of_header)
    return not length.isdecimal() or len(body) >= int(length)


def _header(octets: bytes, name: str) -> str | None:
    value = BytesHeaderParser().parsebytes(octets)[name]
    return None if value is None else str(value)

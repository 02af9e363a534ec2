"""What really happened, and what was complained of on the way. The engine never sees it; the checks do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal

Manner = Literal["", "unknown", "spam", "broken"]
"""What becomes of a row whatever the weather: its mailbox is unknown, it looks like spam, it cannot be built."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the campaign."""

    position: int
    to: str
    key: bytes
    manner: Manner
    size: int


@dataclass(slots=True)
class Message:
    """What is known of one message: a row in one generation of its campaign.

    Attributes:
        row: Its row.
        content: What has to arrive, octet by octet.
        allowed: How often it may be accepted: once, and once more whenever the user asks for it after he was told
            that it is unconfirmed.
        accepted: How often a server took responsibility, by run.
        ended: How often the end of its data was handed to the network, by run.
        refused: How often a server refused it for good, by run.
        heard: The answers to the end of its data that arrived completely, each with its run.
    """

    row: Row
    content: bytes
    allowed: int = 1
    accepted: Counter[int] = field(default_factory=Counter)
    ended: Counter[int] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    heard: list[tuple[int, bytes]] = field(default_factory=list)


class Truth:
    """Every message of a world, and the complaints."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.complaints: list[str] = []
        self.run = 0

    def register(self, mid: str, row: Row, content: bytes) -> Message:
        message = self.messages.get(mid)
        if message is None:
            message = self.messages[mid] = Message(row, content)
        elif message.row != row or message.content != content:
            self.complain(f"row {row.position} and row {message.row.position} have one Message-ID")
        return message

    def row(self, mid: str) -> Row | None:
        message = self.messages.get(mid)
        return message.row if message is not None else None

    def complain(self, what: str) -> None:
        self.complaints.append(what)

    # --- what servers tell -----------------------------------------------------------------------------------

    def examine(self, mid: str, envelope_id: str, recipients: list[str], content: bytes) -> None:
        """A whole message has arrived: it has to be the one that was sent, in its own envelope."""
        message = self.messages.get(mid)
        if message is None:
            self.complain(f"a message without a known Message-ID arrived: {content[:80]!r}")
            return
        if mid != envelope_id or recipients != [message.row.to]:
            self.complain(
                f"{mid} of row {message.row.position} came in the envelope {envelope_id} to {recipients}"
            )
        if content != message.content:
            self.complain(f"the content of row {message.row.position} arrived altered")

    def accept(self, mid: str) -> None:
        message = self.messages.get(mid)
        if message is None:
            return
        message.accepted[self.run] += 1
        total = message.accepted.total()
        if total > message.allowed:
            self.complain(
                f"row {message.row.position} was accepted {total} times, in runs {dict(message.accepted)}"
            )
        if not message.ended[self.run]:
            self.complain(f"row {message.row.position} was accepted before its data was ended")

    def answered(self, mid: str, reply: bytes) -> None:
        message = self.messages.get(mid)
        # To a message with one recipient, 452 with these words means that it is one too many: it fails.
        if message is not None and (reply.startswith(b"5") or b"Too many recipients" in reply):
            message.refused[self.run] += 1

    def heard(self, mid: str, reply: bytes) -> None:
        message = self.messages.get(mid)
        if message is not None:
            message.heard.append((self.run, reply))


def message_id(digest: str, key: bytes, generation: int) -> str:
    """Make the token a message is known by: the same on every try."""
    return blake2b(digest.encode() + key + bytes([generation]), digest_size=8).hexdigest()


def content_of(row: Row, mid: str) -> bytes:
    """Make a message, with lines that begin with dots; its last line says that it is whole."""
    head = f"Message-ID: <{mid}@sim.example>\r\nSubject: row {row.position}\r\n\r\n.\r\n..dots\r\n"
    filler = f"line {row.position} of a longer letter, to fill the wire\r\n" * (row.size // 48)
    return f"{head}{filler}END {mid}\r\n".encode()

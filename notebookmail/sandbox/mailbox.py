"""The mailbox of the sandbox: what its servers and people write back, in memory, to be read as any mailbox is."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Final

from notebookmail.mailbox.reading import IncomingMessage, Position, ReadBatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from email.message import EmailMessage

_FOLDER: Final = "INBOX"
_BATCH: Final = 100


class SandboxMailbox:
    """A mailbox in memory, which gets whatever comes back of the letters that its sandbox took.

    It is that of every sender: an address is as good as another here. `read_feedback` reads it.
    """

    def __init__(self) -> None:
        self._messages: list[IncomingMessage] = []
        self._uidvalidity = secrets.randbits(31) + 1  # another sandbox is another mailbox (RFC 3501 2.3.1.1)

    @property
    def name(self) -> str:
        """Which mailbox it is, for people and for the journal."""
        return "the sandbox's mailbox"

    @property
    def messages(self) -> list[EmailMessage]:
        """What came to it, in order, parsed."""
        return [message_from_bytes(each.content, policy=policy.default) for each in self._messages]

    def deliver(self, content: bytes, to: str = "") -> None:
        """Put a message into it, as a server does that takes one.

        Args:
            content: The message's octets.
            to: The address it came to; stands in Delivered-To.
        """
        trace = f"Delivered-To: {to}\r\n".encode("utf-8", "replace") if to else b""
        number = len(self._messages) + 1
        self._messages.append(IncomingMessage(_FOLDER, number, trace + content, datetime.now(UTC)))

    async def read(
        self, positions: Mapping[str, Position], since: datetime | None = None
    ) -> AsyncIterator[ReadBatch]:
        """Read what came since, as `ReadableMailbox.read` says."""
        before = positions.get(_FOLDER)
        first = before.uid if before is not None and before.uidvalidity == self._uidvalidity else 0
        left = self._messages[first:]
        for start in range(0, len(left), _BATCH):
            chunk = left[start : start + _BATCH]
            wanted = tuple(each for each in chunk if since is None or each.received >= since)
            position = Position(self._uidvalidity, chunk[-1].uid)
            yield ReadBatch(wanted, {_FOLDER: position}, start + len(chunk), len(left))

    def __len__(self) -> int:
        return len(self._messages)

    def __repr__(self) -> str:
        return f"<SandboxMailbox: {len(self)} messages>"

"""What a mailbox hands over when it is read: messages in batches, and how far it has been read.

Whatever has `read` as ReadableMailbox says is a mailbox to those above: an account's at a server, the sandbox's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Position:
    """How far a folder was read (RFC 3501 2.3.1.1).

    Attributes:
        uidvalidity: For which numbering of the folder's messages it holds.
        uid: Everything up to this one was read.
    """

    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message as it lies in a mailbox.

    Attributes:
        folder: The folder's name, as people read it.
        uid: Its number there.
        content: Its octets, from the first on; of a large message only so many, which hold its header and first
            parts.
        received: When it came to the mailbox, with a time zone.
        is_cut: True where `content` is not all of it.
    """

    folder: str
    uid: int
    content: bytes
    received: datetime
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """Some messages of one folder, in the order they came.

    Attributes:
        messages: Them; none where there is only a position to note.
        positions: How far the folder has been read once these are taken in: note it together with what came of
            them.
        done: How many messages of the whole reading came until now, these among them.
        total: How many there are to come in all, as far as is known.
    """

    messages: tuple[IncomingMessage, ...]
    positions: Mapping[str, Position]
    done: int
    total: int


class ReadableMailbox(Protocol):
    """A mailbox that can be read from where a reading before stopped, and is not changed by it."""

    @property
    def name(self) -> str:
        """Which mailbox it is, for people and for the journal: "imap.example.org/me@example.org"."""

    def read(self, positions: Mapping[str, Position], since: datetime | None = None) -> AsyncIterator[ReadBatch]:
        """Read what came since, in batches of bounded size; nothing is marked as read.

        Args:
            positions: How far each folder was read before. A folder that is not among them, or whose messages were
                numbered anew since, is read from its beginning.
            since: Leave out what came before; it counts as read.
        """

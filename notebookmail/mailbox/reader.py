"""Reads the folders of a mailbox from where a reading before stopped, in batches of bounded size.

Only the numbers of the messages are known beforehand, eight octets each. Sizes are asked first, so that a batch
holds many small messages or few large ones; of a large one only the beginning is read. What comes while it is read
is left to the next reading.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from .reading import IncomingMessage, Position, ReadBatch

if TYPE_CHECKING:
    from array import array
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from datetime import datetime

    from .session import MailboxSession, MessageFacts

MOST_OCTETS: Final = 256 << 10
"""How much of a message is read: its header, what it says, and what it returns of another come first."""

_BATCH_OCTETS: Final = 4 << 20
_BATCH_MESSAGES: Final = 256
_FACTS_AT_ONCE: Final = 1_000
_A_DAY: Final = timedelta(days=1)


class _FolderToRead(NamedTuple):
    """A folder, and what is to be read of it."""

    name: str
    uidvalidity: int
    uids: array[int]
    last_uid: int


async def read_folders(
    session: MailboxSession,
    folders: Sequence[str],
    positions: Mapping[str, Position],
    since: datetime | None,
) -> AsyncIterator[ReadBatch]:
    """Read what came to some folders; the arguments are as for `ReadableMailbox.read`.

    Raises:
        MailboxError: A folder is not there, or the connection was lost; what was given out before holds.
    """
    wanted = [await _looked_at(session, name, positions, since) for name in folders]
    total, done = sum(len(each.uids) for each in wanted), 0
    for folder in wanted:
        if not folder.uids:
            if folder.last_uid:
                yield ReadBatch((), {folder.name: Position(folder.uidvalidity, folder.last_uid)}, done, total)
            continue
        opened = await session.open_folder(folder.name)
        if opened.uidvalidity != folder.uidvalidity:
            continue  # numbered anew in this moment: the next reading has it all
        for start in range(0, len(folder.uids), _FACTS_AT_ONCE):
            uids = folder.uids[start : start + _FACTS_AT_ONCE]
            async for messages, uid in _messages(session, folder.name, uids, since):
                done = total - _left(wanted, folder, uid)
                is_last = uid == folder.uids[-1]
                position = Position(folder.uidvalidity, folder.last_uid if is_last else uid)
                yield ReadBatch(messages, {folder.name: position}, done, total)


async def _looked_at(
    session: MailboxSession, name: str, positions: Mapping[str, Position], since: datetime | None
) -> _FolderToRead:
    opened = await session.open_folder(name)
    before = positions.get(name)
    known = before.uid if before is not None and before.uidvalidity == opened.uidvalidity else 0
    # The server goes by days, in whichever time zone it likes (RFC 3501 6.4.4).
    uids = await session.uids(known + 1, None if since is None else (since - _A_DAY).date())
    last = max(known, opened.next_uid - 1, uids[-1] if uids else 0)
    return _FolderToRead(name, opened.uidvalidity, uids, last)


def _left(wanted: Sequence[_FolderToRead], now: _FolderToRead, uid: int) -> int:
    """Count the messages behind this one of this folder."""
    from bisect import bisect_right

    behind = wanted[wanted.index(now) + 1 :]
    return len(now.uids) - bisect_right(now.uids, uid) + sum(len(each.uids) for each in behind)


async def _messages(
    session: MailboxSession, folder: str, uids: Sequence[int], since: datetime | None
) -> AsyncIterator[tuple[tuple[IncomingMessage, ...], int]]:
    """Read some messages in batches, each with the number up to which everything is read then."""
    facts = [each for each in await session.facts(uids) if since is None or each.received >= since]
    batches = list(batches_of(facts))
    for batch in batches:
        contents = await session.contents([each.uid for each in batch], MOST_OCTETS)
        messages = tuple(
            IncomingMessage(folder, each.uid, contents[each.uid], each.received, _is_cut(contents[each.uid]))
            for each in batch
            if each.uid in contents
        )
        yield messages, uids[-1] if batch is batches[-1] else batch[-1].uid
    if not batches:
        yield (), uids[-1]


def _is_cut(content: bytes) -> bool:
    return len(content) >= MOST_OCTETS  # some servers estimate RFC822.SIZE: it proves nothing


def batches_of(facts: Sequence[MessageFacts]) -> Iterator[list[MessageFacts]]:
    """Divide messages, in their order, into batches of bounded octets and number."""
    batch: list[MessageFacts] = []
    octets = 0
    for each in facts:
        size = min(each.size, MOST_OCTETS)
        if batch and (octets + size > _BATCH_OCTETS or len(batch) == _BATCH_MESSAGES):
            yield batch
            batch, octets = [], 0
        batch.append(each)
        octets += size
    if batch:
        yield batch

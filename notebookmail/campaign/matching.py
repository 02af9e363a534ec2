"""Which row of the frame is which row of the journal, whatever the order they stand in now.

Most rows are alone in what they are known by, and then that says it. Several rows of one person
(duplicates="send") are told apart by what they say: first those are put together that say the same, in whatever
order they stand. In a campaign whose letter may change (it has a name, or a key) the others follow in their order,
as far as there are entries: they are the same rows with another text. What is left over is new.

A journal of the first rules numbered such rows in the frame's order, and knew them by how their values were
written. What it knows is found by those rules; where they cannot tell whether somebody has had the letter, nothing
is sent.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict, deque
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from notebookmail.compose.identity.keys import MARK_BITS
from notebookmail.compose.identity.same_value import address_text
from notebookmail.delivery.journal import EarlierRows
from notebookmail.errors import FrameError
from notebookmail.privacy.masking import mask_label, quoted_label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from notebookmail.compose.identity.keys import Keys
    from notebookmail.compose.rows.frame import Frame, Row
    from notebookmail.delivery.journal import Earlier

    from .old_journal_keys import OldJournalKeys

    Names = tuple[str, ...]
    Walk = Callable[[], Iterable[tuple[Row, str]]]

_GONE: Final = frozenset({"sent", "committing", "unconfirmed"})


class Matching:
    """Finds the key of each row.

    Args:
        keys: Makes the keys of rows.
        first: Makes them by the first rules.
        earlier: What the journal knows of rows, by key.
        walk: Reads the rows that may be known by the same as another, with their recipients.
    """

    def __init__(
        self,
        keys: Keys,
        first: OldJournalKeys,
        earlier: Mapping[bytes, Earlier] = MappingProxyType({}),
        walk: Walk = tuple,
    ) -> None:
        self.keys = keys
        self.first = first
        self._earlier = earlier
        self._record = earlier if isinstance(earlier, EarlierRows) else None
        self._is_first = self._record is not None and self._record.recognition.is_first
        self._has_several = self._record is not None and keys.says and self._record.has_several
        self._walk = walk
        self._sets: defaultdict[int, list[Names]] = defaultdict(list)
        for names in sorted(self._record.recognition.reads) if self._record is not None else ():
            self._sets[keys.mark(names)].append(names)
        self._assigned: dict[int, bytes] | None = None

    @property
    def follows_order(self) -> bool:
        """Whether rows that are known by the same are simply numbered: nothing is known of them yet."""
        return not self._earlier or not (self.keys.says or self._is_first)

    def key(self, row: Row, to: str) -> bytes:
        """Return the key of a row that is alone in what it is known by."""
        person = self.keys.person(row, to)
        if not self._earlier:
            return self.keys.key(person)
        if self._is_first and (key := self.first(row, to)) in self._earlier:
            return key
        if not (self._has_several or (self.keys.says and self.keys.is_by_content)):
            return self.keys.key(person)
        return self._assign(person, [(0, self._candidates(row, to, self._sets_of(person)))])[0]

    def each(self, rows: Sequence[Row], recipients: Sequence[str]) -> list[bytes]:
        """Return the keys of several rows that are each alone in what they are known by, as `key` does."""
        if self._earlier:
            return list(map(self.key, rows, recipients))
        return list(map(self.keys.key, self.keys.people(rows, recipients)))

    def assigned(self, position: int) -> bytes:
        """Return the key of a row that may be known by the same as another."""
        if self._assigned is None:
            self._assigned = dict(self._assign_all())
        return self._assigned[position]

    def check(self, frame: Frame, rows: Iterable[tuple[Row, str, bytes]]) -> None:
        """Refuse rows that a journal of the first rules cannot tell apart.

        Args:
            frame: The rows, or groups of them.
            rows: The rows that may be sent, with their recipients and keys.

        Raises:
            FrameError: A recipient whom the campaign has reached would get a message, and nobody can tell whether
                it is the same one again.
        """
        if not self._is_first or self._record is None:
            return
        reached = frozenset(map(address_text, self._record.recipients))
        for row, to, key in rows:
            if key in self._earlier:
                continue
            is_otherwise = bool(self.keys.named) and self.first.by_recipient(to) in self._earlier
            if is_otherwise or (not self.keys.named and address_text(to) in reached):
                raise FrameError(_untold(frame, row, to))

    def _assign_all(self) -> Iterator[tuple[int, bytes]]:
        people: dict[str, list[tuple[int, frozenset[int]]]] = {}
        sets: dict[str, list[Names]] = {}
        met: Counter[bytes] = Counter()
        for row, to in self._walk():
            if self._is_first:
                met[first := self.first(row, to)] += 1
                key = self.first(row, to, met[first])
                if key in self._earlier:
                    yield row.position, key
                    continue
            person = self.keys.person(row, to)
            if person not in sets:
                sets[person], people[person] = self._sets_of(person), []
            people[person].append((row.position, self._candidates(row, to, sets[person])))
        for person, rows in people.items():
            yield from self._assign(person, rows).items()

    def _sets_of(self, person: str) -> list[Names]:
        """Return the sets of names under which the entries of a person may have been read."""
        if self._record is None or not self.keys.says:
            return []
        told = map(self._record.said, self._record.of_person(self.keys.short(person)))
        marks = {said % 2**MARK_BITS for said in told if said is not None}
        return [names for mark in marks for names in self._sets[mark]]

    def _candidates(self, row: Row, to: str, sets: Iterable[Names]) -> frozenset[int]:
        """Return what stands for what a row says, under each of these sets of names."""
        return frozenset(self.keys.said(row, to, names).digest for names in sets)

    def _assign(self, person: str, rows: list[tuple[int, frozenset[int]]]) -> dict[int, bytes]:
        """Give each of a person's rows, which stand in order, an entry of the journal or a new key."""
        entries = self._entries(person, len(rows))
        saying: defaultdict[int | None, deque[bytes]] = defaultdict(deque)
        for key in entries:
            saying[self._said(key)].append(key)
        found: dict[int, bytes] = {}
        for position, candidates in rows:
            same = next((said for said in candidates if saying[said]), None)
            if same is not None:
                found[position] = saying[same].popleft()
        taken = frozenset(found.values())
        left = iter([key for key in self._open_to_others(entries, len(rows)) if key not in taken])
        new = self._new_keys(person)
        for position, _ in rows:
            if position not in found:
                found[position] = next(left, None) or next(new)
        return found

    def _open_to_others(self, entries: list[bytes], count: int) -> list[bytes]:
        """Return the entries that may belong to a row that says something else."""
        if self.keys.is_by_content:
            return [key for key in entries if self._said(key) is None]
        if count == 1:  # of several letters to a person one was sent: this may be it
            return sorted(entries, key=lambda key: self._earlier[key].state not in _GONE)
        return entries

    def _new_keys(self, person: str) -> Iterator[bytes]:
        return (
            key for number in itertools.count(1) if (key := self.keys.key(person, number)) not in self._earlier
        )

    def _entries(self, person: str, count: int) -> list[bytes]:
        """Return the keys of the journal's rows that are known by this."""
        numbered = [self.keys.key(person, number) for number in range(1, count + 1)]
        known = [] if self._record is None else self._record.of_person(self.keys.short(person))
        return list(dict.fromkeys([*known, *(key for key in numbered if key in self._earlier)]))

    def _said(self, key: bytes) -> int | None:
        return None if self._record is None else self._record.said(key)


def _untold(frame: Frame, row: Row, to: str) -> str:
    return (
        f"{frame.unit} {quoted_label(row.label, row.position)} ({mask_label(to)}): "
        "the journal was written by an older version, which knew rows by "
        "the spelling of their values, and by their order. It has a message to this recipient in this campaign "
        "and cannot tell whether it was this one; nothing was sent. Call it with the frame and the options it was "
        "begun with, or leave out the rows that have had it; or give what is new another name (campaign=...); "
        "resend=True mails everybody again"
    )

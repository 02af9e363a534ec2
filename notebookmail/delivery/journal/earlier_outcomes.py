"""What earlier runs of a campaign left behind, row by row, in little memory: about 150 bytes a row.

Read once, when the campaign is claimed, and not changed by what this run writes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .checksums import entry_checksum
from .recognition import RULES, Recognition, read_recognition, read_said
from .sqlite_schema import CODES, ENTRY_COLUMNS, STATES, State

if TYPE_CHECKING:
    import sqlite3

_CHUNK: Final = 10_000
_SENT: Final = CODES["sent"]
_COMMITTING: Final = CODES["committing"]
_GONE: Final = tuple(CODES[state] for state in ("sent", "unconfirmed", "committing"))
_REACHED: Final = """SELECT DISTINCT recipient FROM entry WHERE campaign = ? AND generation = ?
    AND state IN (?, ?, ?)"""
_COUNTS: Final = "SELECT entry_count, said_count FROM campaign WHERE id = ?"
_SQL: Final = f"""SELECT {", ".join(ENTRY_COLUMNS)}, checksum FROM entry
    WHERE campaign = ? AND generation = ? ORDER BY number"""


class Earlier(NamedTuple):
    """How a row stood when its campaign was claimed.

    Attributes:
        state: Never `committing`: such a row, whose run ended without knowing, is `unconfirmed`.
        at: When that was noted (unix time, seconds).
        attempts: How often it had been tried.
        next_at: Not to be tried before (unix time, seconds), or None.
        delivered: The addresses that took its message, where others have not: they get it no second time.
    """

    state: State
    at: float
    attempts: int
    next_at: float | None
    delivered: tuple[str, ...] = ()


class EarlierRows(Mapping[bytes, Earlier]):
    """The rows of a campaign's generation by their keys.

    Attributes:
        recognition: By what they are known.
        recipients: Of a campaign of the first rules, whom it may have reached.
    """

    def __init__(self) -> None:
        self.recognition = Recognition(RULES)
        self.recipients: frozenset[str] = frozenset()
        self._persons = array("q")
        self._said = array("q")
        self._of_person: dict[int, list[bytes]] | None = None
        self._numbers: dict[bytes, int] = {}
        self._states = bytearray()
        self._at = array("d")
        self._attempts = array("q")
        self._next_at: dict[int, float] = {}
        self._delivered: dict[int, str] = {}

    @classmethod
    def load(cls, connection: sqlite3.Connection, campaign: int, generation: int) -> EarlierRows:
        """Read the rows of a campaign's generation.

        Args:
            connection: To the journal.
            campaign: The campaign's row.
            generation: The generation it is in.

        Raises:
            ValueError: The file holds what was never written, or not all that was: it is damaged.
        """
        rows = cls()
        rows.recognition = read_recognition(connection, campaign)
        size, said_size = connection.execute(_COUNTS, (campaign,)).fetchone()
        cursor = connection.execute(_SQL, (campaign, generation))
        while chunk := cursor.fetchmany(_CHUNK):
            rows._add(chunk)
        if rows.size != size:
            raise ValueError(f"it holds {rows.size:,} rows of {size:,}")
        if rows._hear(read_said(connection, campaign, generation)) != said_size:
            raise ValueError(f"it does not hold what {said_size:,} rows said")
        if rows.recognition.is_first:
            found = connection.execute(_REACHED, (campaign, generation, *_GONE)).fetchall()
            rows.recipients = frozenset(recipient for (recipient,) in found)
        return rows

    def _add(self, chunk: list[tuple[Any, ...]]) -> None:
        first, known = len(self._states), len(self._numbers)
        if any(entry_checksum(*columns) != written for *columns, written in chunk):
            raise ValueError(f"the rows from number {first} on are not as they were written")
        _, _, numbers, keys, states, _, at, attempts, _, _, _, next_at, delivered, _ = zip(*chunk, strict=True)
        # They come in order and each once: with the right ends none is missing.
        is_dense = numbers[0] == first and numbers[-1] == first + len(chunk) - 1
        if not is_dense or min(states) < 0 or max(states) >= len(STATES):
            raise ValueError(f"the rows from number {first} on are not those that were written")
        self._states.extend(states)
        self._at.extend(at)
        self._attempts.extend(attempts)
        if next_at.count(None) < len(chunk):
            pairs = zip(numbers, next_at, strict=True)
            self._next_at.update((number, moment) for number, moment in pairs if moment is not None)
        if any(delivered):
            self._delivered.update((number, each) for number, each in zip(numbers, delivered, strict=True) if each)
        is_new = self._numbers.keys().isdisjoint(keys)
        before = {} if is_new else {key: self._numbers[key] for key in keys if key in self._numbers}
        self._numbers.update(zip(keys, numbers, strict=True))
        if len(self._numbers) < known + len(chunk):
            self._settle(keys, numbers, before)

    def _settle(self, keys: tuple[bytes, ...], numbers: tuple[int, ...], before: dict[bytes, int]) -> None:
        """Decide about keys that stand there twice: the later one counts, but what was once sent is sent."""
        for key, number in zip(keys, numbers, strict=True):
            other = before.get(key)
            if other is None or self._states[other] != _SENT:
                before[key] = number
            self._numbers[key] = before[key]

    def number(self, key: bytes) -> int | None:
        """Tell a row's number in the file, or None if it is not there."""
        return self._numbers.get(key)

    def _hear(self, said: Iterable[tuple[int, int, int]]) -> int:
        """Take in what rows said, and tell how many they are; most campaigns have nothing of it."""
        count = 0
        for number, person, digest in said:
            if not 0 <= number < self.size:
                raise ValueError(f"it knows what row number {number} said, and not the row")
            if not self._persons:
                self._persons = array("q", bytes(8 * self.size))
                self._said = array("q", bytes(8 * self.size))
            self._persons[number], self._said[number] = person, digest
            count += 1
        return count

    def of_person(self, person: int) -> list[bytes]:
        """Return the keys of the rows that are known by the same, in the order of their first try."""
        if self._of_person is None:
            self._of_person = {}
            if self._persons:
                for key, number in self._numbers.items():
                    self._of_person.setdefault(self._persons[number], []).append(key)
        return self._of_person.get(person, [])

    def said(self, key: bytes) -> int | None:
        """Return what stands for what a row said, or None where that was not noted."""
        return (self._said[self._numbers[key]] or None) if self._said else None

    @property
    def has_several(self) -> bool:
        """Whether some rows are known by the same."""
        import numpy as np

        persons = np.frombuffer(self._persons, dtype=np.int64)
        persons = persons[persons != 0]
        return len(np.unique(persons)) < len(persons)

    @property
    def size(self) -> int:
        """How many entries the file has: the number of the next one."""
        return len(self._states)

    def __getitem__(self, key: bytes) -> Earlier:
        number = self._numbers[key]
        code = self._states[number]
        state: State = "unconfirmed" if code == _COMMITTING else STATES[code]
        delivered = tuple(filter(None, self._delivered.get(number, "").split("\n")))
        return Earlier(state, self._at[number], self._attempts[number], self._next_at.get(number), delivered)

    def get(self, key: bytes, default: Any = None) -> Any:
        """Return how a row stood, or the default: a run asks for each of its rows, and most are new."""
        return self[key] if key in self._numbers else default

    def __contains__(self, key: object) -> bool:
        return key in self._numbers

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

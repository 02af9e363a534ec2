"""Which row a word belongs to: the token of its Message-ID, the id in its reply, its recipient.

The journal has no index for these, as sending would pay for it with every row. What finds them is made when it is
first asked for, in a temporary database of the connection: SQLite keeps that in a file which has no name and ends
with the connection, so memory is bounded. Rows that were tried since are added at each question.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .checksums import entry_checksum
from .error_messages import damaged
from .sqlite_connection import roll_back
from .sqlite_schema import CODES, ENTRY_COLUMNS, STATES, State

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator

    from .sqlite_database import JournalFile

_CHUNK: Final = 10_000
_ASKED: Final = 500  # parameters of one statement
_TOKEN, _REPLY, _RECIPIENT = range(3)
_MAKE: Final = """CREATE TEMP TABLE IF NOT EXISTS found_by (
    what INTEGER NOT NULL, word TEXT NOT NULL, campaign INTEGER NOT NULL, generation INTEGER NOT NULL,
    number INTEGER NOT NULL, PRIMARY KEY (what, word, campaign, generation, number)) WITHOUT ROWID"""
_SINCE: Final = "FROM entry WHERE campaign = ? AND (generation, number) >= (?, ?)"
_FILL: Final = (
    f"""INSERT OR IGNORE INTO found_by
    SELECT {_TOKEN}, lower(substr(message_id, 2, instr(message_id, '@') - 2)) AS word, campaign, generation, number
    {_SINCE} AND message_id LIKE '<_%@%' ORDER BY word""",
    f"""INSERT OR IGNORE INTO found_by
    SELECT {_REPLY}, substr(reply, 4) AS word, campaign, generation, number
    {_SINCE} AND reply GLOB 'Ok ?*' AND instr(substr(reply, 4), ' ') = 0 ORDER BY word""",
)
_RECIPIENTS: Final = """SELECT number, recipient FROM entry
    WHERE campaign = ? AND generation = ? AND number >= ? ORDER BY number LIMIT ?"""
_PUT: Final = "INSERT OR IGNORE INTO found_by VALUES (?, ?, ?, ?, ?)"
_ENTRY: Final = ", ".join(f"entry.{column}" for column in (*ENTRY_COLUMNS, "checksum"))
_SOUGHT: Final = f"""SELECT word, campaign.secret <> '', {_ENTRY} FROM found_by
    JOIN entry USING (campaign, generation, number) JOIN campaign ON campaign.id = entry.campaign
    WHERE what = ? AND word IN ({{}}) ORDER BY entry.at"""
_OF_CAMPAIGN: Final = f"""SELECT '', campaign.secret <> '', {_ENTRY} FROM entry
    JOIN campaign ON campaign.id = entry.campaign AND campaign.generation = entry.generation
    WHERE entry.campaign = ? AND entry.number >= ? ORDER BY entry.number LIMIT ?"""
_STAND: Final = "SELECT id, generation, entry_count FROM campaign"
_AT_FIRST: Final = (0, 0)
_COMMITTING: Final = CODES["committing"]


class FoundRow(NamedTuple):
    """A row of a campaign, as the journal knows it.

    Attributes:
        campaign: The campaign's number in the journal.
        generation: Which time it was that the campaign was sent from the beginning.
        number: The row's number in it.
        key: Which row it is.
        recipient: Whom it is for; several are joined by ", ".
        message_id: The Message-ID header's value.
        sent_at: When its state was noted (unix time, seconds): of a row that was sent, when it was accepted.
        state: How it stands.
        is_guessable: True where its Message-ID could be made by who knows the campaign and the recipient: it was
            begun before ids had a secret in them. Then a notice that names the id proves nothing.
    """

    campaign: int
    generation: int
    number: int
    key: bytes
    recipient: str
    message_id: str
    sent_at: float
    state: State = "sent"
    is_guessable: bool = False


class RowLookup:
    """Finds rows of a journal that is open."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        self._filled: dict[int, tuple[int, int]] = {}
        self._recipients_filled: dict[tuple[int, int], int] = {}

    def is_of(self, file: JournalFile) -> bool:
        """Tell whether it looks into this file."""
        return self._file is file

    def by_token(self, tokens: Iterable[str]) -> dict[str, FoundRow]:
        """Find rows by the local part of their Message-ID."""
        words = {each: each.lower() for each in tokens}
        found = dict(self._find(_TOKEN, set(words.values())))
        return {each: found[word] for each, word in words.items() if word in found}

    def by_reply_id(self, ids: Iterable[str]) -> dict[str, FoundRow]:
        """Find rows by the id in the reply that accepted them."""
        return dict(self._find(_REPLY, set(ids)))

    def by_recipient(
        self, campaign: int, addresses: Iterable[str], text_of: Callable[[str], str]
    ) -> dict[str, list[FoundRow]]:
        """Find the rows of a campaign's latest generation by their recipients."""
        with self._filling() as connection:
            stands = {number: (generation, count) for number, generation, count in connection.execute(_STAND)}
            generation, count = stands.get(campaign, _AT_FIRST)
            self._fill_recipients(connection, campaign, generation, count, text_of)
        found: dict[str, list[FoundRow]] = {}
        for address, row in self._find(_RECIPIENT, set(addresses)):
            if (row.campaign, row.generation) == (campaign, generation):
                found.setdefault(address, []).append(row)
        return found

    def of_campaign(self, campaign: int) -> Iterator[FoundRow]:
        """Walk the rows of a campaign's latest generation."""
        number = 0
        while True:
            with self._file.translating() as connection:
                rows = connection.execute(_OF_CAMPAIGN, (campaign, number, _CHUNK)).fetchall()
            for row in rows:
                yield self._read(row)[1]
            if len(rows) < _CHUNK:
                return
            number += _CHUNK

    def _find(self, what: int, words: set[str]) -> Iterator[tuple[str, FoundRow]]:
        """Find the rows of words; of several rows the newest comes last."""
        if not words:
            return
        if what != _RECIPIENT:
            self._fill()
        asked = sorted(words)
        for first in range(0, len(asked), _ASKED):
            some = asked[first : first + _ASKED]
            sql = _SOUGHT.format(", ".join("?" * len(some)))
            with self._file.translating() as connection:
                rows = connection.execute(sql, (what, *some)).fetchall()
            yield from map(self._read, rows)

    def _read(self, row: tuple[Any, ...]) -> tuple[str, FoundRow]:
        word, has_secret, *columns, checksum = row
        if entry_checksum(*columns) != checksum:
            raise damaged(self._file.path, f"row number {columns[2]} is not as it was written")
        campaign, generation, number, key, code, recipient, at, _, _, _, message_id, *_ = columns
        state: State = "unconfirmed" if code == _COMMITTING else STATES[code]
        return word, FoundRow(
            campaign, generation, number, key, recipient, message_id, at, state, is_guessable=not has_secret
        )

    def _fill(self) -> None:
        """Add the rows that were tried since the last question."""
        with self._filling() as connection:
            for campaign, generation, count in connection.execute(_STAND).fetchall():
                since = self._filled.get(campaign, _AT_FIRST)
                if since != (generation, count):
                    for statement in _FILL:
                        connection.execute(statement, (campaign, *since))
                    self._filled[campaign] = (generation, count)

    def _fill_recipients(
        self,
        connection: sqlite3.Connection,
        campaign: int,
        generation: int,
        count: int,
        text_of: Callable[[str], str],
    ) -> None:
        number = self._recipients_filled.get((campaign, generation), 0)
        while number < count:
            rows = connection.execute(_RECIPIENTS, (campaign, generation, number, _CHUNK)).fetchall()
            connection.executemany(_PUT, (
                (_RECIPIENT, text_of(address), campaign, generation, place)
                for place, recipient in rows for address in recipient.split(", ")
            ))  # fmt: skip
            number += _CHUNK
        self._recipients_filled[campaign, generation] = count

    @contextlib.contextmanager
    def _filling(self) -> Iterator[sqlite3.Connection]:
        """Read the journal at one moment, and write what finds its rows."""
        with self._file.translating() as connection:
            roll_back(connection)
            try:
                connection.execute("BEGIN")
                connection.execute(_MAKE)
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                self._filled, self._recipients_filled = {}, {}
                roll_back(connection)
                raise

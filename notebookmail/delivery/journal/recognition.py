"""By what the rows of a campaign are known, and what each of them said: how a later run knows them again.

The rules are part of the campaign's own row, and under its checksum: were they lost alone, everybody would be
mailed again. `said` has a row for each entry whose person may have several: it tells which of them is which,
whatever their order. Each carries its checksum, and the campaign says how many they are.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from .checksums import campaign_checksum
from .sqlite_schema import SIGN_CAMPAIGN

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from notebookmail.mail.message import RowContent

RULES: Final = 2
"""The rules of today, by which campaigns are begun."""

_FIRST_RULES: Final = 1
_CHUNK: Final = 10_000
_READ: Final = "SELECT rules, known_by, reads FROM campaign WHERE id = ?"
_WRITE: Final = "UPDATE campaign SET rules = ?, known_by = ?, reads = ? WHERE id = ?"
_SAY: Final = "INSERT INTO said (campaign, generation, number, person, digest, checksum) VALUES (?, ?, ?, ?, ?, ?)"
_SAID: Final = "SELECT number, person, digest, checksum FROM said WHERE campaign = ? AND generation = ?"
_BEGUN: Final = f"SELECT digest, name FROM campaign WHERE rules < {RULES}"


class Recognition(NamedTuple):
    """By what the rows of a campaign's generation are known.

    Attributes:
        rules: The rules it was begun under.
        known_by: What a row is known by, in words; "" where that was not noted.
        reads: The sets of names its letters have read.
    """

    rules: int = _FIRST_RULES
    known_by: str = ""
    reads: frozenset[tuple[str, ...]] = frozenset()

    @property
    def is_first(self) -> bool:
        """Whether it was begun under the first rules."""
        return self.rules < RULES


def read_recognition(connection: sqlite3.Connection, campaign: int) -> Recognition:
    """Read by what the rows of a campaign's generation are known."""
    rules, known_by, reads = connection.execute(_READ, (campaign,)).fetchone()
    return Recognition(rules, known_by, frozenset(tuple(names) for names in json.loads(reads)))


def write_recognition(connection: sqlite3.Connection, campaign: int, recognition: Recognition) -> None:
    """Write by what the rows of a campaign's generation are known, within the transaction that is open."""
    reads = json.dumps(sorted(recognition.reads))
    connection.execute(_WRITE, (recognition.rules, recognition.known_by, reads, campaign))
    connection.execute(SIGN_CAMPAIGN, (campaign,))


def first_campaigns(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the digests of the campaigns that were begun under the first rules, each with its name or ""."""
    return dict(connection.execute(_BEGUN).fetchall())


def write_said(
    connection: sqlite3.Connection, campaign: int, generation: int, said: Iterable[tuple[int, RowContent]]
) -> None:
    """Write what rows said, by their numbers, within the transaction that is open."""
    rows = [(campaign, generation, number, each.person, each.digest) for number, each in said]
    connection.executemany(_SAY, [(*row, campaign_checksum(*row)) for row in rows])


def read_said(connection: sqlite3.Connection, campaign: int, generation: int) -> Iterable[tuple[int, int, int]]:
    """Walk what rows said: the number, what stands for the person, and what for the rest.

    Raises:
        ValueError: A row is not as it was written.
    """
    cursor = connection.execute(_SAID, (campaign, generation))
    while chunk := cursor.fetchmany(_CHUNK):
        for number, person, digest, checksum in chunk:
            if campaign_checksum(campaign, generation, number, person, digest) != checksum:
                raise ValueError(f"what row number {number} said is not as it was written")
            yield number, person, digest

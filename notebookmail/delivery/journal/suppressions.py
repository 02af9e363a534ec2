"""The book of suppressions: addresses that are never mailed again, with the cause, the date and the campaign.

It belongs to the journal, not to a campaign: it stays when a campaign is forgotten. An address stands in it once,
as it is compared, under the first cause there was. Each row carries its checksum, and the book says how many they
are, so that nobody drops out of it unseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from .checksums import campaign_checksum
from .error_messages import damaged
from .stored_text import stored_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from .sqlite_database import JournalFile

SuppressionCause = Literal["bounced", "complained", "unsubscribed", "added"]
"""Why an address is never mailed again; `added`: the user said so."""

_CHUNK: Final = 10_000
_ASKED: Final = 500  # parameters of one statement
_COLUMNS: Final = "address, cause, reason, since, campaign, checksum"
_ADD: Final = f"INSERT OR IGNORE INTO suppression ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"
_REMOVE: Final = "DELETE FROM suppression WHERE address = ?"
_EXPECTED: Final = "SELECT addresses FROM suppression_count"
_COUNT: Final = "UPDATE suppression_count SET addresses = addresses + ?"
_ALL: Final = f"SELECT {_COLUMNS} FROM suppression ORDER BY address"
_NAMED: Final = f"SELECT {_COLUMNS} FROM suppression WHERE address IN ({{}})"


class Suppression(NamedTuple):
    """An address that is never mailed again.

    Attributes:
        address: As it is compared: its domain in ASCII, without capitals.
        cause: Why.
        reason: What was said, in one line, or "".
        since: When it came into the book (unix time, seconds).
        campaign: The name of the campaign that brought it, or "".
    """

    address: str
    cause: SuppressionCause
    reason: str = ""
    since: float = 0.0
    campaign: str = ""


class Suppressions:
    """The book of a journal that is open."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file

    def add(self, entries: Iterable[Suppression]) -> int:
        """Add addresses, all of them or none; one that is in the book stays as it is.

        Returns:
            How many are new.

        Raises:
            JournalError: It could not be written.
        """
        with self._file.transaction() as connection:
            return add_suppressions(connection, entries)

    def remove(self, addresses: Iterable[str]) -> int:
        """Take addresses out, and tell how many were in it.

        Raises:
            JournalError: It could not be written.
        """
        with self._file.transaction() as connection:
            before = connection.total_changes
            connection.executemany(_REMOVE, ((each,) for each in addresses))
            removed = connection.total_changes - before
            connection.execute(_COUNT, (-removed,))
        return removed

    def __len__(self) -> int:
        """Tell how many addresses are in it, without a look at them."""
        with self._file.translating() as connection:
            ((count,),) = connection.execute(_EXPECTED).fetchall()
        return int(count)

    def __iter__(self) -> Iterator[Suppression]:
        """Walk the book in the order of the addresses.

        Raises:
            JournalError: It cannot be read, or is not as it was written.
        """
        count = 0
        with self._file.translating() as connection:
            ((expected,),) = connection.execute(_EXPECTED).fetchall()
            cursor = connection.execute(_ALL)
            while chunk := cursor.fetchmany(_CHUNK):
                for row in chunk:
                    count += 1
                    yield self._read(row)
        if count != expected:
            raise damaged(self._file.path, f"its book of suppressions holds {count:,} addresses of {expected:,}")

    def find(self, addresses: Sequence[str]) -> dict[str, Suppression]:
        """Return those of some addresses that are in the book.

        Raises:
            JournalError: It cannot be read, or is not as it was written.
        """
        found: dict[str, Suppression] = {}
        with self._file.translating() as connection:
            for first in range(0, len(addresses), _ASKED):
                asked = addresses[first : first + _ASKED]
                rows = connection.execute(_NAMED.format(", ".join("?" * len(asked))), asked).fetchall()
                found.update((row[0], self._read(row)) for row in rows)
        return found

    def _read(self, row: tuple[str, SuppressionCause, str, float, str, int]) -> Suppression:
        if campaign_checksum(*row[:-1]) != row[-1]:
            raise damaged(self._file.path, "an address in its book of suppressions is not as it was written")
        return Suppression(*row[:-1])


def add_suppressions(connection: sqlite3.Connection, entries: Iterable[Suppression]) -> int:
    """Add addresses within the transaction that is open, and tell how many are new."""
    before = connection.total_changes
    for each in entries:
        row = (
            stored_text(each.address), each.cause, stored_text(each.reason), float(each.since),
            stored_text(each.campaign),
        )  # fmt: skip
        connection.execute(_ADD, (*row, campaign_checksum(*row)))
    added = connection.total_changes - before
    if added:
        connection.execute(_COUNT, (added,))
    return added

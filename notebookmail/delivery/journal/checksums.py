"""What tells an entry as it was written from one in which the disk has turned a bit.

Every row, but those of `usage`, carries the CRC-32 of all its other columns. SQLite itself finds only what
breaks the order of its pages: a digit of a key, or of a state, is as good to it as any other.

The sum is reckoned by us alone: in Python where all columns are known, and within SQLite's own statements, where
some keep what stands there, by the functions that `install` adds to a connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    import sqlite3


def entry_checksum(  # noqa: PLR0917 -- a table's columns, in its order; called twice for every row
    campaign: int,
    generation: int,
    number: int,
    key: bytes,
    state: int,
    recipient: str,
    at: float,
    attempts: int,
    code: int | None,
    reply: str,
    message_id: str,
    next_at: float | None,
    delivered: str,
) -> int:
    """Reckon the sum of an entry's columns; none of its texts holds NUL."""
    columns = (
        f"{campaign} {generation} {number} {state} {at!r} {attempts} {code} {next_at!r}"
        f"\0{recipient}\0{reply}\0{message_id}\0{delivered}"
    )
    return crc32(columns.encode("utf-8", "surrogatepass"), crc32(key))


def campaign_checksum(*columns: str | bytes | float | None) -> int:
    """Reckon the sum of the columns of a campaign, or of any other row that is seldom written."""
    return crc32(ascii(columns).encode("ascii"))


def install(connection: sqlite3.Connection) -> None:
    """Make both sums functions that the SQL of a connection can call."""
    connection.create_function("entry_checksum", 13, entry_checksum, deterministic=True)
    connection.create_function("campaign_checksum", -1, campaign_checksum, deterministic=True)

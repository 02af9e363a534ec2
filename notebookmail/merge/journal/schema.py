"""What stands in the journal's file, and how an older file becomes a newer one.

One row of `entry` for every row that was ever tried; `number` counts them in the order of their first try, so
that writing touches the pages of the file one after the other. A key has no index: the campaign's rows are read
once, when it is claimed. A row that was not tried is not in the file.

Refuses a file of a newer version: what it cannot read it does not touch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

APPLICATION_ID: Final = 0x6E626D6C
"""Stands in the file's header ("nbml"); tells our files from those of other programs that use SQLite."""

VERSION: Final = 2

State = Literal["committing", "sent", "failed", "deferred", "unconfirmed", "pending"]
"""How a row stands. `committing`: its end of data may reach the wire from now on."""

STATES: Final[tuple[State, ...]] = get_args(State)
CODES: Final[Mapping[str, int]] = {state: code for code, state in enumerate(STATES)}
"""The states as the file knows them: new ones are added at the end."""

_TABLES: Final = (
    # AUTOINCREMENT: a forgotten campaign's number never comes back, so nobody who lost it can write to another.
    """CREATE TABLE campaign (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        digest TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        server TEXT NOT NULL,
        account TEXT NOT NULL,
        sender TEXT NOT NULL,
        generation INTEGER NOT NULL,
        is_resend INTEGER NOT NULL,
        is_finished INTEGER NOT NULL,
        fence INTEGER NOT NULL,
        begun REAL NOT NULL,
        last_run REAL NOT NULL,
        closed REAL
    )""",
    """CREATE TABLE entry (
        campaign INTEGER NOT NULL,
        generation INTEGER NOT NULL,
        number INTEGER NOT NULL,
        key BLOB NOT NULL,
        state INTEGER NOT NULL,
        recipient TEXT NOT NULL,
        at REAL NOT NULL,
        attempts INTEGER NOT NULL,
        code INTEGER,
        reply TEXT NOT NULL,
        next_at REAL,
        message_id TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (campaign, generation, number)
    ) WITHOUT ROWID""",
)

_STEPS: Final[Mapping[int, tuple[str, ...]]] = {
    1: ("ALTER TABLE entry ADD COLUMN message_id TEXT NOT NULL DEFAULT ''",),
}
"""From a version to the next."""


def create(connection: sqlite3.Connection) -> None:
    """Make an empty database a journal, within the transaction that is open."""
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={VERSION}")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an older journal to this version, within the transaction that is open."""
    for version in range(version_of(connection), VERSION):
        for statement in _STEPS[version]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={version + 1}")


def version_of(connection: sqlite3.Connection) -> int:
    """Read the version of the file's schema."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def application_of(connection: sqlite3.Connection) -> int:
    """Read which program the file says it belongs to; 0 if it does not say."""
    return int(connection.execute("PRAGMA application_id").fetchone()[0])

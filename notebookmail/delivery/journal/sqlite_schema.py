"""What stands in the journal's file, and how an older file becomes a newer one.

One row of `entry` for every row that was ever tried; `number` counts them in the order of their first try, so
that writing touches the pages of the file one after the other. A key has no index: the campaign's rows are read
once, when it is claimed. A row that was not tried is not in the file.

Every row of `entry`, `campaign` and `said` carries its checksum, and a campaign how many rows of the other two its
generation has, so that what the disk loses or turns is found. How rows are known again stands in the campaign's
own row, which cannot lose it, and in `said`; `usage` counts messages by account, for the quota of a day. What came
back stands in `feedback`, up to where a mailbox was read in `position`, until when all that came was read in
`reading`, and who is never mailed again in `suppression`; `suppression_count` says how many those are.

Refuses a file of a newer version: what it cannot read it does not touch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

APPLICATION_ID: Final = 0x6E626D6C
"""Stands in the file's header ("nbml"); tells our files from those of other programs that use SQLite."""

VERSION: Final = 7

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
        closed_at REAL,
        entry_count INTEGER NOT NULL DEFAULT 0,
        checksum INTEGER NOT NULL DEFAULT 0,
        rules INTEGER NOT NULL DEFAULT 1,
        known_by TEXT NOT NULL DEFAULT '',
        reads TEXT NOT NULL DEFAULT '[]',
        said_count INTEGER NOT NULL DEFAULT 0,
        secret TEXT NOT NULL DEFAULT ''
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
        delivered TEXT NOT NULL DEFAULT '',
        checksum INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (campaign, generation, number)
    ) WITHOUT ROWID""",
    """CREATE TABLE usage (
        account TEXT NOT NULL,
        minute INTEGER NOT NULL,
        messages INTEGER NOT NULL,
        PRIMARY KEY (account, minute)
    ) WITHOUT ROWID""",
    """CREATE TABLE said (
        campaign INTEGER NOT NULL,
        generation INTEGER NOT NULL,
        number INTEGER NOT NULL,
        person INTEGER NOT NULL,
        digest INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        PRIMARY KEY (campaign, generation, number)
    ) WITHOUT ROWID""",
    """CREATE TABLE feedback (
        campaign INTEGER NOT NULL,
        generation INTEGER NOT NULL,
        number INTEGER NOT NULL,
        kind TEXT NOT NULL,
        digest BLOB NOT NULL,
        recipient TEXT NOT NULL,
        is_permanent INTEGER NOT NULL,
        at REAL NOT NULL,
        code TEXT NOT NULL,
        reason TEXT NOT NULL,
        sender TEXT NOT NULL,
        subject TEXT NOT NULL,
        matched_by TEXT NOT NULL,
        suppresses TEXT NOT NULL,
        checksum INTEGER NOT NULL,
        PRIMARY KEY (campaign, generation, number, kind, digest, recipient)
    ) WITHOUT ROWID""",
    """CREATE TABLE position (
        campaign INTEGER NOT NULL,
        mailbox TEXT NOT NULL,
        folder TEXT NOT NULL,
        uidvalidity INTEGER NOT NULL,
        uid INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        PRIMARY KEY (campaign, mailbox, folder)
    ) WITHOUT ROWID""",
    """CREATE TABLE suppression (
        address TEXT NOT NULL PRIMARY KEY,
        cause TEXT NOT NULL,
        reason TEXT NOT NULL,
        since REAL NOT NULL,
        campaign TEXT NOT NULL,
        checksum INTEGER NOT NULL
    ) WITHOUT ROWID""",
    "CREATE TABLE suppression_count (addresses INTEGER NOT NULL)",
    "INSERT INTO suppression_count VALUES (0)",
    """CREATE TABLE reading (
        campaign INTEGER NOT NULL PRIMARY KEY,
        until REAL NOT NULL,
        checksum INTEGER NOT NULL
    )""",
)

_CAMPAIGN_COLUMNS_BEFORE_5: Final = (
    "id", "digest", "name", "server", "account", "sender", "generation", "is_resend", "is_finished", "fence",
    "begun", "last_run", "closed", "entries",
)  # fmt: skip
_CAMPAIGN_COLUMNS_BEFORE_6: Final = (
    *_CAMPAIGN_COLUMNS_BEFORE_5[:-1], "entry_count", "rules", "known_by", "reads", "said_count"
)  # fmt: skip
CAMPAIGN_COLUMNS: Final = (
    *("closed_at" if each == "closed" else each for each in _CAMPAIGN_COLUMNS_BEFORE_6), "secret"
)  # fmt: skip
"""What a campaign's checksum is of."""

ENTRY_COLUMNS: Final = (
    "campaign", "generation", "number", "key", "state", "recipient", "at", "attempts", "code", "reply",
    "message_id", "next_at", "delivered",
)  # fmt: skip
"""What an entry's checksum is of."""

_SIGN_ENTRIES: Final = f"UPDATE entry SET checksum = entry_checksum({', '.join(ENTRY_COLUMNS)})"
_CHECKSUM_BEFORE_5: Final = f"campaign_checksum({', '.join(_CAMPAIGN_COLUMNS_BEFORE_5)})"
_CHECKSUM_BEFORE_6: Final = f"campaign_checksum({', '.join(_CAMPAIGN_COLUMNS_BEFORE_6)})"
_SIGN_CAMPAIGNS: Final = f"UPDATE campaign SET checksum = campaign_checksum({', '.join(CAMPAIGN_COLUMNS)})"
SIGN_CAMPAIGN: Final = f"{_SIGN_CAMPAIGNS} WHERE id = ?"
"""Follows every change of a campaign's row."""

_STEPS: Final[Mapping[int, tuple[str, ...]]] = {
    1: ("ALTER TABLE entry ADD COLUMN message_id TEXT NOT NULL DEFAULT ''",),
    2: (
        "ALTER TABLE campaign ADD COLUMN entries INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE campaign ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE entry ADD COLUMN delivered TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE entry ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0",
        _TABLES[2],
        """UPDATE campaign SET entries = (SELECT count(*) FROM entry
            WHERE entry.campaign = campaign.id AND entry.generation = campaign.generation)""",
        _SIGN_ENTRIES,
        f"UPDATE campaign SET checksum = {_CHECKSUM_BEFORE_5}",
        f"""INSERT INTO usage SELECT campaign.account, CAST(entry.at / 60 AS INTEGER), count(*)
            FROM campaign JOIN entry ON entry.campaign = campaign.id
            WHERE state IN ({CODES["committing"]}, {CODES["sent"]}, {CODES["unconfirmed"]}) GROUP BY 1, 2""",
    ),
    3: (
        """CREATE TABLE recognition (
            campaign INTEGER NOT NULL, generation INTEGER NOT NULL, rules INTEGER NOT NULL, known_by TEXT NOT NULL,
            reads TEXT NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (campaign, generation)) WITHOUT ROWID""",
        _TABLES[3],
    ),
    4: (
        # Another name, so that a run of the older version that is under way cannot sign what it does not know.
        "ALTER TABLE campaign RENAME COLUMN entries TO entry_count",
        "ALTER TABLE campaign ADD COLUMN rules INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE campaign ADD COLUMN known_by TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE campaign ADD COLUMN reads TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE campaign ADD COLUMN said_count INTEGER NOT NULL DEFAULT 0",
        """UPDATE campaign SET rules = old.rules, known_by = old.known_by, reads = old.reads
            FROM recognition AS old WHERE old.campaign = campaign.id AND old.generation = campaign.generation""",
        """UPDATE campaign SET said_count = (SELECT count(*) FROM said
            WHERE said.campaign = campaign.id AND said.generation = campaign.generation)""",
        "DROP TABLE recognition",
        f"UPDATE campaign SET checksum = {_CHECKSUM_BEFORE_6}",
    ),
    5: (
        "ALTER TABLE campaign RENAME COLUMN closed TO closed_at",  # as in step 4
        "ALTER TABLE campaign ADD COLUMN secret TEXT NOT NULL DEFAULT ''",
        *_TABLES[4:9],
        _SIGN_CAMPAIGNS,
    ),
    6: (
        # Until then the moment stood among the positions, in milliseconds, of a mailbox without a name.
        _TABLES[9],
        """INSERT INTO reading SELECT campaign, uid / 1000.0, campaign_checksum(campaign, uid / 1000.0)
            FROM position WHERE mailbox = ''""",
        "DELETE FROM position WHERE mailbox = ''",
    ),
}
"""From a version to the next."""

_DAMAGE: Final[Mapping[int, str]] = {
    4: f"""SELECT EXISTS (SELECT 1 FROM campaign WHERE checksum <> {_CHECKSUM_BEFORE_5})
        OR EXISTS (SELECT 1 FROM recognition
            WHERE checksum <> campaign_checksum(campaign, generation, rules, known_by, reads))
        OR EXISTS (SELECT 1 FROM said LEFT JOIN recognition USING (campaign, generation) WHERE rules IS NULL)""",
    5: f"SELECT EXISTS (SELECT 1 FROM campaign WHERE checksum <> {_CHECKSUM_BEFORE_6})",
    6: """SELECT EXISTS (SELECT 1 FROM position
        WHERE checksum <> campaign_checksum(campaign, mailbox, folder, uidvalidity, uid))""",
}
"""Finds out whether a file of a version holds what was never written, before a step signs it anew."""


def create(connection: sqlite3.Connection) -> None:
    """Make an empty database a journal, within the transaction that is open."""
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={VERSION}")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an older journal to this version, within the transaction that is open.

    Raises:
        ValueError: It is damaged.
    """
    for version in range(version_of(connection), VERSION):
        if version in _DAMAGE and connection.execute(_DAMAGE[version]).fetchone() != (0,):
            raise ValueError("the record of a campaign is not as it was written")
        for statement in _STEPS[version]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={version + 1}")


def version_of(connection: sqlite3.Connection) -> int:
    """Read the version of the file's schema."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def application_of(connection: sqlite3.Connection) -> int:
    """Read which program the file says it belongs to; 0 if it does not say."""
    return int(connection.execute("PRAGMA application_id").fetchone()[0])

"""What a run recorded, taken out of a journal whose place another file has taken, and entered into that one.

A program that synchronises folders, or a copy that is restored, puts another file where the journal was. The run
notices and stops; but what it has sent stands in a file that nobody can open again. So at its end its campaign is
read out of the open file and entered where the next run will look: what either of the two files says was sent is
sent. Where that cannot be, it is kept in a file beside, and the error names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from notebookmail.mail.message import RowContent

from .claim import Entry
from .recognition import Recognition, read_recognition, write_recognition
from .sqlite_schema import STATES

if TYPE_CHECKING:
    import sqlite3

    from .claim import Holding

_CAMPAIGN: Final = "SELECT digest, name, server, account, sender, is_resend, secret FROM campaign WHERE id = ?"
_ENTRIES: Final = """SELECT key, state, recipient, at, attempts, code, reply, message_id, next_at, delivered,
    person, digest FROM entry LEFT JOIN said USING (campaign, generation, number)
    WHERE campaign = ? AND generation = ? ORDER BY number"""
_USED: Final = "SELECT account, minute, messages FROM usage"
_USE: Final = """INSERT INTO usage (account, minute, messages) VALUES (?1, ?2, ?3)
    ON CONFLICT (account, minute) DO UPDATE SET messages = max(messages, ?3)"""


class Record(NamedTuple):
    """What a file knows of a campaign's generation.

    Attributes:
        digest: What the campaign is known by.
        called: Its name, server, account and sender.
        generation: Which time it was that the campaign was sent from the beginning.
        is_resend: Whether `resend` began it.
        recognition: By what its rows are known.
        entries: Its rows. One that was committing may have been delivered.
        used: What accounts have used, by the minute.
        secret: What its Message-IDs are made with.
    """

    digest: str
    called: tuple[str, str, str, str]
    generation: int
    is_resend: bool
    recognition: Recognition
    entries: list[Entry]
    used: list[tuple[str, int, int]]
    secret: str


def read_record(connection: sqlite3.Connection, holding: Holding) -> Record:
    """Read a campaign's generation out of the file that is open."""
    of = (holding.campaign, holding.generation)
    digest, name, server, account, sender, is_resend, secret = connection.execute(_CAMPAIGN, of[:1]).fetchone()
    recognition = read_recognition(connection, holding.campaign)
    names = next(iter(recognition.reads), ())
    entries = [_entry(names, *columns) for columns in connection.execute(_ENTRIES, of)]
    used = connection.execute(_USED).fetchall()
    return Record(
        digest, (name, server, account, sender), of[1], bool(is_resend), recognition, entries, used, secret
    )


def _entry(names: tuple[str, ...], *columns: Any) -> Entry:
    key, code_of_state, to, at, attempts, code, reply, message_id, next_at, delivered, person, digest = columns
    state = STATES[code_of_state]
    return Entry(
        key, "unconfirmed" if state == "committing" else state, to, at, attempts, code, reply, message_id, next_at,
        tuple(filter(None, delivered.split("\n"))),
        said=None if person is None else RowContent(person, names, digest),
    )  # fmt: skip


def prepare(connection: sqlite3.Connection, campaign: int, record: Record) -> None:
    """Enter what is known besides the rows; what both files know of an account is not counted twice."""
    reads = record.recognition.reads | read_recognition(connection, campaign).reads
    write_recognition(connection, campaign, record.recognition._replace(reads=reads))
    connection.executemany(_USE, record.used)

"""A journal that has lost rows, or in which the disk has turned some, mails nobody again, whatever the call."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.offline_runs import NOON, sent_by
from support.old_campaigns import CAMPAIGNS

from notebookmail import JournalError
from notebookmail.campaign.options import SendSettings
from notebookmail.campaign.planning import make_plan
from notebookmail.delivery.journal import Journal, MailboxPosition

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("unnamed", "function", "group", "named", "keyed", "several")
TABLES = ("campaign", "entry", "said", "usage", "sqlite_sequence")
VERSION_4 = Path(__file__).parents[2] / "support" / "journal_of_version_4.sql"
"""These campaigns, as the last commit of version 4 of the journal's schema recorded them: all rows were sent."""
VERSION_5 = VERSION_4.with_name("journal_of_version_5.sql")
"""Three of them, as that of version 5 did."""
VERSION_6 = VERSION_4.with_name("journal_of_version_6.sql")
"""The named one, as that of version 6 did: somebody has answered, and that was read."""


def run(journal: Path, name: str, **changed: Any) -> list[int]:
    template, frame, options = CAMPAIGNS[name]
    return sent_by(journal, frame, template, **{**options, **changed})


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of these campaigns, whose rows were all sent."""
    path = tmp_path_factory.mktemp("whole") / "journal.sqlite"
    for name in NAMES:
        assert run(path, name)
    return path


def another_key(name: str) -> str:
    return "amount" if name == "keyed" else "order"


def again(path: Path, name: str, **changed: Any) -> list[int]:
    """Run a campaign on a copy of a journal; a refusal mails nobody, and says what to do."""
    copy = path.with_name("copy.sqlite")
    shutil.copyfile(path, copy)
    try:
        return run(copy, name, **changed)
    except JournalError as error:
        said = str(error)
    assert "restore it from a copy" in said or "call it as it was begun" in said
    return []


def mailed_again(path: Path, *names: str) -> list[tuple[str, str]]:
    """Return who would be mailed again, and by which call."""
    found = [(name, "as it was") for name in names or NAMES if again(path, name)]
    return found + [(name, "another key") for name in names or NAMES if again(path, name, key=another_key(name))]


def places(connection: sqlite3.Connection) -> list[tuple[str, str, tuple[Any, ...]]]:
    """List all rows there are: the table, the condition that finds the row, and its parameters."""
    found = []
    for table in TABLES:
        columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
        names = [name for _, name, *_, in_key in columns if in_key] or ["name"]
        condition = " AND ".join(f"{name} = ?" for name in names)
        rows = connection.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()
        found += [(table, condition, row) for row in rows]
    return found


def lose(connection: sqlite3.Connection, dice: random.Random) -> None:
    table, condition, row = dice.choice(places(connection))
    connection.execute(f"DELETE FROM {table} WHERE {condition}", row)


def turn(connection: sqlite3.Connection, dice: random.Random) -> None:
    table, condition, row = dice.choice(places(connection))
    column = dice.choice(connection.execute(f"PRAGMA table_info({table})").fetchall())[1]
    ((value,),) = connection.execute(f"SELECT {column} FROM {table} WHERE {condition}", row).fetchall()
    with contextlib.suppress(sqlite3.IntegrityError):  # of a key that another row has
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {condition}", (turned(value, dice), *row))


def turned(value: Any, dice: random.Random) -> Any:
    match value:
        case int():
            return value ^ 1 << dice.randrange(62)
        case float():
            (octets,) = struct.unpack("<q", struct.pack("<d", value))
            (other,) = struct.unpack("<d", struct.pack("<q", octets ^ 1 << dice.randrange(62)))
            return other
        case bytes() | str() if value:
            place = dice.randrange(len(value))
            if isinstance(value, bytes):
                return value[:place] + bytes([value[place] ^ 1 << dice.randrange(8)]) + value[place + 1 :]
            return value[:place] + chr(ord(value[place]) ^ 1 << dice.randrange(7)) + value[place + 1 :]
        case _:
            return 1


def test_a_whole_journal_mails_nobody_again(whole: Path) -> None:
    for name in NAMES:
        assert again(whole, name) == []
        with pytest.raises(JournalError, match="call it as it was begun"):
            run(shutil.copyfile(whole, whole.with_name("other.sqlite")), name, key=another_key(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_campaign_that_has_lost_its_record_is_refused_and_no_new_one(
    whole: Path, tmp_path: Path, name: str
) -> None:
    path = shutil.copyfile(whole, tmp_path / "journal.sqlite")
    with opened(path) as connection:
        connection.execute("DELETE FROM campaign WHERE id = ?", (NAMES.index(name) + 1,))
    for changed in ({}, {"key": another_key(name)}):
        with pytest.raises(JournalError, match=r"damaged.*is lost.*restore it from a copy"):
            run(path, name, **changed)


def test_what_rows_said_is_missed_when_it_is_lost(whole: Path, tmp_path: Path) -> None:
    path = shutil.copyfile(whole, tmp_path / "journal.sqlite")
    with opened(path) as connection:
        connection.execute("DELETE FROM said WHERE campaign = 6 AND number = 4")
    with pytest.raises(JournalError, match=r"damaged.*said"):
        run(path, "several")


def test_any_row_may_be_lost_and_nobody_is_mailed_again(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with opened(whole) as connection:
        found = places(connection)
    for table, condition, row in found:
        shutil.copyfile(whole, path)
        with opened(path) as connection:
            assert connection.execute(f"DELETE FROM {table} WHERE {condition}", row).rowcount == 1
        campaign = row[0] if table in {"campaign", "entry", "said"} else 1
        assert mailed_again(path, NAMES[campaign - 1]) == [], (table, row)


@pytest.mark.parametrize("seed", range(25))
def test_rows_that_are_lost_and_turned_in_any_way_mail_nobody_again(
    whole: Path, tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    path = shutil.copyfile(whole, tmp_path / "journal.sqlite")
    with opened(path) as connection:
        for _ in range(dice.randrange(1, 4)):
            dice.choice([lose, turn])(connection, dice)
    assert mailed_again(path) == []


@pytest.mark.parametrize("seed", range(25))
def test_octets_that_are_turned_mail_nobody_again(whole: Path, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    octets = bytearray(whole.read_bytes())
    for _ in range(dice.randrange(1, 4)):
        octets[dice.randrange(len(octets))] ^= 1 << dice.randrange(8)
    path = tmp_path / "journal.sqlite"
    path.write_bytes(octets)
    assert mailed_again(path) == []


# --- version 4: the rules stood in a table of their own --------------------------------------------------------


@pytest.fixture
def version_4(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    with opened(path) as connection:
        connection.executescript(VERSION_4.read_text())
    return path


def test_a_journal_of_version_4_goes_on_under_the_rules_it_was_begun_under(version_4: Path) -> None:
    for name in NAMES:
        with pytest.raises(JournalError, match="call it as it was begun"):
            run(version_4, name, key=another_key(name))
        assert run(version_4, name) == []
    assert run(version_4, "named", resend=True) == [0, 1, 2]


def test_a_run_of_version_4_that_is_under_way_cannot_write_to_what_it_does_not_know(version_4: Path) -> None:
    assert run(version_4, "named") == []
    with opened(version_4) as connection, pytest.raises(sqlite3.OperationalError, match="no such column"):
        connection.execute("UPDATE campaign SET entries = 4, checksum = 1 WHERE id = 4")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE campaign SET generation = 1 WHERE id = 4",
        "UPDATE recognition SET known_by = 'fields' WHERE campaign = 4",
        "DELETE FROM recognition WHERE campaign = 4",
    ],
)
def test_damage_of_version_4_is_refused_and_not_signed_anew(version_4: Path, statement: str) -> None:
    with opened(version_4) as connection:
        connection.execute(statement)
    with pytest.raises(JournalError, match=r"damaged.*restore it from a copy"):
        run(version_4, "named")
    with opened(version_4) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (4,)


# --- version 5: ids were made without a secret -------------------------------------------------------------------


@pytest.fixture
def version_5(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    with opened(path) as connection:
        connection.executescript(VERSION_5.read_text())
    return path


def test_a_journal_of_version_5_goes_on_and_keeps_the_ids_it_has_told(version_5: Path) -> None:
    template, frame, options = CAMPAIGNS["named"]
    with opened(version_5) as connection:
        before = connection.execute("SELECT message_id FROM entry WHERE campaign = 2 ORDER BY number").fetchall()
    assert [run(version_5, name) for name in ("unnamed", "named", "several")] == [[], [], []]
    plan = make_plan(frame, template, SendSettings(**options))
    with Journal.open(version_5) as journal:
        found = list(journal.rows_of(options["campaign"]))
        claim = journal.claim(plan.digest(""), now=NOON)
        ids = [task.build().message_id for task in plan.tasks(plan.digest(""), claim.generation, claim.secret)]
    assert [(each.message_id,) for each in found] == before
    assert ids == [each.message_id for each in found]
    assert all(each.is_guessable for each in found)


def test_a_run_of_version_5_that_is_under_way_cannot_sign_what_it_does_not_know(version_5: Path) -> None:
    assert run(version_5, "named") == []
    with opened(version_5) as connection, pytest.raises(sqlite3.OperationalError, match="no such column"):
        connection.execute("UPDATE campaign SET closed = 1.0, checksum = 1 WHERE id = 2")


def test_damage_of_version_5_is_refused_and_not_signed_anew(version_5: Path) -> None:
    with opened(version_5) as connection:
        connection.execute("UPDATE campaign SET generation = 1 WHERE id = 2")
    with pytest.raises(JournalError, match=r"damaged.*restore it from a copy"):
        run(version_5, "named")
    with opened(version_5) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (5,)


# --- version 6: when was read stood among the positions ----------------------------------------------------------


@pytest.fixture
def version_6(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    with opened(path) as connection:
        connection.executescript(VERSION_6.read_text())
    return path


def test_a_journal_of_version_6_knows_what_was_read_and_until_when(version_6: Path) -> None:
    assert run(version_6, "named") == []
    with Journal.open(version_6) as journal:
        (campaign,) = journal.campaigns_called("May Letters")
        assert journal.read_until(campaign) == NOON + 60.5
        assert journal.positions("imap.example.org/me", campaign) == {"INBOX": MailboxPosition(7, 42)}
        assert [each.kind for each in journal.feedback(campaign)] == ["reply"]
    with opened(version_6) as connection:
        assert connection.execute("SELECT mailbox FROM position").fetchall() == [("imap.example.org/me",)]


@pytest.mark.parametrize("name", ["uid", "folder"])
def test_damage_of_version_6_is_refused_and_not_signed_anew(version_6: Path, name: str) -> None:
    with opened(version_6) as connection:
        connection.execute(f"UPDATE position SET {name} = {name} || '1' WHERE mailbox = ''")
    with pytest.raises(JournalError, match=r"damaged.*restore it from a copy"):
        run(version_6, "named")
    with opened(version_6) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (6,)


def test_until_when_was_read_is_kept_forgotten_and_refused_where_it_was_turned(version_6: Path) -> None:
    with Journal.open(version_6) as journal:
        (campaign,) = journal.campaigns_called("May Letters")
        journal.note_read(campaign, NOON + 99.25)
        assert journal.read_until(campaign) == NOON + 99.25
        with opened(version_6) as connection:
            connection.execute("UPDATE reading SET until = until + 1")
        with pytest.raises(JournalError, match="when what came back was read"):
            journal.read_until(campaign)
        journal.forget("May Letters")
        assert journal.read_until(campaign) is None
        with pytest.raises(JournalError, match="forgotten meanwhile"):
            journal.note_read(campaign, NOON)


def test_a_secret_that_was_turned_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    assert run(path, "named")
    with opened(path) as connection:
        connection.execute("UPDATE campaign SET secret = ''")
    with pytest.raises(JournalError, match=r"damaged.*restore it from a copy"):
        run(path, "named")

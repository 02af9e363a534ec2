"""What came back is noted once, whoever reads it again, and finds its row by one word."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.journals import NOON, address, claimed, entry, key, python

from notebookmail import JournalError
from notebookmail.delivery.journal import FeedbackEntry, Journal, MailboxPosition, Suppression

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAILBOX = "imap.example.org/me@example.org"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal.open(path) as opened:
        yield opened


def token(number: int) -> str:
    return f"{number:032x}"


def send(journal: Journal, *numbers: int, digest: str = "d1", resend: bool = False, **others: object) -> None:
    claim = claimed(journal, digest, resend=resend)
    claim.write([
        entry(number, "sent", message_id=f"<{token(number)}@example.org>", code=250, reply=f"Ok ses-{number}")
        ._replace(**others) for number in numbers
    ])  # fmt: skip
    claim.close(is_finished=True)


def notice(number: int | None, digest: bytes = b"0" * 16, **others: object) -> FeedbackEntry:
    return FeedbackEntry(
        None if number is None else 1, 0, number or 0, "bounce", True, NOON, "5.1.1", "no such user",
        address(number or 0), "mailer-daemon@example.org", "Undelivered", digest, "message-id",
    )._replace(**others)  # fmt: skip


def note(journal: Journal, *entries: FeedbackEntry, uid: int = 1, campaign: int = 1) -> list[FeedbackEntry]:
    position = MailboxPosition(7, uid)
    return journal.note_feedback(MAILBOX, {"INBOX": position}, entries, campaign=campaign, now=NOON)


# --- rows ---------------------------------------------------------------------------------------------------


def test_a_row_is_found_by_its_token_whatever_its_case(journal: Journal) -> None:
    send(journal, 0, 1, 0xAB)
    found = journal.rows_by_token([token(0xAB).upper(), token(1), "nobody's", "<", "%"])
    assert {each: (row.key, row.recipient) for each, row in found.items()} == {
        token(0xAB).upper(): (key(0xAB), address(0xAB)),
        token(1): (key(1), address(1)),
    }
    assert (found[token(1)].campaign, found[token(1)].number, found[token(1)].state) == (1, 1, "sent")


def test_a_row_that_was_tried_after_the_first_question_is_found(journal: Journal, path: Path) -> None:
    send(journal, 1)
    assert journal.rows_by_token([token(1), token(2)]).keys() == {token(1)}
    with Journal.open(path) as another:
        send(another, 2)
        send(another, 3, digest="d2")
        send(another, 4, resend=True)
    assert journal.rows_by_token([token(number) for number in range(1, 5)]).keys() == set(map(token, range(1, 5)))


def test_a_row_of_an_earlier_generation_is_found_by_its_token(journal: Journal) -> None:
    send(journal, 1)
    send(journal, 1, resend=True, message_id=f"<{token(9)}@example.org>")
    found = journal.rows_by_token([token(1), token(9)])
    assert {each: row.generation for each, row in found.items()} == {token(1): 0, token(9): 1}


def test_a_row_is_found_by_the_id_in_the_reply(journal: Journal) -> None:
    send(journal, 1)
    send(journal, 2, digest="d2", reply="2.0.0 Ok: queued as ses-9")
    assert {each: row.key for each, row in journal.rows_by_reply_id(["ses-1", "ses-9"]).items()} == {
        "ses-1": key(1)
    }


def test_rows_of_one_recipient_are_all_found_and_only_in_their_campaign(journal: Journal) -> None:
    send(journal, 1)
    send(journal, 2, to="Person-1@example.org, other@example.org")
    send(journal, 3, digest="d2", to=address(1))
    found = journal.rows_by_recipient(1, [address(1), "other@example.org", "nobody@example.org"])
    assert {each: [row.key for row in rows] for each, rows in found.items()} == {
        address(1): [key(1), key(2)],
        "other@example.org": [key(2)],
    }


def test_the_rows_of_a_campaign_are_walked_by_its_name_or_digest(journal: Journal) -> None:
    send(journal, 5, 3, 4)
    assert [row.key for row in journal.rows_of("letters")] == [key(5), key(3), key(4)]
    assert [row.number for row in journal.rows_of("d1")] == [0, 1, 2]
    assert list(journal.rows_of("nobody's")) == []


@given(st.sets(st.integers(0, 50), min_size=1), st.sets(st.integers(0, 50)))
def test_those_asked_for_and_no_others_are_found(sent: set[int], asked: set[int]) -> None:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder, Journal.open(Path(folder) / "journal.sqlite") as journal:
        send(journal, *sent)
        found = journal.rows_by_token(map(token, asked))
    assert {row.key for row in found.values()} == {key(number) for number in sent & asked}


def test_a_row_that_was_turned_is_refused_when_it_is_found(journal: Journal) -> None:
    send(journal, 1)
    with journal._file.transaction() as connection:
        connection.execute("UPDATE entry SET recipient = 'other@example.org'")
    with pytest.raises(JournalError, match="not as it was written"):
        journal.rows_by_token([token(1)])


def test_looking_for_rows_adds_nothing_to_the_file(journal: Journal, path: Path) -> None:
    send(journal, *range(200))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        before = connection.execute("SELECT name FROM sqlite_schema").fetchall()
        journal.rows_by_token([token(1)])
        journal.rows_by_recipient(1, [address(1)])
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == before


# --- the secret ---------------------------------------------------------------------------------------------


def test_each_campaign_has_a_secret_of_its_own_that_stays(journal: Journal) -> None:
    secrets = []
    for digest, resend in (("d1", False), ("d1", False), ("d1", True), ("d2", False)):
        claim = claimed(journal, digest, resend=resend)
        secrets.append(claim.secret)
        claim.close(is_finished=True)
    assert secrets[0] == secrets[1] == secrets[2] != secrets[3]
    assert len(bytes.fromhex(secrets[0])) == 16
    send(journal, 1, resend=True)
    assert not journal.rows_by_token([token(1)])[token(1)].is_guessable


# --- notices ------------------------------------------------------------------------------------------------


def test_a_notice_is_noted_once_however_often_it_is_read(journal: Journal) -> None:
    send(journal, 0, 1)
    entries = [notice(0), notice(1), notice(None, b"1" * 16)]
    assert note(journal, *entries) == entries
    assert note(journal, *entries, uid=9) == []
    assert sorted(journal.feedback(1), key=str) == sorted(entries, key=str)
    assert journal.positions(MAILBOX, 1) == {"INBOX": (7, 9)}


def test_positions_are_a_campaigns_own(journal: Journal) -> None:
    send(journal, 1)
    send(journal, 2, digest="d2")
    note(journal, uid=5)
    assert (journal.positions(MAILBOX, 2), journal.positions("another", 1)) == ({}, {})
    note(journal, uid=3, campaign=2)
    assert (journal.positions(MAILBOX, 1), journal.positions(MAILBOX, 2)) == ({"INBOX": (7, 5)}, {"INBOX": (7, 3)})


def test_whom_a_notice_suppresses_comes_into_the_book_once(journal: Journal) -> None:
    send(journal, 1)
    bounce = notice(0, suppresses=address(1))
    note(journal, bounce)
    assert list(journal.suppressions) == [
        Suppression(address(1), "bounced", "5.1.1 no such user", NOON, "letters")
    ]
    assert journal.suppressions.remove([address(1)]) == 1
    note(journal, bounce)  # the mailbox was moved, and is read again
    assert list(journal.suppressions) == []


def test_only_bounces_complaints_and_unsubscribes_suppress(journal: Journal) -> None:
    send(journal, 1)
    kinds = ("bounce", "delay", "reply", "auto_reply", "complaint", "unsubscribe", "delivered", "other")
    note(journal, *(notice(0, kind=kind, suppresses=f"{kind}@example.org") for kind in kinds))
    assert {each.address: each.cause for each in journal.suppressions} == {
        "bounce@example.org": "bounced",
        "complaint@example.org": "complained",
        "unsubscribe@example.org": "unsubscribed",
    }


def test_what_others_wrote_is_bounded_and_any_text_can_be_kept(journal: Journal) -> None:
    send(journal, 1)
    note(journal, notice(0, reason="x" * 5000, subject="\ud800 \0 é"))
    (found,) = journal.feedback(1)
    assert (len(found.reason), found.subject) == (1000, "\\ud800 \0 é")


def test_a_forgotten_campaign_takes_its_notices_along_and_leaves_whom_it_suppressed(journal: Journal) -> None:
    send(journal, 1)
    note(journal, notice(0, suppresses=address(1)))
    journal.forget("letters")
    assert (journal.feedback(1), journal.positions(MAILBOX, 1)) == ([], {})
    assert [each.address for each in journal.suppressions] == [address(1)]
    with pytest.raises(JournalError, match="forgotten"):
        note(journal, notice(0))


def test_a_notice_that_was_turned_is_refused(journal: Journal) -> None:
    send(journal, 1)
    note(journal, notice(0))
    with journal._file.transaction() as connection:
        connection.execute("UPDATE feedback SET kind = 'reply'")
        connection.execute("UPDATE position SET uid = 9")
    with pytest.raises(JournalError, match="not as it was written"):
        journal.feedback(1)
    with pytest.raises(JournalError, match="not as it was written"):
        journal.positions(MAILBOX, 1)


READER = """
import sys
from pathlib import Path
from notebookmail.delivery.journal import FeedbackEntry, Journal, MailboxPosition

with Journal.open(Path(sys.argv[1])) as journal:
    uid = journal.positions("m", 1).get("INBOX", MailboxPosition(7, 0)).uid
    while uid < 400:
        uid += 1
        entry = FeedbackEntry(1, 0, 0, "reply", False, 1.0, "", "", "", "", "", uid.to_bytes(16, "big"), "")
        journal.note_feedback("m", {"INBOX": MailboxPosition(7, uid)}, [entry], campaign=1, now=1.0)
        print(uid, flush=True)
"""


def test_a_reader_that_is_killed_neither_loses_nor_doubles_a_notice(path: Path) -> None:
    with Journal.open(path) as journal:
        send(journal, 1)
    for stop in (3, 50, 51, 120):
        with python(READER, path) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if int(line) >= stop:
                    process.send_signal(signal.SIGKILL)
                    break
            process.stdout.read()
        with Journal.open(path) as journal:
            uid = journal.positions("m", 1)["INBOX"].uid
            noted = {int.from_bytes(each.digest, "big") for each in journal.feedback(1)}
        assert noted == set(range(1, uid + 1))
        assert uid >= stop

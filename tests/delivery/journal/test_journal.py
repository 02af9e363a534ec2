"""The journal's record: what is written is what a later claim finds, and only one runs a campaign."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import socket
import subprocess
import sys
import threading
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.journals import NOON, address, claimed, entries, entry, key, noted, states

from notebookmail.delivery.journal import Charge, Earlier, Entry, Journal, campaign_lock, minute_of
from notebookmail.delivery.journal.campaign_lock import CampaignLock, is_held
from notebookmail.delivery.journal.checksums import entry_checksum
from notebookmail.delivery.journal.earlier_outcomes import EarlierRows
from notebookmail.delivery.journal.sqlite_database import JournalFile
from notebookmail.delivery.journal.sqlite_schema import CODES
from notebookmail.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO
    from pathlib import Path

    from notebookmail.delivery.journal import State

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows locks otherwise")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal.open(path) as opened:
        yield opened


def rows(path: Path, columns: str) -> list[tuple[object, ...]]:
    with contextlib.closing(JournalFile.open(path)) as file:
        return file.connection.execute(f"SELECT {columns} FROM entry ORDER BY generation, number").fetchall()


# --- what is written ----------------------------------------------------------------------------------------


def test_a_new_campaign_has_no_earlier_rows(journal: Journal) -> None:
    claim = claimed(journal)
    assert (claim.generation, dict(claim.earlier)) == (0, {})


def test_a_later_claim_finds_what_an_earlier_one_wrote(journal: Journal) -> None:
    claim = claimed(journal)
    claim.write(
        [
            Entry(key(1), "sent", address(1), 10.5, 2, 250, "2.0.0 Ok", "<1@example.org>"),
            Entry(key(2), "deferred", address(2), 11.5, 3, 451, "4.7.1 greylisted", "<2@example.org>", 99.5),
        ]
    )
    claim.close(is_finished=False)
    earlier = claimed(journal).earlier
    assert earlier[key(1)] == Earlier("sent", 10.5, 2, None)
    assert earlier[key(2)] == Earlier("deferred", 11.5, 3, 99.5)
    assert key(3) not in earlier
    assert earlier.get(key(3)) is None
    assert (len(earlier), set(earlier)) == (2, {key(1), key(2)})


def test_every_field_of_an_entry_is_kept(journal: Journal, path: Path) -> None:
    claimed(journal).write([Entry(key(1), "failed", "a@example.org", 10.5, 2, 550, "5.1.1 no", "<1@x>", 7.5)])
    columns = "key, recipient, at, attempts, code, reply, message_id, next_at"
    assert rows(path, columns) == [(key(1), "a@example.org", 10.5, 2, 550, "5.1.1 no", "<1@x>", 7.5)]


def test_an_outcome_keeps_the_recipient_and_message_id_of_its_intent(journal: Journal, path: Path) -> None:
    claim = claimed(journal)
    claim.write([Entry(key(1), "committing", "a@example.org", message_id="<1@x>")])
    claim.write([Entry(key(1), "sent", code=250)])
    assert rows(path, "recipient, message_id, code") == [("a@example.org", "<1@x>", 250)]


def test_intent_and_outcome_of_a_row_may_stand_in_one_write(journal: Journal, path: Path) -> None:
    claimed(journal).write([entry(1, "committing"), entry(2, "committing"), entry(1, "failed")])
    assert rows(path, "number, state") == [(0, CODES["failed"]), (1, CODES["committing"])]


def test_a_row_of_an_earlier_run_keeps_its_place_in_the_file(journal: Journal, path: Path) -> None:
    first = claimed(journal)
    first.write(entries(range(3), "deferred"))
    first.close(is_finished=False)
    second = claimed(journal)
    second.write([entry(1, "committing"), entry(7, "committing")])
    second.write([entry(1, "sent"), entry(7, "sent")])
    assert [number for number, _ in rows(path, "number, key")] == [0, 1, 2, 3]
    second.close(is_finished=True)
    assert states(claimed(journal)) == {0: "deferred", 1: "sent", 2: "deferred", 7: "sent"}


def test_a_row_that_was_committing_when_its_run_ended_is_unconfirmed(journal: Journal) -> None:
    claim = claimed(journal)
    claim.write([entry(1, "committing"), entry(2, "pending")])
    claim.close(is_finished=False)
    assert states(claimed(journal)) == {1: "unconfirmed", 2: "pending"}


def test_what_was_sent_stays_sent(journal: Journal, path: Path) -> None:
    claim = claimed(journal)
    claim.write([entry(1, "sent"), entry(2, "deferred")])
    claim.write([entry(1, "committing")])
    claim.close(is_finished=False)
    claim = claimed(journal)
    assert states(claim) == {1: "sent", 2: "deferred"}
    claim.write([entry(2, "sent")])
    claim.write([entry(1, "failed"), entry(2, "failed")])
    claim.close(is_finished=False)
    assert states(claimed(journal)) == {1: "sent", 2: "sent"}


def test_nothing_to_write_is_no_transaction(journal: Journal, path: Path) -> None:
    claim = claimed(journal)
    away = path.rename(path.with_name("away"))
    claim.write([])  # a transaction would find that the file is gone
    assert not path.exists()
    away.rename(path)


def test_earlier_does_not_change_with_what_is_written(journal: Journal) -> None:
    claim = claimed(journal)
    claim.write(entries(range(3), "sent"))
    assert dict(claim.earlier) == {}


@pytest.mark.parametrize("reply", ["x" * 100_000, "\udcff odd", "nul \0 and \x1b", "Grüße 🎉"])
def test_any_reply_can_be_kept_in_bounds(journal: Journal, path: Path, reply: str) -> None:
    claimed(journal).write([entry(1, "failed", reply=reply)])
    ((kept,),) = rows(path, "reply")
    assert kept == reply[:1000].replace("\udcff", "\\udcff")


def test_a_write_that_fails_leaves_nothing_and_may_be_tried_again(journal: Journal) -> None:
    claim = claimed(journal)
    claim.write([entry(1, "committing")])
    broken = entry(3, "sent", at=float("nan"))  # which SQLite takes for no time at all, and refuses
    with pytest.raises(JournalError, match="cannot be read or written"):
        claim.write([entry(1, "sent"), entry(2, "sent"), broken])
    claim.write([entry(4, "committing")])
    claim.write([entry(4, "failed")])
    claim.close(is_finished=False)
    assert states(claimed(journal)) == {1: "unconfirmed", 4: "failed"}


def test_a_write_that_was_interrupted_after_it_succeeded_is_found_out(
    journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = claimed(journal)
    transaction = JournalFile.transaction

    @contextlib.contextmanager
    def interrupted(file: JournalFile, **options: bool) -> Iterator[object]:
        with transaction(file, **options) as connection:
            yield connection
        raise KeyboardInterrupt

    monkeypatch.setattr(JournalFile, "transaction", interrupted)
    with pytest.raises(KeyboardInterrupt):
        claim.write([entry(1, "committing"), entry(2, "sent")])
    monkeypatch.undo()
    claim.write([entry(1, "committing"), entry(3, "committing")])
    claim.write([entry(1, "sent")])
    assert rows(path, "key, state") == [
        (key(1), CODES["sent"]),
        (key(2), CODES["sent"]),
        (key(3), CODES["committing"]),
    ]


def test_an_interrupt_that_left_a_transaction_open_does_no_harm(path: Path) -> None:
    with contextlib.closing(JournalFile.open(path)) as file:
        file.connection.execute("BEGIN IMMEDIATE")
        file.connection.execute("DELETE FROM campaign")
        with file.transaction() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert not file.connection.in_transaction


def test_a_claim_that_was_closed_writes_nothing(journal: Journal) -> None:
    claim = claimed(journal)
    claim.close(is_finished=True)
    claim.close(is_finished=True)
    with pytest.raises(JournalError, match="closed"):
        claim.write([entry(1, "sent")])


def test_closing_the_journal_closes_its_claims(path: Path) -> None:
    journal = Journal.open(path)
    claims = [claimed(journal, "d1"), claimed(journal, "d2")]
    journal.close()
    journal.close()
    for claim in claims:
        with pytest.raises(JournalError, match="closed"):
            claim.write([entry(1, "sent")])
    assert noted(path, "d2") == {}


def test_a_run_may_be_in_another_thread_than_the_cell_that_opened_the_journal(
    journal: Journal, path: Path
) -> None:
    claim = claimed(journal)
    thread = threading.Thread(target=lambda: claim.write(entries(range(3), "sent")))
    thread.start()
    thread.join()
    claim.close(is_finished=True)
    assert states(claimed(journal)) == dict.fromkeys(range(3), "sent")


# --- who runs it --------------------------------------------------------------------------------------------


def test_a_second_claim_is_told_who_runs_the_campaign(journal: Journal, path: Path) -> None:
    claimed(journal)
    with Journal.open(path) as other, pytest.raises(JournalError) as raised:
        claimed(other)
    said = str(raised.value)
    assert "'letters' is being run by" in said
    assert f"process {os.getpid()} on {socket.gethostname()} (this very kernel" in said
    assert "since 2027-01-1" in said  # in local time, wherever this runs


def test_a_second_claim_in_the_same_journal_is_refused(journal: Journal) -> None:
    claimed(journal)
    with pytest.raises(JournalError, match="being run by"):
        claimed(journal)


def test_two_campaigns_run_side_by_side(journal: Journal) -> None:
    first, second = claimed(journal, "d1"), claimed(journal, "d2")
    first.write(entries(range(2), "sent"))
    second.write(entries(range(1, 3), "failed"))
    first.close(is_finished=True)
    second.close(is_finished=True)
    assert states(claimed(journal, "d1")) == {0: "sent", 1: "sent"}
    assert states(claimed(journal, "d2")) == {1: "failed", 2: "failed"}


def test_a_claim_that_failed_can_be_made_again(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(EarlierRows, "load", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            claimed(journal)
    assert claimed(journal).generation == 0


def test_a_run_whose_lock_was_lost_is_fenced_out(journal: Journal, path: Path) -> None:
    first = claimed(journal)
    first.write([entry(1, "committing")])
    (lock,) = path.parent.glob("*.lock")
    lock.unlink()
    with Journal.open(path) as other:
        second = claimed(other)
        assert states(second) == {1: "unconfirmed"}
        with pytest.raises(JournalError, match="taken over"):
            first.write([entry(1, "sent"), entry(2, "sent")])
        first.close(is_finished=True)
        with pytest.raises(JournalError, match="being run by"):
            claimed(journal)  # the first one's end has not released the second one's lock
        second.write([entry(3, "sent")])
        second.close(is_finished=False)
    assert states(claimed(journal)) == {1: "unconfirmed", 3: "sent"}


def test_the_end_of_a_run_that_was_fenced_out_is_not_that_of_its_successor(journal: Journal, path: Path) -> None:
    first = claimed(journal)
    (lock,) = path.parent.glob("*.lock")
    lock.unlink()
    with Journal.open(path) as other:
        second = claimed(other, resend=True)
        first.close(is_finished=True)
        second.close(is_finished=False)
        assert claimed(other, resend=True).generation == second.generation == 1


def test_a_lock_file_that_was_taken_away_between_opening_and_locking_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.lock"
    lock = campaign_lock._lock

    def taken_away_before(file: FileIO, *, is_shared: bool) -> None:
        monkeypatch.undo()
        path.unlink()
        lock(file, is_shared=is_shared)

    monkeypatch.setattr(campaign_lock, "_lock", taken_away_before)
    held = CampaignLock.acquire(path, "x", NOON)
    with pytest.raises(JournalError, match="being run by"):
        CampaignLock.acquire(path, "x", NOON)
    held.release()


@on_posix
def test_two_may_ask_at_once_whether_a_campaign_runs(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with path.open("wb", buffering=0) as asking:
        campaign_lock._lock(asking, is_shared=True)
        assert not is_held(path)


@on_posix
def test_a_released_lock_is_free_although_a_forked_child_has_its_file_open(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    lock = CampaignLock.acquire(path, "x", NOON)
    of_child = os.dup(lock._file.fileno())  # what a fork leaves in the child
    kept = path.rename(path.with_name("kept"))
    lock.release()
    kept.rename(path)
    CampaignLock.acquire(path, "x", NOON).release()
    assert not is_held(path)
    os.close(of_child)


def test_a_file_system_without_locks_is_refused_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(campaign_lock, "_lock", refuse)
    with pytest.raises(JournalError, match=r"without locks .* journal="):
        CampaignLock.acquire(tmp_path / "x.lock", "x", NOON)
    assert not is_held(tmp_path / "x.lock")


def test_a_lock_file_is_there_only_while_it_is_held(journal: Journal, path: Path) -> None:
    claim = claimed(journal)
    (lock,) = path.parent.glob("*.lock")
    assert lock.stat().st_mode & 0o777 == 0o600
    assert json.loads(lock.read_text()) == {"pid": os.getpid(), "host": socket.gethostname(), "since": NOON}
    assert is_held(lock)
    claim.close(is_finished=True)
    assert not lock.exists()
    assert not is_held(lock)


@pytest.mark.parametrize("left", ["", "{", "[1]", '{"pid": 7}', '{"pid": 7, "host": "h", "since": 1e300}'])
def test_what_a_killed_run_left_in_a_lock_file_keeps_nobody_out(tmp_path: Path, left: str) -> None:
    lock = tmp_path / "x.lock"
    lock.write_text(left)
    assert not is_held(lock)
    CampaignLock.acquire(lock, "x", NOON).release()
    assert not lock.exists()


@pytest.mark.parametrize("said", ["", "{", "[1]", '{"pid": 7}', '{"pid": 7, "host": "h", "since": 1e300}'])
def test_whatever_the_holder_says_of_itself_a_second_claim_is_refused_in_words(tmp_path: Path, said: str) -> None:
    lock = tmp_path / "x.lock"
    held = CampaignLock.acquire(lock, "x", NOON)
    lock.write_text(said)
    with pytest.raises(JournalError, match=r"being run by (another )?process"):
        CampaignLock.acquire(lock, "x", NOON)
    held.release()


def test_only_one_of_many_threads_gets_the_lock(tmp_path: Path) -> None:
    lock, got, begin = tmp_path / "x.lock", [], threading.Barrier(8)

    def run() -> None:
        begin.wait()
        with contextlib.suppress(JournalError):
            got.append(CampaignLock.acquire(lock, "x", NOON))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    got[0].release()


def test_locks_taken_and_released_in_turn_never_overlap(tmp_path: Path) -> None:
    lock, held, overlaps = tmp_path / "x.lock", set[int](), []

    def run(number: int) -> None:
        for _ in range(100):
            with contextlib.suppress(JournalError):
                taken = CampaignLock.acquire(lock, "x", NOON)
                held.add(number)
                overlaps.extend(held - {number})
                held.discard(number)
                taken.release()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not overlaps


def test_a_folder_that_cannot_hold_a_lock_is_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"lock file .* journal="):
        CampaignLock.acquire(tmp_path / "nowhere" / "x.lock", "x", NOON)


# --- generations --------------------------------------------------------------------------------------------


def test_resend_begins_a_generation_without_earlier_rows(journal: Journal) -> None:
    claim = claimed(journal)
    claim.write([entry(1, "sent")])
    claim.close(is_finished=True)
    again = claimed(journal, resend=True)
    assert (again.generation, dict(again.earlier)) == (1, {})


def test_resend_goes_on_with_a_resending_that_was_not_finished(journal: Journal) -> None:
    claim = claimed(journal)
    claim.write(entries(range(3), "sent"))
    claim.close(is_finished=True)
    for sent in range(2):
        claim = claimed(journal, resend=True)
        assert (claim.generation, len(claim.earlier)) == (1, sent)
        claim.write([entry(sent, "sent")])
        claim.close(is_finished=sent == 1)
    assert claimed(journal, resend=True).generation == 2


def test_a_resending_may_be_finished_by_a_run_without_resend(journal: Journal) -> None:
    for resend, is_finished, generation in [
        (False, True, 0),
        (True, False, 1),
        (False, True, 1),
        (True, False, 2),
    ]:
        claim = claimed(journal, resend=resend)
        assert claim.generation == generation
        claim.close(is_finished=is_finished)


def test_a_generation_that_was_finished_once_is_not_gone_on_with_by_resend(journal: Journal) -> None:
    for resend, is_finished, generation in [(True, True, 0), (False, False, 0), (True, False, 1)]:
        claim = claimed(journal, resend=resend)
        assert claim.generation == generation
        claim.close(is_finished=is_finished)


def test_resend_begins_anew_although_the_first_run_was_not_finished(journal: Journal) -> None:
    claimed(journal).close(is_finished=False)
    assert claimed(journal, resend=True).generation == 1


def test_resend_of_what_was_never_sent_is_its_first_generation(journal: Journal) -> None:
    for _ in range(2):
        claim = claimed(journal, resend=True)
        assert claim.generation == 0
        claim.close(is_finished=False)


# --- the quota ----------------------------------------------------------------------------------------------


def charged(
    number: int, messages: int, *, at: float = NOON, account: str = "me", most: int | None = None
) -> Entry:
    state: State = "committing" if messages > 0 else "pending"
    return entry(number, state, charge=Charge(account, minute_of(at), messages, most))


def test_a_message_counts_from_before_its_end_goes_out_for_24_hours(journal: Journal) -> None:
    claim = claimed(journal)
    claim.write([charged(1, 1)])
    day = 24 * 3600
    assert [journal.used("me", NOON + seconds) for seconds in (0, day, day + 60)] == [1, 1, 0]
    assert journal.used("you", NOON) == 0


def test_an_outcome_leaves_the_count_as_it_is_and_what_is_given_back_lowers_it(journal: Journal) -> None:
    claim = claimed(journal)
    claim.write([charged(1, 1), charged(2, 1), charged(3, 1)])
    claim.write([entry(1, "sent"), entry(2, "unconfirmed"), charged(3, -1)])
    assert journal.used("me", NOON) == 2


def test_all_campaigns_and_generations_of_an_account_share_its_count(journal: Journal) -> None:
    for digest, account, resend in [
        ("d1", "me", False),
        ("d1", "me", True),
        ("d2", "me", False),
        ("d3", "x", False),
    ]:
        claim = journal.claim(digest, account=account, resend=resend, now=NOON)
        claim.write([charged(1, 1, account=account)])
        claim.close(is_finished=True)
    journal.claim("d2", account="x", now=NOON)  # gone on with on another account: what was sent stays this one's
    assert (journal.used("me", NOON), journal.used("x", NOON)) == (3, 1)


def test_what_would_go_beyond_the_quota_is_not_written(journal: Journal, path: Path) -> None:
    with Journal.open(path) as other:
        claim, rival = claimed(journal, "d1"), claimed(other, "d2")
        assert claim.write([charged(1, 1, most=3), charged(2, 1, most=3)]) == frozenset()
        assert rival.write([charged(n, 1, most=3) for n in (1, 2, 3)]) == {key(2), key(3)}
        assert (journal.used("me", NOON), rival.used("me")) == (3, 3)
        rival.close(is_finished=False)
        assert states(claimed(other, "d2")) == {1: "unconfirmed"}


def test_what_is_given_back_makes_room_in_the_same_transaction(journal: Journal) -> None:
    claim = claimed(journal)
    claim.write([charged(1, 1, most=1)])
    assert claim.write([charged(2, 1, most=1), charged(1, -1)]) == frozenset()
    assert journal.used("me", NOON) == 1


def test_a_forgotten_campaign_frees_no_quota(journal: Journal) -> None:
    claim = claimed(journal)
    claim.write([charged(1, 1)])
    claim.close(is_finished=True)
    journal.forget("d1")
    assert journal.used("me", NOON) == 1


def test_nothing_is_kept_of_the_days_before_yesterday(journal: Journal) -> None:
    claimed(journal).write([charged(1, 1), charged(2, 1, at=NOON - 3 * 86_400)])
    journal.claim("d2", now=NOON)
    assert journal.used("me", NOON - 3 * 86_400) == 1
    assert journal.used("me", NOON - 4 * 86_400) == 1


# --- the list -----------------------------------------------------------------------------------------------


def test_campaigns_are_listed_with_their_last_run_first(journal: Journal) -> None:
    claim = journal.claim("d1", name="a", server="s1", account="u1", sender="x@example.org", now=1.0)
    claim.write([entry(1, "sent"), entry(2, "committing"), entry(3, "unconfirmed"), entry(4, "failed")])
    claim.close(is_finished=True)
    journal.claim("d2", now=5.0)
    journal.claim("d1", name="b", server="s2", account="u2", sender="y@example.org", now=7.0)
    first, second = journal.campaigns()
    assert (first.name, first.digest, first.server, first.account, first.sender) == (
        "b", "d1", "s2", "u2", "y@example.org",
    )  # fmt: skip
    assert (first.generation, first.begun, first.last_run, first.is_running) == (0, 1.0, 7.0, True)
    assert first.counts == {"sent": 1, "failed": 1, "unconfirmed": 2}
    assert (second.digest, second.counts) == ("d2", {})


def test_a_campaign_is_running_only_while_it_is_claimed(journal: Journal) -> None:
    claim = claimed(journal)
    assert journal.campaigns()[0].is_running
    claim.close(is_finished=False)
    assert not journal.campaigns()[0].is_running


def test_asking_whether_a_campaign_runs_keeps_nobody_from_claiming_it(journal: Journal, path: Path) -> None:
    held = CampaignLock.acquire(path.with_name("x.lock"), "x", NOON)
    for _ in range(3):
        assert is_held(path.with_name("x.lock"))
    held.release()
    for _ in range(3):
        claim = claimed(journal)
        assert journal.campaigns()[0].is_running
        claim.close(is_finished=False)


def test_counts_are_of_the_latest_generation(journal: Journal) -> None:
    claim = claimed(journal)
    claim.write(entries(range(3), "sent"))
    claim.close(is_finished=True)
    claimed(journal, resend=True).write([entry(1, "failed")])
    (campaign,) = journal.campaigns()
    assert (campaign.generation, campaign.counts) == (1, {"failed": 1})


# --- forgetting ---------------------------------------------------------------------------------------------


def everything_in(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted(folder.iterdir()))


def test_a_forgotten_campaign_leaves_no_address_in_the_files_bytes(path: Path) -> None:
    with Journal.open(path) as journal:
        gone, kept = claimed(journal, "d1"), journal.claim("d2", name="kept", sender="kept@example.org", now=1.0)
        dice = random.Random(7)
        for number in range(100):  # interleaved, growing and shrinking, so that pages are split and shared
            gone.write([entry(number, "committing")])
            kept.write(
                [entry(number, "deferred", to=f"kept-{number}@example.net", reply="y" * dice.randrange(300))]
            )
            gone.write([entry(number, "failed", reply="x" * dice.randrange(300))])
            kept.write([entry(number, "sent", to="", reply="z" * dice.randrange(300))])
        gone.close(is_finished=True)
        assert b"person-" in everything_in(path.parent)
        assert journal.forget("letters") == 100
        assert b"person-" not in everything_in(path.parent)
        assert [each.name for each in journal.campaigns()] == ["kept"]
        kept.write([entry(100, "sent", to="kept-100@example.net")])
    assert noted(path, "d2") == dict.fromkeys(range(101), "sent")


def test_forgetting_gives_the_room_back(journal: Journal, path: Path) -> None:
    claim = claimed(journal)
    claim.write(entries(range(2000), "failed"))
    claim.close(is_finished=True)
    journal.forget("letters")
    assert (
        sum(each.stat().st_size for each in path.parent.glob("journal.sqlite*") if each.suffix != "-shm") < 100_000
    )


def test_a_running_campaign_is_not_forgotten(journal: Journal) -> None:
    claim = claimed(journal)
    claim.write([entry(1, "sent")])
    claimed(journal, "d2").close(is_finished=True)  # has the same name
    with pytest.raises(JournalError, match="being run by"):
        journal.forget("letters")
    assert len(journal.campaigns()) == 2
    claim.close(is_finished=False)
    assert journal.forget("letters") == 1
    assert journal.campaigns() == []


def test_forgetting_by_digest_forgets_that_one_alone(journal: Journal) -> None:
    for digest in ("d1", "d2"):
        claim = claimed(journal, digest)
        claim.write([entry(1, "sent")])
        claim.close(is_finished=True)
        claimed(journal, digest, resend=True).close(is_finished=False)
    assert journal.forget("d1") == 1
    assert [each.digest for each in journal.campaigns()] == ["d2"]


def test_a_campaign_that_is_not_there_is_not_forgotten(journal: Journal) -> None:
    journal.claim("d1", now=1.0).close(is_finished=True)  # without a name
    for called in ("letters", ""):
        with pytest.raises(JournalError, match=r"no campaign .* notebookmail\.campaigns\(\)"):
            journal.forget(called)
    assert len(journal.campaigns()) == 1


def test_a_campaign_begun_after_forgetting_is_out_of_reach_of_who_lost_the_old_one(
    journal: Journal, path: Path
) -> None:
    stale = claimed(journal)
    for lock in path.parent.glob("*.lock"):
        lock.unlink()
    with Journal.open(path) as other:
        other.forget("letters")
        with pytest.raises(JournalError, match="taken over"):
            stale.write([entry(1, "sent")])
        claimed(other).write([entry(2, "sent")])
        with pytest.raises(JournalError, match="taken over"):
            stale.write([entry(1, "sent")])


# --- memory -------------------------------------------------------------------------------------------------


def test_earlier_rows_take_less_than_200_bytes_each(journal: Journal) -> None:
    count = 10_000
    claim = claimed(journal)
    claim.write(entries(range(count), "deferred"))
    claim.close(is_finished=False)
    tracemalloc.start()
    try:
        earlier = claimed(journal).earlier
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(earlier) == count
    assert taken < 200 * count


def test_rows_that_were_sent_take_no_memory_of_the_run(journal: Journal) -> None:
    claim = claimed(journal)
    taken = []
    tracemalloc.start()
    try:
        for first in range(0, 10_000, 1000):
            claim.write(entries(range(first, first + 1000), "committing"))
            claim.write(entries(range(first, first + 1000), "sent"))
            taken.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert taken[-1] - taken[1] < 8000 * 10  # bytes


def signed(*columns: object) -> tuple[object, ...]:
    return (*columns, entry_checksum(*columns))


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["sent", "failed", "deferred"])), max_size=30))
def test_a_key_that_stands_twice_counts_as_sent_if_once_it_was(written: list[tuple[int, str]]) -> None:
    expected: dict[int, str] = {}
    for number, state in written:
        if expected.get(number) != "sent":
            expected[number] = state
    rows = EarlierRows()
    for first in range(0, len(written), 7):
        chunk = written[first : first + 7]
        rows._add(
            [  # in chunks that are smaller than those of a file
                signed(1, 0, first + place, key(number), CODES[state], "", 0.0, 1, None, "", "", None, "")
                for place, (number, state) in enumerate(chunk)
            ]
        )
    assert {int.from_bytes(each, "big"): earlier.state for each, earlier in rows.items()} == expected


def test_the_journal_loads_neither_pandas_nor_asyncio() -> None:
    code = "import sys; from notebookmail.delivery.journal import *; print({'pandas', 'asyncio'} & {*sys.modules})"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.rstrip().endswith("set()")

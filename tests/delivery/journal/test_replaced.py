"""Another file comes to the journal's place while it is in use: nothing more goes out, nothing is forgotten."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from support.journals import NOON, claimed, entries, entry, key, noted

from notebookmail.delivery.journal import Charge, Journal, minute_of
from notebookmail.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def copied(path: Path) -> Path:
    """Copy a journal that nobody has open."""
    Journal.open(path).close()
    return shutil.copy(path, path.with_name("copy"))


def replace(path: Path, other: Path, *, takes_log: bool = True) -> None:
    """Put another file in a journal's place at once, as programs that synchronise folders do."""
    other.rename(path)
    if takes_log:
        for side in ("-wal", "-shm"):
            path.with_name(path.name + side).unlink(missing_ok=True)


@pytest.mark.parametrize("takes_log", [True, False], ids=["with its log", "the file alone"])
def test_a_row_is_not_begun_once_the_file_was_replaced_and_what_was_sent_stays_known(
    path: Path, takes_log: bool
) -> None:
    before = copied(path)
    with Journal.open(path) as journal:
        claim = claimed(journal)
        claim.write(entries(range(30), "committing"))
        claim.write(entries(range(20), "sent"))
        replace(path, before, takes_log=takes_log)
        with pytest.raises(JournalError, match="replaced by another file"):
            claim.write([entry(30, "committing")])
        claim.write(entries(range(20, 25), "sent"))  # whose ends were out already
        claim.close(is_finished=False)
    assert noted(path) == dict.fromkeys(range(25), "sent") | dict.fromkeys(range(25, 30), "unconfirmed")


def test_an_older_copy_of_the_same_campaign_learns_what_it_does_not_know(path: Path) -> None:
    with Journal.open(path) as journal:
        claim = claimed(journal)
        claim.write([entry(1, "sent"), entry(2, "deferred"), entry(3, "failed")])
        claim.close(is_finished=False)
    before = copied(path)
    with Journal.open(path) as journal:
        claim = claimed(journal)
        claim.write([entry(2, "sent", delivered=()), entry(4, "deferred", delivered=("archive@example.org",))])
        replace(path, before)
        claim.close(is_finished=False)
    with Journal.open(path) as journal:
        earlier = claimed(journal).earlier
        assert [earlier[key(n)].state for n in (1, 2, 3, 4)] == ["sent", "sent", "failed", "deferred"]
        assert earlier[key(4)].delivered == ("archive@example.org",)


def test_what_either_of_two_files_says_was_sent_is_sent(path: Path) -> None:
    other = path.with_name("other")
    with Journal.open(other) as journal:
        claimed(journal, "d2").write([entry(9, "sent")])
        claimed(journal).write([entry(1, "sent"), entry(2, "failed")])
    with Journal.open(path) as journal:
        claim = claimed(journal)
        claim.write([entry(1, "failed"), entry(2, "sent"), entry(3, "sent")])
        replace(path, other)
        claim.close(is_finished=True)
    assert noted(path) == dict.fromkeys((1, 2, 3), "sent")
    assert noted(path, "d2") == {9: "sent"}


def test_a_generation_goes_on_in_the_file_that_never_knew_of_it(path: Path) -> None:
    with Journal.open(path) as journal:
        claimed(journal).write(entries(range(5), "sent"))
    before = copied(path)
    with Journal.open(path) as journal:
        claim = claimed(journal, resend=True)
        claim.write(entries(range(3), "sent"))
        replace(path, before)
        claim.close(is_finished=False)
    with Journal.open(path) as journal:
        claim = claimed(journal, resend=True)  # which goes on, as the one before did not finish
        assert (claim.generation, len(claim.earlier)) == (1, 3)


def test_the_days_quota_is_carried_over(path: Path) -> None:
    before = copied(path)
    with Journal.open(path) as journal:
        claim = claimed(journal)
        claim.write([entry(n, "committing", charge=Charge("me", minute_of(NOON), 1)) for n in range(7)])
        replace(path, before)
        claim.close(is_finished=False)
    with Journal.open(path) as journal:
        assert journal.used("me", NOON) == 7


def test_a_journal_that_was_deleted_is_made_again_with_what_the_run_recorded(path: Path) -> None:
    with Journal.open(path) as journal:
        claim = claimed(journal)
        claim.write(entries(range(5), "sent"))
        for each in list(path.parent.glob("journal.sqlite*")):
            if not each.name.endswith(".lock"):
                each.unlink()
        claim.close(is_finished=True)
    assert noted(path) == dict.fromkeys(range(5), "sent")


def test_where_no_journal_has_come_to_its_place_the_record_is_kept_beside_it(path: Path) -> None:
    other = path.with_name("other")
    other.write_text("a letter to somebody")
    with Journal.open(path) as journal:
        claim = claimed(journal)
        claim.write(entries(range(5), "sent"))
        replace(path, other)
        with pytest.raises(JournalError, match="or people are mailed again"):
            claim.close(is_finished=True)
    assert path.read_text() == "a letter to somebody"
    (beside,) = (each for each in path.parent.glob("journal.sqlite.*") if each.suffix != ".lock")
    assert noted(beside) == dict.fromkeys(range(5), "sent")


def test_a_campaign_that_others_have_begun_anew_there_is_left_to_them(path: Path) -> None:
    other = path.with_name("other")
    with Journal.open(other) as journal:
        for resend in (False, True):
            claim = claimed(journal, resend=resend)
            claim.write([entry(1, "sent")])
            claim.close(is_finished=True)
    with Journal.open(path) as journal:
        claim = claimed(journal)
        claim.write([entry(2, "sent")])
        replace(path, other)
        claim.close(is_finished=True)
    assert noted(path) == {1: "sent"}

"""campaigns() and forget(): the journal for the eye, without making one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from support.journals import NOON, claimed, entries, entry

import notebookmail
from notebookmail import JournalError
from notebookmail.delivery.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = [
    "name", "digest", "server", "sender", "generation", "begun", "last_run", "is_running", "sent", "failed",
    "deferred", "unconfirmed", "pending",
]  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user's own journal is, which is not that of whoever runs the tests."""
    monkeypatch.setattr(
        "notebookmail.campaign.history.default_path", lambda: tmp_path / "state" / "journal.sqlite"
    )
    return tmp_path


def run(path: Path, digest: str = "d1", name: str = "letters") -> None:
    with Journal.open(path) as journal:
        claim = journal.claim(digest, name=name, server="smtp.example.org", sender="a@example.org", now=NOON)
        claim.write([*entries(range(3), "sent"), entry(3, "failed"), entry(4, "committing"), entry(5, "pending")])
        claim.close(is_finished=True)


def test_a_campaign_is_one_line(folder: Path) -> None:
    run(folder / "x.sqlite")
    frame = notebookmail.campaigns(folder / "x.sqlite")
    assert list(frame.columns) == COLUMNS
    (line,) = frame.to_dict("records")
    moment = pd.Timestamp(NOON, unit="s", tz="UTC")
    assert line == {
        "name": "letters", "digest": "d1", "server": "smtp.example.org", "sender": "a@example.org",
        "generation": 0, "begun": moment, "last_run": moment, "is_running": False,
        "sent": 3, "failed": 1, "deferred": 0, "unconfirmed": 1, "pending": 1,
    }  # fmt: skip


def test_a_running_campaign_says_so(folder: Path) -> None:
    with Journal.open(folder / "x.sqlite") as journal:
        claimed(journal)
        assert notebookmail.campaigns(str(folder / "x.sqlite"))["is_running"].tolist() == [True]


def test_without_a_journal_there_are_no_campaigns_and_none_is_made(folder: Path) -> None:
    for journal in (None, folder / "x.sqlite", str(folder / "nowhere" / "x.sqlite")):
        frame = notebookmail.campaigns(journal)
        assert (list(frame.columns), len(frame)) == (COLUMNS, 0)
    assert list(folder.iterdir()) == []


def test_the_columns_have_the_same_kinds_with_and_without_campaigns(folder: Path) -> None:
    empty = notebookmail.campaigns(folder / "x.sqlite")
    run(folder / "x.sqlite")
    pd.testing.assert_series_equal(notebookmail.campaigns(folder / "x.sqlite").dtypes, empty.dtypes)


def test_the_users_own_journal_is_the_one_looked_at(folder: Path) -> None:
    (folder / "state").mkdir()
    run(folder / "state" / "journal.sqlite")
    assert notebookmail.campaigns()["name"].tolist() == ["letters"]
    assert notebookmail.forget("letters") == 6
    assert len(notebookmail.campaigns()) == 0


def test_forgetting_says_how_many_rows_are_gone(folder: Path) -> None:
    run(folder / "x.sqlite", "d1", "one")
    run(folder / "x.sqlite", "d2", "two")
    assert notebookmail.forget("one", folder / "x.sqlite") == 6
    assert notebookmail.campaigns(folder / "x.sqlite")["name"].tolist() == ["two"]
    assert b"person-" in (folder / "x.sqlite").read_bytes()
    assert notebookmail.forget("d2", str(folder / "x.sqlite")) == 6
    assert b"person-" not in (folder / "x.sqlite").read_bytes()


def test_a_journal_that_is_not_there_forgets_nothing_and_is_not_made(folder: Path) -> None:
    with pytest.raises(JournalError, match=r"no journal .*x\.sqlite"):
        notebookmail.forget("letters", folder / "x.sqlite")
    assert list(folder.iterdir()) == []


def test_both_are_functions_however_they_are_reached(folder: Path) -> None:
    import notebookmail.campaign.history

    for function in (notebookmail.campaigns, notebookmail.forget):
        assert function.__module__ == "notebookmail.campaign.history"

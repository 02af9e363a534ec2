"""A journal that was written under the first rules mails nobody again."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from support.offline_runs import sent_by
from support.old_campaigns import CAMPAIGNS, FILE, PEOPLE, TWICE, letter

from notebookmail import FrameError, JournalError, Template
from notebookmail.campaign.history import campaigns
from notebookmail.campaign.old_journal_keys import first_template_digest

if TYPE_CHECKING:
    from pathlib import Path

SEVERAL = {"twice", "twice again", "both", "both again"}


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(FILE.read_text())
    path.chmod(0o600)
    return path


def again(journal: Path, name: str, **changed: Any) -> list[int]:
    template, frame, options = CAMPAIGNS[name]
    return sent_by(journal, **{"df": frame, "template": template, **options, **changed})


@pytest.mark.parametrize("name", sorted(CAMPAIGNS.keys() - SEVERAL - {"stopped"}))
def test_a_campaign_that_was_sent_mails_nobody_again_however_often(journal: Path, name: str) -> None:
    before = len(campaigns(journal))
    assert again(journal, name) == []
    assert again(journal, name) == []
    assert len(campaigns(journal)) == before


def test_a_campaign_that_was_stopped_goes_on(journal: Path) -> None:
    assert again(journal, "stopped") == [2]
    assert again(journal, "stopped") == []


@pytest.mark.parametrize("name", sorted(SEVERAL))
def test_campaigns_that_are_one_today_are_refused_with_what_to_do(journal: Path, name: str) -> None:
    with pytest.raises(JournalError, match=r"knows the campaign .* as several.*forget"):
        again(journal, name)


def test_the_sender_may_stand_elsewhere_and_the_name_be_written_otherwise(journal: Path) -> None:
    assert again(journal, "unnamed", sender="Shop <shop@example.org>") == []
    assert again(journal, "sender", template=letter("Given {{ name }}"), sender=None) == []
    assert again(journal, "named", campaign=" may  letters ") == []


def test_people_who_are_new_are_mailed(journal: Path) -> None:
    more = pd.concat([PEOPLE, PEOPLE.head(1).assign(email="dan@example.org", order=10)], ignore_index=True)
    for name in ("unnamed", "function", "named", "keyed"):
        assert again(journal, name, df=more) == [3]
        assert again(journal, name, df=more) == []


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("unnamed", PEOPLE.assign(amount=PEOPLE["amount"].astype(str))),
        ("function", PEOPLE.assign(new=1)),
        ("several", pd.concat([TWICE.head(1).assign(name="newest"), TWICE], ignore_index=True)),
    ],
)
def test_where_it_cannot_be_told_who_has_had_it_nothing_is_sent(
    journal: Path, name: str, frame: pd.DataFrame
) -> None:
    with pytest.raises(FrameError, match=r"older version.*nothing was sent.*resend=True"):
        again(journal, name, df=frame)
    assert again(journal, name) == []


def test_a_key_that_such_a_campaign_was_begun_without_is_refused(journal: Path) -> None:
    with pytest.raises(FrameError, match="older version"):
        again(journal, "named", key="order")
    with pytest.raises(FrameError, match="older version"):
        again(journal, "keyed", key=())
    assert again(journal, "named") == again(journal, "keyed") == []


def test_begun_anew_it_follows_the_rules_of_today(journal: Path) -> None:
    assert again(journal, "unnamed", resend=True) == [0, 1, 2]
    assert again(journal, "unnamed", df=PEOPLE.assign(amount=PEOPLE["amount"].astype(str), new=1)) == []


def test_the_first_digest_of_a_template_stays_what_it_was() -> None:
    assert first_template_digest(Template("a", text="x").definition) == "93ffa4bc500d3d99cdb5e0ccb13a366d"

"""The harness finds senders out that are wrong on purpose; without that its silence would say nothing."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from crashes.campaigns import Tally, judge, ordeal
from crashes.nursery import Work
from crashes.truth import Account, Temper

if TYPE_CHECKING:
    from pathlib import Path

    from crashes.nursery import Nursery

ANN, BOB = "reader0@c.example.org", "reader1@c.example.org"
CALM = Temper(slow_seconds=0.002)


def kill(place: Nursery, folder: Path, engine: str, temper: Temper) -> Tally:
    """Kill until something is found; where nothing is, give up."""
    with ordeal(place, folder, engine=engine, seed=random.randrange(10**6), temper=temper) as one:
        while not one.tally.faults and one.tally.campaigns < 40:
            one.kill_one_campaign()
        return one.tally


def test_a_row_noted_after_it_was_sent_is_found_doubled(place: Nursery, tmp_path: Path) -> None:
    tally = kill(place, tmp_path, "notes after", CALM)
    assert tally.faults, tally
    assert all("doubled" in fault for fault in tally.faults), tally


def test_a_row_noted_before_it_was_sent_is_found_lost(place: Nursery, tmp_path: Path) -> None:
    tally = kill(place, tmp_path, "notes before", CALM)
    assert tally.faults, tally
    assert all("lost" in fault for fault in tally.faults), tally


def test_a_row_sent_again_because_the_reply_was_dropped_is_found_doubled(place: Nursery, tmp_path: Path) -> None:
    tally = kill(place, tmp_path, "notes after", Temper(silent=0.05))
    assert tally.faults, tally
    assert all("doubled" in fault for fault in tally.faults), tally


def test_more_rows_in_doubt_than_connections_are_found(place: Nursery, tmp_path: Path) -> None:
    tally = kill(place, tmp_path, "holds everything", CALM)
    assert tally.faults, tally
    assert all("newly unconfirmed" in fault for fault in tally.faults), tally


@pytest.mark.parametrize(
    ("status", "times", "fault"),
    [
        ("sent", 1, ""), ("skipped", 1, ""), ("unconfirmed", 1, ""), ("unconfirmed", 0, ""), ("failed", 0, ""),
        ("deferred", 0, ""), ("sent", 0, "lost"), ("skipped", 0, "lost"), ("pending", 0, "lost"),
        ("pending", 1, "untold"), ("failed", 1, "untold"), ("deferred", 1, "untold"), ("sent", 2, "doubled"),
        ("unconfirmed", 2, "doubled"), ("skipped", 3, "doubled"),
    ],
)  # fmt: skip
def test_a_status_is_held_against_how_often_a_row_was_accepted(status: str, times: int, fault: str) -> None:
    account = Account(accepted=[ANN] * times + [BOB], message_ids={ANN: ["<1@x>"] * 3})
    found = list(judge(Work("", 0, "c", "", 2, 1), {ANN: status, BOB: "sent"}, account))
    assert [words.partition(":")[0] for words in found] == ([fault] if fault else [])


def test_a_row_that_is_missing_from_the_results_is_found() -> None:
    (fault,) = judge(Work("", 0, "c", "", 2, 1), {ANN: "sent"}, Account(accepted=[ANN]))
    assert fault == "lost: 2 rows went in, 1 came out"


def test_a_message_id_that_changes_between_tries_is_found() -> None:
    account = Account(accepted=[ANN], message_ids={ANN: ["<1@x>", "<2@x>"]})
    (fault,) = judge(Work("", 0, "c", "", 1, 1), {ANN: "sent"}, account)
    assert fault.startswith("changed")

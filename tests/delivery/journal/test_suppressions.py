"""Who is in the book of suppressions stays in it, whatever process writes, until it is taken out."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest
from support.journals import NOON, claimed, entries, python

from notebookmail import JournalError
from notebookmail.delivery.journal import Journal, Suppression

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal.open(path) as opened:
        yield opened


def ann(**others: object) -> Suppression:
    return Suppression("ann@example.org", "bounced", "5.1.1 no such user", NOON, "letters")._replace(**others)


def test_an_address_is_in_the_book_once_under_its_first_cause(journal: Journal) -> None:
    assert journal.suppressions.add([ann(), ann(cause="added")]) == 1
    assert journal.suppressions.add([ann(cause="complained")]) == 0
    assert list(journal.suppressions) == [ann()]
    assert journal.suppressions.find(["bo@example.org", "ann@example.org"]) == {"ann@example.org": ann()}


def test_an_address_that_is_taken_out_can_come_in_again(journal: Journal) -> None:
    journal.suppressions.add([ann()])
    assert journal.suppressions.remove(["ann@example.org", "nobody@example.org"]) == 1
    assert list(journal.suppressions) == []
    assert journal.suppressions.add([ann(cause="added")]) == 1
    assert [each.cause for each in journal.suppressions] == ["added"]


def test_many_addresses_are_found_among_many(journal: Journal) -> None:
    journal.suppressions.add(ann(address=f"{number:05}@example.org") for number in range(3000))
    asked = [f"{number:05}@example.org" for number in range(0, 6000, 2)]
    assert journal.suppressions.find(asked).keys() == set(asked[:1500])
    assert len(list(journal.suppressions)) == 3000


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE suppression SET address = 'bnn@example.org'",
        "UPDATE suppression SET since = 0",
        "DELETE FROM suppression",
        "UPDATE suppression_count SET addresses = 0",
    ],
)
def test_a_book_that_was_turned_or_lost_some_is_refused(journal: Journal, statement: str) -> None:
    journal.suppressions.add([ann()])
    with journal._file.transaction() as connection:
        connection.execute(statement)
    with pytest.raises(JournalError, match=r"book of suppressions.*"):
        list(journal.suppressions)


def test_walking_the_book_takes_no_memory_for_each_address(journal: Journal) -> None:
    journal.suppressions.add(ann(address=f"{number:06}@example.org") for number in range(40_000))
    tracemalloc.start()
    try:
        count = sum(1 for _ in journal.suppressions)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 40_000
    assert peak < 40_000 * 200


ADDER = """
import sys
from pathlib import Path
from notebookmail.delivery.journal import Journal, Suppression

with Journal.open(Path(sys.argv[1])) as journal:
    for number in range(100):
        journal.suppressions.add([Suppression(f"{sys.argv[2]}-{number}@example.org", "added", "", 1.0)])
        journal.suppressions.add([Suppression(f"both-{number}@example.org", "added", "", 1.0)])
"""


def test_processes_suppress_while_another_one_sends(journal: Journal, path: Path) -> None:
    claim = claimed(journal)
    adders = [python(ADDER, path, name) for name in ("one", "two")]
    for first in range(0, 1000, 10):
        claim.write(entries(range(first, first + 10), "sent"))
    codes = [adder.wait() for adder in adders]
    for adder in adders:
        adder.communicate()
    claim.close(is_finished=True)
    assert codes == [0, 0]
    assert len(list(journal.suppressions)) == 300
    assert len(claimed(journal).earlier) == 1000

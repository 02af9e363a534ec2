"""A journal in which the disk has turned something is found out, or knows all the same whom it mailed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from support.journals import NOON, address, claimed, entry, key

from notebookmail.delivery.journal import Charge, Journal, integrity, minute_of
from notebookmail.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = 120
CAMPAIGNS = ("d1", "d2", "d3")


@pytest.fixture(scope="module")
def octets(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A journal of three campaigns whose rows were all sent."""
    path = tmp_path_factory.mktemp("whole") / "journal.sqlite"
    with Journal.open(path) as journal:
        for digest in CAMPAIGNS:
            claim = claimed(journal, digest)
            for first in range(0, ROWS, 10):
                some = range(first, first + 10)
                charge = Charge("me", minute_of(NOON), 1)
                said = {"message_id": "<1@example.org>", "reply": "2.0.0 queued as 5"}
                claim.write([entry(each, "committing", charge=charge, **said) for each in some])
                claim.write([entry(each, "sent", **said) for each in some])
            claim.close(is_finished=True)
    return path.read_bytes()


def a_bit(octets: bytearray, place: int, dice: random.Random) -> None:
    octets[place] ^= 1 << dice.randrange(8)


def an_octet(octets: bytearray, place: int, dice: random.Random) -> None:
    octets[place] = dice.randrange(256)


def a_few_octets(octets: bytearray, place: int, dice: random.Random) -> None:
    for each in range(place, min(place + dice.randrange(2, 64), len(octets))):
        octets[each] = dice.randrange(256)


@pytest.mark.parametrize("is_examined", [True, False], ids=["examined whole", "too large to be"])
@pytest.mark.parametrize("turn", [a_bit, an_octet, a_few_octets])
def test_no_damage_makes_a_row_that_was_sent_one_to_send(
    octets: bytes,
    tmp_path: Path,
    turn: Callable[[bytearray, int, random.Random], None],
    is_examined: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not is_examined:
        monkeypatch.setattr(integrity, "_EXAMINED_BYTES", 0)
    dice = random.Random(f"{turn.__name__} {is_examined}")
    said: list[str] = []
    for number in range(150):
        damaged = bytearray(octets)
        turn(damaged, dice.randrange(len(octets)), dice)
        path = tmp_path / f"{number}.sqlite"
        path.write_bytes(damaged)
        try:
            assert lost(path) == []
        except JournalError as error:
            said.append(str(error))
    assert not any(address(row) in words for row in range(ROWS) for words in said)
    assert len(said) > 50  # the others met a place that holds nothing


def lost(path: Path) -> list[tuple[str, int]]:
    """List the rows that a run of any of the campaigns would send again."""
    with Journal.open(path) as journal:
        return [
            (digest, row)
            for digest in CAMPAIGNS
            for earlier in [claimed(journal, digest).earlier]
            for row in range(ROWS)
            if key(row) not in earlier or earlier[key(row)].state != "sent"
        ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET key = x'00' WHERE number = 7",
        "UPDATE entry SET state = 2 WHERE number = 7",
        "UPDATE entry SET delivered = 'x@example.org' WHERE number = 7",
        "UPDATE entry SET recipient = 'x@example.org' WHERE number = 7",
        "UPDATE entry SET checksum = checksum + 1 WHERE number = 7",
        f"DELETE FROM entry WHERE number = {ROWS - 1}",
        "UPDATE campaign SET digest = 'd4' WHERE digest = 'd1'",
        "UPDATE campaign SET generation = 1",
        "UPDATE campaign SET entry_count = entry_count - 1",
    ],
)
def test_what_is_not_as_it_was_written_is_refused(octets: bytes, tmp_path: Path, statement: str) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(octets)
    with Journal.open(path) as journal:
        with journal._file.transaction() as connection:
            connection.execute(statement)
        with pytest.raises(JournalError, match="damaged"):
            claimed(journal)
    with Journal.open(path) as journal, pytest.raises(JournalError, match="damaged"):
        claimed(journal)


def test_texts_that_a_later_entry_keeps_are_under_its_checksum_too(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    for state in ("committing", "deferred", "failed"):
        with Journal.open(path) as journal:
            claim = claimed(journal)
            claim.write(
                [entry(1, state, to="" if state == "failed" else address(1), message_id="<1@example.org>")]
            )
            claim.write([entry(2, state, to="", message_id="")])
            claim.close(is_finished=False)
    with Journal.open(path) as journal:
        assert {row.state for row in claimed(journal).earlier.values()} == {"failed"}


def test_the_addresses_that_took_a_message_are_known_to_a_later_run(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    taken = ("archive@example.org", '"a b"@example.org')
    with Journal.open(path) as journal:
        claim = claimed(journal)
        claim.write([entry(1, "deferred", delivered=taken), entry(2, "deferred")])
        claim.close(is_finished=False)
    with Journal.open(path) as journal:
        earlier = claimed(journal).earlier
        assert (earlier[key(1)].delivered, earlier[key(2)].delivered) == (taken, ())

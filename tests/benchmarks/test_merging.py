"""The merges that are compared are comparable: the same letters to the same people, in every way.

Nothing here says how fast anything is: only a benchmark's own run can, and only as a ratio.
"""

from __future__ import annotations

import email
import email.policy
import re
import subprocess
from typing import TYPE_CHECKING

import aiosmtplib
import pytest
from peers import smtp_sink

from benchmarks import merging
from benchmarks.composing import frame_of
from benchmarks.merges import (
    MARKDOWN,
    MERGES,
    NODEMAILER,
    OBVIOUS,
    OCTETS,
    ON_A_BOARD,
    OURS,
    OURS_SYNC,
    OVER_CHUNKS,
    OVER_TLS,
    PLAIN,
    SMTP_SOURCE,
    Letter,
    Merge,
)

if TYPE_CHECKING:
    from pathlib import Path

    from peers import Arrival

pytestmark = pytest.mark.peer

ROWS = 12
REFUSED = (AssertionError, aiosmtplib.SMTPException, subprocess.CalledProcessError)


def letter_of(arrival: Arrival) -> tuple[str, ...]:
    """What a reader gets, whatever the wrapping of its lines and the length of the rules drawn in its text."""
    message = email.message_from_bytes(arrival.content, policy=email.policy.default)
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    bodies = [
        re.sub(r"\s+", " ", re.sub(r"[-=]{2,}", "--", part.get_content())).strip() for part in message.iter_parts()
    ]
    return (arrival.sender, *arrival.recipients, message["From"], message["To"], message["Subject"], *bodies)


def letters_of(merge: Merge, folder: Path, letter: Letter = MARKDOWN) -> list[tuple[str, ...]]:
    with smtp_sink(folder) as peer:
        merge.run(peer.port, frame_of(ROWS), letter)
        return sorted(map(letter_of, peer.arrivals()))


@pytest.mark.parametrize("merge", [OURS_SYNC, ON_A_BOARD, OBVIOUS, NODEMAILER], ids=lambda merge: merge.name)
def test_every_way_sends_the_same_letters(merge: Merge, tmp_path: Path) -> None:
    expected = letters_of(OURS, tmp_path / "ours")
    assert len(set(expected)) == ROWS
    assert letters_of(merge, tmp_path / "theirs") == expected


@pytest.mark.parametrize("merge", [OBVIOUS, NODEMAILER], ids=lambda merge: merge.name)
def test_every_way_sends_the_same_plain_letters(merge: Merge, tmp_path: Path) -> None:
    expected = letters_of(OURS, tmp_path / "ours", PLAIN)
    assert len(set(expected)) == ROWS
    assert letters_of(merge, tmp_path / "theirs", PLAIN) == expected


@pytest.mark.parametrize("merge", [OURS, OBVIOUS, NODEMAILER, SMTP_SOURCE], ids=lambda merge: merge.name)
def test_the_messages_are_alike_in_size(merge: Merge, tmp_path: Path) -> None:
    with smtp_sink(tmp_path) as peer:
        merge.run(peer.port, frame_of(ROWS))
        sizes = [len(arrival.content) for arrival in peer.arrivals()]
    assert len(sizes) == ROWS
    assert all(0.8 * OCTETS < size < 1.25 * OCTETS for size in sizes), sizes


@pytest.mark.slow
def test_every_way_is_in_the_table_with_what_it_is_compared_with(capsys: pytest.CaptureFixture[str]) -> None:
    found = merging.main(["--rows", "40", "--slow-rows", "20", "--rounds", "2"])
    assert set(found) == set(MERGES)
    assert all(len(figures.per_second) == 2 and min(figures.per_second) > 0 for figures in found.values())
    lines = capsys.readouterr().out.splitlines()
    assert [line[:46].strip() for line in lines[2 : 2 + len(MERGES)]] == [merge.name for merge in MERGES]
    assert len(lines) == 2 + len(MERGES) + 2 * 3 + 3


@pytest.mark.parametrize(("over", "ways"), [("tls", OVER_TLS), ("bdat", OVER_CHUNKS)])
def test_every_way_goes_over_tls_or_to_a_server_that_takes_bdat(over: str, ways: tuple[Merge, ...]) -> None:
    few = ["--rows", "8", "--slow-rows", "8", "--rounds", "1"]
    found = merging.main([*few, "--over", over, "--connections", "3", "--letter", "plain"])
    assert set(found) == set(ways)
    assert all(min(figures.per_second) > 0 for figures in found.values())


def test_a_ratio_compares_medians() -> None:
    found = {
        merge: merging.Figures(merge, rates) for merge, rates in ((OURS, [30, 40, 90]), (NODEMAILER, [10, 1, 99]))
    }
    assert merging.ratios(found) == [("send_frame / nodemailer", 4.0)]


@pytest.mark.parametrize("merge", MERGES, ids=lambda merge: merge.name)
def test_a_way_whose_messages_are_refused_is_not_measured(merge: Merge) -> None:
    with smtp_sink(options=["-f", "rcpt"]) as peer, pytest.raises(REFUSED):
        merge.run(peer.port, frame_of(ROWS))

"""The benchmark of notices runs with tiny numbers, and its table has every way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.notices import PLAIN_REPORTS, STANDARD_REPORTS

from benchmarks import notices

if TYPE_CHECKING:
    import pytest


def test_every_way_reads_the_same_messages(capsys: pytest.CaptureFixture[str]) -> None:
    found = notices.main(["--rounds", "2", "--padding", "200"])
    assert [len(way.seconds) for way in found] == [2] * len(found)
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.startswith("way")
    assert [row[:20].strip() for row in rows] == [way.name[:20].strip() for way in found]
    assert found[0].found >= len(STANDARD_REPORTS) + len(PLAIN_REPORTS) - 1


def test_padding_makes_returned_letters_longer() -> None:
    short, long = notices.messages_of(0), notices.messages_of(10_000)
    assert sum(map(len, long)) > sum(map(len, short)) + 50 * 9_000

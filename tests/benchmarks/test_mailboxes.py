"""The benchmark of mailboxes runs with tiny numbers, and measures what it says it does."""

from __future__ import annotations

import sys

import pytest

from benchmarks import mailboxes

pytestmark = [pytest.mark.peer, pytest.mark.slow]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_every_size_is_read_whole(capsys: pytest.CaptureFixture[str]) -> None:
    found = mailboxes.main(["--messages", "3", "700", "--rows", "10"])
    assert [each.messages for each in found] == [3, 700]
    assert all(0 < each.first_seconds <= each.seconds for each in found)
    assert len(capsys.readouterr().out.splitlines()) == 7

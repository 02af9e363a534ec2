"""The benchmarks of distance and of rows run with tiny numbers, and measure what they say they do."""

from __future__ import annotations

import sys

import pytest

from benchmarks import latency, rows

pytestmark = pytest.mark.peer


def test_every_number_of_connections_is_measured_up_to_and_beyond_the_limit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found, limited = latency.main(
        ["--connections", "1", "3", "--messages", "8", "--delay-ms", "4", "--limit", "2"]
    )
    assert [each.connections for each in found] == [1, 3]
    assert [each.connections for each in limited] == [2, 8]
    assert len(capsys.readouterr().out.splitlines()) == 2 * 2 + 4


def test_a_single_connection_cannot_beat_a_message_a_round_trip() -> None:
    (found,), _ = latency.main(["--connections", "1", "--messages", "8", "--delay-ms", "5", "--limit", "1"])
    assert 0 < found.whole * 0.010 < 1.1  # the steady pace is a difference, and says little of 8 messages


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.slow
def test_pace_memory_and_the_first_message_are_measured_for_every_size(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows.main(["--rows", "20", "400"])
    assert [each.rows for each in found] == [20, 400]
    for each in found:
        assert 0 < each.first_seconds < 10
        assert each.frame_megabytes > 20
        assert 0 <= each.megabytes < 200
    assert len(capsys.readouterr().out.splitlines()) == 2 + len(found)

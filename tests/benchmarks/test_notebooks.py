"""The benchmark of notebooks runs with tiny numbers, and both ways make every report."""

from __future__ import annotations

import pytest

from benchmarks import notebooks


@pytest.mark.slow
def test_both_ways_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    found = notebooks.main(["--rows", "2"])
    assert min(*found.loop, *found.ours) > 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["papermill", "on", "ratio"]

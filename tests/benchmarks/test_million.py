"""The benchmark of many rows runs with few, and its table has every step."""

from __future__ import annotations

import sys

import pytest

from benchmarks import million

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc")


@pytest.mark.parametrize("step", million.STEPS)
def test_every_step_is_measured(step: str) -> None:
    cost = million.measure(step, 2_000)
    assert cost.step == step
    assert min(cost.processor_seconds, cost.seconds) >= 0
    assert cost.peak_mb < 100


def test_a_step_of_its_own_process_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    (cost,) = million.main(["--rows", "50", "--step", "plan"])
    assert f'"step": "{cost.step}"' in capsys.readouterr().out


@pytest.mark.slow
def test_the_table_has_a_line_for_every_step(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(million, "STEPS", ("plan",))  # one process is enough
    found = million.main(["--rows", "50"])
    heading, line = capsys.readouterr().out.splitlines()
    assert heading.split()[:2] == ["50", "rows"]
    assert (line.split()[0], len(found)) == ("plan", 1)

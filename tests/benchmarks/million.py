"""What a million rows cost before and after they are sent: memory above the frame, and time to the first message.

    python -m benchmarks.million --rows 1000000

Each step runs in a process of its own, whose frame is there before anything is measured: the plan, the first
message made of it, and the results of a run in which every server reply was another. Printed are the processor's
seconds, the clock's, and by how many MB the process is larger afterwards and was at its largest.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from notebookmail import Template
from notebookmail.campaign.options import SendSettings
from notebookmail.campaign.planning import make_plan
from notebookmail.campaign.results import SendResults
from notebookmail.delivery.events import RowSent, RowStarted
from notebookmail.response import SMTPResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LETTER = Template(
    "Your order, {{ name }}", sender="desk@example.org", markdown="Dear {{ name }}, you owe {{ amount }}."
)
STEPS = ("plan", "plan, key=", "first message", "results", "results.frame")
_PAGE = resource.getpagesize()
_MB = 2**20


@dataclass(frozen=True, slots=True)
class Cost:
    """What one step costs.

    Attributes:
        step: Its name.
        processor_seconds: Of this process.
        seconds: By the clock.
        kept_mb: By how much the process is larger afterwards.
        peak_mb: By how much it was larger at most.
    """

    step: str
    processor_seconds: float
    seconds: float
    kept_mb: float
    peak_mb: float


def frame_of(rows: int) -> pd.DataFrame:
    """A frame of customers, each with an address of their own."""
    return pd.DataFrame(
        {
            "email": [f"person{n}@customer{n % 977}.example.org" for n in range(rows)],
            "name": [f"Name {n}" for n in range(rows)],
            "amount": [n / 4 for n in range(rows)],
            "order": range(rows),
        }
    )


def carried_out(df: pd.DataFrame) -> SendResults:
    """The results of a run in which every row was sent."""
    plan = make_plan(df, LETTER, SendSettings())
    results = SendResults(plan.frame.labels)
    results.note_recipients(plan.recipients)
    now = datetime.now(UTC)
    for position in plan.going:
        results.apply(RowStarted(position, "", f"<{position:032x}@example.org>"))
        reply = SMTPResponse(250, f"2.0.0 Ok: queued as {position:012X}")
        results.apply(RowSent(position, reply, {}, 1, 0.01, now))
    assert results.counts["sent"] == len(df)
    return results


def step_of(name: str, df: pd.DataFrame) -> Callable[[], Any]:
    """What is measured."""
    if name == "plan":
        return lambda: make_plan(df, LETTER, SendSettings())
    if name == "plan, key=":
        return lambda: make_plan(df, LETTER, SendSettings(key=("order",), campaign="may"))
    if name == "first message":
        return lambda: next(make_plan(df, LETTER, SendSettings()).tasks()).build()
    if name == "results":
        return lambda: carried_out(df)
    results = carried_out(df)
    return lambda: results.frame


def measure(name: str, rows: int) -> Cost:
    """Run one step in this process."""
    make_plan(frame_of(10), LETTER, SendSettings())  # what is loaded on first use is not a matter of rows
    step = step_of(name, frame_of(rows))
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, processor, clock = _resident(), time.process_time(), time.perf_counter()
    made = step()
    processor, clock = time.process_time() - processor, time.perf_counter() - clock
    peak = _peak() - before
    gc.collect()
    kept = _resident() - before
    del made
    return Cost(name, processor, clock, kept, peak)


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / _MB


def _peak() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main(words: Sequence[str] | None = None) -> list[Cost]:
    """Measure every step, each in a fresh process, and print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.million", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument(
        "--step", choices=STEPS, help="measure only this one, in this process, and print it as JSON"
    )
    chosen = parser.parse_args(words)
    if chosen.step:
        cost = measure(chosen.step, chosen.rows)
        print(json.dumps(asdict(cost)))
        return [cost]
    print(f"{f'{chosen.rows:,} rows':<20}{'processor s':>12}{'clock s':>10}{'MB kept':>10}{'MB at most':>12}")
    return [_reported(name, chosen.rows) for name in STEPS]


def _reported(name: str, rows: int) -> Cost:
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.million", "--step", name, "--rows", str(rows)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    ).stdout
    cost = Cost(**json.loads(said))
    print(
        f"{name:<20}{cost.processor_seconds:>12.2f}{cost.seconds:>10.2f}{cost.kept_mb:>10.1f}{cost.peak_mb:>12.1f}"
    )
    return cost


if __name__ == "__main__":
    main()

"""What running a notebook for each row costs, beside papermill in a loop, of the same notebook and the same rows.

Both run the notebook once for every row, each time in a kernel of its own. The loop does nothing but run it; ours
runs it on workers, makes the letters, and sends them to the sandbox. Both are measured in one run, one after the
other, in alternating rounds; the ratio is what counts, because kernels start as fast as the machine lets them.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd
import papermill
from support.notebook_files import code, text, written

from notebookmail import Sandbox, Template, send_frame

WORK = """\
import pandas as pd
frame = pd.DataFrame({"month": range(1, 13), "sales": [(number * month) % 97 for month in range(1, 13)]})
frame"""
DRAWING = """\
import matplotlib.pyplot as plt
axes = frame.plot("month", "sales")
plt.show()"""


@dataclass(frozen=True)
class Rounds:
    """Seconds of each round.

    Attributes:
        rows: How many rows a round has.
        loop: The loop's.
        ours: Ours.
    """

    rows: int
    loop: list[float]
    ours: list[float]

    @property
    def ratio(self) -> float:
        """How many times as many reports we make in the same time."""
        return statistics.median(self.loop) / statistics.median(self.ours)


def report(folder: Path, *, has_figure: bool) -> Path:
    """Write the report."""
    parameters = code("number = 1", tags=("parameters",))
    drawing = [code(DRAWING)] if has_figure else []
    return written(folder, text("# Sales\n\nMonth by month:"), parameters, code(WORK), *drawing)


def loop(path: Path, numbers: range) -> float:
    """Run the report in a loop; return the seconds."""
    began = time.perf_counter()
    for number in numbers:
        papermill.execute_notebook(path, None, parameters={"number": number}, progress_bar=False)
    return time.perf_counter() - began


async def sent(path: Path, numbers: range, workers: int) -> float:
    """Send the report to a row for each number; return the seconds."""
    letter = Template.from_notebook(path, parameters=["number"], sender="desk@example.org")
    people = pd.DataFrame({"email": [f"p{number}@example.org" for number in numbers], "number": list(numbers)})
    async with Sandbox() as box:
        began = time.perf_counter()
        results = await send_frame(people, letter, box.server, workers=workers, progress=False, journal=False)
        seconds = time.perf_counter() - began
    assert results.counts["sent"] == len(numbers), results.frame
    return seconds


def main(arguments: list[str] | None = None) -> Rounds:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--figure", action="store_true", help="the report draws a figure, too")
    chosen = parser.parse_args(arguments)
    found = Rounds(chosen.rows, [], [])
    with tempfile.TemporaryDirectory() as folder:
        path = report(Path(folder), has_figure=chosen.figure)
        for _ in range(chosen.rounds):
            found.loop.append(loop(path, range(chosen.rows)))
            found.ours.append(asyncio.run(sent(path, range(chosen.rows), chosen.workers)))
    for name, rounds in (("papermill in a loop", found.loop), (f"on {chosen.workers} workers", found.ours)):
        seconds = statistics.median(rounds)
        print(f"{name:<20} {seconds:8.1f} s {chosen.rows / seconds:6.2f} a second")
    print(f"{'ratio':<20} {found.ratio:8.2f}")
    return found


if __name__ == "__main__":
    main()

"""How fast letters with a chart of each row's own are, made in this process and by workers, beside the loop.

The loop is what an analyst writes: the same function for the chart, savefig at the resolution that letters are
drawn with, EmailMessage, aiosmtplib, one after the other. Ways take turns, so that a noisy minute meets all
alike; the pace is from the first letter that is accepted to the last, and beside it that of the whole run, with
the start of processes in it, which counts for less the more rows there are. How long the event loop stands still
is measured by a task that does nothing but look at the clock.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import statistics
import sys
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import aiosmtplib
import pandas as pd
from matplotlib.figure import Figure
from peers import smtp_sink

from notebookmail import Server, Template, send_frame
from notebookmail.campaign.workers.crew import cores

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

DOTS_PER_INCH: Final = 192
SENDER: Final = "Desk <desk@example.org>"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to mail the letters.

    Attributes:
        name: What it is called.
        workers: Who makes the messages; None makes them in this process.
        is_loop: Whether it is the loop.
    """

    name: str
    workers: int | None = None
    is_loop: bool = False


LOOP: Final = Way("the loop: savefig, EmailMessage, aiosmtplib", is_loop=True)
WAYS: Final = (LOOP, Way("send_frame"), Way("send_frame, workers=1", 1), Way("send_frame, workers=2", 2))


@dataclass(frozen=True, slots=True)
class ChartFigures:
    """What one way did, in each round.

    Attributes:
        per_second: Letters a second, from the first that was accepted to the last.
        of_all: The same of the whole run.
        gaps: How long the event loop stood still between two turns, in seconds.
    """

    per_second: list[float] = field(default_factory=list)
    of_all: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)


def frame_of(rows: int) -> pd.DataFrame:
    """Make the rows."""
    return pd.DataFrame({"n": range(rows), "email": [f"reader{n}@example.org" for n in range(rows)]})


def chart(row: Any) -> Figure:
    """Draw a row's chart, as both ways do."""
    figure = Figure(figsize=(6.4, 2.4), layout="constrained")
    axes = figure.subplots()
    axes.bar(range(12), [(row.n * place) % 17 + 1 for place in range(12)], color="#4c78a8")
    axes.set_ylabel("sales")
    return figure


LETTER: Final = Template(
    "Your chart {{ n }}",
    sender=SENDER,
    html="<p>Number {{ n }}</p><p>{{ chart | image(alt='Sales by month') }}</p>",
    inline={"chart": chart},
)


async def _looped(df: pd.DataFrame, port: int) -> float:
    """Send the letters; return how many seconds passed from the first that was accepted to the last."""
    accepted = []
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
        for row in df.itertuples():
            message = EmailMessage()
            message["From"], message["To"], message["Subject"] = SENDER, row.email, f"Your chart {row.n}"
            message.set_content(f"Number {row.n}")
            message.add_alternative(
                f"<p>Number {row.n}</p><p><img src='cid:chart' alt='Sales'></p>", subtype="html"
            )
            file = io.BytesIO()
            chart(row).savefig(file, format="png", dpi=DOTS_PER_INCH)
            html = message.get_payload()[1]
            html.add_related(file.getvalue(), "image", "png", cid="<chart>")
            await client.send_message(message)
            accepted.append(time.perf_counter())
    return accepted[-1] - accepted[0]


@contextlib.asynccontextmanager
async def _watched(gaps: list[float]) -> AsyncIterator[None]:
    async def look() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.002)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    task = asyncio.create_task(look())
    try:
        yield
    finally:
        task.cancel()


async def sent(way: Way, df: pd.DataFrame, port: int, gaps: list[float]) -> float:
    """Send the letters in one way; return how many seconds passed from the first that was accepted to the last."""
    async with _watched(gaps):
        if way.is_loop:
            return await _looped(df, port)
        server = Server("127.0.0.1", port, security="none")
        results = await send_frame(df, LETTER, server, workers=way.workers, journal=False, progress=False)
        assert results.counts["sent"] == len(df), results.counts
        return (results.frame.sent_at.max() - results.frame.sent_at.min()).total_seconds()


def measure(port: int, rows: int, rounds: int) -> dict[Way, ChartFigures]:
    """Run all ways in turns."""
    found = {way: ChartFigures() for way in WAYS}
    df = frame_of(rows)
    for _ in range(rounds):
        for way, figures in found.items():
            began = time.perf_counter()
            seconds = asyncio.run(sent(way, df, port, figures.gaps))
            figures.per_second.append((rows - 1) / seconds)
            figures.of_all.append(rows / (time.perf_counter() - began))
    return found


def print_table(found: dict[Way, ChartFigures]) -> None:
    """Print what each way did, and how it stands to the loop in the same round."""
    print(f"{cores()} processors")
    for way, figures in found.items():
        pace = statistics.median(figures.per_second)
        pairs = zip(figures.per_second, found[LOOP].per_second, strict=True)
        ratio = statistics.median(own / loop for own, loop in pairs)
        stands = statistics.quantiles(figures.gaps, n=100)[-1] * 1_000
        whole = statistics.median(figures.of_all)
        print(
            f"{way.name:45} {pace:7.1f}/s  {ratio:5.2f} of the loop; the whole run {whole:7.1f}/s; "
            f"stands still {stands:6.0f} ms (p99)"
        )


def main(arguments: Sequence[str] | None = None) -> dict[Way, ChartFigures]:
    """Measure, print, and return what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300, help="in each round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    chosen = parser.parse_args(arguments)
    with smtp_sink() as peer:
        found = measure(peer.port, chosen.rows, chosen.rounds)
    print_table(found)
    return found


if __name__ == "__main__":
    main()

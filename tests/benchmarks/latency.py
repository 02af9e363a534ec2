"""What more connections bring where the server is far: messages a second over 1 to 16 of them, 50 ms away.

A connection that is always busy pays one round trip a message, so each brings as many messages a second as
there are round trips in one. The merge is measured whole at two sizes, because it begins with few connections
and lets their number grow with success: what the larger size takes more is the pace once they are there. A
second table asks for more connections than the server takes: there the pace stays where the server's limit is.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd
from peers import smtp_sink

from benchmarks.distance import far_away
from notebookmail import Sandbox, Server, Template, send_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

LETTER = Template(
    "Figures", sender="analyst@example.com", text="The figures of the quarter, as they stand.\n" * 100
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What so many connections bring.

    Attributes:
        connections: How many were asked for.
        whole: Messages a second of the smaller merge, from the call to its results.
        pace: Messages a second once all connections are there.
        round_trips: The same for each connection that was asked for, times the seconds of a round trip: 1.0 is one
            message a round trip on every one.
    """

    connections: int
    whole: float
    pace: float
    round_trips: float


async def seconds_of(port: int, connections: int, rows: int, delay_seconds: float) -> float:
    """Mail a frame to a server that far away."""
    df = pd.DataFrame({"email": [f"reader{number}@example.org" for number in range(rows)]})
    async with far_away(port, delay_seconds) as distance:
        server = Server("127.0.0.1", distance.port, security="none", max_connections=connections)
        started = time.perf_counter()
        results = await send_frame(df, LETTER, server, journal=False, progress=False)
        seconds = time.perf_counter() - started
    assert results.counts["sent"] == rows, results
    return seconds


async def measure(port: int, connections: int, messages: int, delay_seconds: float) -> Figures:
    """Mail so many messages a connection, and three times as many."""
    rows = messages * connections
    seconds = await seconds_of(port, connections, rows, delay_seconds)
    pace = 2 * rows / (await seconds_of(port, connections, 3 * rows, delay_seconds) - seconds)
    return Figures(connections, rows / seconds, pace, pace / connections * 2 * delay_seconds)


async def measure_limited(limit: int, asked: Sequence[int], messages: int, delay_seconds: float) -> list[Figures]:
    """Do the same with a server that takes only so many connections; it knows no PIPELINING."""
    async with Sandbox({"connections": limit}) as box:
        port = box.server.effective_port
        return [await measure(port, number, messages, delay_seconds) for number in asked]


def print_table(title: str, found: Sequence[Figures]) -> None:
    """Print what each number of connections brings, beside the first."""
    print(title)
    print(f"{'connections':>12}{'whole, /s':>12}{'pace, /s':>12}{'a round trip':>14}{'of the first':>14}")
    for each in found:
        print(
            f"{each.connections:>12}{each.whole:>12.0f}{each.pace:>12.0f}{each.round_trips:>14.2f}"
            f"{each.pace / found[0].pace:>14.2f}"
        )


def main(arguments: Sequence[str] | None = None) -> tuple[list[Figures], list[Figures]]:
    """Measure every number of connections and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 2, 4, 8, 16], metavar="N")
    parser.add_argument("--messages", type=int, default=40, help="a connection (default: %(default)s)")
    parser.add_argument("--delay-ms", type=float, default=25.0, help="one way (default: %(default)s)")
    parser.add_argument("--limit", type=int, default=4, help="of the limited server (default: %(default)s)")
    options = parser.parse_args(arguments)
    numbers, messages, delay_seconds = options.connections, options.messages, options.delay_ms / 1000
    with smtp_sink() as peer:
        found = [asyncio.run(measure(peer.port, number, messages, delay_seconds)) for number in numbers]
    distance = f"{2 * options.delay_ms:g} ms away"
    print_table(f"{peer.name}, {distance}; {messages} messages of 5 KB a connection", found)
    limited = asyncio.run(
        measure_limited(options.limit, [options.limit, 4 * options.limit], max(1, messages // 4), delay_seconds)
    )
    print_table(f"a server without PIPELINING that takes {options.limit} connections, {distance}", limited)
    return found, limited


if __name__ == "__main__":
    main()

"""How many round trips a message costs, on one connection to a server 50 ms away, beside aiosmtplib.

By the clock (seconds a message / seconds of a round trip, so whatever else takes time is in it) and counted by the
proxy, which depends on no clock. Connecting and greeting are left out. send_frame is measured whole: what
twice as many rows take more is what the rows take.
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
from benchmarks.senders import WAYS, Way, message_of
from notebookmail import Server, Template, send_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from peers import Peer

LETTER = Template(
    "Figures", sender="analyst@example.com", text="The figures of the quarter, as they stand.\n" * 100
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one way needs for a message.

    Attributes:
        way: Its name.
        by_clock: Seconds divided by the seconds of a round trip; 0.0 where the server was not away at all.
        counted: Round trips.
    """

    way: str
    by_clock: float
    counted: float


async def measure(way: Way, peer: Peer, messages: int, delay_seconds: float) -> Figures:
    """Send so many messages in one way over one connection."""
    content = message_of(5_000)
    async with far_away(peer.port, delay_seconds) as distance, way.connect(distance.port, content) as send:
        before, started = distance.round_trips, time.perf_counter()
        await way.drive(send, messages)
        seconds = time.perf_counter() - started
        return _figures(way.name, seconds, distance.round_trips - before, messages, delay_seconds)


async def measure_send_frame(peer: Peer, rows: int, delay_seconds: float) -> Figures:
    """Send a frame of so many rows, and one of twice as many, each over one connection."""
    took: list[tuple[float, int]] = []
    for count in (rows, 2 * rows):
        df = pd.DataFrame({"email": [f"reader{number}@example.org" for number in range(count)]})
        async with far_away(peer.port, delay_seconds) as distance:
            started = time.perf_counter()
            server = Server("127.0.0.1", distance.port, security="none", max_connections=1)
            results = await send_frame(df, LETTER, server, progress=False)
            took.append((time.perf_counter() - started, distance.round_trips))
        assert results.counts["sent"] == count
    (seconds, trips), (seconds_of_twice, trips_of_twice) = took
    return _figures(
        "send_frame, one connection", seconds_of_twice - seconds, trips_of_twice - trips, rows, delay_seconds
    )


def _figures(way: str, seconds: float, trips: int, messages: int, delay_seconds: float) -> Figures:
    by_clock = seconds / messages / (2 * delay_seconds) if delay_seconds else 0.0
    return Figures(way, by_clock, trips / messages)


def main(arguments: Sequence[str] | None = None) -> list[Figures]:
    """Measure every way and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=60, help="for each way (default: %(default)s)")
    parser.add_argument("--delay-ms", type=float, default=25.0, help="one way (default: %(default)s)")
    options = parser.parse_args(arguments)
    delay_seconds = options.delay_ms / 1000
    with smtp_sink() as peer:
        print(
            f"{peer.name}, {2 * options.delay_ms:g} ms away, one connection, {options.messages} messages of 5 KB"
        )
        print(f"{'round trips a message':<38}{'by clock':>10}{'counted':>10}")
        found = [asyncio.run(measure(way, peer, options.messages, delay_seconds)) for way in WAYS]
        found.append(asyncio.run(measure_send_frame(peer, options.messages, delay_seconds)))
    for each in found:
        print(f"{each.way:<38}{each.by_clock:>10.2f}{each.counted:>10.2f}")
    return found


if __name__ == "__main__":
    main()

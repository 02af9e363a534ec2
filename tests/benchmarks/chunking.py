"""When does BDAT pay? The same messages by DATA and by BDAT, alone and on a busy connection, near and far away.

Round trips are counted by the proxy and depend on no clock; milliseconds a message are taken 50 ms away,
microseconds of the client's processor without the proxy. The size above which the client prefers DATA is lifted
here: that is the question, not the answer.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.chunking_server import discarding_server
from benchmarks.distance import far_away
from benchmarks.senders import (
    Way,
    as_a_stream,
    message_of,
    notebookmail_client,
    notebookmail_pool,
    one_after_another,
)
from notebookmail.smtp.options import ConnectionOptions
from notebookmail.smtp.wire import transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

WAYS = (
    Way("alone", notebookmail_client, one_after_another),
    Way("busy", notebookmail_pool, as_a_stream),
)
EXTENSIONS = {"DATA": ("PIPELINING",), "BDAT": ("PIPELINING", "CHUNKING")}
OCTETS = (5_000, 100_000, 5_000_000)
_OCTETS_IN_ALL = 20_000_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What a message of some size costs in one way.

    Attributes:
        octets: Its size.
        way: "alone" or "busy".
        command: "DATA" or "BDAT".
        round_trips: Counted.
        milliseconds: By the clock, far away.
        microseconds: Of the client's processor, near.
    """

    octets: int
    way: str
    command: str
    round_trips: float
    milliseconds: float
    microseconds: float


async def measure(
    way: Way, command: str, port: int, *, octets: int, messages: int, delay_seconds: float
) -> Figures:
    """Send so many messages far away and as many near."""
    content = message_of(octets)
    async with far_away(port, delay_seconds) as distance, way.connect(distance.port, content) as send:
        trips, started = distance.round_trips, time.perf_counter()
        await way.drive(send, messages)
        milliseconds = (time.perf_counter() - started) / messages * 1e3
        round_trips = (distance.round_trips - trips) / messages
    async with way.connect(port, content) as send:
        await way.drive(send, 2)
        started = time.process_time()
        await way.drive(send, messages)
        microseconds = (time.process_time() - started) / messages * 1e6
    return Figures(octets, way.name, command, round_trips, milliseconds, microseconds)


def main(arguments: Sequence[str] | None = None) -> list[Figures]:
    """Measure every size and way by both commands, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=40, help="fewer of large ones (default: %(default)s)")
    parser.add_argument("--octets", type=int, nargs="+", default=OCTETS, help="sizes (default: %(default)s)")
    parser.add_argument("--delay-ms", type=float, default=25.0, help="one way (default: %(default)s)")
    options = parser.parse_args(arguments)
    found = []
    with (
        mock.patch.object(transaction, "MAX_CHUNK_OCTETS", max(options.octets)),
        mock.patch.object(ConnectionOptions, "unused", frozenset()),  # as with chunking=True
    ):
        for command, extensions in EXTENSIONS.items():
            with discarding_server(*extensions) as port:
                for octets in options.octets:
                    messages = min(options.messages, max(4, _OCTETS_IN_ALL // octets))
                    for way in WAYS:
                        delay_seconds = options.delay_ms / 1000
                        work = measure(
                            way, command, port, octets=octets, messages=messages, delay_seconds=delay_seconds
                        )
                        found.append(asyncio.run(work))
    print(f"{'a message':<10}{'of octets':>10} {'by':<6}{'round trips':>12}", end="")
    print(f"{f'ms, {2 * options.delay_ms:g} ms away':>16}{'client CPU, us':>16}")
    for each in sorted(found, key=lambda each: (each.octets, each.way, each.command)):
        print(f"{each.way:<10}{each.octets:>10} {each.command:<6}{each.round_trips:>12.2f}", end="")
        print(f"{each.milliseconds:>16.1f}{each.microseconds:>16.0f}")
    return found


if __name__ == "__main__":
    main()

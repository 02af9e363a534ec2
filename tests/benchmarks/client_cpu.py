"""How much of the client's processor a message costs: fixed bytes of 5 KB, one smtp-sink, one connection.

Processor time of the client's process around the sending only, in alternating rounds, so that a noisy minute meets
every way alike; all in one process, so that they share one heap and its collector. Neither the server's work nor
composing is in it.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from peers import smtp_sink

from benchmarks.senders import AIOSMTPLIB, WAYS, Way, message_of

if TYPE_CHECKING:
    from collections.abc import Sequence

WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Figures:
    """Microseconds of processor time a message, in each round."""

    way: str
    microseconds: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.microseconds)


async def microseconds_of(way: Way, port: int, content: bytes, messages: int) -> float:
    """Send so many messages, and tell what each took of this process's time."""
    async with way.connect(port, content) as send:
        await way.drive(send, WARM_UP)
        before = time.process_time()
        await way.drive(send, messages)
        return (time.process_time() - before) / messages * 1e6


def measure(port: int, content: bytes, messages: int, rounds: int) -> list[Figures]:
    """Measure every way, one after the other in each round."""
    found = [Figures(way.name, []) for way in WAYS]
    for _ in range(rounds):
        for figures, way in zip(found, WAYS, strict=True):
            figures.microseconds.append(asyncio.run(microseconds_of(way, port, content, messages)))
    return found


def main(arguments: Sequence[str] | None = None) -> list[Figures]:
    """Measure every way and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_500, help="in each round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="default: %(default)s")
    parser.add_argument("--octets", type=int, default=5_000, help="of a message (default: %(default)s)")
    options = parser.parse_args(arguments)
    with smtp_sink() as peer:
        print(f"{peer.name}, one connection")
        print(f"{options.rounds} rounds of {options.messages} messages of {options.octets} octets")
        found = measure(peer.port, message_of(options.octets), options.messages, options.rounds)
    print(f"{'client CPU, us a message':<38}{'median':>8}{'least':>8}{'most':>8}{'times less':>12}")
    reference = next(each for each in found if each.way == AIOSMTPLIB.name).median
    for each in found:
        least, most = min(each.microseconds), max(each.microseconds)
        print(f"{each.way:<38}{each.median:>8.0f}{least:>8.0f}{most:>8.0f}{reference / each.median:>12.2f}")
    return found


if __name__ == "__main__":
    main()

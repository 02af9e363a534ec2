"""How many messages that come back are read a second, beside the standard library's parser and flufl.bounce.

Processor time in alternating rounds of one process over the same messages: the forms of support.notices, each with
a returned letter of so many octets. The standard library only parses; flufl.bounce, where it is installed, parses
with it and finds recipients of bounces; `read_notice` tells kind, recipients, letter, code and reason of all.
Beside the pace stands of how many reports a recipient was found.
"""

from __future__ import annotations

import argparse
import email
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.notices import PLAIN_REPORTS, SAMPLES, STANDARD_REPORTS

from notebookmail.feedback import read_notice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Reader = Callable[[bytes], object]


@dataclass(slots=True)
class Pace:
    """What one way of reading took.

    Attributes:
        name: Which.
        read: Reads one message.
        seconds: Processor time of each round.
        found: Of how many reports it found a recipient.
    """

    name: str
    read: Reader
    seconds: list[float] = field(default_factory=list)
    found: int = 0

    def per_second(self, messages: int) -> float:
        return messages / statistics.median(self.seconds)


def flufl_reader() -> Reader | None:
    """Return flufl.bounce's way, or None where it is not installed."""
    try:
        from flufl.bounce import all_failures
    except ImportError:
        return None

    def read(content: bytes) -> set[bytes]:
        passing, lasting = all_failures(email.message_from_bytes(content))
        return {*passing, *lasting}

    return read


def ways() -> list[Pace]:
    """Return every way of reading that there is here."""
    known = [Pace("read_notice", lambda content: read_notice(content).recipients)]
    known.append(Pace("email.message_from_bytes, parsing alone", email.message_from_bytes))
    flufl = flufl_reader()
    if flufl is not None:
        known.append(Pace("flufl.bounce over email", flufl))
    return known


def messages_of(padding: int) -> list[bytes]:
    """Return the messages, each with so many octets more where its letter is returned."""
    line = b"and so the letter goes on, line after line, as letters do.\r\n"
    more = line * (padding // len(line))
    return [sample.content.replace(b"Dear Ann", b"Dear Ann\r\n" + more, 1) for sample in SAMPLES]


def measure(rounds: int, padding: int) -> list[Pace]:
    """Let every way read all messages, round after round."""
    contents = messages_of(padding)
    compared = ways()
    for _ in range(rounds):
        for way in compared:
            begun = time.process_time()
            for content in contents:
                way.read(content)
            way.seconds.append(max(time.process_time() - begun, 1e-9))
    for way in compared:
        if not way.name.startswith("email."):
            way.found = sum(bool(way.read(each.content)) for each in (*STANDARD_REPORTS, *PLAIN_REPORTS))
    return compared


def main(arguments: Sequence[str] | None = None) -> list[Pace]:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--padding", type=int, default=4_000, help="octets more of each returned letter")
    chosen = parser.parse_args(arguments)
    compared = measure(chosen.rounds, chosen.padding)
    base = compared[0].per_second(len(SAMPLES))
    reports = len(STANDARD_REPORTS) + len(PLAIN_REPORTS)
    print(f"{'way':42} {'a second':>9} {'of ours':>8} {'recipients':>11}")
    for way in compared:
        pace = way.per_second(len(SAMPLES))
        found = f"{way.found}/{reports}" if way.found else "-"
        print(f"{way.name:42} {pace:9,.0f} {pace / base:8.2f} {found:>11}")
    return compared


if __name__ == "__main__":
    main()

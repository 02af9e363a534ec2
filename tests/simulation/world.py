"""A world: a campaign, its servers, one disk, one source of chance; it outlives the processes that run in it."""

from __future__ import annotations

import random
from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING

from .network import Network
from .server import Manner, Server
from .session import Session
from .truth import Row, Truth
from .weather import Weather

if TYPE_CHECKING:
    from .disk import Disk
    from .network import Wire
    from .process import Process

_OFFERS = (
    (b"PIPELINING", b"8BITMIME"),
    (b"PIPELINING", b"SIZE 10000000", b"CHUNKING"),
    (b"8BITMIME",),
    (b"CHUNKING", b"SIZE 10000000"),
    (b"PIPELINING", b"LIMITS MAILMAX=3 RCPTMAX=10"),
    (b"PIPELINING", b"CHUNKING", b"LIMITS MAILMAX=2"),
)
_BEGIN = 1_790_000_000.0


class World:
    """Everything around the engine.

    Args:
        seed: All that happens follows from it.
        disk: Where the journal is.
        traces: Where to write what happens, line by line; None for nowhere.
    """

    session_type = Session

    def __init__(self, seed: int, disk: Disk, traces: list[str] | None = None) -> None:
        self.seed = seed
        self.disk = disk
        self.traces = traces
        self.rng = random.Random(seed)
        self.tally: Counter[str] = Counter()
        self.truth = Truth()
        self.network = Network(self)
        self.now = 0.0
        self.clock_offset = _BEGIN
        self.wires: list[Wire] = []
        self._wires = 0
        self.run = 0
        self.is_shredding = self.rng.random() < 0.3
        self.has_login = self.rng.random() < 0.15
        self.weather = Weather(self.rng, self.tally, is_fair=True)
        self.digest = blake2b(str(seed).encode(), digest_size=16).hexdigest()
        self.rows = self._make_rows()
        self.servers = self._make_servers()
        self.process: Process

    def _make_rows(self) -> list[Row]:
        rng = self.rng
        rows = []
        for position in range(rng.choice((1, 2, 3, 4, 5, 6, 8, 12))):
            chance = rng.random()
            manner = "broken" if chance < 0.04 else "unknown" if chance < 0.08 else "spam" if chance < 0.11 else ""
            to = f"r{rng.randint(0, 3) if rng.random() < 0.2 else position}@example.org"
            size = rng.choice((0, 0, 0, 0, 0, 0, 0, 600, 600, 90_000 if rng.random() < 0.15 else 0))
            key = blake2b(b"%d %d" % (self.seed, position), digest_size=16).digest()
            rows.append(Row(position, to, key, manner, size))  # type: ignore[arg-type]
        return rows

    def _make_servers(self) -> dict[int, Server]:
        rng = self.rng
        servers = {}
        for number in range(1 if rng.random() < 0.8 else 2):
            offers = rng.choice(_OFFERS)
            manner = Manner(
                offers=(*offers, b"AUTH PLAIN LOGIN") if self.has_login else offers,
                latency=rng.choice((0.0, 0.001, 0.02, 0.3)),
                most_connections=rng.choice((1, 2, 9, 9, 9, 9)),
                most_messages=rng.choice((1, 2, 5, 99, 99, 99)),
                idle_seconds=rng.choice((10.0, 60.0, 300.0)),
                is_eager=rng.random() < 0.5,
            )
            servers[2_500 + number] = Server(self, manner)
        return servers

    # --- for all that happens --------------------------------------------------------------------------------

    def clock(self) -> float:
        """Tell the time of day, which may jump."""
        return self.process.loop.time() + self.clock_offset

    def next_wire(self) -> int:
        self._wires += 1
        return self._wires

    def complain(self, what: str) -> None:
        self.truth.complain(what)
        self.note(0, "!", what.encode())

    def note(self, wire: int, sign: str, what: bytes) -> None:
        """Write into the trace."""
        if self.traces is not None:
            shown = what if len(what) < 300 else what[:200] + b" ... %d octets" % len(what)
            place = f"wire {wire}" if wire else "      "
            self.traces.append(f"{self.process.loop.time():12.4f} {place} {sign} {shown!r}")

    def settle(self) -> None:
        """The process is gone: what was still on its way arrives at the servers, or does not."""
        for wire in self.wires:
            if not wire.session.is_gone or not wire.is_closed:
                wire.die()
        self.wires.clear()

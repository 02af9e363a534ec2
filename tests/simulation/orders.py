"""What a run is asked to do, and what goes wrong on its own side of the network: drawn from the world's chance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from .world import World

DEATHS = ("a step", "before a commit", "after a commit", "before a write", "after a write", "after an event")
"""Where a process may die. "A step" is any step of the event loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One run of the cell.

    Attributes:
        connections: As the server's limits say.
        per_connection: Messages on one connection, or None.
        timeout: Seconds.
        retry_seconds: How long the run stays for deferred rows.
        rate: Messages a second, or None.
        quota: Messages a day, or None.
        not_before: Seconds from now.
        resend: A new generation.
        resend_unconfirmed: As the user asks when he was told.
        death: Where the process dies: at the n-th of one of DEATHS.
        interrupts: At which steps it is interrupted.
        interrupt: Where else it is interrupted: at the n-th of one of DEATHS.
        pauses: When it is paused, and for how long.
        stop_at: When it is stopped, in seconds from its beginning.
        journal: Which writes of the journal fail, and how.
        jumps: When the time of day jumps, and how far.
        rival_at: When another process runs the same cell.
    """

    connections: int = 2
    per_connection: int | None = None
    timeout: float = 60.0
    retry_seconds: float = 0.0
    rate: float | None = None
    quota: int | None = None
    not_before: float = 0.0
    resend: bool = False
    resend_unconfirmed: bool = False
    death: tuple[str, int] | None = None
    interrupts: tuple[int, ...] = ()
    interrupt: tuple[str, int] | None = None
    pauses: tuple[tuple[float, float], ...] = ()
    stop_at: float | None = None
    journal: dict[int, str] = field(default_factory=dict)
    jumps: tuple[tuple[float, float], ...] = ()
    rival_at: float | None = None


def draw_order(world: World) -> Order:
    """Draw a run with troubles."""
    rng = world.rng
    death, interrupts, interrupt, rival_at = None, (), None, None
    ending = rng.random()
    if ending < 0.35:
        kind = rng.choice(DEATHS)
        death = (kind, _some(rng, 400) if kind == "a step" else _some(rng, 25))
    elif ending < 0.43:
        first = _some(rng, 400)
        interrupts = (first, first + _some(rng, 60)) if rng.random() < 0.4 else (first,)
    elif ending < 0.52:
        interrupt = (rng.choice(DEATHS[1:]), _some(rng, 25))
    elif ending < 0.58:
        rival_at = _moment(rng)
    return Order(
        connections=rng.choice((1, 1, 2, 3, 4)),
        per_connection=rng.choice((None, None, None, 1, 2, 3)),
        timeout=rng.choice((5.0, 60.0)),
        retry_seconds=rng.choice((0.0, 0.0, 600.0, 3_600.0)),
        rate=rng.choice((0.05, 1.0, 10.0)) if rng.random() < 0.1 else None,
        quota=rng.randint(0, 8) if rng.random() < 0.06 else None,
        not_before=rng.choice((-50.0, 20.0, 400.0)) if rng.random() < 0.06 else 0.0,
        resend_unconfirmed=rng.random() < 0.12,
        death=death,
        interrupts=interrupts,
        interrupt=interrupt,
        pauses=((_moment(rng), rng.choice((0.01, 2.0, 90.0))),) if rng.random() < 0.08 else (),
        stop_at=_moment(rng) if rng.random() < 0.07 else None,
        journal=_journal_troubles(rng) if rng.random() < 0.12 else {},
        jumps=((_moment(rng), rng.choice((-40_000.0, -3_600.0, 7_200.0, 90_000.0))),)
        if rng.random() < 0.1
        else (),
        rival_at=rival_at,
    )


def _some(rng: Random, most: int) -> int:
    """A number from 1 on, small ones as likely as large ones."""
    return 1 + int(most ** rng.random())


def _moment(rng: Random) -> float:
    return rng.choice((0.0, 0.001, 0.05, 1.0, 30.0)) * rng.random()


def _journal_troubles(rng: Random) -> dict[int, str]:
    first = _some(rng, 12)
    last = first + rng.choice((0, 0, 1, 3, 1_000))
    kind = rng.choice(("full", "full", "seems failed"))
    return dict.fromkeys(range(first, last + 1), kind) if kind == "full" else {first: kind}


def draw_outages(world: World) -> None:
    """Draw when the servers are away in the run that begins now."""
    rng = world.rng
    for server in world.servers.values():
        server.outages = []
        if rng.random() < 0.12:
            begin = world.now + _moment(rng)
            seconds = rng.choice((0.5, 20.0, 10_000.0))
            server.outages.append((begin, begin + seconds, rng.choice(("refused", "refused", "nobody answers"))))

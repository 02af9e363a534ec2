"""Worlds of cells: people send frames, change them, send again, retry; several campaigns share an account.

Beside scenario.py, which puts the engine together by hand and looks at every step of it, this one runs it as
`send_frame` does, from the frame on. After every run the truth is held against the results; at the end, in fair
weather, every letter has to have arrived once, and one run more sends nothing.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from notebookmail.campaign import claiming, monitor, planning
from notebookmail.delivery import making
from notebookmail.server import server as servers

from .cell import Cell, CellOrder, JournalOfCell
from .cell_checks import check_cell, check_end
from .clockwork import HangError, VirtualLoop
from .orders import DEATHS
from .people import PeopleTruth, make_mailings
from .postoffice import PostSession
from .weather import Weather
from .world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from .disk import Disk
    from .people import Copies
    from .truth import Row

_MOST_FAIR_RUNS = 40
_DAY_SECONDS = 90_000.0


class CellWorld(World):
    """A world whose people send frames."""

    session_type = PostSession
    truth: PeopleTruth
    process: Any

    def __init__(self, seed: int, disk: Disk, traces: list[str] | None = None) -> None:
        super().__init__(seed, disk, traces)
        rng = self.rng
        self.has_login = False
        self.truth = PeopleTruth(self)
        self.truth.quota = rng.choice((1, 2, 5, 9)) if rng.random() < 0.3 else None
        self.copies: Copies = rng.choice(("taken", "refused", "greylisted"))
        self.mailings = make_mailings(self, self.truth)
        self.unknown = {letter.email for letter in self.truth.letters.values() if rng.random() < 0.06}
        self.old_results: dict[int, Any] = {}
        self.lost_intents = 0
        """How many messages processes that died were about to end: each may have been accepted, and is counted."""

    def _make_rows(self) -> list[Row]:
        return []


def simulate_cells(seed: int, disk: Disk, traces: list[str] | None) -> tuple[CellWorld, int]:
    """Let a world of cells run its course; return it, and how many steps the engine made."""
    world = CellWorld(seed, disk, traces)
    with _given(world):
        steps = 0
        for number in range(1, world.rng.choice((1, 1, 2, 2, 3)) + 1):
            world.weather = Weather(world.rng, world.tally, is_fair=False)
            steps += _carry_out(world, _draw_order(world, number), number).loop.steps
            if world.truth.complaints:
                return world, steps
            _change_rows(world)
        return world, steps + _fair_runs(world, number + 1)


@contextlib.contextmanager
def _given(world: CellWorld) -> Iterator[None]:
    """Give the engine's run this world's time, chance and journal."""

    class Datetime(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(world.clock(), tz or UTC)

    time = SimpleNamespace(time=world.clock, monotonic=world.clock)
    with (
        patch.object(claiming, "Journal", JournalOfCell),
        patch.object(claiming, "time", time),
        patch.object(monitor, "time", time),
        patch.object(servers, "Pool", partial(servers.Pool, chance=world.rng.random)),
        patch.object(planning, "datetime", Datetime),
        patch.object(
            making, "_AHEAD", (1, 2, 64)[world.seed // 3 % 3]
        ),  # few, or these campaigns would fit in whole
    ):
        yield


def _draw_order(world: CellWorld, number: int) -> CellOrder:
    rng = world.rng
    death, interrupts, interrupt = None, (), None
    ending = rng.random()
    if ending < 0.25:
        kind = rng.choice(DEATHS)
        death = (kind, _some(rng, 500 if kind == "a step" else 25))
    elif ending < 0.32:
        interrupts = (_some(rng, 500),)
    elif ending < 0.4:
        interrupt = (rng.choice(DEATHS[1:]), _some(rng, 25))
    moments = (0.0, 0.001, 0.05, 1.0, 30.0)
    return CellOrder(
        retries=rng.choice((0, 0, 1, 2, 2)),
        is_retried_at_once=rng.random() < 0.3,
        retries_old=rng.random() < 0.3,
        meddles=tuple(rng.choice(moments) * rng.random() for _ in range(rng.choice((0, 0, 1, 3)))),
        is_plain=number == 1 or rng.random() < 0.3,
        limit=rng.choice((1, 2, 3)) if rng.random() < 0.12 else None,
        retry_minutes=rng.choice((0.0, 0.0, 10.0, 60.0)),
        resend=number > 1 and rng.random() < 0.08,
        resend_unconfirmed=rng.random() < 0.12,
        is_together=rng.random() < 0.7,
        connections=rng.choice((1, 1, 2, 3, 4)),
        timeout=rng.choice((5.0, 60.0)),
        death=death,
        interrupts=interrupts,
        interrupt=interrupt,
    )


def _some(rng: Random, most: int) -> int:
    return 1 + int(most ** rng.random())


def _change_rows(world: CellWorld) -> None:
    """Before the next run people move rows, and add some."""
    rng = world.rng
    for mailing in world.mailings:
        if mailing.spare and rng.random() < 0.5:
            mailing.letters.append(mailing.spare.pop())
            world.tally["rows: added"] += 1
        if rng.random() < 0.6:
            rng.shuffle(mailing.letters)
            world.tally["rows: moved"] += 1


def _fair_runs(world: CellWorld, number: int) -> int:
    """End the campaigns with all well, as many days as the quota takes, and run the cells once more."""
    world.weather = Weather(world.rng, world.tally, is_fair=True)
    order = CellOrder(retry_minutes=300.0, retries_old=world.rng.random() < 0.3)
    steps = 0
    for _ in range(_MOST_FAIR_RUNS):
        cell = _carry_out(world, order, number)
        steps, number = steps + cell.loop.steps, number + 1
        if world.truth.complaints or check_end(world, cell):
            break
        world.now += _DAY_SECONDS
    else:
        world.complain(f"after {_MOST_FAIR_RUNS} days of fair weather letters are still to go")
    before = world.truth.total()
    world.now += _DAY_SECONDS
    if not world.truth.complaints:
        steps += _carry_out(world, CellOrder(connections=1), number).loop.steps
    if world.truth.total() != before and not world.truth.complaints:
        world.complain("finished campaigns were run again, and something was sent")
    return steps


def _carry_out(world: CellWorld, order: CellOrder, number: int) -> Cell:
    """Run the cells once, to their end or their death, and check what came of it."""
    from .scenario import Watch

    world.run = world.truth.run = number
    loop = VirtualLoop(world.now, world.network)
    cell = world.process = Cell(world, order, loop)
    world.note(0, "=", f"run {number}: {order}".encode())
    watch = Watch(world, cell)  # type: ignore[arg-type]
    try:
        task = loop.run(cell.work(), watch.after_step)
    except HangError as hang:
        world.complain(f"a hang: {hang}")
    else:
        watch.verify_server(task)
    if not cell.is_dead:
        world.settle()
    for trouble in loop.troubles:
        world.complain(f"the exception handler was told: {trouble}")
    check_cell(world, cell)
    world.now = loop.time() + world.rng.choice((1.0, 600.0, _DAY_SECONDS))
    cell.is_dead = True
    loop.bury()
    return cell

"""A world from its beginning to its end: runs with troubles, then a run in fair weather, then one more.

After every run the truth is held against what was reported and recorded (checks.py). At the end nothing goes wrong
any more, and every row has to be where the promises say.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from notebookmail.delivery.journal import journal

from .cells import simulate_cells
from .checks import check_end, check_run
from .clockwork import HangError, VirtualLoop
from .disk import Disk, OwnDisk
from .orders import Order, draw_order, draw_outages
from .process import Process
from .weather import Weather
from .world import World

if TYPE_CHECKING:
    from collections import Counter

_MOST_SECONDS_INTERRUPTED = 12.0
"""An interrupted run has the grace for replies that are still to come, and then says goodbye."""

_MOST_SECONDS = 200_000.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a world.

    Attributes:
        seed: Which one.
        complaints: What broke a promise; none, if all is well.
        tally: How often what happened.
        steps: How many steps the engine made.
    """

    seed: int
    complaints: list[str]
    tally: Counter[str]
    steps: int


def simulate(seed: int, disk: Disk, traces: list[str] | None = None) -> Verdict:
    """Let a world run its course; it ends with the first run that breaks a promise.

    Args:
        seed: Which world.
        disk: The journal's place, shared with other worlds; one world in eight has a file of its own beside it.
        traces: Where to write, line by line, what happens.
    """
    with patch.object(journal, "secrets", SimpleNamespace(token_hex=partial(_secret, seed))):
        return _on_its_disk(seed, disk, traces)


def _secret(seed: int, octets: int) -> str:
    """Return what stands for a random number: the same whenever the world is replayed."""
    return f"{seed:0{2 * octets}x}"


def _on_its_disk(seed: int, disk: Disk, traces: list[str] | None) -> Verdict:
    if seed % 8:
        return _simulate(seed, disk, traces)
    folder = disk.folder / f"world-{seed}"
    folder.mkdir()
    own = OwnDisk(folder)
    try:
        return _simulate(seed, own, traces)
    finally:
        own.close()


def _simulate(seed: int, disk: Disk, traces: list[str] | None) -> Verdict:
    if seed % 3 == 2:  # every third world is one of cells
        cells, steps = simulate_cells(seed, disk, traces)
        return Verdict(seed, cells.truth.complaints, cells.tally, steps)
    world = World(seed, disk, traces)
    steps = 0
    for number in range(1, world.rng.choice((1, 1, 2, 2, 3)) + 1):
        steps += _troubled_run(world, number)
        if world.truth.complaints:
            break
    else:
        steps += _fair_runs(world, number + 1)
    return Verdict(seed, world.truth.complaints, world.tally, steps)


def _troubled_run(world: World, number: int) -> int:
    world.weather = Weather(world.rng, world.tally, is_fair=False)
    draw_outages(world)
    return carry_out(world, draw_order(world), number).loop.steps


def _fair_runs(world: World, number: int) -> int:
    """End the campaign with all well, and run the cell once more; now and then begin a new generation."""
    steps = 0
    world.weather = Weather(world.rng, world.tally, is_fair=True)
    for server in world.servers.values():
        server.outages = []
    is_new = world.rng.random() < 0.1
    for order in (Order(resend=is_new, retry_seconds=20_000.0), Order(connections=1)):
        before = sum(message.accepted.total() for message in world.truth.messages.values())
        process = carry_out(world, order, number)
        steps += process.loop.steps
        check_end(world, process)
        number += 1
    if sum(message.accepted.total() for message in world.truth.messages.values()) != before:
        world.complain("a finished campaign was run again, and something was sent")
    return steps


def carry_out(world: World, order: Order, number: int) -> Process:
    """Run the cell once, to its end or its death, and check what came of it."""
    world.run = world.truth.run = number
    loop = VirtualLoop(world.now, world.network)
    process = world.process = Process(world, order, loop)
    world.note(0, "=", f"run {number}: {order}".encode())
    for server in world.servers.values():
        for begin, _, _ in server.outages:
            loop.call_at(begin, server.go_away)
    watch = Watch(world, process)
    begun = loop.time()
    try:
        task = loop.run(_together(world, process), watch.after_step)
    except HangError as hang:
        world.complain(f"a hang: {hang}")
    else:
        watch.verify_server(task)
    if not process.is_dead:
        world.settle()
    if loop.time() - begun > _MOST_SECONDS:
        world.complain(f"the run took {loop.time() - begun:.0f} seconds")
    for trouble in loop.troubles:
        world.complain(f"the exception handler was told: {trouble}")
    check_run(world, process)
    world.now = loop.time() + world.rng.choice((1.0, 600.0, 90_000.0))
    world.process.is_dead = True
    loop.bury()
    return process


async def _together(world: World, process: Process) -> None:
    """Run the cell, and if the order says so, run it in another process at the same time."""
    if process.order.rival_at is None:
        await process.work()
        return
    rival = Process(world, process.order, process.loop, "rival")

    async def come_later() -> None:
        await asyncio.sleep(process.order.rival_at or 0.0)
        if process.ledger is not None and not process.ending:
            await rival.work()
            world.tally[f"rival: {rival.ending}"] += 1

    task = asyncio.create_task(come_later())
    await process.work()
    await task


class Watch:
    """Interrupts a run where its order says so, and looks how it ended."""

    def __init__(self, world: World, process: Process) -> None:
        self._world, self._process = world, process
        self._interrupts = list(process.order.interrupts)
        self._interrupted_at: float | None = None

    def after_step(self, task: asyncio.Task[Any]) -> bool:
        process = self._process
        if self._interrupts and process.loop.steps >= self._interrupts[0]:
            self._interrupts.pop(0)
            process.is_interrupted = True
        if process.is_interrupted and not task.done():
            process.is_interrupted, process.was_interrupted = False, True
            self._interrupt(task)
        return process.may_die("a step")

    def _interrupt(self, task: asyncio.Task[Any]) -> None:
        process, world = self._process, self._world
        world.note(0, "+", b"interrupted")
        world.tally["interrupted: once" if self._interrupted_at is None else "interrupted: twice"] += 1
        if self._interrupted_at is None:
            self._interrupted_at = process.loop.time()
        task.cancel()

    def verify_server(self, task: asyncio.Task[Any]) -> None:
        """Look how the run ended."""
        world, process = self._world, self._process
        if process.is_dead:
            return
        if task.cancelled():
            process.ending = "interrupted"
        elif task.exception() is not None:
            world.complain(f"the run ended with {task.exception()!r}")
        if self._interrupted_at is not None:
            seconds = process.loop.time() - self._interrupted_at
            if seconds > _MOST_SECONDS_INTERRUPTED:
                world.complain(f"the run ended {seconds:.1f} seconds after it was interrupted")
        world.tally[f"run: {process.ending}"] += 1

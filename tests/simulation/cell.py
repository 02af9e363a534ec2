"""One run of a notebook's cells: `send_frame`'s own plan, run and results, in a process that may die.

What a run takes from outside is given to it here: the time, chance, the journal on the world's disk. Everything
else is the engine as it is, from the frame to the wire.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from notebookmail import Server, Template
from notebookmail.campaign.options import SendSettings
from notebookmail.campaign.planning import make_plan
from notebookmail.campaign.run import Run
from notebookmail.delivery.daily_quota import UsageCounts
from notebookmail.delivery.events import RowUnconfirmed
from notebookmail.errors import FrameError, JournalError, SMTPException

from .disk import Ledger, hurried
from .frames import make_frame, meddle
from .network import CURRENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notebookmail.campaign.plan import Plan
    from notebookmail.campaign.results import SendResults
    from notebookmail.delivery.events import RowEvent
    from notebookmail.delivery.journal import Entry

    from .cells import CellWorld
    from .clockwork import VirtualLoop
    from .network import Wire
    from .people import Letter, Mailing

MAILING: ContextVar[Mailing] = ContextVar("mailing")
"""Which campaign the code that runs belongs to."""

_TEXT = "Dear {{ name }},\n{{ number }}\n.\n..dots\nEND {{ token }}"
_TEMPLATES = {
    False: Template("A letter", text=_TEXT, sender="from@sim.example"),
    True: Template("A letter", text=_TEXT, sender="from@sim.example", cc="{{ copy }}"),
}
"""The letters, without a copy and with one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellOrder:
    """What people do in one process.

    Attributes:
        retries: How often `retry()` is called on the results.
        is_retried_at_once: Whether that happens from two cells at the same moment.
        retries_old: Whether `retry()` is called first on the results of the run before, if they are still there.
        meddles: When something is done to a frame, in seconds from the beginning.
        is_plain: Whether frames are made as at first.
        limit: At most so many new letters.
        retry_minutes: How long the run stays.
        resend: A new generation.
        resend_unconfirmed: As the user asks when he was told.
        is_together: Whether the campaigns run at the same time.
        connections: At most so many.
        timeout: Seconds.
        death: Where the process dies.
        interrupts: At which steps it is interrupted.
        interrupt: Where else it is interrupted.
    """

    retries: int = 0
    is_retried_at_once: bool = False
    retries_old: bool = False
    meddles: tuple[float, ...] = ()
    is_plain: bool = False
    limit: int | None = None
    retry_minutes: float = 0.0
    resend: bool = False
    resend_unconfirmed: bool = False
    is_together: bool = False
    connections: int = 2
    timeout: float = 60.0
    death: tuple[str, int] | None = None
    interrupts: tuple[int, ...] = ()
    interrupt: tuple[str, int] | None = None


class Cell:
    """Runs the cells of a notebook once, one for each campaign.

    Args:
        world: Where.
        order: What people do.
        loop: Its time.
    """

    def __init__(self, world: CellWorld, order: CellOrder, loop: VirtualLoop) -> None:
        self.world, self.order, self.loop = world, order, loop
        self.is_dead = self.is_interrupted = self.was_interrupted = False
        self.ending = ""
        self.generations: dict[int, int] = {}
        self.runs: list[CellRun] = []
        self.ledgers: list[Ledger] = []
        self.counts = UsageCounts()
        self.intents = 0
        """How many messages it was about to end, as the journal says."""
        self.chance = random.Random(world.rng.getrandbits(32))
        self._points: Counter[str] = Counter()

    async def work(self) -> None:
        """Carry out the campaigns."""
        CURRENT.set(self)  # type: ignore[arg-type]
        if self.order.is_together:
            sendings = [self._send(mailing) for mailing in self.world.mailings]
            for problem in await asyncio.gather(*sendings, return_exceptions=True):
                if isinstance(problem, BaseException):
                    self.world.complain(f"a cell ended with {problem!r}")
        else:
            for mailing in self.world.mailings:
                await self._send(mailing)
        self.ending = "finished"

    async def _send(self, mailing: Mailing) -> None:
        MAILING.set(mailing)
        world, order = self.world, self.order
        old = world.old_results.pop(mailing.number, None)
        if old is not None and order.retries_old:
            await self._retry(old)
        letters = list(mailing.letters)
        frame = make_frame(world.rng, letters, is_plain=order.is_plain)
        for moment in order.meddles:
            self.loop.call_later(moment, self._meddle, frame)
        options = SendSettings(
            sender=f"w{world.seed}.{mailing.number}@sim.example", campaign=mailing.name, limit=order.limit,
            duplicates=mailing.duplicates, retry=order.retry_minutes, resend=order.resend,
            resend_unconfirmed=order.resend_unconfirmed, journal="journal.sqlite",
            max_connections=order.connections, progress=False,
        )  # fmt: skip
        mailing.generations += order.resend
        plan = make_plan(frame, _TEMPLATES[mailing.has_copies], options)
        run = CellRun(plan, self._server())
        run.note_letters(letters)
        self.runs.append(run)
        with self._known_troubles(mailing):
            await run.carry_out()
        if order.retries and not self.is_dead:
            await self._retry_often(run.results)
        world.old_results[mailing.number] = run.results

    @contextlib.contextmanager
    def _known_troubles(self, mailing: Mailing) -> Any:
        try:
            yield
        except JournalError as problem:
            self.world.complain(f"campaign {mailing.number} could not be claimed: {problem}")
        except SMTPException:
            self.world.tally["cell: no server"] += 1

    async def _retry_often(self, results: SendResults) -> None:
        for _ in range(self.order.retries):
            if self.order.is_retried_at_once:
                await asyncio.gather(self._retry(results), self._retry(results))
            else:
                await self._retry(results)

    async def _retry(self, results: SendResults) -> None:
        self.world.tally["cell: retried" if results.waiting() else "cell: nothing to retry"] += 1
        try:
            with self._known_troubles(MAILING.get()):
                if await results.retry() is not results:
                    self.world.complain("retry() returned other results")
        except FrameError as problem:
            if "being sent right now" not in str(problem):
                raise
            self.world.tally["cell: retried twice at once"] += 1

    def _meddle(self, frame: Any) -> None:
        if not self.is_dead:
            self.world.tally[f"frame: {meddle(self.world.rng, frame)}"] += 1

    def _server(self) -> Server:
        order, ports = self.order, list(self.world.servers)
        servers = [
            Server(
                f"w{self.world.seed}.sim.example", port=port, security="none", timeout=order.timeout,
                daily_quota=self.world.truth.quota, max_connections=order.connections,
            )
            for port in ports
        ]  # fmt: skip
        return replace(servers[0], failover=tuple(servers[1:]))

    # --- what the engine does ----------------------------------------------------------------------------------

    def generation_of(self, token: str) -> int:
        """Tell which generation of its campaign a letter goes out in now."""
        return self.generations[self.world.truth.letters[token].campaign]

    def recorded(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self.intents += entry.state == "committing"
            self.world.note(0, "#", f"{entry.state} {entry.message_id[1:17]}".encode())

    def handed_out(self, token: str, wire: Wire) -> None:
        """The end of a letter goes to the network."""
        truth = self.world.truth
        truth.ended[token, self.world.run] += 1
        truth.gone_out[token] = self.world.clock()
        wire.ended_at, wire.unanswered = self.loop.time(), wire.unanswered + 1

    def gave_up(self, wire: Wire) -> None:
        """The engine closes a wire; how long it has to wait is looked at in other worlds."""

    opened = lost = gave_up

    def may_die(self, point: str) -> bool:
        """Die or be interrupted here, if this is the place; True when dead."""
        order = self.order
        if not self.is_dead and (order.death is not None or order.interrupt is not None):
            self._points[point] += 1
            here = (point, self._points[point])
            self.is_interrupted = self.is_interrupted or here == order.interrupt
            if here == order.death:
                self._die(point)
        return self.is_dead

    def _die(self, point: str) -> None:
        world = self.world
        self.is_dead, self.ending = True, "died"
        world.tally[f"cell died: {point}"] += 1
        world.note(0, "+", f"died: {point}".encode())
        world.settle()
        world.old_results.clear()
        world.lost_intents += self.intents
        for ledger in self.ledgers:
            ledger._claim._lock.release()
        if self.ledgers:
            world.disk.crash(self.ledgers[-1]._claim)


class CellRun(Run):
    """A run as `send_frame` makes it, without a board."""

    def __init__(self, plan: Plan, *others: Any) -> None:
        super().__init__(plan, *others)
        self._cell: Cell = CURRENT.get()  # type: ignore[assignment]
        self.mailing = MAILING.get()

    def note_letters(self, letters: list[Letter]) -> Self:
        """Note which letter stands where, for this run and for its retries."""
        self._plan.frame.letters, self._plan.frame.held = letters, set()  # type: ignore[attr-defined]
        return self

    @property
    def held(self) -> set[int]:
        """The positions that an earlier run left unconfirmed."""
        held: set[int] = self._plan.frame.held  # type: ignore[attr-defined]
        return held

    @property
    def letters(self) -> list[Letter]:
        """The letters by position."""
        letters: list[Letter] = self._plan.frame.letters  # type: ignore[attr-defined]
        return letters

    async def carry_out(self) -> SendResults:
        with contextlib.nullcontext() if self._resender.is_retry else self.results.being_sent():
            try:
                await self._carry_out()
            finally:
                if not self._cell.is_dead:
                    self._leave_beyond()
            return self.results

    def _settle(self, earlier: Mapping[bytes, Any], world: str, *, resend_unconfirmed: bool) -> Plan:
        plan = super()._settle(earlier, world, resend_unconfirmed=resend_unconfirmed)
        if resend_unconfirmed:
            generation = self._cell.generations[self.mailing.number]
            truth = self._cell.world.truth
            for task in plan.tasks():
                known, letter = earlier.get(task.key), self.letters[task.position]
                if known is not None and known.state in {"committing", "unconfirmed"}:
                    for address in (letter.email, "archive@example.org"):
                        truth.at(letter.token, generation, address).allowed += 1
        return plan

    def _settings(self, *others: Any, **more: Any) -> Any:
        cell = self._cell
        settings = super()._settings(*others, **more)
        if settings.quota is not None:
            settings.quota._clock, settings.quota._counts = cell.world.clock, cell.counts
        return replace(settings, random=cell.chance, clock=cell.world.clock)

    def _apply(self, event: RowEvent) -> None:
        cell = self._cell
        if cell.is_dead:
            return
        why = getattr(event, "error", None) or getattr(event, "reason", "")
        place = getattr(event, "position", "")
        cell.world.note(0, "*", f"{self.mailing.number}/{place}: {type(event).__name__} {why}".encode())
        if isinstance(event, RowUnconfirmed) and event.is_from_before:
            self.held.add(event.position)
        super()._apply(event)
        cell.may_die("after an event")


class JournalOfCell:
    """Stands for `Journal` in the run's module: the journal on the world's disk, with its troubles."""

    def __init__(self) -> None:
        self._cell: Cell = CURRENT.get()  # type: ignore[assignment]
        self._mailing = MAILING.get()
        self._who = f"cell {self._mailing.number}"
        self._journal = self._cell.world.disk.journal(self._who)

    @classmethod
    def open(cls, _path: object) -> JournalOfCell:
        return cls()

    def claim(self, *given: Any, **more: Any) -> Ledger:
        cell = self._cell
        with hurried():
            claim = self._journal.claim(*given, **more)
        cell.generations[self._mailing.number] = claim.generation
        if claim.generation > self._mailing.generations:
            cell.world.complain(f"generation {claim.generation} was begun, and nobody asked for it")
        cell.ledgers.append(ledger := Ledger(cell, claim, {}))  # type: ignore[arg-type]
        return ledger

    def close(self) -> None:
        if not self._cell.is_dead:
            self._cell.world.disk.done(self._who)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

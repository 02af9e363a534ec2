"""One run of the cell in a process of its own: the real engine, put together as a run puts it together."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from notebookmail.campaign.results import SendResults
from notebookmail.delivery.backlog import Task
from notebookmail.delivery.daily_quota import Quota, UsageCounts
from notebookmail.delivery.events import RowSent, RunStopped
from notebookmail.delivery.rate_limit import Bucket
from notebookmail.delivery.runner import Runner
from notebookmail.delivery.runner_settings import RunnerSettings
from notebookmail.errors import JournalError, SMTPException, TemplateError
from notebookmail.mail.message import Envelope, Mail
from notebookmail.smtp.options import ConnectionOptions
from notebookmail.smtp.pool.jobs import PoolLimits, Route
from notebookmail.smtp.pool.pool import Pool

from .disk import Ledger, hurried
from .network import CURRENT
from .truth import content_of, message_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from notebookmail.delivery.events import RowEvent
    from notebookmail.delivery.journal import Entry

    from .clockwork import VirtualLoop
    from .network import Wire
    from .orders import Order
    from .truth import Row
    from .world import World

PATIENCE_SECONDS = 599.0
"""How long a reply to an end of data is waited for at least (RFC 5321 4.5.3.2.6, less a second for latency)."""


class Process:
    """Runs the cell once.

    Args:
        world: Where.
        order: What is asked for, and what goes wrong on this side.
        loop: Its time.
        who: "main", or "rival" for one that runs beside another.
    """

    def __init__(self, world: World, order: Order, loop: VirtualLoop, who: str = "main") -> None:
        self.world, self.order, self.loop, self.who = world, order, loop, who
        self.is_dead = False
        self.is_interrupted = False
        """True when an interrupt has come that was not delivered yet."""
        self.was_interrupted = False
        self.ending = ""
        self.outcomes = SendResults(range(len(world.rows)))
        self.events: list[list[RowEvent]] = [[] for _ in world.rows]
        self.stop_reason: str | None = None
        self.unrecorded = 0
        self.earlier: dict[bytes, str] = {}
        self.mids: list[str] = []
        self.ledger: Ledger | None = None
        self._points: Counter[str] = Counter()
        self._open = 0
        self._lost = 0  # since the last write of the journal

    # --- the run ---------------------------------------------------------------------------------------------

    async def work(self) -> None:
        """Claim the campaign and carry it out, as `notebookmail.campaign.run` does."""
        CURRENT.set(self)
        world, order = self.world, self.order
        journal = world.disk.journal(self.who)
        try:
            with hurried():
                claim = journal.claim(
                    world.digest, server="sim", account=world.digest, resend=order.resend, now=world.clock()
                )
        except JournalError:
            self.ending = "refused by the claim"
            if world.disk.is_own:
                world.disk.done(self.who)
            return
        self.ledger = Ledger(self, claim, order.journal)
        self._prepare(claim.generation)
        used = journal.used(world.digest, world.clock())
        quota = Quota(
            {} if order.quota is None else {world.digest: order.quota},
            world.digest,
            journal="journal",
            known=lambda account: used if claim.used(account) is None else claim.used(account),
            counts=UsageCounts(),
            clock=world.clock,
        )
        chance = random.Random(world.rng.getrandbits(32))
        pool = Pool(self._routes(), chance=chance.random)
        terms = RunnerSettings(
            bucket=None if order.rate is None else Bucket(order.rate),
            quota=quota,
            ledger=self.ledger,
            earlier=claim.earlier,
            resend_unconfirmed=order.resend_unconfirmed,
            not_before=world.clock() + order.not_before if order.not_before else 0.0,
            retry_seconds=order.retry_seconds,
            random=chance,
            clock=world.clock,
        )
        runner = Runner(self._tasks(), len(world.rows), pool, self.emit, terms)
        try:
            await pool.open()
            self._arrange(runner)
            await runner.run()
            self.ending = "finished"
        except SMTPException:
            self.ending = "no server"
        finally:
            await pool.close()
            if not self.is_dead:
                self.unrecorded = runner.unrecorded
                claim.close(is_finished=not self.outcomes.counts["pending"])
                world.disk.done(self.who)

    def _prepare(self, generation: int) -> None:
        """Note what there is before the run: the messages, and what the journal says of them."""
        world = self.world
        self.earlier = world.disk.states(world.digest)
        for row in world.rows:
            mid = message_id(world.digest, row.key, generation)
            self.mids.append(mid)
            message = world.truth.register(mid, row, content_of(row, mid))
            if self.order.resend_unconfirmed and self.earlier.get(row.key) in {"committing", "unconfirmed"}:
                message.allowed += 1

    def _routes(self) -> list[Route]:
        order = self.order
        login = (
            {"username": "user", "password": "secret", "allow_plaintext_auth": True}
            if self.world.has_login
            else {}
        )
        return [
            Route(
                ConnectionOptions(
                    hostname="sim.example", port=port, timeout=order.timeout, start_tls=False,
                    local_hostname="here.example", **login,  # type: ignore[arg-type]
                ),
                PoolLimits(order.connections, order.per_connection),
                self.world.digest,
            )
            for port in self.world.servers
        ]  # fmt: skip

    def _tasks(self) -> Iterator[Task]:
        for row, mid in zip(self.world.rows, self.mids, strict=True):
            yield Task(row.position, row.to, row.key, self._builder(row, mid))

    def _builder(self, row: Row, mid: str) -> Callable[[], Mail]:
        def build() -> Mail:
            if row.manner == "broken":
                raise TemplateError("there is no value", "subject", row.position)
            content = self.world.truth.messages[mid].content
            middle = content.rindex(b"\r\n", 0, -2) + 2
            segments = (content,) if row.size < 50_000 else (content[:middle], content[middle:])
            envelope = Envelope("from@sim.example", (row.to,), (f"ENVID={mid}",))
            return Mail(envelope, segments, f"<{mid}@sim.example>")

        return build

    def _arrange(self, runner: Runner) -> None:
        """Let the user do what he does while it runs."""
        order, later = self.order, self.loop.call_later
        for at, seconds in order.pauses:
            later(at, runner.pause)
            later(at + seconds, runner.resume)
        if order.stop_at is not None:
            later(order.stop_at, runner.stop, "stopped")
        for at, seconds in order.jumps:
            later(at, self._jump, seconds)

    def _jump(self, seconds: float) -> None:
        self.world.tally["clock: forwards" if seconds > 0 else "clock: backwards"] += 1
        self.world.clock_offset += seconds

    # --- what the engine tells -------------------------------------------------------------------------------

    def emit(self, event: RowEvent) -> None:
        """Take an event, as the results do: it must be recorded by now."""
        if self.is_dead:
            return
        if isinstance(event, RunStopped):
            self.stop_reason = event.reason
            self.world.note(0, "*", f"stopped: {event.reason}".encode())
            return
        world, position = self.world, event.position
        why = getattr(event, "error", None) or getattr(event, "reason", "")
        world.note(0, "*", f"row {position}: {type(event).__name__} {why}".encode())
        if isinstance(event, RowSent):
            key, ledger = world.rows[position].key, self.ledger
            if ledger is not None and not ledger.failures and self._recorded_state(key) != "sent":
                world.complain(f"row {position} was reported as sent before it was recorded")
            if not world.truth.messages[self.mids[position]].accepted[world.run]:
                world.complain(f"row {position} was reported as sent, and no server took it")
        self.events[position].append(event)
        self.outcomes.apply(event)
        self.may_die("after an event")

    def _recorded_state(self, key: bytes) -> str | None:
        """What the journal says of a row: in some worlds as another program reads it."""
        if self.world.disk.is_own:
            return self.world.disk.states(self.world.digest).get(key)
        return self.ledger.durable.get(key) if self.ledger is not None else None

    def recorded(self, entries: Sequence[Entry]) -> None:
        """The journal was written: no more rows are committing than connections were open."""
        assert self.ledger is not None
        for entry in entries:
            self.world.note(0, "#", f"{entry.state} {entry.message_id[1:17]}".encode())
        committing, wires = self.ledger.committing(), self._open + self._lost
        if committing > wires:
            self.world.complain(f"{committing} rows are committing, and {wires} connections were open")
        self._lost = 0

    def handed_out(self, mid: str, wire: Wire) -> None:
        """The end of a message's data goes to the network: that must be recorded by now."""
        message = self.world.truth.messages.get(mid)
        if message is None:
            return
        message.ended[self.world.run] += 1
        wire.ended_at, wire.unanswered = self.loop.time(), wire.unanswered + 1
        state = self._recorded_state(message.row.key)
        if state != "committing":
            self.world.complain(f"the data of row {message.row.position} was ended while the journal said {state}")

    def gave_up(self, wire: Wire) -> None:
        """The engine closes a wire: not while it may still learn what became of a message."""
        waited = self.loop.time() - wire.ended_at
        if wire.is_waited_for and waited < PATIENCE_SECONDS and not (self.was_interrupted or self.is_dead):
            self.world.complain(f"the reply to an end of data was waited for only {waited:.1f} s")

    def opened(self, wire: Wire) -> None:
        self._open += 1

    def lost(self, wire: Wire) -> None:
        self._open -= 1
        self._lost += 1

    # --- death -----------------------------------------------------------------------------------------------

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
        world.tally[f"died: {point}"] += 1
        world.note(0, "+", f"died: {point}".encode())
        world.settle()
        if self.ledger is not None:
            world.disk.crash(self.ledger._claim)

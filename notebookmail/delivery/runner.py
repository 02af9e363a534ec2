"""Brings every row to its event: the source that a pool of connections takes messages from.

A row's trouble is the row's: it becomes an event and the next row goes on. Only what would meet every row (login
refused, no secure connection, the day's quota, a server that is gone, a journal that cannot be written) stops
the run, and then the rows that were not tried stay pending, with the reason. On cancellation the messages whose
end is out may still be answered, for a moment; what nobody can know is unconfirmed; only then does the
cancellation go on.

Nothing here waits for a message: the pool asks for the next one and tells how each ended, the recorder makes that
durable, and a timer looks again when the rate or a retry allows more.

Longer than its neighbours: taking rows, settling them and ending the run share one state, and are read together.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from notebookmail.errors import INTERRUPTS, JournalError, NotebookmailError, SMTPException

from . import partial_delivery, retry_policy
from .backlog import Attempt, Backlog
from .circuit_breaker import Breaker
from .daily_quota import QuotaUsedUp
from .events import RowDeferred, RowFailed, RowPending, RowSent, RowSkipped, RowStarted, RowUnconfirmed, RunStopped
from .explain import explain
from .journal import Entry
from .recorder import Recorder
from .retry_policy import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from notebookmail.mail.message import Receipt

    from .backlog import Task
    from .daily_quota import Quota
    from .events import RowEvent
    from .journal import Charge, Earlier, State
    from .rate_limit import Bucket
    from .recorder import Ledger

GRACE_SECONDS = 0.3
"""How long the replies to messages whose end is out may take once the run is cancelled."""

_ROWS_PER_TURN = 32
_ROWS_TOLD_PER_TURN = 1_000
_LOOK_SECONDS = 30.0  # the longest a timer sleeps: clocks of machines that sleep stand still


class Transport(Protocol):
    """What the runner needs of the SMTP side: a pool of connections."""

    def start(self, source: Runner) -> None:
        """Begin to take messages."""

    def wake(self) -> None:
        """Look for messages again."""

    def lower(self) -> bool:
        """Use fewer connections; False when that was just asked for."""

    def hurry(self) -> None:
        """Give up every message whose end has not gone out."""

    async def close(self) -> None:
        """Give up what is still under way; every message that was taken gets its end."""


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """How a run deals with time, limits and what came before it.

    Attributes:
        bucket: Grants messages at the server's rate; None for no limit.
        quota: Counts the day's messages; None for no limit.
        ledger: The journal; None keeps none.
        earlier: What the journal knows of the rows, by key.
        delivered: The addresses that took a row's message before, by position; they get it no second time.
        resend_unconfirmed: True sends rows again that may have been delivered.
        not_before: Nothing goes out before this time, in seconds since the epoch.
        retry_seconds: How long the run stays for rows the server defers.
        random: Spreads retries; keeps no secret.
        clock: Tells the seconds since the epoch.
    """

    bucket: Bucket | None = None
    quota: Quota | None = None
    ledger: Ledger | None = None
    earlier: Mapping[bytes, Earlier] = field(default_factory=dict)
    delivered: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    resend_unconfirmed: bool = False
    not_before: float = 0.0
    retry_seconds: float = 0.0
    random: random.Random = field(default_factory=random.Random)
    clock: Callable[[], float] = time.time


class Runner:
    """Carries out tasks over a transport.

    Args:
        tasks: Taken one after the other, when there is room.
        total: How many tasks there are.
        transport: Delivers.
        emit: Called with every event, in the event loop, once it is recorded.
        settings: Limits, journal, clock.
    """

    def __init__(
        self,
        tasks: Iterator[Task],
        total: int,
        transport: Transport,
        emit: Callable[[RowEvent], None],
        settings: RunnerSettings | None = None,
    ) -> None:
        self._settings = settings or RunnerSettings()
        self._transport = transport
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        self._backlog = Backlog(tasks, total, self._settings.bucket)
        self._recorder = Recorder(
            self._settings.ledger, emit, broke=self._journal_broke, settled=self._look_for_the_end
        )
        self._breaker = Breaker()
        self._started = self._loop.time()
        self._met = 0  # rows that the journal knows
        self._under_way = 0
        self._stop_reason = ""
        self._is_paused = False
        self._is_short = False
        """True while the quota has no room, and messages on their way may yet leave some."""
        self._refused_senders: dict[str, Exception] = {}
        self._finished: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._interrupt: BaseException | None = None
        self.unrecorded = 0
        """After the run: how many outcomes the journal does not know."""

    # --- for who runs it ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Bring every task to its event, then close the transport.

        Raises:
            CancelledError: The caller was cancelled; every row has its event all the same.
            KeyboardInterrupt, SystemExit: One came while a message was made; the same holds.
        """
        try:
            if not self._hold_until_time():
                self._transport.start(self)
            self._look_for_the_end()
            await asyncio.shield(self._finished)
            if self._interrupt is not None:
                raise self._interrupt
        except asyncio.CancelledError:
            self.stop("interrupted")
            self._transport.hurry()
            await self._grace()
            raise
        except GeneratorExit:  # its loop is gone: nothing can be waited for
            self._met = len(self._settings.earlier)
            raise
        finally:
            await self._end()

    def pause(self) -> None:
        """Take no further rows until `resume`; messages on their way go on."""
        self._is_paused = True

    def resume(self) -> None:
        """Go on after `pause`."""
        self._is_paused = False
        self._transport.wake()
        if self._timer is None:  # it rang meanwhile, and did not look
            self._look_again(self._loop.time())

    @property
    def is_paused(self) -> bool:
        """True between `pause` and `resume`."""
        return self._is_paused

    def stop(self, reason: str) -> None:
        """Take no further rows; messages on their way may finish, the others stay pending for this reason."""
        if self._stop_reason:
            return
        self._stop_reason = reason
        for attempt in self._backlog.withdraw():
            self._leave(attempt, reason, None)
        self._recorder.record(None, RunStopped(reason))
        self._look_for_the_end()

    # --- what the pool asks (smtp/pool.Source) -----------------------------------------------------------------

    def waiting(self) -> int:
        """Tell how many messages could be taken now."""
        is_closed = self._stop_reason or self._is_paused or self._is_short
        return 0 if is_closed else self._backlog.waiting(self._loop.time())

    def take(self) -> Attempt | None:
        """Hand out the next message."""
        try:
            return self._take()
        except Exception as bug:  # noqa: BLE001 -- of ours: no row's trouble ends here; it must not vanish in a callback
            self._break(bug)
            return None

    def commit(self, attempt: Attempt, go: Callable[[Exception | None], None], account: str = "") -> bool:
        """Count that a message's end of data is about to go out over an account, and record it."""
        if self._settings.quota is not None:
            attempt.charge = self._settings.quota.charge(account)
            if attempt.charge is None:
                self._loop.call_soon(go, QuotaUsedUp())
                return False
        if not self._recorder.keeps_journal:
            self._let_go(attempt)
            return True
        attempt.is_intended = True

        def go_on(fault: Exception | None) -> None:
            self._let_go(attempt)  # the journal counts it now
            go(fault)

        return self._recorder.intend(self._entry(attempt, "committing", charge=attempt.charge), go_on)

    def end(self, attempt: Attempt, receipt: Receipt | None, error: Exception | None) -> bool:
        """Settle a try; True asks for a new connection."""
        self._under_way -= 1
        try:
            self._count(attempt, error)
            if receipt is not None:
                error = partial_delivery.refusal(attempt.mail, receipt.refused) if receipt.refused else None
                if error is None:
                    self._sent(attempt, receipt)
                    return False
                attempt.note_delivered(receipt.refused)
            else:
                assert error is not None  # noqa: S101 -- one or the other
                error = attempt.judged(error)
            return self._troubled(attempt, error)
        except Exception as bug:  # noqa: BLE001 -- as in `take`
            self._break(bug)
            return False
        finally:
            self._look_for_the_end()

    def give_back(self, attempt: Attempt) -> None:
        """Take back a message whose try is no try; its end may have been about to go out."""
        self._under_way -= 1
        attempt.attempts -= 1
        self._take_off(attempt)
        if self._stop_reason:
            self._leave(attempt, self._stop_reason, None)
        else:
            self._take_back_intent(attempt)
            self._backlog.put_back(attempt, self._loop.time())
            self._loop.call_soon(self._transport.wake)
        self._look_for_the_end()

    def unreachable(self, error: Exception) -> None:
        """Stop: no connection can be had any more."""
        why = explain(error)
        self.stop(f"{why.cause}: {why.remedy}")

    # --- taking ---------------------------------------------------------------------------------------------

    def _take(self) -> Attempt | None:
        if self._stop_reason or self._is_paused:
            return None
        now = self._loop.time()
        if not self._backlog.waiting(now):
            self._look_again(now)
            return None
        attempt = self._backlog.next_due(now) or self._next_fresh(now)
        if attempt is None:
            self._look_again(now)
            return None
        if not self._is_granted(attempt, now):
            return None
        attempt.attempts += 1
        self._under_way += 1
        return attempt

    def _is_granted(self, attempt: Attempt, now: float) -> bool:
        quota = self._settings.quota
        if quota is not None and not quota.has_room:
            self._backlog.put_back(attempt, now)
            self._run_short()
            return False
        if not self._backlog.takes_rate(now):
            self._backlog.put_back(attempt, now)
            self._look_again(now)
            return False
        if quota is not None:
            quota.hold()
            attempt.is_held = True
        return True

    # --- the day's quota ------------------------------------------------------------------------------------

    def _let_go(self, attempt: Attempt) -> None:
        """Keep no room any more for a message that is counted now, or does not go."""
        if attempt.is_held and self._settings.quota is not None:
            attempt.is_held = False
            self._settings.quota.let_go()

    def _count(self, attempt: Attempt, error: Exception | None) -> None:
        """Leave a message on the count whose end went out and was not refused."""
        if error is None or (isinstance(error, SMTPException) and error.unconfirmed):
            self._let_go(attempt)
            attempt.charge = None
        else:
            self._take_off(attempt, error)

    def _take_off(self, attempt: Attempt, error: Exception | None = None) -> None:
        """Take a message off the count whose end did not go out, or was refused."""
        self._let_go(attempt)
        charge, attempt.charge = attempt.charge, None
        if charge is None or self._settings.quota is None:
            return
        self._settings.quota.give_back(charge)
        if isinstance(error, QuotaUsedUp):
            attempt.is_intended = False  # nothing is written of what the journal refused to count
        elif attempt.is_intended and not isinstance(error, JournalError):  # what was not written need not go
            attempt.refund = charge._replace(messages=-1)

    def _run_short(self) -> None:
        """End for the quota's sake; but first wait for what is on its way and may yet leave room."""
        quota = self._settings.quota
        assert quota is not None  # noqa: S101 -- it is what has no room
        self._is_short = not quota.has_room
        if not self._is_short:
            self._transport.wake()
        elif not self._under_way and self._recorder.is_settled:
            self._is_short = False
            self.stop(quota.words)

    def _next_fresh(self, now: float) -> Attempt | None:
        """Make the next message; rows that get none have their events, and must not starve the loop."""
        for _ in range(_ROWS_PER_TURN):
            task = self._backlog.next_untried()
            if task is None:
                return None
            known = self._settings.earlier.get(task.key)
            deferrals = 0
            if known is not None:
                self._met += 1
                if self._is_settled_before(task, known):
                    continue
                deferrals = known.attempts if known.state == "deferred" else 0
            delivered = self._settings.delivered.get(task.position, ())
            if known is not None and known.delivered:
                delivered = tuple(dict.fromkeys(delivered + known.delivered))
            attempt = self._built(task, now, delivered)
            if attempt is not None:
                attempt.deferrals = deferrals
                return attempt
            if self._stop_reason:
                return None
        return None

    def _is_settled_before(self, task: Task, known: Earlier) -> bool:
        """Tell whether an earlier run settled a row, and emit what it came to."""
        if known.state == "sent":
            when = datetime.fromtimestamp(known.at, UTC)
            self._emit(
                RowSkipped(task.position, f"already sent at {when.astimezone():%Y-%m-%d %H:%M}", task.to, when)
            )
            return True
        if known.state in {"committing", "unconfirmed"} and not self._settings.resend_unconfirmed:
            error = SMTPException("an earlier run ended before it could learn the server's answer")
            error.unconfirmed = True
            self._emit(RowUnconfirmed(task.position, error, known.attempts, 0.0, task.to, is_from_before=True))
            return True
        return False

    def _built(self, task: Task, now: float, delivered: tuple[str, ...]) -> Attempt | None:
        try:
            mail = task.build()
        except NotebookmailError as error:
            self._emit(RowFailed(task.position, error))
            return None
        except INTERRUPTS as interrupt:
            self._emit(RowPending(task.position, "interrupted", task.to))
            self._end_by(interrupt)
            return None
        refusal = self._refused_senders.get(mail.envelope.sender) if self._refused_senders else None
        if refusal is not None:
            reason = f"not tried: the server refuses the sender {mail.envelope.sender}"
            self._emit(RowPending(task.position, reason, task.to, mail.message_id, refusal))
            return None
        left = partial_delivery.for_the_others(mail, delivered)
        if left is None:
            self._emit(RowSkipped(task.position, "everybody it is for took it before", task.to))
            return None
        self._emit(RowStarted(task.position, task.to, mail.message_id))
        return Attempt(task, left, now, delivered=delivered)

    def _look_again(self, now: float) -> None:
        """Wake the pool when there may be something to take."""
        if self._is_short:
            return
        after = self._backlog.opens_after(now)
        if after is None:
            self._look_for_the_end()
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(min(after, _LOOK_SECONDS), self._timer_rings)

    def _timer_rings(self) -> None:
        self._timer = None
        now = self._loop.time()
        if self._stop_reason or self._is_paused:
            return
        if self._backlog.waiting(now):
            self._transport.wake()
        else:
            self._look_again(now)

    def _hold_until_time(self) -> bool:
        """Wait for the time before which nothing may go out; True while it has not come."""
        if self._stop_reason:
            return True
        left = self._settings.not_before - self._settings.clock()
        if left <= 0:
            return False
        self._timer = self._loop.call_later(min(left, _LOOK_SECONDS), self._start_in_time)
        return True

    def _start_in_time(self) -> None:
        self._timer = None
        if not self._hold_until_time():
            self._transport.start(self)

    # --- outcomes -------------------------------------------------------------------------------------------

    def _entry(
        self,
        attempt: Attempt,
        state: State,
        *,
        code: int | None = None,
        reply: str = "",
        next_at: float | None = None,
        charge: Charge | None = None,
    ) -> Entry:
        task, mail = attempt.task, attempt.mail
        now = self._settings.clock()
        refund, attempt.refund = attempt.refund, None
        return Entry(
            task.key, state, task.to, now, attempt.attempts, code, reply, mail.message_id, next_at,
            attempt.delivered, charge or refund, mail.said,
        )  # fmt: skip

    def _sent(self, attempt: Attempt, receipt: Receipt) -> None:
        self._breaker.accepted()
        now = self._settings.clock()
        reply = receipt.reply
        event = RowSent(
            attempt.task.position,
            reply,
            receipt.refused,
            attempt.attempts,
            self._loop.time() - attempt.started,
            datetime.fromtimestamp(now, UTC),
        )
        entry = None
        if self._recorder.keeps_journal:
            entry = Entry(
                attempt.task.key, "sent", attempt.task.to, now, attempt.attempts, reply.code, reply.message,
                attempt.mail.message_id, said=attempt.mail.said,
            )  # fmt: skip
        self._recorder.record(entry, event)

    def _troubled(self, attempt: Attempt, error: Exception) -> bool:
        """Decide what becomes of a row whose try failed."""
        error = error.with_traceback(None)  # it would keep the frames of every try alive
        if isinstance(error, JournalError):
            self._leave(attempt, str(error), None)
            return False
        if isinstance(error, QuotaUsedUp):
            self._hold_back(attempt)
            return False
        verdict = retry_policy.judge(error, attempt.attempts)
        now = self._loop.time()
        is_again = verdict in {Verdict.RETRY, Verdict.RECONNECT, Verdict.SLOW_DOWN}
        if self._stop_reason and (is_again or verdict is Verdict.STOP):
            self._leave(attempt, self._stop_reason, error)
            return False
        if verdict is Verdict.RECONNECT:
            return self._reconnect(attempt, error, now)
        if verdict is Verdict.SLOW_DOWN:
            self._slow_down(attempt, error, now)
        elif verdict is Verdict.RETRY:
            self._try_again(attempt, now + retry_policy.wait_seconds(attempt.attempts, self._chance()))
        else:
            self._settle(attempt, verdict, error)
        return False

    def _hold_back(self, attempt: Attempt) -> None:
        """Keep a row for which, at its end of data, there was no room left."""
        attempt.attempts -= 1
        if self._stop_reason:
            self._leave(attempt, self._stop_reason, None)
        else:
            self._backlog.put_back(attempt, self._loop.time())
            self._is_short = True  # until `_look_for_the_end` has looked

    def _reconnect(self, attempt: Attempt, error: Exception, now: float) -> bool:
        """Give a row another connection: this one has carried as many messages as the server lets it."""
        attempt.reconnects += 1
        # Of several, it may be their number that is too much.
        is_alone = len(attempt.mail.envelope.recipients) == 1
        if attempt.reconnects > (retry_policy.MAX_RECONNECTS if is_alone else 1):
            self._defer(attempt, error)
        else:
            attempt.attempts -= 1
            self._try_again(attempt, now)
        return True

    def _slow_down(self, attempt: Attempt, error: Exception, now: float) -> None:
        attempt.slowdowns += 1
        if self._transport.lower() and self._settings.bucket is not None:
            self._settings.bucket.slow_down(0.5)
        if attempt.slowdowns > retry_policy.MAX_SLOWDOWNS:
            self._defer(attempt, error)
            return
        wait = retry_policy.slow_down_seconds(attempt.slowdowns, self._chance())
        self._backlog.hold(now + wait)
        self._try_again(attempt, now + wait)

    def _try_again(self, attempt: Attempt, at: float) -> None:
        self._take_back_intent(attempt)
        self._backlog.put_back(attempt, at)
        self._look_again(self._loop.time())

    def _take_back_intent(self, attempt: Attempt) -> None:
        """Note that the end of data did not go out, or was refused: a later run may try the row."""
        if attempt.is_intended:
            attempt.is_intended = False
            self._recorder.note(self._entry(attempt, "pending"))

    def _settle(self, attempt: Attempt, verdict: Verdict, error: Exception) -> None:
        position = attempt.task.position
        seconds = self._loop.time() - attempt.started
        reply = retry_policy.reply_of(error)
        match verdict:
            case Verdict.UNCONFIRMED:
                entry = self._entry(attempt, "unconfirmed", reply=str(error))
                self._recorder.record(entry, RowUnconfirmed(position, error, attempt.attempts, seconds))
            case Verdict.DEFER:
                self._defer(attempt, error)
            case Verdict.FAIL | Verdict.STOP_SENDER:
                if verdict is Verdict.STOP_SENDER:
                    self._refused_senders[attempt.mail.envelope.sender] = error
                entry = self._entry(
                    attempt, "failed", code=None if reply is None else reply.code, reply=str(error)
                )
                self._recorder.record(
                    entry, RowFailed(position, error, attempt.attempts, seconds, attempt.addresses)
                )
                self._note_refusal(error)
            case _:  # every further row would meet it
                why = explain(error)
                self._leave(attempt, "", error)
                self.stop(f"{why.cause}: {why.remedy}")

    def _note_refusal(self, error: Exception) -> None:
        words = self._breaker.refused(explain(error).category)
        if words:
            self.stop(words)

    def _defer(self, attempt: Attempt, error: Exception) -> None:
        """Leave a row for later: in this run, if it stays that long."""
        attempt.deferrals += 1
        now = self._loop.time()
        wait = retry_policy.defer_seconds(attempt.deferrals, self._chance())
        next_at = self._settings.clock() + wait
        seconds = now - attempt.started
        reply = retry_policy.reply_of(error)
        entry = self._entry(
            attempt, "deferred", code=None if reply is None else reply.code, reply=str(error), next_at=next_at
        )._replace(attempts=attempt.deferrals)
        attempt.is_intended = False
        event = RowDeferred(
            attempt.task.position,
            error,
            attempt.attempts,
            seconds,
            datetime.fromtimestamp(next_at, UTC),
            attempt.addresses,
        )
        self._recorder.record(entry, event)
        if not self._stop_reason and now + wait <= self._started + self._settings.retry_seconds:
            attempt.attempts, attempt.reconnects = 0, 0
            self._backlog.put_back(attempt, now + wait)
            self._look_again(now)

    def _leave(self, attempt: Attempt, reason: str, error: Exception | None) -> None:
        """Leave a row untried, or tried in vain, for a later run."""
        self._take_back_intent(attempt)
        task = attempt.task
        if attempt.deferrals == 0 or error is not None:
            self._recorder.record(
                None,
                RowPending(
                    task.position,
                    reason or self._stop_reason,
                    task.to,
                    attempt.mail.message_id,
                    error,
                    attempt.addresses,
                ),
            )

    def _chance(self) -> float:
        return self._settings.random.random()

    # --- the end --------------------------------------------------------------------------------------------

    def _journal_broke(self, error: JournalError) -> None:
        self.stop(str(error))

    def _end_by(self, interrupt: BaseException) -> None:
        """Stop as a cancellation does, and let the caller have what asked for it once all is settled."""
        self._interrupt = interrupt
        self.stop("interrupted")
        # Not at once: a connection has asked for its next message, and is in the middle of that.
        self._loop.call_soon(self._transport.hurry)
        self._loop.call_later(GRACE_SECONDS, self._finish)

    def _finish(self) -> None:
        if not self._finished.done():
            self._finished.set_result(None)

    def _break(self, bug: Exception) -> None:
        if not self._finished.done():
            self._finished.set_exception(bug)
        self.stop("an internal error stopped the run")

    def _look_for_the_end(self) -> None:
        if self._is_short and not self._stop_reason:
            self._run_short()
        is_done = bool(self._stop_reason) or self._backlog.is_empty
        if is_done:
            if not self._under_way and self._recorder.is_settled and not self._finished.done():
                self._finished.set_result(None)
        elif not self._under_way and self._timer is None:
            now = self._loop.time()
            if not self._backlog.waiting(now):  # the last connection may end before it asks for what is due later
                self._look_again(now)

    async def _grace(self) -> None:
        """Wait for the replies that are still to come; a second interrupt does not."""
        await asyncio.wait([self._finished], timeout=GRACE_SECONDS)

    async def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        try:
            await self._transport.close()
        finally:
            self.unrecorded = self._recorder.finish()
            await self.tell_what_was_settled()

    async def tell_what_was_settled(self) -> None:
        """Say of the rows that are not taken any more which of them an earlier run settled."""
        known = self._settings.earlier
        if self._met >= len(known):
            return
        for count, task in enumerate(self._backlog.untried()):
            earlier = known.get(task.key)
            if earlier is not None:
                self._met += 1
                self._is_settled_before(task, earlier)
            if self._met >= len(known):
                return
            if count % _ROWS_TOLD_PER_TURN == _ROWS_TOLD_PER_TURN - 1:
                await asyncio.sleep(0)

    @property
    def fault(self) -> JournalError | None:
        """What kept the journal from being written, if something did."""
        return self._recorder.fault

"""Brings every row to its event: the source that a transport takes messages from.

A row's trouble is the row's: it becomes an event and the next row goes on. Only what would meet every row (login
refused, no secure connection, the day's quota, a server that is gone, a journal that cannot be written) stops
the run, and then the rows that were not tried stay pending, with the reason. On cancellation the messages whose
end is out may still be answered, for a moment; what nobody can know is unconfirmed; only then does the
cancellation go on.

Nothing here waits for a message: the transport asks for the next one and tells how each ended, the recorder makes
that durable, and a timer looks again when the rate or a retry allows more.

What is decided elsewhere is carried out here: what becomes of a row after a try (disposition.py), which rows get a
message (untried_rows.py), what counts for the day's quota (quota_counting.py).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from . import disposition, partial_delivery
from .backlog import Backlog
from .circuit_breaker import Breaker
from .daily_quota import QuotaUsedUp
from .disposition import Situation
from .events import RunStopped
from .explain import explain
from .quota_counting import QuotaCounting
from .recorder import Recorder
from .runner_settings import RunnerSettings
from .untried_rows import UntriedRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notebookmail.errors import JournalError
    from notebookmail.mail.message import Receipt

    from .backlog import Attempt, Task
    from .disposition import Disposition
    from .events import RowEvent
    from .transport import Transport

GRACE_SECONDS = 0.3
"""How long the replies to messages whose end is out may take once the run is cancelled."""

_LOOK_SECONDS = 30.0  # the longest a timer sleeps: clocks of machines that sleep stand still


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
        self._loop = asyncio.get_running_loop()
        self._backlog = Backlog(tasks, total, self._settings.bucket)
        self._recorder = Recorder(
            self._settings.ledger, emit, broke=self._journal_broke, settled=self._look_for_the_end
        )
        self._untried = UntriedRows(
            self._backlog,
            self._settings,
            emit=emit,
            interrupted=self._end_by,
            ready=transport.wake,
            stop=self.stop,
        )
        self._quota = None if self._settings.quota is None else QuotaCounting(self._settings.quota)
        self._breaker = Breaker()
        self._stays_until = self._loop.time() + self._settings.retry_seconds
        self._under_way = 0
        self._stop_reason = ""
        self._is_paused = False
        self._is_short = False
        """True while the quota has no room, and messages on their way may yet leave some."""
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
            # What is still to come is waited for; a second interrupt does not.
            await asyncio.wait([self._finished], timeout=GRACE_SECONDS)
            raise
        except GeneratorExit:  # its loop is gone: nothing can be waited for
            self._untried.tell_nothing_more()
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

    def stop(self, reason: str) -> None:
        """Take no further rows; messages on their way may finish, the others stay pending for this reason."""
        if self._stop_reason:
            return
        self._stop_reason = reason
        self._untried.close()
        situation = self._situation()
        for attempt in self._backlog.withdraw():
            self._carry_out(attempt, disposition.left(attempt, reason, situation))
        self._recorder.record(None, RunStopped(reason))
        self._look_for_the_end()

    # --- what the transport asks (transport.MessageSource) ------------------------------------------------------

    def waiting(self) -> int:
        """Tell how many messages could be taken now."""
        if self._stop_reason or self._is_paused or self._is_short:
            return 0
        return self._backlog.waiting(self._loop.time())

    def take(self) -> Attempt | None:
        """Hand out the next message."""
        try:
            return self._take()
        except Exception as bug:  # noqa: BLE001 -- of ours: no row's trouble ends here; it must not vanish in a callback
            self._break(bug)
            return None

    def commit(self, message: Attempt, go: Callable[[Exception | None], None], account: str = "") -> bool:
        """Count that a message's end of data is about to go out over an account, and record it."""
        quota = self._quota
        if quota is not None and not quota.charge(message, account):
            self._loop.call_soon(go, QuotaUsedUp())
            return False
        if not self._recorder.keeps_journal:
            if quota is not None:
                quota.let_go(message)
            return True
        message.is_intended = True
        if quota is not None and message.is_held:
            go = quota.letting_go(message, go)  # the journal counts it then
        return self._recorder.intend(disposition.intent(message, self._settings.clock()), go)

    def end(self, message: Attempt, receipt: Receipt | None, error: Exception | None) -> bool:
        """Settle a try; True asks for a new connection."""
        self._under_way -= 1
        try:
            if self._quota is not None:
                self._quota.settle(message, error)
            if receipt is not None:
                error = partial_delivery.refusal(message.mail, receipt.refused) if receipt.refused else None
                if error is None:
                    self._breaker.accepted()
                    self._record_acceptance(message, receipt)
                    return False
                message.note_delivered(receipt.refused)
            else:
                assert error is not None  # noqa: S101 -- one or the other
                error = message.judged(error)
            return self._settle(message, error)
        except Exception as bug:  # noqa: BLE001 -- as in `take`
            self._break(bug)
            return False
        finally:
            if not self._under_way or self._is_short:
                self._look_for_the_end()

    def give_back(self, message: Attempt) -> None:
        """Take back a message whose try is no try; its end may have been about to go out."""
        self._under_way -= 1
        if self._quota is not None:
            self._quota.take_off(message)
        decided = disposition.given_back(message, self._situation())
        self._carry_out(message, decided)
        if decided.retry_at is not None:
            self._loop.call_soon(self._transport.wake)
        self._look_for_the_end()

    def unreachable(self, error: Exception) -> None:
        """Stop: no connection can be had any more."""
        self.stop(explain(error).sentence)

    # --- taking ---------------------------------------------------------------------------------------------

    def _take(self) -> Attempt | None:
        if self._stop_reason or self._is_paused:
            return None
        now = self._loop.time()
        attempt = None
        if self._backlog.waiting(now):
            attempt = self._backlog.next_due(now) or self._untried.next(now)
        if attempt is None:
            self._look_again(now)
            return None
        if not self._is_granted(attempt, now):
            return None
        if self._settings.idempotency is not None:
            attempt.mail = self._settings.idempotency.named(attempt.mail)
        attempt.attempts += 1
        self._under_way += 1
        return attempt

    def _is_granted(self, attempt: Attempt, now: float) -> bool:
        quota = self._quota
        if quota is not None and not quota.has_room:
            self._backlog.put_back(attempt, now)
            self._run_short()
            return False
        if not self._backlog.takes_rate(now):
            self._backlog.put_back(attempt, now)
            self._look_again(now)
            return False
        if quota is not None:
            quota.hold(attempt)
        return True

    def _run_short(self) -> None:
        """End for the quota's sake; but first wait for what is on its way and may yet leave room."""
        assert self._quota is not None  # noqa: S101 -- it is what has no room
        self._is_short = not self._quota.has_room
        if not self._is_short:
            self._transport.wake()
        elif not self._under_way and self._recorder.is_settled:
            self._is_short = False
            self.stop(self._quota.words)

    # --- when to look again ---------------------------------------------------------------------------------

    def _look_again(self, now: float) -> None:
        """Wake the transport when there may be something to take."""
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

    # --- what becomes of a row ------------------------------------------------------------------------------

    def _situation(self, chance: float = 0.0) -> Situation:
        """Tell when it is, and how the run stands."""
        times = self._loop.time(), self._settings.clock()
        return Situation(*times, chance, self._stays_until, self._stop_reason, self._settings.repeat_seconds)

    def _record_acceptance(self, attempt: Attempt, receipt: Receipt) -> None:
        now, clock, is_noted = self._loop.time(), self._settings.clock(), self._recorder.keeps_journal
        entry, event = disposition.accepted(attempt, receipt, now, clock, is_noted=is_noted)
        self._recorder.record(entry, event)

    def _settle(self, attempt: Attempt, error: Exception) -> bool:
        """Carry out what becomes of a row whose try failed; True asks for a new connection."""
        error = error.with_traceback(None)  # it would keep the frames of every try alive
        situation = self._situation(self._settings.random.random())
        decided = disposition.failed(attempt, error, situation)
        if decided.is_too_fast and self._transport.lower() and self._settings.bucket is not None:
            self._settings.bucket.slow_down(0.5)
        if decided.pause_until is not None:
            self._backlog.hold(decided.pause_until)
        if decided.refuses_sender:
            self._untried.refuse_sender(attempt.mail.envelope.sender, error)
        self._carry_out(attempt, decided)
        if decided.lacks_quota:
            self._is_short = True  # until `_look_for_the_end` has looked
        elif decided.retry_at is not None:
            self._look_again(situation.now)
        stop = decided.stop or (self._breaker.refused(decided.refusal) if decided.refusal else "")
        if stop:
            self.stop(stop)
        return decided.wants_connection

    def _carry_out(self, attempt: Attempt, decided: Disposition) -> None:
        """Record what becomes of a row, and put it back where it goes again."""
        if decided.tries is not None:
            attempt.tries = decided.tries
        attempt.doubt = decided.doubt or attempt.doubt
        if decided.entry is not None:  # it says how the row stands now, and what goes off the quota's count
            attempt.is_intended, attempt.refund = False, None
        if decided.event is not None:
            self._recorder.record(decided.entry, decided.event)
        elif decided.entry is not None:
            self._recorder.note(decided.entry)
        if decided.retry_at is not None:
            self._backlog.put_back(attempt, decided.retry_at)

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
        if self._stop_reason or self._backlog.is_empty:
            if not self._under_way and self._recorder.is_settled:
                self._finish()
        elif not self._under_way and self._timer is None and not self._backlog.is_held_up:
            now = self._loop.time()
            if not self._backlog.waiting(now):  # the last connection may end before it asks for what is due later
                self._look_again(now)

    async def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        try:
            await self._transport.close()
        finally:
            self.unrecorded = self._recorder.finish()
            await self._untried.tell_what_was_settled()

    async def tell_what_was_settled(self) -> None:
        """Say of the rows that are not taken any more which of them an earlier run settled."""
        await self._untried.tell_what_was_settled()

    @property
    def fault(self) -> JournalError | None:
        """What kept the journal from being written, if something did."""
        return self._recorder.fault

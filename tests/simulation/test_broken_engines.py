"""The simulation finds engines that were broken on purpose: each of them breaks a promise in some world.

A simulation that has never failed proves nothing. Every engine here has one mistake, of the kind one makes.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from notebookmail.campaign import resender, results
from notebookmail.compose.identity import keys
from notebookmail.compose.rows import frame
from notebookmail.delivery import backlog, daily_quota, partial_delivery, recorder, retry_policy
from notebookmail.delivery.journal import campaign_lock
from notebookmail.delivery.journal import claim as claims
from notebookmail.delivery.retry_policy import Verdict
from notebookmail.delivery.runner import Runner
from notebookmail.delivery.untried_rows import UntriedRows
from notebookmail.errors import SMTPServerDisconnected
from notebookmail.mail.message import Receipt
from notebookmail.smtp import connection
from notebookmail.smtp.driver import Driver
from notebookmail.smtp.pool import pool, worker
from notebookmail.smtp.wire import transaction
from simulation.many import run_worlds
from simulation.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow  # a proof of the proof


def intent_is_not_recorded(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Runner, "commit", lambda *_: True)


def end_of_data_does_not_wait_for_its_intent(patch: pytest.MonkeyPatch) -> None:
    def impatient(_: Driver, commit: Any) -> bool:
        commit(lambda _: None)
        return True

    patch.setattr(Driver, "_is_let_through", impatient)


def acceptance_is_not_recorded(patch: pytest.MonkeyPatch) -> None:
    record = recorder.Recorder.record

    def forgetful(self: recorder.Recorder, entry: Any, event: Any) -> None:
        record(self, None if entry is not None and entry.state == "sent" else entry, event)

    patch.setattr(recorder.Recorder, "record", forgetful)


def events_are_told_before_they_are_recorded(patch: pytest.MonkeyPatch) -> None:
    def hasty(self: recorder.Recorder, entry: Any, event: Any) -> None:
        self._emit(event)
        if entry is not None:
            self.note(entry)

    patch.setattr(recorder.Recorder, "record", hasty)


def outcomes_are_recorded_a_moment_late(patch: pytest.MonkeyPatch) -> None:
    record = recorder.Recorder.record

    def slow(self: recorder.Recorder, entry: Any, event: Any) -> None:
        asyncio.get_running_loop().call_later(0.05, record, self, entry, event)

    patch.setattr(recorder.Recorder, "record", slow)


def a_journal_that_fails_is_passed_over(patch: pytest.MonkeyPatch) -> None:
    write = recorder.Recorder._write

    def careless(self: recorder.Recorder, entries: Any) -> None:
        write(self, entries)
        self.fault = None

    patch.setattr(recorder.Recorder, "_write", careless)
    patch.setattr(Runner, "_journal_broke", lambda *_: None)


def unconfirmed_rows_are_tried_again(patch: pytest.MonkeyPatch) -> None:
    judge = retry_policy.judge

    def bold(error: Exception, attempts: int) -> Verdict:
        verdict = judge(error, attempts)
        return Verdict.RETRY if verdict is Verdict.UNCONFIRMED else verdict

    patch.setattr(retry_policy, "judge", bold)


def a_loss_after_the_end_of_data_is_like_any_other(patch: pytest.MonkeyPatch) -> None:
    closed_by = Driver._closed_by

    def forgetful(self: Driver, error: Any) -> Any:
        error = closed_by(self, error)
        error.unconfirmed = False
        return error

    patch.setattr(Driver, "_closed_by", forgetful)


def the_reply_to_the_end_of_data_is_waited_for_like_any_other(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Driver, "_patience", lambda _, run: run.timeout)


def an_interrupt_forgets_what_was_ended(patch: pytest.MonkeyPatch) -> None:
    class Lost(SMTPServerDisconnected):
        unconfirmed = property(lambda _: False, lambda *_: None)  # type: ignore[assignment]

    patch.setattr(worker, "SMTPServerDisconnected", Lost)


def rows_that_an_earlier_run_left_unconfirmed_are_sent(patch: pytest.MonkeyPatch) -> None:
    settled = UntriedRows._is_settled_before
    patch.setattr(
        UntriedRows,
        "_is_settled_before",
        lambda self, task, known: known.state == "sent" and settled(self, task, known),
    )


def what_an_earlier_run_sent_is_not_looked_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(UntriedRows, "_is_settled_before", lambda *_: False)


def rows_have_other_keys_in_the_next_run(patch: pytest.MonkeyPatch) -> None:
    tasks = Process._tasks

    def moody(self: Process) -> Iterator[Any]:
        for task in tasks(self):
            yield task._replace(key=bytes([self.world.run]) + task.key[1:])

    patch.setattr(Process, "_tasks", moody)


def the_claim_keeps_nobody_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(campaign_lock, "_try_lock", lambda *_, **__: True)
    patch.setattr(claims.Claim, "_check_fence", lambda *_: None)


def what_is_given_back_is_lost(patch: pytest.MonkeyPatch) -> None:
    def lose(self: Runner, attempt: Any) -> None:
        self._under_way -= 1
        self._look_for_the_end()

    patch.setattr(Runner, "give_back", lose)


def a_stop_says_nothing_of_the_rows(patch: pytest.MonkeyPatch) -> None:
    def silent(self: Runner, reason: str) -> None:
        self._stop_reason = self._stop_reason or reason
        list(self._backlog.withdraw())
        self._look_for_the_end()

    patch.setattr(Runner, "stop", silent)


def every_reply_to_the_end_of_data_is_an_acceptance(patch: pytest.MonkeyPatch) -> None:
    def kind(reply: Any, opened: Any) -> Receipt:
        return Receipt(reply, opened.refused)

    patch.setattr(connection, "judge_end_of_data", kind)
    patch.setattr(transaction, "judge_end_of_data", kind)


def pipelined_replies_are_off_by_one(patch: pytest.MonkeyPatch) -> None:
    def off(self: Driver, count: int) -> Any:
        replies = self._replies[:count]
        del self._replies[: max(1, count - 1)]
        return replies

    patch.setattr(Driver, "_take", off)


def a_refused_recipient_is_overlooked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(transaction, "_refusals", lambda *_: {})


def a_broken_off_transaction_is_not_reset(patch: pytest.MonkeyPatch) -> None:
    opening = transaction.opening
    patch.setattr(connection, "opening", lambda mail, extensions, **_: opening(mail, extensions))


def dots_are_not_stuffed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(connection, "dot_stuff", lambda segment: segment)


def envelopes_are_mixed_up(patch: pytest.MonkeyPatch) -> None:
    take = worker.Worker._take_upcoming
    last: list[Any] = []

    def mixed(self: worker.Worker) -> Any:
        mail = take(self)
        if mail is None:
            return None
        last.append(mail)
        return mail if len(last) % 5 else type(mail)(last[0].envelope, mail.segments, mail.message_id)

    patch.setattr(worker.Worker, "_take_upcoming", mixed)
    begin = connection.Connection._begin

    def trusting(self: connection.Connection, mail: Any) -> Any:
        if self._ahead is not None:
            mail = self._ahead[0]
        return begin(self, mail)

    patch.setattr(connection.Connection, "_begin", trusting)


def a_worker_that_ends_wakes_nobody(patch: pytest.MonkeyPatch) -> None:
    def ended(self: pool.Pool, gone: Any) -> None:
        for workers in (self._workers, self._serving, self._idle):
            workers.pop(gone, None)
        if not self.is_closed and not self._serving:
            self._reconnect_later()

    patch.setattr(pool.Pool, "ended", ended)


# --- what people do ---------------------------------------------------------------------------------------------


def rows_are_sent_as_they_stand_in_the_frame_by_now(patch: pytest.MonkeyPatch) -> None:
    def lend(self: frame._PandasSource, *_: Any) -> None:
        """Keep nothing: whatever is done to the frame is read."""

    patch.setattr(frame._PandasSource, "own", lend)


def two_cells_may_retry_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(results.SendResults, "being_sent", lambda _: contextlib.nullcontext())


def a_retry_settles_results_of_its_own(patch: pytest.MonkeyPatch) -> None:
    again = resender.Resender.again

    async def elsewhere(self: resender.Resender, positions: Any, stage: Any = None) -> Any:
        mine, self.results = self.results, self.results.copy()
        try:
            await again(self, positions, stage)
        finally:
            self.results = mine
        return mine

    patch.setattr(resender.Resender, "again", elsewhere)


def rows_are_known_by_their_place(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(keys.Keys, "person", lambda _, row, __: str(row.position))


def columns_that_nobody_reads_make_other_rows(patch: pytest.MonkeyPatch) -> None:
    person = keys.Keys.person
    patch.setattr(keys.Keys, "person", lambda self, row, to: f"{person(self, row, to)} {len(row.fields)}")


def another_type_makes_another_row(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(keys, "values_text", lambda values: repr(list(values)))


def an_address_in_capitals_is_another_person(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(keys, "address_text", lambda address: address)


def every_campaign_counts_for_itself(patch: pytest.MonkeyPatch) -> None:
    charge = daily_quota.Quota.charge

    def alone(self: daily_quota.Quota, account: str) -> Any:
        self._counts = self.__dict__.setdefault("mine", daily_quota.UsageCounts())
        charged = charge(self, account)
        return None if charged is None else charged._replace(most=None)

    patch.setattr(daily_quota.Quota, "charge", alone)
    patch.setattr(daily_quota.Quota, "_used", lambda self, account: self._counts.used(account, 0))


def who_took_a_copy_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(backlog.Attempt, "note_delivered", lambda self, refused: setattr(self, "refused", refused))


def a_later_run_does_not_know_who_took_a_copy(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(UntriedRows, "_delivered_before", lambda *_: ())


def partly_delivered_is_sent(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(partial_delivery, "refusal", lambda *_: None)


def rows_of_earlier_runs_are_pending_when_it_stops(patch: pytest.MonkeyPatch) -> None:
    async def silent(_: UntriedRows) -> None:
        pass

    patch.setattr(UntriedRows, "tell_what_was_settled", silent)


CELL_BREAKS: list[Callable[[pytest.MonkeyPatch], None]] = [
    rows_are_sent_as_they_stand_in_the_frame_by_now,
    two_cells_may_retry_at_once,
    rows_are_known_by_their_place,
    columns_that_nobody_reads_make_other_rows,
    another_type_makes_another_row,
    an_address_in_capitals_is_another_person,
    every_campaign_counts_for_itself,
    who_took_a_copy_is_forgotten,
    a_later_run_does_not_know_who_took_a_copy,
    partly_delivered_is_sent,
    rows_of_earlier_runs_are_pending_when_it_stops,
]


BREAKS: list[Callable[[pytest.MonkeyPatch], None]] = [
    intent_is_not_recorded,
    end_of_data_does_not_wait_for_its_intent,
    acceptance_is_not_recorded,
    events_are_told_before_they_are_recorded,
    outcomes_are_recorded_a_moment_late,
    a_journal_that_fails_is_passed_over,
    unconfirmed_rows_are_tried_again,
    a_loss_after_the_end_of_data_is_like_any_other,
    the_reply_to_the_end_of_data_is_waited_for_like_any_other,
    an_interrupt_forgets_what_was_ended,
    rows_that_an_earlier_run_left_unconfirmed_are_sent,
    what_an_earlier_run_sent_is_not_looked_up,
    rows_have_other_keys_in_the_next_run,
    the_claim_keeps_nobody_out,
    what_is_given_back_is_lost,
    a_stop_says_nothing_of_the_rows,
    every_reply_to_the_end_of_data_is_an_acceptance,
    pipelined_replies_are_off_by_one,
    a_broken_off_transaction_is_not_reset,
    dots_are_not_stuffed,
    envelopes_are_mixed_up,
]


RARELY_SEEN: list[Callable[[pytest.MonkeyPatch], None]] = [
    a_refused_recipient_is_overlooked,
    a_worker_that_ends_wakes_nobody,
    a_retry_settles_results_of_its_own,
]


@pytest.mark.parametrize("break_it", BREAKS, ids=lambda each: each.__name__)
def test_a_broken_engine_is_found(
    break_it: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_it(monkeypatch)
    assert run_worlds(range(1, 300), most_complaints=1).complaints


@pytest.mark.parametrize("break_it", CELL_BREAKS, ids=lambda each: each.__name__)
def test_an_engine_that_fails_people_is_found(
    break_it: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_it(monkeypatch)
    assert run_worlds(range(2, 900, 3), most_complaints=1).complaints


@pytest.mark.slow
@pytest.mark.parametrize("break_it", RARELY_SEEN, ids=lambda each: each.__name__)
def test_an_engine_that_rarely_errs_is_found(
    break_it: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_it(monkeypatch)
    assert run_worlds(range(1, 2_000), most_complaints=1).complaints

"""What becomes of a row after a try: decided purely, the journal's entry and the results' event side by side."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail import errors
from notebookmail.delivery import disposition, retry_policy
from notebookmail.delivery.backlog import Attempt, Doubt, Task, Tries
from notebookmail.delivery.daily_quota import QuotaUsedUp
from notebookmail.delivery.disposition import Disposition, Situation
from notebookmail.delivery.events import RowDeferred, RowFailed, RowPending, RowSent, RowUnconfirmed
from notebookmail.delivery.journal import Charge
from notebookmail.errors import at
from notebookmail.mail.message import Envelope, Mail, Receipt
from notebookmail.response import SMTPResponse

if TYPE_CHECKING:
    from collections.abc import Callable

STATE_OF_EVENT = {
    RowSent: "sent",
    RowFailed: "failed",
    RowDeferred: "deferred",
    RowUnconfirmed: "unconfirmed",
    RowPending: "pending",
}


def unconfirmed() -> Exception:
    error = errors.SMTPServerDisconnected("gone")
    error.unconfirmed = True
    return error


def refused(code: int, text: str) -> Callable[[], Exception]:
    return lambda: at("end_of_data", errors.SMTPDataError(code, text))


ERRORS: list[Callable[[], Exception]] = [
    unconfirmed,
    lambda: errors.SMTPServerDisconnected("gone"),
    lambda: errors.JournalError("the disk is full"),
    QuotaUsedUp,
    lambda: at("mail", errors.SMTPSenderRefused(550, "5.7.60 not yours", "a@example.org")),
    lambda: at("auth", errors.SMTPAuthenticationError(535, "5.7.8 no")),
    refused(421, "4.3.2 shutting down"),
    refused(432, "4.3.2 concurrent limit"),
    refused(451, "4.3.0 later"),
    refused(452, "4.5.3 too many messages"),
    refused(550, "5.4.5 daily limit"),
    refused(554, "5.7.1 spam"),
]

mails = st.builds(
    lambda several, copy: Mail(
        Envelope("a@example.org", ("b@example.org", "c@example.org")[: 1 + several]), (b"\r\n",), "<m@x>",
        copies=frozenset({"c@example.org"} if copy else ()),
    ),
    st.booleans(),
    st.booleans(),
)  # fmt: skip
attempts = st.builds(
    Attempt,
    st.just(Task(7, "b@example.org", b"key", lambda: pytest.fail("no message is made here"))),
    mails,
    started=st.floats(0, 1_000),
    attempts=st.integers(1, 5),
    deferrals=st.integers(0, 30),
    slowdowns=st.integers(0, 7),
    reconnects=st.integers(0, retry_policy.MAX_RECONNECTS),
    is_intended=st.booleans(),
    delivered=st.sampled_from([(), ("c@example.org",)]),
    refund=st.sampled_from([None, Charge("account", 5, -1)]),
    doubt=st.none(),
)
doubts = st.builds(Doubt, st.builds(unconfirmed), st.floats(1e9, 2e9))
situations = st.builds(
    Situation,
    now=st.floats(1_000, 2_000),
    clock=st.floats(1e9, 2e9),
    chance=st.floats(0, 1),
    stays_until=st.floats(0, 100_000),
    stop_reason=st.sampled_from(["", "stopped"]),
    repeat_seconds=st.just(0.0),
)
troubles = st.sampled_from(ERRORS).map(lambda make: make())


def says_one_thing(decided: Disposition) -> None:
    """Entry and event are of one row and say the same of it."""
    entry, event = decided.entry, decided.event
    if entry is not None:
        assert (entry.key, entry.to, entry.message_id) == (b"key", "b@example.org", "<m@x>")
    if event is not None:
        assert event.position == 7  # type: ignore[union-attr] -- a row's, all of them
        assert STATE_OF_EVENT[type(event)] == ("pending" if entry is None else entry.state)
    elif entry is not None:
        assert entry.state == "pending"


@given(attempts, troubles, situations)
def test_the_journal_and_the_results_are_told_the_same(
    attempt: Attempt, error: Exception, situation: Situation
) -> None:
    says_one_thing(disposition.failed(attempt, error, situation))
    says_one_thing(disposition.given_back(attempt, situation))
    says_one_thing(disposition.left(attempt, "stopped", situation, error))
    receipt = Receipt(SMTPResponse(250, "ok"))
    entry, event = disposition.accepted(attempt, receipt, situation.now, situation.clock)
    says_one_thing(Disposition(entry, event))
    assert entry is not None
    assert (entry.code, entry.attempts) == (250, event.attempts)
    assert event.sent_at.timestamp() == pytest.approx(entry.at, abs=1e-5)


@given(attempts, troubles, situations)
def test_a_decision_changes_nothing_and_is_always_the_same(
    attempt: Attempt, error: Exception, situation: Situation
) -> None:
    before = copy.copy(attempt)
    decided = disposition.failed(attempt, error, situation)
    assert disposition.failed(attempt, error, situation) == decided
    for name in Attempt.__slots__:
        assert getattr(attempt, name) is getattr(before, name)


@given(attempts, situations)
def test_what_may_have_been_delivered_never_goes_again(attempt: Attempt, situation: Situation) -> None:
    decided = disposition.failed(attempt, unconfirmed(), situation)
    assert isinstance(decided.event, RowUnconfirmed)
    assert (decided.entry and decided.entry.state, decided.retry_at, decided.stop) == ("unconfirmed", None, "")


@given(attempts, troubles, situations, doubts)
def test_a_row_in_doubt_ends_unconfirmed_or_goes_again_whatever_it_meets(
    attempt: Attempt, error: Exception, situation: Situation, doubt: Doubt
) -> None:
    attempt.doubt = doubt
    situation = situation._replace(repeat_seconds=82_800.0)
    for decided in (
        disposition.failed(attempt, error, situation),
        disposition.given_back(attempt, situation),
        disposition.left(attempt, "stopped", situation, error),
    ):
        assert decided.entry is None or (decided.entry.state, decided.entry.at) == ("unconfirmed", doubt.since)
        assert (decided.retry_at is None) == isinstance(decided.event, RowUnconfirmed)
        assert decided.retry_at is None or not attempt.delivered


@given(attempts, situations, doubts | st.none())
def test_what_may_have_been_delivered_goes_again_where_it_is_delivered_once(
    attempt: Attempt, situation: Situation, doubt: Doubt | None
) -> None:
    attempt.doubt = doubt
    situation = situation._replace(repeat_seconds=82_800.0)
    decided = disposition.failed(attempt, unconfirmed(), situation)
    since = situation.clock if doubt is None else doubt.since
    is_safe = situation.clock - since < 82_800.0 and not attempt.delivered and not situation.stop_reason
    assert (decided.retry_at is not None) == (is_safe and attempt.attempts < retry_policy.MAX_ATTEMPTS)
    assert decided.entry is not None
    assert (decided.entry.state, decided.entry.at) == ("unconfirmed", since)


@given(attempts, troubles, situations)
def test_every_row_goes_again_or_is_told(attempt: Attempt, error: Exception, situation: Situation) -> None:
    decided = disposition.failed(attempt, error, situation)
    was_told_before = attempt.deferrals > 0
    assert decided.retry_at is not None or decided.event is not None or was_told_before


@given(attempts, troubles, situations)
def test_a_run_that_stopped_tries_nothing_again(attempt: Attempt, error: Exception, situation: Situation) -> None:
    decided = disposition.failed(attempt, error, situation._replace(stop_reason="stopped"))
    assert (decided.retry_at, decided.stop, decided.pause_until) == (None, "", None)
    assert not decided.lacks_quota


@given(attempts, troubles, situations)
def test_an_intent_never_outlives_its_try(attempt: Attempt, error: Exception, situation: Situation) -> None:
    attempt.is_intended = True
    decided = disposition.failed(attempt, error, situation)
    assert decided.entry is not None
    assert decided.entry.state != "committing"
    assert decided.entry.charge == attempt.refund  # what was counted goes off with it


@given(attempts, troubles, situations)
def test_a_row_is_tried_again_at_its_time_and_not_for_ever(
    attempt: Attempt, error: Exception, situation: Situation
) -> None:
    decided = disposition.failed(attempt, error, situation)
    if decided.retry_at is None:
        return
    assert decided.retry_at >= situation.now
    if isinstance(error, QuotaUsedUp):
        assert decided.lacks_quota
        return
    assert decided.tries is not None
    tries, before = decided.tries, attempt.tries
    assert tries != before or attempt.attempts < retry_policy.MAX_ATTEMPTS
    assert tries.reconnects <= retry_policy.MAX_RECONNECTS
    if isinstance(decided.event, RowDeferred):
        assert decided.retry_at <= situation.stays_until
        assert tries == Tries(0, before.deferrals + 1, tries.slowdowns, 0)


@given(attempts, situations)
def test_what_a_quota_has_no_room_for_costs_no_try(attempt: Attempt, situation: Situation) -> None:
    decided = disposition.failed(attempt, QuotaUsedUp(), situation)
    assert decided.tries == attempt.tries._replace(attempts=attempt.attempts - 1)
    assert decided.lacks_quota is not bool(situation.stop_reason)


@given(attempts, situations)
def test_a_refused_sender_is_told_apart_from_a_refused_row(attempt: Attempt, situation: Situation) -> None:
    of_sender = disposition.failed(
        attempt, at("mail", errors.SMTPSenderRefused(550, "5.7.60 not yours", "a@example.org")), situation
    )
    of_row = disposition.failed(attempt, refused(554, "5.7.1 spam")(), situation)
    assert (of_sender.refuses_sender, of_sender.refusal) == (True, "sender")
    assert (of_row.refuses_sender, of_row.refusal) == (False, "policy")

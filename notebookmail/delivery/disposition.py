"""What becomes of a row after a try: what the journal notes, what the results are told, and whether it goes again.

Pure: the time and a random number are arguments, the attempt is read and not changed. The entry for the journal
and the event for the results are made side by side, so that they cannot tell different things. The runner carries
out what is decided here; whether and when a row is tried again is decided by retry_policy.py.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from notebookmail.errors import JournalError

from . import retry_policy
from .backlog import Doubt
from .daily_quota import QuotaUsedUp
from .events import RowDeferred, RowFailed, RowPending, RowSent, RowUnconfirmed
from .explain import explain
from .journal import Entry
from .retry_policy import MAX_ATTEMPTS, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notebookmail.mail.message import Receipt

    from .backlog import Attempt, Tries
    from .events import RowEvent
    from .journal import State


class Situation(NamedTuple):
    """When a try ended, and how the run stands then.

    Attributes:
        now: Seconds of the clock that only goes forward.
        clock: Seconds since the epoch.
        chance: A random number from 0 to 1, which spreads what is tried again.
        stays_until: How long the run stays for deferred rows, by `now`'s clock.
        stop_reason: Why it takes no further rows, or "".
        repeat_seconds: For how long the server takes a row in doubt again without delivering it twice.
    """

    now: float
    clock: float
    chance: float = 0.5
    stays_until: float = -math.inf
    stop_reason: str = ""
    repeat_seconds: float = 0.0


class Disposition(NamedTuple):
    """What becomes of a row after a try.

    Attributes:
        entry: What the journal notes; None notes nothing.
        event: What the results are told; None tells nothing.
        tries: How often the row met what by now; None changes nothing.
        retry_at: When it goes again in this run; None if it does not.
        stop: Why the run takes no further rows; "" goes on.
        refusal: What it was refused for, where that is for good: the category of its explanation.
        refuses_sender: True where every further row of its sender would be refused.
        wants_connection: True where the next message wants a new connection.
        is_too_fast: True where the server wants less at once.
        pause_until: Nothing goes out before; None pauses nothing.
        lacks_quota: True where the day's quota had no room for it.
        doubt: That it may have been delivered, and goes again all the same.
    """

    entry: Entry | None = None
    event: RowEvent | None = None
    tries: Tries | None = None
    retry_at: float | None = None
    stop: str = ""
    refusal: str = ""
    refuses_sender: bool = False
    wants_connection: bool = False
    is_too_fast: bool = False
    pause_until: float | None = None
    lacks_quota: bool = False
    doubt: Doubt | None = None


# --- after a try --------------------------------------------------------------------------------------------


def accepted(
    attempt: Attempt, receipt: Receipt, now: float, clock: float, *, is_noted: bool = True
) -> tuple[Entry | None, RowSent]:
    """Return entry and event of a row whose message was accepted for everybody it is for.

    Every message comes this way, and there is nothing to decide: so no Disposition is made of it.
    """
    task, reply, tries = attempt.task, receipt.reply, attempt.attempts
    seconds, at = now - attempt.started, datetime.fromtimestamp(clock, UTC)
    event = RowSent(task.position, reply, receipt.refused, tries, seconds, at)
    if not is_noted:
        return None, event
    mail = attempt.mail
    entry = Entry(
        task.key, "sent", task.to, clock, tries, reply.code, reply.message, mail.message_id, said=mail.said
    )
    return entry, event


def failed(attempt: Attempt, error: Exception, situation: Situation) -> Disposition:
    """Decide about a row whose try ended in an exception."""
    if isinstance(error, JournalError):
        return left(attempt, str(error), situation)
    if isinstance(error, QuotaUsedUp):
        back = given_back(attempt, situation)
        return back._replace(lacks_quota=back.retry_at is not None)
    verdict = retry_policy.judge(error, attempt.attempts)
    if situation.stop_reason and verdict in _ONLY_IN_A_RUN_THAT_GOES_ON:
        return left(attempt, situation.stop_reason, situation, error)
    return _still_in_doubt(attempt, _BY_VERDICT[verdict](attempt, error, situation), situation)


def given_back(attempt: Attempt, situation: Situation) -> Disposition:
    """Decide about a row whose try was no try."""
    tries = attempt.tries._replace(attempts=attempt.attempts - 1)
    if situation.stop_reason:
        return left(attempt, situation.stop_reason, situation, tries=tries)
    return _still_in_doubt(attempt, _again(attempt, tries, situation.now, situation), situation)


def left(
    attempt: Attempt,
    reason: str,
    situation: Situation,
    error: Exception | None = None,
    *,
    tries: Tries | None = None,
) -> Disposition:
    """Leave a row untried, or tried in vain, for a later run; one that is deferred already stays that."""
    task = attempt.task
    event = None
    if attempt.deferrals == 0 or error is not None:
        event = RowPending(task.position, reason, task.to, attempt.mail.message_id, error, attempt.addresses)
    decided = Disposition(_withdrawal(attempt, tries or attempt.tries, situation), event, tries)
    return _still_in_doubt(attempt, decided, situation)


# --- rows in doubt ------------------------------------------------------------------------------------------


def _repeated(attempt: Attempt, error: Exception, situation: Situation) -> Disposition | None:
    """Send a row in doubt again, to a server that delivers it once; None where that is not safe, or in vain."""
    doubt = attempt.doubt or Doubt(error, situation.clock)
    is_in_time = situation.clock - doubt.since < situation.repeat_seconds
    # What some of several recipients took is another message for the others, and the server would not know it.
    if not is_in_time or situation.stop_reason or attempt.delivered or attempt.attempts >= MAX_ATTEMPTS:
        return None
    at = situation.now + retry_policy.wait_seconds(attempt.attempts, situation.chance)
    entry = _entry(attempt, "unconfirmed", attempt.attempts, situation, error)._replace(code=None, at=doubt.since)
    return Disposition(entry, None, attempt.tries, at, doubt=doubt)


def _still_in_doubt(attempt: Attempt, decided: Disposition, situation: Situation) -> Disposition:
    """Keep a row unconfirmed that an earlier try may have delivered, whatever a later one met but a 2yz reply."""
    doubt = attempt.doubt
    if doubt is None or decided.doubt is not None:
        return decided
    entry = decided.entry
    if entry is not None:
        entry = entry._replace(
            state="unconfirmed", code=None, reply=str(doubt.error), at=doubt.since, next_at=None
        )
    if decided.retry_at is not None and not attempt.delivered:
        return decided._replace(entry=entry, event=None)
    seconds = situation.now - attempt.started
    event = RowUnconfirmed(attempt.task.position, doubt.error, attempt.attempts, seconds)
    return decided._replace(entry=entry, event=event, retry_at=None)


# --- verdict by verdict -------------------------------------------------------------------------------------


def _retried(attempt: Attempt, _: Exception, situation: Situation) -> Disposition:
    wait = retry_policy.wait_seconds(attempt.attempts, situation.chance)
    return _again(attempt, attempt.tries, situation.now + wait, situation)


def _reconnected(attempt: Attempt, error: Exception, situation: Situation) -> Disposition:
    """Give a row another connection: this one has carried as many messages as the server lets it."""
    tries = attempt.tries._replace(reconnects=attempt.reconnects + 1)
    # Of several, it may be their number that is too much.
    is_alone = len(attempt.mail.envelope.recipients) == 1
    if tries.reconnects > (retry_policy.MAX_RECONNECTS if is_alone else 1):
        found = _deferred(attempt, error, situation, tries)
    else:
        found = _again(attempt, tries._replace(attempts=tries.attempts - 1), situation.now, situation)
    return found._replace(wants_connection=True)


def _slowed_down(attempt: Attempt, error: Exception, situation: Situation) -> Disposition:
    tries = attempt.tries._replace(slowdowns=attempt.slowdowns + 1)
    if tries.slowdowns > retry_policy.MAX_SLOWDOWNS:
        return _deferred(attempt, error, situation, tries)._replace(is_too_fast=True)
    at = situation.now + retry_policy.slow_down_seconds(tries.slowdowns, situation.chance)
    return _again(attempt, tries, at, situation)._replace(is_too_fast=True, pause_until=at)


def _deferred(attempt: Attempt, error: Exception, situation: Situation, tries: Tries | None = None) -> Disposition:
    """Leave a row for later: in this run, if it stays that long."""
    tries = tries or attempt.tries
    count = tries.deferrals + 1
    wait = retry_policy.defer_seconds(count, situation.chance)
    next_at = situation.clock + wait
    entry = _entry(attempt, "deferred", count, situation, error, next_at=next_at)
    event = RowDeferred(
        attempt.task.position,
        error,
        tries.attempts,
        situation.now - attempt.started,
        datetime.fromtimestamp(next_at, UTC),
        attempt.addresses,
    )
    tries = tries._replace(deferrals=count)
    if situation.stop_reason or situation.now + wait > situation.stays_until:
        return Disposition(entry, event, tries)
    return Disposition(entry, event, tries._replace(attempts=0, reconnects=0), situation.now + wait)


def _unconfirmed(attempt: Attempt, error: Exception, situation: Situation) -> Disposition:
    again = _repeated(attempt, error, situation)
    if again is not None:
        return again
    entry = _entry(attempt, "unconfirmed", attempt.attempts, situation, error)._replace(
        code=None
    )  # no answer has one
    seconds = situation.now - attempt.started
    return Disposition(entry, RowUnconfirmed(attempt.task.position, error, attempt.attempts, seconds))


def _refused(attempt: Attempt, error: Exception, situation: Situation) -> Disposition:
    entry = _entry(attempt, "failed", attempt.attempts, situation, error)
    seconds = situation.now - attempt.started
    event = RowFailed(attempt.task.position, error, attempt.attempts, seconds, attempt.addresses)
    return Disposition(entry, event, refusal=explain(error).category)


def _refused_with_sender(attempt: Attempt, error: Exception, situation: Situation) -> Disposition:
    return _refused(attempt, error, situation)._replace(refuses_sender=True)


def _stopped(attempt: Attempt, error: Exception, situation: Situation) -> Disposition:
    """Leave a row that met what every further one would meet."""
    return left(attempt, "", situation, error)._replace(stop=explain(error).sentence)


def _again(attempt: Attempt, tries: Tries, at: float, situation: Situation) -> Disposition:
    return Disposition(_withdrawal(attempt, tries, situation), None, tries, at)


_BY_VERDICT: Final[Mapping[Verdict, Callable[[Attempt, Exception, Situation], Disposition]]] = {
    Verdict.RETRY: _retried,
    Verdict.RECONNECT: _reconnected,
    Verdict.SLOW_DOWN: _slowed_down,
    Verdict.FAIL: _refused,
    Verdict.DEFER: _deferred,
    Verdict.UNCONFIRMED: _unconfirmed,
    Verdict.STOP: _stopped,
    Verdict.STOP_SENDER: _refused_with_sender,
}

_ONLY_IN_A_RUN_THAT_GOES_ON: Final = frozenset({Verdict.RETRY, Verdict.RECONNECT, Verdict.SLOW_DOWN, Verdict.STOP})
"""What says nothing of a row once the run has stopped for another reason."""


# --- entries of the journal ---------------------------------------------------------------------------------


def intent(attempt: Attempt, clock: float) -> Entry:
    """Return what the journal notes before the end of a row's message may go out."""
    task, mail = attempt.task, attempt.mail
    if attempt.doubt is not None:  # what counts is when it may first have been delivered
        clock = attempt.doubt.since
    return Entry(
        task.key, "committing", task.to, clock, attempt.attempts, None, "", mail.message_id, None,
        attempt.delivered, attempt.charge, mail.said,
    )  # fmt: skip


def _withdrawal(attempt: Attempt, tries: Tries, situation: Situation) -> Entry | None:
    """Note that the end of data did not go out, or was refused: a later run may try the row."""
    return _entry(attempt, "pending", tries.attempts, situation) if attempt.is_intended else None


def _entry(
    attempt: Attempt,
    state: State,
    attempts: int,
    situation: Situation,
    error: Exception | None = None,
    *,
    next_at: float | None = None,
) -> Entry:
    task, mail = attempt.task, attempt.mail
    reply = None if error is None else retry_policy.reply_of(error)
    code = None if reply is None else reply.code
    words = "" if error is None else str(error)
    return Entry(
        task.key, state, task.to, situation.clock, attempts, code, words, mail.message_id, next_at,
        attempt.delivered, attempt.refund, mail.said,
    )  # fmt: skip

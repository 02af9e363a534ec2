"""Begins the rows that were not tried yet, each with its message, when its turn comes.

A row that gets none has its event at once: an earlier run settled it, its message cannot be made, its sender is
refused, or everybody it is for took it before.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from notebookmail.errors import INTERRUPTS, SMTPException

from . import partial_delivery
from .backlog import Attempt, Doubt
from .events import RowFailed, RowPending, RowSkipped, RowStarted, RowUnconfirmed
from .making import MakingHere

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookmail.mail.message import Mail

    from .backlog import Backlog, Task
    from .events import RowEvent
    from .journal import Earlier
    from .runner_settings import RunnerSettings

_ROWS_PER_TURN = 32
_ROWS_TOLD_PER_TURN = 1_000
_IN_DOUBT = frozenset({"committing", "unconfirmed"})


class UntriedRows:
    """Takes rows from the backlog, has their messages made, and begins them.

    Args:
        backlog: Has the rows.
        settings: Say what came before: `earlier`, `delivered` and `resend_unconfirmed`; and who makes messages.
        emit: Told what becomes of rows that get no message, and that a row is started.
        interrupted: Told of an interrupt that came while a message was made.
        ready: Told that messages were made since none was to be had.
        stop: Told why no more messages can be made.
    """

    def __init__(
        self,
        backlog: Backlog,
        settings: RunnerSettings,
        *,
        emit: Callable[[RowEvent], None],
        interrupted: Callable[[BaseException], None],
        ready: Callable[[], None],
        stop: Callable[[str], None],
    ) -> None:
        self._backlog = backlog
        self._earlier = settings.earlier
        self._delivered = settings.delivered
        self._is_first = not (settings.earlier or settings.delivered)  # no row was ever tried
        self._resend_unconfirmed = settings.resend_unconfirmed
        self._keeps_doubt = settings.idempotency is not None
        self._emit = emit
        self._interrupted = interrupted
        self._ready = ready
        self._stop = stop
        self._making = settings.making or MakingHere()
        self._making.begin(self._ask, self._made_some)
        self._refused_senders: dict[str, Exception] = {}
        self._met = 0  # rows that the journal knows
        self._is_closed = False

    def next(self, now: float) -> Attempt | None:
        """Hand out the next message; rows that get none must not starve the loop, so None may mean: not yet."""
        for _ in range(_ROWS_PER_TURN):
            made = self._making.take()
            if made is None:
                self._backlog.is_held_up = self._making.goes_on
                if self._making.trouble:
                    self._stop(self._making.trouble)
                return None
            self._backlog.in_making -= 1
            attempt = self._started(*made, now)
            if attempt is not None or self._is_closed:
                return attempt
        return None

    def close(self) -> None:
        """Make no more messages."""
        self._is_closed = True
        self._making.stop()

    def refuse_sender(self, sender: str, error: Exception) -> None:
        """Make no more messages of a sender that the server refuses."""
        self._refused_senders[sender] = error

    async def tell_what_was_settled(self) -> None:
        """Say of the rows that are not taken any more which of them an earlier run settled."""
        known = self._earlier
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

    def tell_nothing_more(self) -> None:
        """Let `tell_what_was_settled` say nothing: there is no loop any more to say it in."""
        self._met = len(self._earlier)

    # --- making ---------------------------------------------------------------------------------------------

    def _ask(self) -> Task | None:
        """Take the next row that wants a message; None may mean, too, that the loop must have its turn first."""
        for _ in range(_ROWS_PER_TURN):
            task = self._backlog.next_untried()
            if task is None:
                return None
            known = None if self._is_first else self._earlier.get(task.key)
            if known is not None:
                self._met += 1
                if self._is_settled_before(task, known):
                    continue
            self._backlog.in_making += 1
            return task
        return None

    def _made_some(self) -> None:
        if self._backlog.is_held_up:
            self._backlog.is_held_up = False
            self._ready()

    # --- one row --------------------------------------------------------------------------------------------

    def _is_settled_before(self, task: Task, known: Earlier) -> bool:
        """Tell whether an earlier run settled a row, and emit what it came to."""
        if known.state == "sent":
            when = datetime.fromtimestamp(known.at, UTC)
            self._emit(RowSkipped(task.position, f"already sent at {when:%Y-%m-%d %H:%M} UTC", task.to, when))
            return True
        if known.state in _IN_DOUBT and not self._resend_unconfirmed:
            doubt = _doubt_of_before()
            self._emit(RowUnconfirmed(task.position, doubt, known.attempts, 0.0, task.to, is_from_before=True))
            return True
        return False

    def _started(self, task: Task, made: Mail | BaseException, now: float) -> Attempt | None:
        """Begin a row with its message for those who have not taken it; None if it gets none."""
        mail = self._message(task, made)
        if mail is None or (self._refused_senders and self._is_of_refused_sender(task, mail)):
            return None
        if self._is_first:
            self._emit(RowStarted(task.position, task.to, mail.message_id))
            return Attempt(task, mail, now)
        known = self._earlier.get(task.key)
        delivered = self._delivered_before(task, known)
        left = partial_delivery.for_the_others(mail, delivered)
        if left is None:
            self._emit(RowSkipped(task.position, "everybody it is for took it before", task.to))
            return None
        self._emit(RowStarted(task.position, task.to, mail.message_id))
        deferrals = known.attempts if known is not None and known.state == "deferred" else 0
        doubt = None
        if self._keeps_doubt and known is not None and known.state in _IN_DOUBT:
            doubt = Doubt(_doubt_of_before(), known.at)
        return Attempt(task, left, now, deferrals=deferrals, delivered=delivered, doubt=doubt)

    def _message(self, task: Task, made: Mail | BaseException) -> Mail | None:
        """Return a row's message; what kept it from being made is told instead."""
        if not isinstance(made, BaseException):
            return made
        if isinstance(made, INTERRUPTS) or not isinstance(made, Exception):
            self._emit(RowPending(task.position, "interrupted", task.to))
            self._interrupted(made)
        else:
            self._emit(RowFailed(task.position, made))
        return None

    def _is_of_refused_sender(self, task: Task, mail: Mail) -> bool:
        refusal = self._refused_senders.get(mail.envelope.sender)
        if refusal is None:
            return False
        reason = f"not tried: the server refuses the sender {mail.envelope.sender}"
        self._emit(RowPending(task.position, reason, task.to, mail.message_id, refusal))
        return True

    def _delivered_before(self, task: Task, known: Earlier | None) -> tuple[str, ...]:
        """Return the addresses that took a row's message in earlier runs, or earlier in this one."""
        delivered = self._delivered.get(task.position, ())
        if known is not None and known.delivered:
            return tuple(dict.fromkeys(delivered + known.delivered))
        return delivered


def _doubt_of_before() -> SMTPException:
    error = SMTPException("an earlier run ended before it could learn the server's answer")
    error.unconfirmed = True
    return error

"""What may be sent next, and when: rows not yet tried, rows to be tried again, the rate, the day's quota.

Time is an argument, in seconds of a clock that only goes forward. Nothing here waits: `next` says how long to.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from .partial_delivery import Addresses, refusals, without_copies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from notebookmail.mail.message import Mail
    from notebookmail.response import SMTPResponse

    from .journal import Charge
    from .rate_limit import Bucket


class Task(NamedTuple):
    """One row to send.

    Attributes:
        position: The row's place in the frame.
        to: The address it goes to, for display.
        key: What the row is known by in its campaign.
        build: Makes the message, or raises a NotebookmailError that says why it cannot.
    """

    position: int
    to: str
    key: bytes
    build: Callable[[], Mail]


class Tries(NamedTuple):
    """How often a row met what.

    Attributes:
        attempts: How often it was tried, the one under way included.
        deferrals: How often the server asked to come back later, in earlier runs too.
        slowdowns: How often it met a server that wanted less.
        reconnects: How often in a row it met a connection that was used up.
    """

    attempts: int = 0
    deferrals: int = 0
    slowdowns: int = 0
    reconnects: int = 0


class Doubt(NamedTuple):
    """That an earlier try of a row may have delivered its message.

    Attributes:
        error: What came in place of the server's answer.
        since: When that was (unix time, seconds), at the first such try.
    """

    error: Exception
    since: float


@dataclass(slots=True, eq=False)
class Attempt:
    """A row that is being sent.

    Attributes:
        task: The row.
        mail: Its message.
        started: When it was first tried.
        attempts: How often it was tried, the one under way included.
        deferrals: How often the server asked to come back later, in earlier runs too.
        slowdowns: How often it met a server that wanted less.
        reconnects: How often in a row it met a connection that was used up.
        is_intended: True while the journal says that its end of data may be out.
        delivered: The addresses that took its message in earlier tries; `mail` goes to the others.
        refused: The addresses that refused it at last, where it has several.
        is_held: True while the quota keeps room for it.
        charge: What it is counted as, while its end of data may be out.
        refund: What takes that off the journal's count again, with the next entry.
        doubt: That it may have been delivered already, by a server that delivers it once all the same.
    """

    task: Task
    mail: Mail
    started: float
    attempts: int = 0
    deferrals: int = 0
    slowdowns: int = 0
    reconnects: int = 0
    is_intended: bool = False
    delivered: tuple[str, ...] = ()
    refused: Mapping[str, SMTPResponse] = field(default_factory=dict)
    is_held: bool = False
    charge: Charge | None = None
    refund: Charge | None = None
    doubt: Doubt | None = None

    @property
    def tries(self) -> Tries:
        """How often it met what."""
        return Tries(self.attempts, self.deferrals, self.slowdowns, self.reconnects)

    @tries.setter
    def tries(self, tries: Tries) -> None:
        self.attempts, self.deferrals, self.slowdowns, self.reconnects = tries

    def note_delivered(self, refused: Mapping[str, SMTPResponse]) -> None:
        """Go on with the addresses that refused the message; the others have it."""
        envelope = self.mail.envelope
        self.delivered += tuple(each for each in envelope.recipients if each not in refused)
        self.refused = refused
        self.mail = self.mail._replace(envelope=envelope._replace(recipients=tuple(refused)))
        self.reconnects = 0  # it has come on

    def judged(self, error: Exception) -> Exception:
        """Note which addresses a failed try says were refused; return what its row is to be judged by."""
        if not (self.delivered or self.mail.copies):
            return error
        self.refused = refusals(error) or self.refused
        return without_copies(error, self.mail)

    @property
    def addresses(self) -> Addresses | None:
        """What its addresses said; None where that is all in the error."""
        if self.delivered or self.refused:
            return Addresses(self.delivered, self.refused, self.mail.copies)
        return None


class Backlog:
    """Holds what is still to be sent.

    Args:
        tasks: The rows, taken one after the other when there is room.
        total: How many there are.
        bucket: Grants messages at the rate the server allows; None for no limit.
    """

    def __init__(self, tasks: Iterator[Task], total: int, bucket: Bucket | None) -> None:
        self._tasks = tasks
        self._untried = total
        self._bucket = bucket
        self._again: list[tuple[float, int, Attempt]] = []
        self._order = count()
        self._opens_at = 0.0
        self._is_exhausted = total == 0
        self.in_making = 0
        """How many rows were taken whose messages are still being made, or wait for their turn."""
        self.is_held_up = False
        """True while no row can be tried before its message is made."""

    @property
    def is_empty(self) -> bool:
        """True when nothing is left, now or later."""
        return self._is_exhausted and not self._again and not self.in_making

    def waiting(self, now: float) -> int:
        """Tell how many could be taken now."""
        if now < self._opens_at:
            return 0
        due = 0
        if self._again and self._again[0][0] <= now:
            due = sum(at <= now for at, _, _ in self._again)
        return due + self._waiting_untried()

    def opens_after(self, now: float) -> float | None:
        """Tell after how many seconds to look again; None when only the end of what is under way changes that."""
        if now < self._opens_at:
            return self._opens_at - now
        if self._waiting_untried():
            return 0.0
        return max(0.0, self._again[0][0] - now) if self._again else None

    def _waiting_untried(self) -> int:
        if self.is_held_up:
            return 0
        return self.in_making + (0 if self._is_exhausted else max(self._untried, 1))

    def hold(self, until: float) -> None:
        """Hand out nothing before this time."""
        self._opens_at = max(self._opens_at, until)

    def takes_rate(self, now: float) -> bool:
        """Take one message's worth of the rate; False holds everything until there is one."""
        if self._bucket is None:
            return True
        wait = self._bucket.take(now)
        if wait > 0:
            self.hold(now + wait)
        return wait <= 0

    def next_due(self, now: float) -> Attempt | None:
        """Take the attempt whose time has come."""
        if self._again and self._again[0][0] <= now:
            return heapq.heappop(self._again)[2]
        return None

    def next_untried(self) -> Task | None:
        """Take the next row that was not tried yet."""
        task = next(self._tasks, None)
        self._untried -= 1
        if task is None:
            self._is_exhausted = True
        return task

    def put_back(self, attempt: Attempt, at: float) -> None:
        """Take back an attempt, for this time or later."""
        heapq.heappush(self._again, (at, next(self._order), attempt))

    def untried(self) -> Iterator[Task]:
        """Hand out the rows that were never asked for, at the end of a run."""
        self._is_exhausted = True
        yield from self._tasks

    def withdraw(self) -> Iterator[Attempt]:
        """Take out all attempts that were to be tried again."""
        self._is_exhausted = True
        again, self._again = self._again, []
        for _, _, attempt in again:
            yield attempt

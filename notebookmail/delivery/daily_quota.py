"""A day's quota: one number for an account, however many runs send over it at the same time.

What is counted are messages that the server accepted, or may have accepted: one is counted before its end of data
may go out, and taken off again where it was not accepted. The journal counts for all processes that share it
(journal/quota_usage.py); here the process counts for itself, so that runs without a journal, or with several, know
of each other. A run holds back rather than goes beyond: it takes no more messages than there would be room for if
all were accepted, and ends only when there is none although none of its own is on its way.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from notebookmail.errors import NotebookmailError

from .journal import Charge, minute_of
from .journal.quota_usage import DAY_MINUTES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class QuotaUsedUp(NotebookmailError):
    """A message may not go out now, as it would go beyond the quota of its account."""


class UsageCounts:
    """Messages by account, by the journal that counts them too, and by minute. Used by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: dict[str, dict[tuple[str, int], int]] = {}

    def charge(self, account: str, journal: str, minute: int, most: int | None) -> bool:
        """Count a message, unless there would be more than `most` within 24 hours."""
        with self._lock:
            if most is not None and self._sum(account, minute, None) >= most:
                return False
            of_account = self._messages.setdefault(account, {})
            place = journal, minute
            of_account[place] = of_account.get(place, 0) + 1
            return True

    def give_back(self, account: str, journal: str, minute: int) -> None:
        """Take off a message that was counted."""
        with self._lock:
            self._messages[account][journal, minute] -= 1

    def used(self, account: str, minute: int, *, besides: str | None = None) -> int:
        """Count the messages of the 24 hours that end with a minute, without those of one journal."""
        with self._lock:
            return self._sum(account, minute, besides)

    def _sum(self, account: str, minute: int, besides: str | None) -> int:
        of_account = self._messages.get(account, {})
        for old in [each for each in of_account if each[1] < minute - DAY_MINUTES]:
            del of_account[old]
        return sum(count for (journal, _), count in of_account.items() if journal != besides)


THIS_PROCESS: Final = UsageCounts()
"""What this process has sent: an account is one, whoever sends over it."""


class Quota:
    """What one run may still send.

    Args:
        per_day: The limit of each account that has one.
        account: Whose messages the run begins with.
        journal: Which journal counts them too; "" for none.
        known: Tells how many messages the journal counts of an account.
        counts: What the process counts.
        clock: Tells the seconds since the epoch.
    """

    def __init__(
        self,
        per_day: Mapping[str, int],
        account: str,
        *,
        journal: str = "",
        known: Callable[[str], int] | None = None,
        counts: UsageCounts = THIS_PROCESS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._per_day = per_day
        self._account = account
        self._journal = journal
        self._known = known
        self._counts = counts
        self._clock = clock
        self._held = 0
        self._charge = Charge("", 0, 1)  # the newest one without a limit: many are alike
        self.is_limited = bool(per_day)
        """True when any account has a limit."""

    @property
    def has_room(self) -> bool:
        """True while one more may go, should all that were taken be accepted."""
        most = self._per_day.get(self._account)
        return most is None or self._used(self._account) + self._held < most

    def hold(self) -> None:
        """Keep room for a message that was taken."""
        self._held += 1

    def let_go(self) -> None:
        """Release the room of a message that is counted now, or does not go."""
        self._held -= 1

    def charge(self, account: str) -> Charge | None:
        """Count a message whose end of data is about to go out; None if there is no room for it.

        Where there is a journal, it has the last word, by the charge.
        """
        self._account = account
        most = self._per_day.get(account)
        minute = minute_of(self._clock())
        if not self._counts.charge(account, self._journal, minute, most):
            return None
        if most is not None:
            if self._known is not None:
                most -= self._counts.used(account, minute, besides=self._journal)
            return Charge(account, minute, 1, most)
        if self._charge.minute != minute or self._charge.account != account:
            self._charge = Charge(account, minute, 1)
        return self._charge

    def give_back(self, charge: Charge) -> None:
        """Take off a message that was counted and not accepted."""
        self._counts.give_back(charge.account, self._journal, charge.minute)

    def _used(self, account: str) -> int:
        minute = minute_of(self._clock())
        of_process = self._counts.used(account, minute)
        if self._known is None:
            return of_process
        # What the journal was last heard to count may be old: other runs of this process go on meanwhile.
        return max(of_process, self._known(account) + self._counts.used(account, minute, besides=self._journal))

    @property
    def words(self) -> str:
        """Why the run ends when there is no room."""
        most = self._per_day.get(self._account, 0)
        return (
            f"the quota of {most:,} messages in 24 hours is used up: run the cell again tomorrow, it goes on "
            "where it stopped"
        )

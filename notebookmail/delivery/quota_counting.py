"""Counts the messages of a run against the day's quota, each from when it is taken until it has its end.

A message keeps room while it is on its way, is counted when its end of data is about to go out, and is taken off
again where that did not go out, or was refused. What the journal has counted meanwhile goes off its count with the
row's next entry (`Attempt.refund`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookmail.errors import JournalError, SMTPException

from .daily_quota import QuotaUsedUp

if TYPE_CHECKING:
    from collections.abc import Callable

    from .backlog import Attempt
    from .daily_quota import Quota


class QuotaCounting:
    """Counts attempts against a quota.

    Args:
        quota: What may still be sent.
    """

    def __init__(self, quota: Quota) -> None:
        self._quota = quota

    @property
    def has_room(self) -> bool:
        """True while one more may go, should all that were taken be accepted."""
        return not self._quota.is_limited or self._quota.has_room

    @property
    def words(self) -> str:
        """Why the run ends when there is no room."""
        return self._quota.words

    def hold(self, attempt: Attempt) -> None:
        """Keep room for a message that was taken, where room is limited."""
        if self._quota.is_limited:
            self._quota.hold()
            attempt.is_held = True

    def let_go(self, attempt: Attempt) -> None:
        """Keep no room any more for a message that is counted now, or does not go."""
        if attempt.is_held:
            attempt.is_held = False
            self._quota.let_go()

    def letting_go(
        self, attempt: Attempt, go: Callable[[Exception | None], None]
    ) -> Callable[[Exception | None], None]:
        """Return what lets a message go on, or not, and keeps no room for it any more."""

        def go_on(fault: Exception | None) -> None:
            self.let_go(attempt)
            go(fault)

        return go_on

    def charge(self, attempt: Attempt, account: str) -> bool:
        """Count a message whose end of data is about to go out over an account; False if there is no room."""
        attempt.charge = self._quota.charge(account)
        return attempt.charge is not None

    def settle(self, attempt: Attempt, error: Exception | None) -> None:
        """Leave a message on the count whose end went out and was not refused; take others off it."""
        if error is None or (isinstance(error, SMTPException) and error.unconfirmed):
            if attempt.is_held:
                self.let_go(attempt)
            attempt.charge = None
        else:
            self.take_off(attempt, error)

    def take_off(self, attempt: Attempt, error: Exception | None = None) -> None:
        """Take a message off the count whose end did not go out, or was refused."""
        self.let_go(attempt)
        charge, attempt.charge = attempt.charge, None
        if charge is None:
            return
        self._quota.give_back(charge)
        if isinstance(error, QuotaUsedUp):
            attempt.is_intended = False  # nothing is written of what the journal refused to count
        elif attempt.is_intended and not isinstance(error, JournalError):  # what was not written need not go
            attempt.refund = charge._replace(messages=-1)

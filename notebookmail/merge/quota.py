"""A day's quota: how many messages an account may still send within 24 hours."""

from __future__ import annotations


class Quota:
    """Counts down.

    Args:
        per_day: The account's limit.
        used: How many went out in the last 24 hours, all campaigns together.
    """

    def __init__(self, per_day: int, used: int) -> None:
        self._per_day = per_day
        self._left = max(0, per_day - used)

    @property
    def left(self) -> int:
        """How many may still go."""
        return self._left

    @property
    def has_room(self) -> bool:
        """True while one more may go."""
        return self._left > 0

    def take(self) -> None:
        """Count one."""
        self._left -= 1

    @property
    def words(self) -> str:
        """Why the run ends when there is no room."""
        return (
            f"the quota of {self._per_day:,} messages in 24 hours is used up: run the cell again tomorrow, it "
            "goes on where it stopped"
        )

"""How many connections to use at once: Postfix's feedback (SCHEDULER_README, "per-destination feedback").

With N the window now: a success adds 1/N, and a whole one makes the window grow by one; a failure of a
connection takes 1/N away, and below nothing it shrinks by one. So it grows by one for a window's worth of good
deliveries, and one bad connection among many changes little. Refused recipients are no failure: the server is
well.

A server that says that it is too much halves the window, once for all the connections that hear so at the same
time, and what it took before is tried again only step by step, after many messages each.
"""

from __future__ import annotations

from typing import Final

START: Final = 2
_COHORTS_TO_DOWN: Final = 3
_ROUNDING: Final = 1e-9  # a window's worth of 1/N adds up to nearly one
_FIRST_PATIENCE: Final = 256
_LONGEST_PATIENCE: Final = 65_536


class ConnectionWindow:
    """The number of connections a server takes well.

    Args:
        most: Never more than this, at least 1.
        start: How many at first.

    Attributes:
        size: How many now.
    """

    def __init__(self, most: int, start: int = START) -> None:
        self._most = most
        self._cap = most
        self.size = min(start, most)
        self._credit = 0.0
        self._failed_cohorts = 0.0
        self._unheard = 0  # messages that were on their way when it was last lowered
        self._patience = _FIRST_PATIENCE
        self._until_raised = 0

    @property
    def is_down(self) -> bool:
        """True after three windows' worth of failures without a success between."""
        return self._failed_cohorts > _COHORTS_TO_DOWN - _ROUNDING

    def succeeded(self) -> None:
        """Note a delivery that the connection carried to its end."""
        self._failed_cohorts = 0.0
        if self.size >= self._cap:
            if self._cap < self._most:
                self._wait_at_cap()
            return
        self._credit += 1 / self.size
        if self._credit > 1 - _ROUNDING:
            self._credit = 0.0
            self.size += 1

    def failed(self) -> None:
        """Note a connection that did not come about, or broke."""
        self._failed_cohorts += 1 / self.size
        self._credit -= 1 / self.size
        if self._credit < -_ROUNDING:
            self.size = max(1, self.size - 1)
            self._credit = 0.0

    def lower(self) -> bool:
        """Halve it, and stay there for a while: the server said that more is too much.

        The connections that were open then mostly all hear so; only the first counts.

        Returns:
            True when it counted, so that a rate is lowered as often as the window.
        """
        if self._unheard > 0:
            self._unheard -= 1
            return False
        self._unheard = self.size - 1
        self.size = self._cap = max(1, self.size // 2)
        self._credit = 0.0
        self._until_raised = self._patience
        self._patience = min(2 * self._patience, _LONGEST_PATIENCE)
        return True

    def _wait_at_cap(self) -> None:
        """Count the messages that went well at a lowered cap; after enough of them it rises by one."""
        if self._unheard > 0:
            self._unheard -= 1
        self._until_raised -= 1
        if self._until_raised <= 0:
            self._cap += 1
            self._until_raised = self._patience

"""Turns at one connection: tasks that share a client take theirs in the order they asked.

Whoever waits with a message says how it is made, so that the one before can have its transaction opened behind its
own content; that is how tasks sharing a client get one round trip per message.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookmail.mail.message import Mail
    from notebookmail.smtp.wire.extensions import Extensions

    Make = Callable[[Extensions], Mail]


class QueuedTurn:
    """One task's wait for the connection.

    Attributes:
        make: Makes the mail it waits with; None when it waits with a command.
        mail: That mail, once somebody asked for it.
    """

    __slots__ = ("mail", "make")

    def __init__(self, make: Make | None = None) -> None:
        self.make = make
        self.mail: Mail | None = None


class FairQueue:
    """A queue of turns, one of them taken."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[QueuedTurn, asyncio.Future[None]]] = deque()
        self._is_taken = False

    async def take(self, turn: QueuedTurn) -> None:
        """Wait for the turn; `leave` must follow."""
        if not self._is_taken:
            self._is_taken = True
            return
        granted = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, granted))
        try:
            await granted
        except asyncio.CancelledError:
            if not granted.cancelled():
                self.leave()  # granted and cancelled at once: the next in line gets it
            raise

    def leave(self) -> None:
        """Give the turn to the next in line."""
        turn = self._next()
        if turn is None:
            self._is_taken = False
        else:
            self._waiting.popleft()[1].set_result(None)

    def _next(self) -> QueuedTurn | None:
        """The next in line; who was cancelled is in line no more."""
        while self._waiting and self._waiting[0][1].done():
            self._waiting.popleft()
        return self._waiting[0][0] if self._waiting else None

    def awaits(self, mail: Mail) -> bool:
        """Tell whether the next in line waits with this mail."""
        turn = self._next()
        return turn is not None and turn.mail is mail

    def next_mail(self, extensions: Extensions) -> Mail | None:
        """Make the mail that the next in line waits with, if it waits with one and it can be made."""
        turn = self._next()
        if turn is None or turn.make is None:
            return None
        try:
            turn.mail = turn.make(extensions)
        except Exception:  # noqa: BLE001 -- its own turn will say so
            return None
        return turn.mail

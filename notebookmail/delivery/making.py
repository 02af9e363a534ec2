"""When messages are made: a few ahead of their turn, between turns of the event loop.

Making a letter with a chart takes longer than sending it. So a turn of the loop makes messages for a moment only,
at least one, and the loop goes on before the next: replies are read, the board repaints, Stop is heard. Messages
that cost little are made several in a row, which spares the processor going to and fro. They are handed out in
the order of their rows, whoever makes them: `Making` is the seam for that.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from notebookmail.errors import INTERRUPTS, NotebookmailError

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookmail.mail.message import Mail

    from .backlog import Task

    Made = tuple[Task, Mail | BaseException]

_TURN_SECONDS: Final = 0.002
"""How long one turn of the loop makes messages, if one alone does not take longer."""

_AHEAD: Final = 64
"""So many messages are made ahead at most."""

_DEAR_SECONDS: Final = 0.01
_TURNS_BETWEEN: Final = 8  # a click, a reply or a command of the protocol takes several turns to come through


class MakingTimes(NamedTuple):
    """What making messages took so far; the first is left out: it waits for libraries to load.

    Attributes:
        messages: How many were made.
        each: How many seconds one takes whoever makes it.
        limited: For how many seconds all else waited for messages.
        elapsed: How many seconds have gone by.
    """

    messages: int = 0
    each: float = 0.0
    limited: float = 0.0
    elapsed: float = 0.0

    @property
    def share(self) -> float:
        """The part of the time in which all else waited."""
        return self.limited / self.elapsed if self.elapsed > 0 else 0.0


class Making(Protocol):
    """What makes the messages of rows, in their order; all its calls are made on the event loop's thread."""

    def begin(self, ask: Callable[[], Task | None], ready: Callable[[], None]) -> None:
        """Be told where rows come from.

        Args:
            ask: Gives the next row that wants a message; None if there is none now.
            ready: To be called when there may be a message again after `take` returned None, if `goes_on`.
        """

    def take(self) -> Made | None:
        """Return the next row with its message, or with what kept it from being made; None if none is ready."""

    @property
    def goes_on(self) -> bool:
        """Whether `ready` will be called."""

    @property
    def trouble(self) -> str:
        """Why no more messages can be made, or ""."""

    @property
    def times(self) -> MakingTimes:
        """What making messages took so far."""

    def stop(self) -> None:
        """Make no more messages."""


class MakingHere:
    """Makes messages in this thread, between turns of the event loop."""

    trouble = ""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._made: deque[Made] = deque()
        self._turns_to_pass = 0
        self._count = -1  # but the first
        self._seconds = 0.0
        self._since = self._until = 0.0

    def begin(self, ask: Callable[[], Task | None], ready: Callable[[], None]) -> None:
        """Be told where rows come from, and whom to tell that there are messages again."""
        self._ask = ask
        self._ready = ready

    def take(self) -> Made | None:
        """Return the next message; where none was made ahead, make some, unless this turn has made enough."""
        if not self._made and not self._turns_to_pass:
            self._make()
        return self._made.popleft() if self._made else None

    @property
    def goes_on(self) -> bool:
        """Whether the loop has its turn before the next message is made."""
        return self._turns_to_pass > 0

    @property
    def times(self) -> MakingTimes:
        """What making messages took so far."""
        count = max(self._count, 0)
        each = self._seconds / count if count else 0.0
        return MakingTimes(count, each, self._seconds, self._until - self._since)

    def stop(self) -> None:
        """Make no more messages: nobody takes any."""

    def _make(self) -> None:
        began = counted = now = self._loop.time()
        for _ in range(_AHEAD):
            task = self._ask()
            if task is None:
                break
            made = self._made_of(task)
            if isinstance(made, INTERRUPTS):
                self._made.appendleft((task, made))  # it is the caller's, and waits for no other row
                break
            self._made.append((task, made))
            self._count += 1
            now = self._loop.time()
            if self._count == 0:
                self._since = counted = now
            if now - began >= _TURN_SECONDS:
                self._turns_to_pass = 1 if now - began < _DEAR_SECONDS else _TURNS_BETWEEN
                self._loop.call_soon(self._turn_passes)
                break
        self._seconds += now - counted
        self._until = now

    @staticmethod
    def _made_of(task: Task) -> Mail | BaseException:
        try:
            return task.build()
        except (NotebookmailError, *INTERRUPTS) as problem:
            return problem

    def _turn_passes(self) -> None:
        self._turns_to_pass -= 1
        if self._turns_to_pass:
            self._loop.call_soon(self._turn_passes)
        else:
            self._ready()

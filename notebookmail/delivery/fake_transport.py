"""A transport that delivers in memory, as scripted: for tests of whatever stands on `Transport`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from notebookmail.errors import SMTPServerDisconnected
from notebookmail.mail.message import Receipt
from notebookmail.response import SMTPResponse

from .commit_gates import CommitGates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notebookmail.mail.message import Mail

    from .transport import MessageSource, OutgoingMessage

ACCEPTED = Receipt(SMTPResponse(250, "2.0.0 queued"))


class FakeTransport:
    """Delivers in memory.

    Args:
        outcomes: How the tries of the messages to an address end, one after the other: a Receipt delivers, an
            exception does not. What is not scripted is accepted.
        connections: How many messages are on their way at once.
        is_held: True keeps every message on its way once it is committed, until `release`; those that are on their
            way when it is closed may have been delivered.

    Attributes:
        delivered: The messages that were accepted, in their order.
        taken: How many were taken, each try counted.
        lowered: How often the source asked for fewer at once.
        renewed: How often it asked for a new connection.
        is_closed: True after `close`.
        holding: Set once a message is committed.
    """

    def __init__(
        self,
        outcomes: Mapping[str, Sequence[Receipt | Exception]] | None = None,
        *,
        connections: int = 1,
        is_held: bool = False,
    ) -> None:
        self.delivered: list[Mail] = []
        self.taken = self.lowered = self.renewed = 0
        self.is_closed = False
        self.holding = asyncio.Event()
        self._outcomes = {address: list(each) for address, each in (outcomes or {}).items()}
        self._connections = connections
        self._call = asyncio.Event()
        self._released = asyncio.Event()
        self._gates = CommitGates()
        self._tasks: list[asyncio.Task[None]] = []
        if not is_held:
            self._released.set()

    def release(self) -> None:
        """Let the messages end that were kept on their way."""
        self._released.set()

    # --- a transport ----------------------------------------------------------------------------------------

    @property
    def connections(self) -> int:
        """How many messages are on their way at once."""
        return self._connections

    async def open(self) -> None:
        """Be ready: it always is."""

    def start(self, source: MessageSource[Any]) -> None:
        """Begin to take messages."""
        self._tasks = [asyncio.create_task(self._work(source)) for _ in range(self._connections)]

    def wake(self) -> None:
        """Look for messages again."""
        self._call.set()

    def lower(self) -> bool:
        """Note that it is too much."""
        self.lowered += 1
        return True

    def hurry(self) -> None:
        """Give up the messages that wait for their commit."""
        self._gates.give_up()

    async def close(self) -> None:
        """Give up what is under way."""
        self.is_closed = True
        self.hurry()
        self._released.set()
        self._call.set()
        await asyncio.gather(*self._tasks)

    # --- message after message ------------------------------------------------------------------------------

    async def _work(self, source: MessageSource[Any]) -> None:
        while not self.is_closed:
            self._call.clear()
            message = source.take()
            if message is None:
                await self._call.wait()
                continue
            self.taken += 1
            await self.carry(source, message)

    async def carry(self, source: MessageSource[Any], message: OutgoingMessage) -> None:
        """Carry one message to its end."""
        forbidden = await self._gates.forbidden(source, message)
        if forbidden is not None:
            source.end(message, None, forbidden)
            return
        self.holding.set()
        await self._released.wait()
        if self.is_closed:
            lost = SMTPServerDisconnected("closed before the message was answered")
            lost.unconfirmed = True
            source.end(message, None, lost)
            return
        await asyncio.sleep(0)
        self._answer(source, message)

    def _answer(self, source: MessageSource[Any], message: OutgoingMessage) -> None:
        scripted = self._outcomes.get(message.mail.envelope.recipients[0])
        outcome = scripted.pop(0) if scripted else ACCEPTED
        if isinstance(outcome, Exception):
            self.renewed += source.end(message, None, outcome)
            return
        self.delivered.append(message.mail)
        self.renewed += source.end(message, outcome, None)

"""Asking whether a message may go out, for a transport that carries each message in a task."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from notebookmail.errors import SMTPServerDisconnected

if TYPE_CHECKING:
    from .transport import MessageSource, OutgoingMessage


class CommitGates:
    """What messages wait at until they may go out."""

    def __init__(self) -> None:
        self._closed: dict[asyncio.Future[Exception | None], None] = {}

    async def forbidden(self, source: MessageSource[Any], message: OutgoingMessage) -> Exception | None:
        """Ask whether a message may go out; return what forbids it."""
        gate: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

        def go(forbidden: Exception | None) -> None:
            if not gate.done():  # else it was given up meanwhile
                gate.set_result(forbidden)

        if source.commit(message, go):
            return None
        self._closed[gate] = None
        try:
            return await gate
        finally:
            del self._closed[gate]

    def give_up(self) -> None:
        """Let no message through that still waits."""
        for gate in self._closed:
            if not gate.done():
                gate.set_result(SMTPServerDisconnected("given up before the message's end"))

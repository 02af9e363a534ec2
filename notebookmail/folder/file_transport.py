"""A transport that writes each message to a store of files, off the event loop's thread."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, Protocol

from notebookmail.delivery.commit_gates import CommitGates
from notebookmail.delivery.transport import Outgoing
from notebookmail.errors import FrameError
from notebookmail.mail.message import Receipt
from notebookmail.response import SMTPResponse

if TYPE_CHECKING:
    from pathlib import Path

    from notebookmail.delivery.transport import MessageSource
    from notebookmail.mail.message import Mail


class MessageStore(Protocol):
    """Keeps messages in files. Its methods wait for the disk, and are called on other threads."""

    path: Path

    def open(self) -> None:
        """Make it ready.

        Raises:
            OSError: It cannot be written to.
            FrameError: What is there must not be written to.
        """

    def write(self, mail: Mail) -> str:
        """Keep a message, so that it outlasts a power cut, and return the name it is kept under.

        A message of the same Message-ID takes the place of the one before.

        Raises:
            OSError: It is not kept.
        """

    def close(self) -> None:
        """Let go of it."""


class FileTransport(Generic[Outgoing]):
    """Writes a source's messages.

    Args:
        store: What keeps them.
        writers: How many are written at once.
    """

    def __init__(self, store: MessageStore, writers: int) -> None:
        self._store = store
        self._writers = writers
        self._source: MessageSource[Outgoing]
        self._tasks: list[asyncio.Task[None]] = []
        self._call = asyncio.Event()
        self._gates = CommitGates()
        self._is_open = self._is_closed = False

    @property
    def connections(self) -> int:
        """How many messages may be on their way now."""
        return len(self._tasks)

    async def open(self) -> None:
        """Make the files ready.

        Raises:
            FrameError: They cannot be written to.
        """
        try:
            await asyncio.to_thread(self._store.open)
        except OSError as problem:
            raise FrameError(f"{_what_happened(self._store, problem)}; nothing was written") from problem
        self._is_open = True

    def start(self, source: MessageSource[Any]) -> None:
        """Begin to take messages."""
        self._source = source
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._writers)]

    def wake(self) -> None:
        """Look for messages again."""
        self._call.set()

    def lower(self) -> bool:
        """Change nothing: files never say that it is too much."""
        return False

    def hurry(self) -> None:
        """Give up the messages that wait for their commit; the others are written in a moment."""
        self._gates.give_up()

    async def close(self) -> None:
        """Give up what is not being written yet; wait for the rest."""
        self._is_closed = True
        self.hurry()
        self._call.set()
        await asyncio.gather(*self._tasks)
        self._tasks.clear()
        if self._is_open:
            self._is_open = False
            await asyncio.to_thread(self._store.close)

    async def _work(self) -> None:
        while not self._is_closed:
            self._call.clear()
            message = self._source.take()
            if message is None:
                await self._call.wait()
                continue
            await self._carry(message)

    async def _carry(self, message: Outgoing) -> None:
        forbidden = await self._gates.forbidden(self._source, message)
        if forbidden is not None:
            self._source.end(message, None, forbidden)
            return
        try:
            name = await asyncio.to_thread(self._store.write, message.mail)
        except OSError as problem:  # such as a full disk, which every further message would meet
            self._is_closed = True
            self._source.give_back(message)
            self._source.unreachable(OSError(_what_happened(self._store, problem)))
        else:
            self._source.end(message, Receipt(SMTPResponse(250, f"written to {name}")), None)


def _what_happened(store: MessageStore, problem: OSError) -> str:
    return f"cannot write to {store.path}: {problem.strerror or problem}"

"""A transport for what keeps messages one by one: each is handed to a store, and is delivered once that has it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, Protocol

from notebookmail.errors import MailboxError, SMTPException, SMTPServerDisconnected
from notebookmail.mail.message import Receipt
from notebookmail.response import SMTPResponse

from .commit_gates import CommitGates
from .transport import Outgoing

if TYPE_CHECKING:
    from notebookmail.mail.message import Mail

    from .transport import MessageSource


class MessageStore(Protocol):
    """Keeps messages, such as in files or in a mailbox."""

    async def open(self) -> None:
        """Make it ready.

        Raises:
            NotebookmailError: It cannot be used.
        """

    async def write(self, mail: Mail) -> str:
        """Keep a message for good, and say in which words: "written to letter.eml".

        A message of the same Message-ID takes the place of the one before, or is that one.

        Raises:
            SMTPException: This message is not taken.
            OSError, MailboxError: None is any more.
        """

    async def close(self) -> None:
        """Let go of it."""


class StoreTransport(Generic[Outgoing]):
    """Hands a source's messages to a store.

    Args:
        store: What keeps them.
        writers: How many are written at once.
        closing_seconds: How long what is being written may take once the run ends; None waits for it.
    """

    def __init__(self, store: MessageStore, writers: int, closing_seconds: float | None = None) -> None:
        self._store = store
        self._writers = writers
        self._closing_seconds = closing_seconds
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
        """Make the store ready.

        Raises:
            NotebookmailError: It cannot be used.
        """
        await self._store.open()
        self._is_open = True

    def start(self, source: MessageSource[Any]) -> None:
        """Begin to take messages."""
        self._source = source
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._writers)]

    def wake(self) -> None:
        """Look for messages again."""
        self._call.set()

    def lower(self) -> bool:
        """Change nothing: a store never says that it is too much."""
        return False

    def hurry(self) -> None:
        """Give up the messages that wait for their commit; the others are written in a moment."""
        self._gates.give_up()

    async def close(self) -> None:
        """Give up what is not being written yet; wait for the rest."""
        self._is_closed = True
        self.hurry()
        self._call.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._closing_seconds)
            for task in self._tasks:
                task.cancel()
        await asyncio.gather(*self._tasks)
        self._tasks.clear()
        if self._is_open:
            self._is_open = False
            await self._store.close()

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
            words = await self._store.write(message.mail)
        except asyncio.CancelledError:  # by `close`: it may be kept, or not
            given_up = SMTPServerDisconnected("given up before the answer")
            given_up.unconfirmed = True
            self._source.end(message, None, given_up)
        except SMTPException as refusal:
            self._source.end(message, None, refusal)
        except (OSError, MailboxError) as problem:  # such as a full disk, which every further message would meet
            self._is_closed = True
            self._source.give_back(message)
            self._source.unreachable(problem)
        else:
            self._source.end(message, Receipt(SMTPResponse(250, words)), None)

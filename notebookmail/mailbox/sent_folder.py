"""Files copies of what was sent in the Sent folder of a mailbox, behind the back of whoever sends.

What waits is in a temporary file, of which a few megabytes are in memory, so sending never waits for the mailbox.
A copy that fails is told at the end, and nothing else comes of it. Where the connection was lost, nobody knows
whether the copy on its way has arrived, and the folder is asked.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from notebookmail.errors import MailboxError

from .mailbox import folder_named

if TYPE_CHECKING:
    from notebookmail.mail.message import Mail

    from .mailbox import Mailbox
    from .session import MailboxSession

_FLAGS: Final = (r"\Seen",)
_IN_MEMORY: Final = 8 << 20
_TRIES: Final = 3
_GOODBYE_SECONDS: Final = 3.0


class _Waiting(NamedTuple):
    """A copy that is to be made: whose, and where it lies in the file."""

    position: int
    message_id: str
    start: int
    size: int


class SentFolder:
    """The Sent folder of a mailbox, and the copies that are on their way there.

    Args:
        mailbox: Whose.

    Attributes:
        made: How many copies are there.
        missing: The positions of the rows whose copies are not.
        reason: Why the first of them is not, as a sentence; "" while none is missing.
    """

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY, prefix="notebookmail-")  # noqa: SIM115 -- until `finish`
        self._end = 0
        self._waiting: deque[_Waiting] = deque()
        self._call = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._session: MailboxSession | None = None
        self._folder = ""
        self._is_ending = self._is_given_up = False
        self.made = 0
        self.missing: list[int] = []
        self.reason = ""

    def add(self, position: int, mail: Mail) -> None:
        """Have a copy made, soon; returns at once.

        Args:
            position: The row whose message it is.
            mail: What was sent.
        """
        if self._is_given_up:
            self.missing.append(position)
            return
        try:
            self._file.seek(self._end)
            self._file.writelines(mail.segments)
        except OSError as problem:
            self._give_up(f"cannot keep what is to be copied: {problem.strerror or problem}")
            self.missing.append(position)
            return
        self._waiting.append(_Waiting(position, mail.message_id, self._end, mail.size))
        self._end += mail.size
        self._call.set()
        if self._task is None:
            self._task = asyncio.create_task(self._work())

    async def finish(self, seconds: float, reason: str) -> None:
        """Wait so long for the copies that are left; what is not made then is missing for this reason."""
        self._is_ending = True
        self._call.set()
        try:
            if self._task is not None:
                await asyncio.wait({self._task}, timeout=seconds)
        finally:
            await self._end_work(reason)

    async def _end_work(self, reason: str) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=_GOODBYE_SECONDS)
            self._task = None
        self._give_up(reason)
        self._file.close()

    # --- in the background ------------------------------------------------------------------------------------

    async def _work(self) -> None:
        try:
            while not self._is_given_up:
                if self._waiting:
                    await self._file_next(self._waiting[0])
                elif self._is_ending:
                    break
                else:
                    self._call.clear()
                    await self._call.wait()
        except Exception as problem:  # noqa: BLE001 -- whatever it is, the messages are sent, and this is told
            self._give_up(str(problem) or type(problem).__name__)
        finally:
            await self._disconnect()

    async def _file_next(self, copy: _Waiting) -> None:
        self._file.seek(copy.start)
        content = self._file.read(copy.size)
        try:
            await self._filed(copy, content)
        except MailboxError as problem:
            if problem.is_lost or problem.is_of_mailbox:
                self._give_up(str(problem))
                return
            self._waiting.popleft()
            self._miss([copy], str(problem))
        else:
            self._waiting.popleft()
            self.made += 1
        if not self._waiting:
            self._end = 0
            self._file.seek(0, os.SEEK_SET)
            self._file.truncate()

    async def _filed(self, copy: _Waiting, content: bytes) -> None:
        """Put a copy there, once."""
        is_in_doubt = False
        for tries_left in reversed(range(_TRIES)):
            try:
                session = await self._connected()
                if is_in_doubt and await session.holds(self._folder, copy.message_id):
                    return
                is_in_doubt = True
                await session.append(self._folder, content, _FLAGS)
                return
            except MailboxError as problem:
                await self._disconnect_if(problem.is_lost)
                if not problem.is_lost or not tries_left:
                    raise

    async def _connected(self) -> MailboxSession:
        if self._session is None:
            session = await self._mailbox.connect()
            try:
                self._folder = folder_named("sent", await session.folders(), self._mailbox.sent_folder)
            except BaseException:
                await session.close()
                raise
            self._session = session
        return self._session

    async def _disconnect_if(self, is_lost: bool) -> None:
        if is_lost:
            await self._disconnect()

    async def _disconnect(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _give_up(self, reason: str) -> None:
        """Make no more copies; those that wait are missing."""
        self._is_given_up = True
        self._miss(self._waiting, reason)
        self._waiting.clear()

    def _miss(self, copies: deque[_Waiting] | list[_Waiting], reason: str) -> None:
        if copies:
            self.missing += [each.position for each in copies]
            self.reason = self.reason or reason

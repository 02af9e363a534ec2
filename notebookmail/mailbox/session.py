"""One connection to a mailbox: imap-tools in a thread of its own, awaited, in bounded time.

Whoever stops waiting, by a deadline or a cancellation, cuts the connection: the thread ends with it, and nothing
is said on a connection whose state nobody knows.
"""

from __future__ import annotations

import contextlib
import imaplib
import socket
from array import array
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, TypeVar

from notebookmail.errors import FrameError, MailboxError
from notebookmail.privacy.secret import Secret

from . import refusals
from .connecting import SessionSettings, close_quietly, connected, require_library, shut
from .fetched import internal_date, read_fetched
from .folders import ListedFolder
from .login import log_in
from .worker_thread import WorkerThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date, datetime

    from imap_tools import BaseMailBox

_T = TypeVar("_T")

_LARGE_FACTOR: Final = 10
"""How many times the timeout of one answer a command may take that moves much."""

_GOODBYE_SECONDS: Final = 2.0


class OpenedFolder(NamedTuple):
    """A folder that was opened (RFC 3501 6.3.1).

    Attributes:
        uidvalidity: Which numbering its messages have.
        next_uid: The number that the next message gets; 0 where the server does not say.
    """

    uidvalidity: int
    next_uid: int


class MessageFacts(NamedTuple):
    """What is known of a message before it is read.

    Attributes:
        uid: Its number.
        size: Its octets, as the server counts them.
        received: When it came.
    """

    uid: int
    size: int
    received: datetime


class MailboxSession:
    """A connection that is logged in. Use it in `async with`, one command at a time.

    Attributes:
        capabilities: What the server announces to who has logged in.
    """

    def __init__(self, settings: SessionSettings) -> None:
        self._settings = settings
        self._thread = WorkerThread(f"mailbox {settings.hostname}")
        self._box: BaseMailBox | None = None
        self._is_cut = False
        self.capabilities: frozenset[str] = frozenset()

    @classmethod
    async def open(cls, settings: SessionSettings) -> Self:
        """Connect and log in.

        Raises:
            MailboxError: It cannot be reached, or refuses the login.
            FrameError: imap-tools is not installed.
            SignInError: There is no access token.
            SMTPConnectError: A certificate file cannot be used, or the token server cannot be reached.
        """
        session = await cls.connect(settings)
        await session.log_in()
        return session

    @classmethod
    async def connect(cls, settings: SessionSettings) -> Self:
        """Connect, and do not log in yet; the errors are those of `open`."""
        require_library()
        session = cls(settings)
        try:
            await session._run(session._connect, 2 * settings.timeout)
        except BaseException:
            session._cut()
            raise
        return session

    async def log_in(self) -> None:
        """Log in; what fails ends the connection. The errors are those of `open`."""
        settings = self._settings
        try:
            token = None if settings.token is None else Secret.of(await settings.token())
            credential = settings.password if token is None else token
            assert credential is not None  # noqa: S101 -- there is one of them
            await self._run(lambda: self._log_in(credential, is_token=token is not None))
        except BaseException:
            self._cut()
            raise

    @property
    def tls_version(self) -> str:
        """Which TLS the connection has, such as "TLSv1.3"; "" for none."""
        version = getattr(self._client.sock, "version", None)
        return str(version()) if version is not None else ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Say goodbye, where there is somebody left to say it to."""
        box = self._box
        if box is not None and not self._is_cut:
            with contextlib.suppress(MailboxError):
                await self._run(box.logout, _GOODBYE_SECONDS)
        self._cut()

    # --- what is asked of the mailbox -------------------------------------------------------------------------

    async def folders(self) -> tuple[ListedFolder, ...]:
        """List all folders, with what is said of their use (RFC 6154)."""
        return await self._run(self._listed)

    async def open_folder(self, name: str) -> OpenedFolder:
        """Open a folder to read in it (EXAMINE): nothing that is done there changes it."""
        return await self._run(lambda: self._opened(name))

    async def uids(self, first: int, since: date | None = None) -> array[int]:
        """List the numbers of the open folder's messages, in order.

        Args:
            first: Leave out those below.
            since: Leave out, as far as the server does, what came before this day.
        """
        return await self._run(lambda: self._searched(first, since), self._patience)

    async def facts(self, uids: Sequence[int]) -> list[MessageFacts]:
        """Tell size and date of messages of the open folder; those that are gone are left out."""
        found = await self._fetched(uids, "(UID RFC822.SIZE INTERNALDATE)")
        return sorted(
            MessageFacts(
                int(each["UID"]), int(each.get("RFC822.SIZE", b"0")), internal_date(each.get("INTERNALDATE", b""))
            )
            for each in found
        )

    async def contents(self, uids: Sequence[int], octets: int) -> dict[int, bytes]:
        """Read the first octets of messages of the open folder; nothing is marked as read (BODY.PEEK)."""
        found = await self._fetched(uids, f"(UID BODY.PEEK[]<0.{octets}>)")
        return {int(each["UID"]): each.get("BODY", b"") for each in found}

    async def header_fields(self, uids: Sequence[int], name: str) -> dict[int, bytes]:
        """Read one header field of messages of the open folder."""
        found = await self._fetched(uids, f"(UID BODY.PEEK[HEADER.FIELDS ({name})])")
        return {int(each["UID"]): each.get("BODY", b"") for each in found}

    async def holds(self, folder: str, message_id: str) -> bool:
        """Tell whether a folder holds a message of this Message-ID."""
        await self.open_folder(folder)
        return bool(message_id) and await self._run(lambda: self._found(message_id), self._patience)

    async def append(self, folder: str, content: bytes, flags: Iterable[str]) -> None:
        """Put a message into a folder (RFC 3501 6.3.11).

        Raises:
            MailboxError: It is not there; or, where the connection was lost, nobody knows.
        """
        await self._run(lambda: self._appended(folder, content, list(flags)), self._patience)

    # --- in the thread ----------------------------------------------------------------------------------------

    def _connect(self) -> None:
        settings = self._settings
        try:
            box = self._box = connected(settings)
            # imaplib sends a message and the end of its line in two pieces: Nagle would hold the second one back.
            box.client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, imaplib.IMAP4.error) as problem:
            raise refusals.unreachable(settings.where, problem) from problem
        if self._is_cut:  # nobody waits any more
            shut(box)

    def _log_in(self, credential: Secret, *, is_token: bool) -> None:
        settings = self._settings
        log_in(self._client, settings.hostname, settings.username, credential, is_token=is_token)
        status, answer = self._client.capability()  # many servers say it all only now
        if status == "OK" and answer and isinstance(answer[-1], bytes):
            self.capabilities = frozenset(answer[-1].decode("ascii", "replace").upper().split())

    def _listed(self) -> tuple[ListedFolder, ...]:
        pattern: str | bytes = "*"
        if {"SPECIAL-USE", "LIST-EXTENDED"} <= self.capabilities:
            pattern = b'"*" RETURN (SPECIAL-USE)'
        return tuple(
            ListedFolder(each.name, "" if each.delim == "NIL" else each.delim, each.flags)
            for each in self._imap.folder.list("", pattern)  # type: ignore[arg-type] # octets go out as they are
        )

    def _opened(self, name: str) -> OpenedFolder:
        self._imap.folder.set(name, readonly=True)
        return OpenedFolder(self._said_of_folder("UIDVALIDITY"), self._said_of_folder("UIDNEXT"))

    def _said_of_folder(self, what: str) -> int:
        value = self._client.response(what)[1][0]
        return int(value) if isinstance(value, bytes) and value.isdigit() else 0

    def _searched(self, first: int, since: date | None) -> array[int]:
        from imap_tools import AND, U

        numbers = U(str(first), "*")
        wanted = AND(uid=numbers) if since is None else AND(uid=numbers, date_gte=since)
        # "5:*" holds the last message, whatever its number is (RFC 3501, seq-range).
        return array("Q", sorted(uid for uid in map(int, self._matching(str(wanted))) if uid >= first))

    def _matching(self, criteria: str) -> list[bytes]:
        status, answer = self._client.uid("SEARCH", criteria)
        if status != "OK":
            raise refusals.refused("look for messages", _text(answer))
        return answer[0].split() if answer and isinstance(answer[0], bytes) else []

    def _found(self, message_id: str) -> bool:
        from imap_tools import AND, H

        return bool(self._matching(str(AND(header=H("Message-ID", message_id)))))

    async def _fetched(self, uids: Sequence[int], parts: str) -> list[dict[str, bytes]]:
        def work() -> list[dict[str, bytes]]:
            status, answer = self._client.uid("FETCH", ",".join(map(str, uids)), parts)
            if status != "OK":
                raise refusals.refused("hand over its messages", _text(answer))
            return [each for each in read_fetched(answer) if each.get("UID", b"").isdigit()]

        return await self._run(work, self._patience) if uids else []

    def _appended(self, folder: str, content: bytes, flags: list[str]) -> None:
        self._imap.append(content, folder, flag_set=flags)

    # --- the thread -------------------------------------------------------------------------------------------

    @property
    def _patience(self) -> float:
        return _LARGE_FACTOR * self._settings.timeout

    @property
    def _imap(self) -> BaseMailBox:
        assert self._box is not None  # noqa: S101 -- it is connected
        return self._box

    @property
    def _client(self) -> imaplib.IMAP4:
        return self._imap.client

    async def _run(self, work: Callable[[], _T], seconds: float | None = None) -> _T:
        """Do something in the thread.

        Raises:
            MailboxError: What became of it.
        """
        where = self._settings.where
        if self._is_cut:
            raise refusals.lost(where)
        try:
            return await self._thread.call(work, self._settings.timeout if seconds is None else seconds)
        except (MailboxError, FrameError):
            raise
        except (OSError, imaplib.IMAP4.abort) as problem:  # TimeoutError is one
            self._cut()
            raise refusals.lost(where, problem) from problem
        except imaplib.IMAP4.error as problem:  # an answer that is none, or BAD
            self._cut()
            raise refusals.refused("understand what was asked", str(problem)) from problem
        except Exception as problem:
            said = _status_of(problem)
            if said is None:
                self._cut()
                raise
            raise refusals.refused("do what was asked", said) from problem
        except BaseException:
            self._cut()
            raise

    def _cut(self) -> None:
        """End the connection, also under the feet of a thread that waits for it."""
        if self._is_cut:
            return
        self._is_cut = True
        if self._box is not None:
            shut(self._box)
        self._thread.end(self._let_go)

    def _let_go(self) -> None:
        """Close what the connection was made of: in the thread, for it may be reading yet."""
        if self._box is not None:
            close_quietly(self._box)


def _status_of(problem: Exception) -> str | None:
    """Return what the server said, if an exception of imap-tools is about that."""
    result = getattr(problem, "command_result", None)
    return None if result is None else _text(result[1])


def _text(answer: Any) -> str:
    said = answer[0] if answer else b""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said or "")

"""Puts messages into the drafts of a mailbox, each once: a Message-ID that is there is not put there again.

Which are there is read when it is opened, and after every lost connection: then nobody knows whether the message
on its way has arrived, and the folder says it.
"""

from __future__ import annotations

from email.parser import BytesHeaderParser
from email.utils import getaddresses
from typing import TYPE_CHECKING, Final

from notebookmail.errors import MailboxError, SMTPDataError

from .mailbox import folder_named

if TYPE_CHECKING:
    from notebookmail.mail.message import Mail

    from .mailbox import Mailbox
    from .session import MailboxSession

_FLAGS: Final = (r"\Draft", r"\Seen")
_TRIES: Final = 3
_HEADERS_AT_ONCE: Final = 500
_MESSAGE_ID: Final = "MESSAGE-ID"


class DraftStore:
    """The drafts of a mailbox, as a store of messages (delivery/store_transport.py).

    Args:
        mailbox: Whose.
        folder: The folder, or None to find it.
    """

    def __init__(self, mailbox: Mailbox, folder: str | None) -> None:
        self._mailbox = mailbox
        self._asked_folder = folder
        self._folder = ""
        self._session: MailboxSession | None = None
        self._known: set[str] = set()

    async def open(self) -> None:
        """Log in, find the folder, and read which messages it holds.

        Raises:
            MailboxError: It cannot be reached, refuses the login, or has no such folder.
            FrameError, SignInError: There is no password, or no access token.
        """
        await self._connected()

    async def write(self, mail: Mail) -> str:
        """Put a message there, unless it is there.

        Raises:
            SMTPDataError: The mailbox does not take this message.
            MailboxError: It takes none.
        """
        for tries_left in reversed(range(_TRIES)):
            try:
                session = await self._connected()
                if not mail.message_id or mail.message_id not in self._known:
                    await session.append(self._folder, draft_of(mail), _FLAGS)
                    self._known.add(mail.message_id)
                return f"put into {self._folder}"
            except MailboxError as problem:
                if problem.is_lost:
                    await self.close()
                    if tries_left:
                        continue
                if problem.is_lost or problem.is_of_mailbox:
                    raise
                raise SMTPDataError(552 if problem.code == "TOOBIG" else 554, problem.message) from problem
        raise AssertionError  # every try ends above

    async def close(self) -> None:
        """Log out of the mailbox, if it was logged in to."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _connected(self) -> MailboxSession:
        """Return the connection; where there is none, make one, and look what is there."""
        if self._session is None:
            session = await self._mailbox.connect()
            try:
                self._folder = folder_named("drafts", await session.folders(), self._asked_folder)
                self._known |= await _message_ids(session, self._folder)
            except BaseException:
                await session.close()
                raise
            self._session = session
        return self._session


async def _message_ids(session: MailboxSession, folder: str) -> set[str]:
    """Read the Message-IDs of the messages in a folder."""
    await session.open_folder(folder)
    uids = await session.uids(1)
    found: set[str] = set()
    for start in range(0, len(uids), _HEADERS_AT_ONCE):
        fields = await session.header_fields(uids[start : start + _HEADERS_AT_ONCE], _MESSAGE_ID)
        found |= {str(BytesHeaderParser().parsebytes(each)[_MESSAGE_ID] or "").strip() for each in fields.values()}
    return found


def draft_of(mail: Mail) -> bytes:
    """Return a message as a draft: with the recipients that its header does not name in Bcc (RFC 5322 3.6.3).

    Whoever sends it on sends it to whom its header names, and there is no envelope beside it.
    """
    hidden = _hidden_recipients(mail)
    field = "Bcc: " + ",\r\n ".join(hidden) + "\r\n" if hidden else ""
    return field.encode() + mail.content


def _hidden_recipients(mail: Mail) -> list[str]:
    if not mail.copies:
        return []
    header = BytesHeaderParser().parsebytes(mail.content)
    named = [str(each) for name in ("To", "Cc") for each in header.get_all(name, [])]
    shown = {address.lower() for _, address in getaddresses(named)}
    return [each for each in mail.envelope.recipients if each.lower() not in shown]

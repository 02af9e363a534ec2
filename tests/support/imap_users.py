"""Users of an IMAP server, whose mailboxes are filled and looked at by the standard library alone."""

from __future__ import annotations

import imaplib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebookmail.mailbox.mailbox import Mailbox

if TYPE_CHECKING:
    from datetime import datetime

    from peers import IMAPPeer


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a mailbox of their own, looked at by imaplib alone."""

    peer: IMAPPeer
    name: str

    def mailbox(self, **options: Any) -> Mailbox:
        """Their mailbox, without TLS unless told otherwise."""
        settings = {"port": self.peer.port, "username": self.name, "password": self.peer.password, **options}
        return Mailbox(self.peer.host, **settings)

    def put(self, content: bytes, folder: str = "INBOX", *, at: datetime | None = None) -> None:
        """Put a message there, as if it came then."""
        with self._connected() as client:
            assert client.append(folder, "", at, content)[0] == "OK"

    def remove(self, number: str) -> None:
        """Remove a message from the inbox."""
        with self._connected() as client:
            client.select("INBOX")
            client.store(number, "+FLAGS", "\\Deleted")
            assert client.expunge()[0] == "OK"

    def put_many(self, contents: list[bytes], folder: str = "INBOX") -> None:
        """Put messages there, over one connection."""
        with self._connected() as client:
            for content in contents:
                assert client.append(folder, "", None, content)[0] == "OK"

    def found(self, folder: str) -> list[tuple[str, bytes]]:
        """Flags and content of each message in a folder."""
        with self._connected() as client:
            assert client.select(f'"{folder}"', readonly=True)[0] == "OK"
            answer = client.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[])")[1]
            return [(each[0].decode(), each[1]) for each in answer if isinstance(each, tuple)]

    def count(self, folder: str) -> int:
        """How many messages a folder holds."""
        with self._connected() as client:
            return int(client.select(f'"{folder}"', readonly=True)[1][0])

    def command(self, *words: str) -> None:
        """Carry out a command that imaplib knows by name."""
        with self._connected() as client:
            assert getattr(client, words[0])(*words[1:])[0] == "OK"

    def _connected(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4(self.peer.host, self.peer.port, timeout=30)
        client.login(self.name, self.peer.password)
        return client

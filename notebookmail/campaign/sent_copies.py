"""Copies of what a run sends, in the Sent folder of the account: `save_sent=`.

A copy is made once the row's outcome is recorded. So a run that is killed may leave a copy out, and one that goes
on makes none a second time: what is recorded is not sent again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notebookmail.delivery.events import RowSent, RowStarted
from notebookmail.errors import FrameError
from notebookmail.mail.imap_servers import FILES_SENT
from notebookmail.mail.providers import provider_at
from notebookmail.mailbox.sent_folder import SentFolder
from notebookmail.privacy.masking import quoted_label
from notebookmail.server.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    import pandas as pd

    from notebookmail.delivery.destination import Destination
    from notebookmail.delivery.events import RowEvent
    from notebookmail.delivery.transport import MessageSource, Transport
    from notebookmail.mail.message import Mail, Receipt
    from notebookmail.mailbox.mailbox import Mailbox

    from .options import SendSettings

PATIENCE_SECONDS: Final = 600.0
"""How long the end of a run waits for the copies that are left."""

_MOST_LABELS: Final = 5
_REHEARSED: Final = "save_sent= made no copies: these messages did not go to those they are for."


class SentCopies:
    """What files the copies of one run.

    Args:
        mailbox: Whose Sent folder they go to, with its password; None where none are made.
        notice: Why not, as a sentence.
        labels: The labels of the run's rows.
    """

    def __init__(self, mailbox: Mailbox | None, notice: str, labels: Sequence[Hashable] | pd.Index[Any]) -> None:
        self._mailbox = mailbox
        self._notice = notice
        self._labels = labels
        self._folder: SentFolder | None = None
        self._accepted: dict[int, Mail] = {}

    def watched(self, transport: Transport) -> Transport:
        """Return a transport that lets this know what is accepted."""
        if self._mailbox is None:
            return transport
        self._folder = SentFolder(self._mailbox)
        return WatchedTransport(transport, self._note_acceptance)

    def _note_acceptance(self, message: Any) -> None:
        self._accepted[message.task.position] = message.mail

    def note(self, event: RowEvent) -> None:
        """Take a row's event, which is recorded: what is sent is copied."""
        if self._folder is None or isinstance(event, RowStarted):
            return
        mail = self._accepted.pop(getattr(event, "position", -1), None)
        if mail is not None and isinstance(event, RowSent):
            self._folder.add(event.position, mail)

    async def finish(self, seconds: float | None = None, reason: str = "the mailbox took too long") -> str:
        """Wait for the copies that are left; return what there is to say of them, once.

        Args:
            seconds: How long; ten minutes by default.
            reason: Why those are missing that are not made then.
        """
        folder, self._folder = self._folder, None
        if folder is not None:
            try:
                await folder.finish(PATIENCE_SECONDS if seconds is None else seconds, reason)
            finally:
                self._notice = self._words(folder)
        notice, self._notice = self._notice, ""
        return notice

    def _words(self, folder: SentFolder) -> str:
        if not folder.missing:
            return f"{_copies(folder.made)} filed among the sent mail." if folder.made else ""
        count = len(folder.missing)
        shown = [quoted_label(self._labels[each], each) for each in folder.missing[:_MOST_LABELS]]
        rows = f"row{'s' if count > 1 else ''} {', '.join(shown)}{', ...' if count > _MOST_LABELS else ''}"
        return (
            f"{_copies(count)} not filed among the sent mail ({rows}): {folder.reason}. The messages themselves "
            "were sent."
        )


def _copies(count: int) -> str:
    return f"{count:,} copies were" if count > 1 else "One copy was"


def copies_of(
    settings: SendSettings, destination: Destination | None, labels: Sequence[Hashable] | pd.Index[Any]
) -> SentCopies:
    """Decide whether a run makes copies, on the thread that may ask for the mailbox's password.

    Raises:
        FrameError: They go to a place that sends no mail, or there is no password.
    """
    mailbox = settings.save_sent
    if mailbox is None or settings.dry_run:
        return SentCopies(None, "", labels)
    if destination is not None and not isinstance(destination, Server):
        raise FrameError(
            f"save_sent= files copies of what is sent, and {destination.endpoint} sends nothing: leave it out"
        )
    if destination is None or destination.is_sandbox or settings.redirect_to is not None:
        return SentCopies(None, _REHEARSED, labels)
    found = provider_at(destination.hostname)
    if found is not None and found[0] in FILES_SENT:
        notice = f"{destination.hostname} files copies of what it sends by itself: save_sent= made none."
        return SentCopies(None, notice, labels)
    return SentCopies(mailbox.with_password(), "", labels)


class WatchedTransport:
    """A transport whose source's messages are noted when they are accepted; all else goes through.

    Args:
        transport: What carries them.
        accepted: Called with a message that somebody took responsibility for, before its source is told.
    """

    def __init__(self, transport: Transport, accepted: Callable[[Any], None]) -> None:
        self._transport = transport
        self._accepted = accepted
        self.wake = transport.wake
        self.lower = transport.lower
        self.hurry = transport.hurry
        self.open = transport.open
        self.close = transport.close

    @property
    def connections(self) -> int:
        """How many ways there are open now."""
        return self._transport.connections

    def start(self, source: MessageSource[Any]) -> None:
        """Begin to take messages."""
        self._transport.start(_WatchedSource(source, self._accepted))


class _WatchedSource:
    """A source whose accepted messages are noted."""

    def __init__(self, source: MessageSource[Any], accepted: Callable[[Any], None]) -> None:
        self._source = source
        self._accepted = accepted
        self.take = source.take
        self.waiting = source.waiting
        self.commit = source.commit
        self.give_back = source.give_back
        self.unreachable = source.unreachable

    def end(self, message: Any, receipt: Receipt | None, error: Exception | None) -> bool:
        """Note an acceptance, and pass it on."""
        if receipt is not None:
            self._accepted(message)
        return self._source.end(message, receipt, error)

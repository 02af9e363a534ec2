"""read_feedback: a mailbox is read for a campaign, and what came back is noted and told row by row."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from notebookmail.delivery.journal import Journal, default_path
from notebookmail.errors import FrameError, JournalError
from notebookmail.feedback import read_notice
from notebookmail.mailbox.reading import Position
from notebookmail.sync import run_sync
from notebookmail.view.words.feedback import ReadingState

from .display import REFRESH_SECONDS, reading_display
from .notice_matching import ArrivedNotice, SentLetters, entries_of
from .recorded_letters import RecordedLetters, record_of
from .remembered_letters import RememberedLetters
from .results import SendResults

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from notebookmail.delivery.journal import FeedbackEntry
    from notebookmail.mailbox.reading import IncomingMessage, ReadableMailbox

    from .feedback import Feedback

    ShowReading = Callable[[int, int, Iterable[FeedbackEntry]], None]
    """Takes how many messages were read, of how many, and what was new in the last ones."""

_SKEW_SECONDS: Final = 3600.0
"""How far the clocks of this machine and of the mailbox may be apart."""


class LettersToRead(SentLetters, Protocol):
    """The letters that a mailbox is read for."""

    campaign: int

    @property
    def begun(self) -> float:
        """When the first of them went out (unix time, seconds)."""

    def positions(self, mailbox: str) -> Mapping[str, Any]:
        """Return up to where a mailbox was read for them."""

    def note(
        self, mailbox: str, positions: Mapping[str, Position], entries: Iterable[FeedbackEntry]
    ) -> list[FeedbackEntry]:
        """Note what came back and up to where the mailbox was read; return what is new."""

    def note_read(self, at: float) -> None:
        """Note that all that had come until a moment was read (unix time, seconds)."""

    def feedback(self, results: SendResults | None, mailbox: str, new: Sequence[FeedbackEntry]) -> Feedback:
        """Tell what came back."""


async def read_feedback(
    mailbox: ReadableMailbox,
    results_or_campaign: SendResults | str,
    *,
    since: datetime | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> Feedback:
    """Read in a mailbox what came back of letters: bounces, answers, complaints, and who wants no more.

    Nothing in the mailbox is changed. What was found is noted in the journal with the place where the reading
    stopped: the next one goes on from there, also after a crash, and nothing is counted twice. Hard bounces,
    complaints and unsubscribes put their addresses into the book of suppressions, if they prove that they speak of
    the letter: they name its Message-ID, which nobody can guess, and the address is one of its recipients.

    Args:
        mailbox: Where answers and bounces come to: a `Mailbox`, or `box.mailbox` of a sandbox.
        results_or_campaign: What send_frame returned; or the campaign's name or digest, weeks later.
        since: Read nothing that came before; without a time zone it is local time. None begins where the last
            reading stopped, or when the campaign began.
        journal: The journal's file, where a campaign is named; None takes the user's own.

    Returns:
        `frame` on the index of the results, so that `df.join(feedback.frame)` works; of a campaign that was named,
        on the recipients' addresses. Of results that no journal knows everything is read again each time, and
        nobody is suppressed.

    Raises:
        FrameError: This is no mailbox, or these are no results.
        JournalError: There is no such campaign, or the journal cannot be used.
        MailboxError: The mailbox cannot be read; what was read until then is noted.

    Example:
        >>> feedback = await read_feedback(Mailbox("imap.example.org", username="me"), results)
        >>> df.join(feedback.frame)[lambda each: each.replied]
    """
    _check(mailbox, results_or_campaign)
    with _letters(results_or_campaign, journal) as letters:
        results = results_or_campaign if isinstance(results_or_campaign, SendResults) else None
        name = "" if results is not None else str(results_or_campaign)
        with _shown(mailbox.name, name) as show:
            new = await _read(mailbox, letters, since, show)
        return letters.feedback(results, mailbox.name, new)


def read_feedback_sync(
    mailbox: ReadableMailbox,
    results_or_campaign: SendResults | str,
    *,
    since: datetime | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> Feedback:
    """Do what read_feedback does, for scripts and for cells without `await`.

    Args:
        mailbox: As for read_feedback.
        results_or_campaign: As for read_feedback.
        since: As for read_feedback.
        journal: As for read_feedback.

    Raises:
        FrameError, JournalError, MailboxError: As for read_feedback.
    """
    return run_sync(read_feedback(mailbox, results_or_campaign, since=since, journal=journal))


def _check(mailbox: object, results_or_campaign: object) -> None:
    if not (hasattr(mailbox, "read") and hasattr(mailbox, "name")):
        raise FrameError(
            f"mailbox is a {type(mailbox).__name__}: give Mailbox('imap.example.org', username=...), "
            "Mailbox.for_server(server), or the mailbox of a sandbox, box.mailbox"
        )
    if not isinstance(results_or_campaign, SendResults | str):
        raise FrameError(
            f"results_or_campaign is a {type(results_or_campaign).__name__}: give what send_frame returned, "
            "or the name of a campaign"
        )


async def _read(
    mailbox: ReadableMailbox, letters: LettersToRead, since: datetime | None, show: ShowReading
) -> list[FeedbackEntry]:
    """Read on, batch by batch, each noted before the next is asked for; return what is new."""
    began = time.time()
    first = datetime.fromtimestamp(max(letters.begun - _SKEW_SECONDS, 0), UTC) if since is None else since
    noted = letters.positions(mailbox.name)
    positions = {folder: Position(each.uidvalidity, each.uid) for folder, each in noted.items()}
    new: list[FeedbackEntry] = []
    async for batch in mailbox.read(positions, first.astimezone()):
        arrived = [_arrived(each) for each in batch.messages]
        entries = entries_of(arrived, letters, letters.campaign)
        noted_now = letters.note(mailbox.name, batch.positions, entries)
        new += noted_now
        show(batch.done, batch.total, noted_now)
    letters.note_read(began)
    return new


@contextlib.contextmanager
def _shown(mailbox: str, campaign: str) -> Iterator[ShowReading]:
    """Show how far a mailbox is read, where somebody watches, and leave nothing of it."""
    display = reading_display()
    found: Counter[str] = Counter()
    shown_at = -REFRESH_SECONDS

    def show(done: int, total: int, entries: Iterable[FeedbackEntry]) -> None:
        nonlocal shown_at
        found.update(entry.kind for entry in entries)
        now = time.monotonic()
        if display is not None and now - shown_at >= REFRESH_SECONDS:
            shown_at = now
            display.show(ReadingState(mailbox, campaign, done, total, dict(found)))

    try:
        show(0, 0, ())
        yield show
    finally:
        if display is not None:
            display.close()


def _arrived(message: IncomingMessage) -> ArrivedNotice:
    return ArrivedNotice(read_notice(message.content), message.received.timestamp())


@contextlib.contextmanager
def _letters(
    target: SendResults | str, journal: str | os.PathLike[str] | None
) -> Iterator[RecordedLetters | RememberedLetters]:
    """Open what knows the letters: the journal, or, of results that none knows, the results themselves."""
    if isinstance(target, str):
        with _opened(journal, target) as opened:
            yield RecordedLetters(opened, record_of(opened, target))
        return
    handle = target.handle
    path = None if handle is None else handle.journal
    if handle is None or path is None:
        yield RememberedLetters(target)
        return
    with _opened(path, handle.campaign) as opened:
        yield RecordedLetters(opened, record_of(opened, handle.campaign))


@contextlib.contextmanager
def _opened(journal: str | os.PathLike[str] | None, campaign: str) -> Iterator[Journal]:
    path = default_path() if journal is None else Path(journal).expanduser()
    if not path.exists():
        raise JournalError(f"there is no journal {path}, and so no campaign {campaign!r}", str(path))
    with Journal.open(path) as opened:
        yield opened

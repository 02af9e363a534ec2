"""The letters of a campaign in the journal: found by what a notice names, and what came back of them noted."""

from __future__ import annotations

import difflib
import time
from typing import TYPE_CHECKING, Any, Final

from notebookmail.compose.identity.same_value import name_text
from notebookmail.errors import JournalError

from .feedback import Feedback, RowFeedback
from .notice_matching import compared

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from notebookmail.delivery.journal import CampaignRecord, FeedbackEntry, FoundRow, Journal, MailboxPosition
    from notebookmail.mailbox.reading import Position

    from .results import SendResults

_WENT_OUT: Final = frozenset({"sent", "unconfirmed"})


class RecordedLetters:
    """A campaign of a journal that is open, as read_feedback reads for it.

    Args:
        journal: The journal.
        record: The campaign.

    Attributes:
        campaign: The campaign's number in the journal.
        begun: When it was first run (unix time, seconds).
        name: Its name, or "".
    """

    def __init__(self, journal: Journal, record: CampaignRecord) -> None:
        (self.campaign,) = journal.campaigns_called(record.digest)
        self.begun = record.begun
        self.name = record.name
        self._digest = record.digest
        self._journal = journal

    def by_token(self, tokens: Iterable[str]) -> Mapping[str, FoundRow]:
        """Find rows, of any campaign, by the local part of their Message-ID."""
        return self._journal.rows_by_token(tokens)

    def by_reply_id(self, ids: Iterable[str]) -> Mapping[str, FoundRow]:
        """Find rows, of any campaign, by the id that the reply which accepted them told."""
        return self._journal.rows_by_reply_id(ids)

    def by_recipient(self, addresses: Iterable[str]) -> Mapping[str, Sequence[FoundRow]]:
        """Find the rows of the campaign by recipients, as they are compared."""
        return self._journal.rows_by_recipient(self.campaign, addresses, text_of=compared)

    def rows(self) -> Iterable[FoundRow]:
        """Walk its rows, of the generation that counts, in the order they were tried."""
        return self._journal.rows_of(self._digest)

    def entries(self) -> list[FeedbackEntry]:
        """Return what came back until now."""
        return self._journal.feedback(self.campaign)

    def positions(self, mailbox: str) -> dict[str, MailboxPosition]:
        """Return up to where a mailbox was read for it."""
        return self._journal.positions(mailbox, self.campaign)

    def note(
        self, mailbox: str, positions: Mapping[str, Position], entries: Iterable[FeedbackEntry]
    ) -> list[FeedbackEntry]:
        """Note what came back, and up to where the mailbox was read: all, or nothing; return what is new."""
        return self._journal.note_feedback(mailbox, positions, entries, campaign=self.campaign, now=time.time())

    def note_read(self, at: float) -> None:
        """Note that all that had come until a moment was read (unix time, seconds)."""
        self._journal.note_read(self.campaign, at)

    @property
    def read_at(self) -> float | None:
        """Until when all that came was read (unix time, seconds); None before the first reading."""
        return self._journal.read_until(self.campaign)

    def feedback(self, results: SendResults | None, mailbox: str, new: Sequence[FeedbackEntry]) -> Feedback:
        """Tell what came back, on the rows of results or, without them, of the campaign by their recipients."""
        import numpy as np

        index, places, went_out = self._by_recipient() if results is None else self._of_results(results)
        told, others = [], []
        for entry in self.entries():
            if entry.campaign is None:
                others.append(entry)
            elif (position := places.get((entry.generation, entry.number))) is not None:
                told.append(RowFeedback(position, entry))
        return Feedback(
            index,
            np.array(went_out, dtype=np.intp),
            told,
            others,
            campaign=self.name,
            mailbox=mailbox,
            new=len(new),
            suppressed=len({each.suppresses for each in new if each.suppresses}),
        )

    def _by_recipient(self) -> tuple[pd.Index[Any], dict[tuple[int, int], int], list[int]]:
        """Return the recipients as an index, the position of each row, and which went out."""
        import pandas as pd

        recipients: list[str] = []
        places: dict[tuple[int, int], int] = {}
        went_out = []
        for position, row in enumerate(self.rows()):
            recipients.append(row.recipient)
            places[row.generation, row.number] = position
            if row.state in _WENT_OUT:
                went_out.append(position)
        return pd.Index(recipients, dtype=object, name="to"), places, went_out

    def _of_results(self, results: SendResults) -> tuple[pd.Index[Any], dict[tuple[int, int], int], list[int]]:
        """Return the same of the rows of results: by their keys, or, of a copy, by their Message-IDs."""
        handle = results.handle
        known: dict[Any, int] = {}
        if handle is not None:
            known = {key: position for position, key in handle.row_keys()}
        else:
            ids = results.frame["message_id"].tolist()
            known = {message_id: position for position, message_id in enumerate(ids) if message_id}
        places: dict[tuple[int, int], int] = {}
        went_out = []
        for row in self.rows():
            position = known.get(row.key if handle is not None else row.message_id)
            if position is not None:
                places[row.generation, row.number] = position
                if row.state in _WENT_OUT:
                    went_out.append(position)
        return results.frame.index, places, went_out


def record_of(journal: Journal, campaign: str, prefer: str = "") -> CampaignRecord:
    """Find a campaign by its name or digest.

    Args:
        journal: The journal.
        campaign: The name or digest.
        prefer: The digest of the one that is meant where several have the name.

    Raises:
        JournalError: There is none, or several have the name.
    """
    path = str(journal.path)
    records = journal.campaigns()
    found = [each for each in records if each.digest == campaign] or [
        each for each in records if each.name and name_text(each.name) == name_text(campaign)
    ]
    found = [each for each in found if each.digest == prefer] or found
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(f"{each.digest!r} (over {each.server})" for each in found)
        raise JournalError(
            f"{len(found)} campaigns are called {campaign!r}: give the digest of the one you mean, {listed}", path
        )
    names = sorted({each.name for each in records if each.name})
    near = difflib.get_close_matches(campaign, names, 1) or names[:5]
    hint = f"did you mean {near[0]!r}?" if len(near) == 1 else f"there are {', '.join(map(repr, near))}"
    known = hint if near else "it knows none with a name"
    raise JournalError(f"there is no campaign {campaign!r} in the journal {path}; {known}", path)

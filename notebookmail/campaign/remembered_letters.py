"""The letters of results that no journal knows, as read_feedback reads for them: all in memory, and noted nowhere.

Each reading begins anew, so nothing is counted twice. Whoever knows the letter could have made its Message-ID, as
no journal kept a secret to make it with: a notice proves nothing here, and nobody is suppressed.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

from notebookmail.delivery.journal import FoundRow

from .feedback import Feedback, RowFeedback
from .notice_matching import recipients_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from notebookmail.delivery.journal import FeedbackEntry, State
    from notebookmail.mailbox.reading import Position

    from .results import SendResults

_WENT_OUT: Final = ("sent", "unconfirmed")
_SES_REPLY: Final = "Ok "


class RememberedLetters:
    """The rows of results, found by what a notice names.

    Args:
        results: The results.

    Attributes:
        campaign: Always 0: there is no journal that numbers campaigns.
        name: Always "".
    """

    campaign = 0
    name = ""

    def __init__(self, results: SendResults) -> None:
        self._results = results
        self._positions: list[int] = results.positions(*_WENT_OUT)
        self._noted: dict[tuple[bytes, int, str], FeedbackEntry] = {}

    @property
    def begun(self) -> float:
        """When the first of them went out (unix time, seconds)."""
        moments = self._results.frame["sent_at"].dropna()
        return 0.0 if moments.empty else float(moments.min().timestamp())

    def by_token(self, tokens: Iterable[str]) -> Mapping[str, FoundRow]:
        """Find rows by the local part of their Message-ID."""
        return {each: self._row(self._by_token[each]) for each in tokens if each in self._by_token}

    def by_reply_id(self, ids: Iterable[str]) -> Mapping[str, FoundRow]:
        """Find rows by the id that the reply which accepted them told."""
        return {each: self._row(self._by_reply[each]) for each in ids if each in self._by_reply}

    def by_recipient(self, addresses: Iterable[str]) -> Mapping[str, Sequence[FoundRow]]:
        """Find rows by recipients, as they are compared."""
        known = self._by_address
        return {each: [self._row(position) for position in known[each]] for each in addresses if each in known}

    def positions(self, _mailbox: str) -> dict[str, Position]:
        """Return up to where a mailbox was read: nobody noted it."""
        return {}

    def note(
        self, _mailbox: str, _positions: Mapping[str, Position], entries: Iterable[FeedbackEntry]
    ) -> list[FeedbackEntry]:
        """Take in what came back, each once; return what is new."""
        known = {(each.digest, each.number, each.kind): each for each in entries}
        new = [entry for key, entry in known.items() if key not in self._noted]
        self._noted |= known
        return new

    def note_read(self, _at: float) -> None:
        """Note nothing: the next reading begins anew."""

    def feedback(self, _results: object, mailbox: str, new: Sequence[FeedbackEntry]) -> Feedback:
        """Tell what came back, on the index of the results."""
        import numpy as np

        entries = sorted(self._noted.values(), key=lambda each: each.at)
        told = [RowFeedback(each.number, each) for each in entries if each.campaign is not None]
        others = [each for each in entries if each.campaign is None]
        went_out = np.array(self._positions, dtype=np.intp)
        return Feedback(self._results.frame.index, went_out, told, others, mailbox=mailbox, new=len(new))

    def _row(self, position: int) -> FoundRow:
        outcome = self._results.outcome(position)
        sent_at = self.begun if outcome.sent_at is None else outcome.sent_at.timestamp()
        state = cast("State", outcome.status)
        return FoundRow(0, 0, position, b"", outcome.to, outcome.message_id, sent_at, state, is_guessable=True)

    @cached_property
    def _by_token(self) -> dict[str, int]:
        ids = self._results.frame["message_id"]
        told = ((position, str(ids.iloc[position])) for position in self._positions)
        return {text[1:].partition("@")[0].lower(): position for position, text in told if text}

    @cached_property
    def _by_reply(self) -> dict[str, int]:
        replies = self._results.frame["reply"]
        told = ((position, str(replies.iloc[position])) for position in self._positions)
        return {text.removeprefix(_SES_REPLY): position for position, text in told if text.startswith(_SES_REPLY)}

    @cached_property
    def _by_address(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for position in self._positions:
            for address in recipients_of(self._row(position)):
                found.setdefault(address, []).append(position)
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Refuse to be pickled: it is of one reading."""
        raise TypeError("what a reading remembers cannot be pickled")

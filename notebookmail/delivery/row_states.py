"""How every row stands, as columns that events move: one entry per row, in the frame's order.

Rows are never lost: each starts as pending and is only ever moved by an event. What is known of them are numbers
and texts in columns, so a million rows in a good run are not a million objects. Only a row in trouble has one, its
exception, and of that not the frames it was raised in: they would keep messages and connections alive. Only
RowStates writes the columns; who looks for rows (row_search.py) or describes them (results_frame.py) reads them.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import SMTPRecipientsRefused

from . import events
from .events import STATUSES, Status
from .packed_columns import MessageIds, PackedNumbers, PackedTexts
from .partial_delivery import Addresses

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

STATUS_NUMBERS: Final = {status: number for number, status in enumerate(STATUSES)}
"""Each status as it stands in the column of statuses."""

_CHANGING: Final = (
    "statuses", "counts", "recipients_told", "numbers", "message_ids", "replies", "reasons", "errors", "addresses",
)  # fmt: skip
"""The columns that events change."""

_UNSETTLED: Final = frozenset({"pending", "unconfirmed"})
"""Statuses that leave what is known of a row's addresses: those that took its message get it no second time."""


@dataclass(frozen=True, slots=True)
class Rewording:
    """What is said in place of each text that is known of rows.

    Attributes:
        labels: The rows' labels.
        recipients: Whom each row is for.
        stop_reason: Why the run stopped.
        message_id: Makes it of a row's position and a Message-ID that is not one of ours.
        reply: Makes it of a reply's number and text.
        reason: Makes it of a reason's number and text.
        error: Makes it of a row's position and its exception.
        addresses: Makes it of what the addresses of a row said.
    """

    labels: Sequence[Hashable] | pd.Index[Any]
    recipients: Sequence[str]
    stop_reason: str
    message_id: Callable[[int, str], str]
    reply: Callable[[int, str], str]
    reason: Callable[[int, str], str]
    error: Callable[[int, Exception], Exception]
    addresses: Callable[[Addresses], Addresses]


class RowStates:
    """One entry per row, moved by events.

    Args:
        labels: The frame's index, or any sequence of row labels.

    Attributes:
        labels: The label of each row.
        statuses: The status of each row, as a number.
        counts: How many rows stand how, every status present.
        recipients: Whom each row is for; None where only events tell.
        recipients_told: Whom rows are for, by position, as events told.
        numbers: What is known of each row in numbers.
        message_ids: The Message-ID of each row.
        replies: The texts of replies, by number.
        reasons: The words why rows were left out or left for later, by number.
        errors: The exceptions of rows in trouble, by position.
        addresses: What the addresses of a row said, by position, where they did not all say the same.
        stop_reason: Why the run stopped, or "".
    """

    def __init__(self, labels: Sequence[Hashable] | pd.Index[Any]) -> None:
        count = len(labels)
        self.labels = labels
        self.statuses = bytearray([STATUS_NUMBERS["pending"]]) * count
        self.counts: dict[Status, int] = dict.fromkeys(STATUSES, 0) | {"pending": count}
        self.recipients: Sequence[str] | None = None
        self.recipients_told: dict[int, str] = {}
        self.numbers = PackedNumbers(count)
        self.message_ids = MessageIds(count)
        self.replies = PackedTexts()
        self.reasons = PackedTexts()
        self.errors: dict[int, Exception] = {}
        self.addresses: dict[int, Addresses] = {}
        self.stop_reason = ""

    def __len__(self) -> int:
        return len(self.labels)

    # --- reading --------------------------------------------------------------------------------------------

    def status_at(self, position: int) -> Status:
        """Return how the row at a position (from 0) stands."""
        return STATUSES[self.statuses[position]]

    def recipients_at(self, position: int) -> str:
        """Return whom the row at a position is for, joined by ", ", or "" where it is not known."""
        return self.recipients_told.get(position, "") if self.recipients is None else self.recipients[position]

    def all_recipients(self) -> Sequence[str]:
        """Return whom each row is for, in order."""
        if self.recipients is not None:
            return self.recipients
        return [self.recipients_told.get(position, "") for position in range(len(self))]

    def status_column(self) -> npt.NDArray[np.uint8]:
        """Return the statuses as an array of numbers."""
        import numpy as np

        return np.frombuffer(bytes(self.statuses), dtype=np.uint8)

    def delivered(self) -> dict[int, tuple[str, ...]]:
        """Return, by position, the addresses that took the message of a row which is not sent yet."""
        return {position: each.delivered for position, each in self.addresses.items() if each.delivered}

    def copy(self) -> RowStates:
        """Return states of their own that begin where these stand; neither sees what happens to the other."""
        twin = copy.copy(self)
        for name in _CHANGING:
            setattr(twin, name, getattr(self, name).copy())
        return twin

    def reworded(self, words: Rewording) -> RowStates:
        """Return states of their own of the same rows, with other words."""
        twin = RowStates(words.labels)
        twin.recipients, twin.stop_reason = words.recipients, words.stop_reason
        twin.statuses, twin.counts, twin.numbers = self.statuses.copy(), self.counts.copy(), self.numbers.copy()
        twin.message_ids = self.message_ids.changed(words.message_id)
        twin.replies, twin.reasons = self.replies.changed(words.reply), self.reasons.changed(words.reason)
        twin.errors = {position: words.error(position, error) for position, error in self.errors.items()}
        twin.addresses = {position: words.addresses(each) for position, each in self.addresses.items()}
        return twin

    # --- changing -------------------------------------------------------------------------------------------

    def note_recipients(self, recipients: Sequence[str]) -> None:
        """Note who the rows are for, before anything happens to them: then events need not be asked.

        Args:
            recipients: The address of each row, by position; kept as it is, not copied.
        """
        self.recipients = recipients

    def reopen(self, positions: Iterable[int]) -> None:
        """Make rows pending that are about to be tried again."""
        self.stop_reason = ""
        for position in positions:
            self._move(position, "pending")

    def apply(self, event: events.RowEvent) -> None:
        """Fold one event in."""
        _FOLDS[type(event)](self, event)

    def _start(self, event: events.RowStarted) -> None:
        position, to, message_id = event
        self._note_to(position, to)
        self.message_ids[position] = message_id

    def _accept(self, event: events.RowSent) -> None:
        position, reply, refused, attempts, seconds, sent_at = event
        number = self.replies.add(str(reply))
        self._move(position, "sent", attempts, seconds, reply=number, sent_at=sent_at.timestamp())
        if refused:
            self.addresses[position] = Addresses((), refused, frozenset(refused))

    def _fail(self, event: events.RowFailed) -> None:
        self._move(event.position, "failed", event.attempts, event.seconds, error=event.error)
        self._note_addresses(event.position, event.addresses)

    def _defer(self, event: events.RowDeferred) -> None:
        reason = ""
        if event.next_at is not None:
            reason = f"may be tried again after {event.next_at.astimezone(UTC):%H:%M UTC on %Y-%m-%d}"
        self._move(event.position, "deferred", event.attempts, event.seconds, reason=reason, error=event.error)
        self._note_addresses(event.position, event.addresses)

    def _hold(self, event: events.RowUnconfirmed) -> None:
        self._move(event.position, "unconfirmed", event.attempts, event.seconds, error=event.error)
        known = self.addresses.get(event.position)
        if known is not None:  # of those that refused an earlier try, nobody knows by now
            self.addresses[event.position] = known._replace(refused={})
        self._note_to(event.position, event.to)

    def _skip(self, event: events.RowSkipped) -> None:
        position, reason, to, sent_at = event
        self._move(position, "skipped", reason=reason, sent_at=sent_at.timestamp() if sent_at else 0.0)
        self._note_to(position, to)

    def _leave(self, event: events.RowPending) -> None:
        position, reason, to, message_id, error, addresses = event
        self._move(position, "pending", reason=reason, error=error)
        self._note_addresses(position, addresses)
        self._note_to(position, to)
        if message_id:
            self.message_ids[position] = message_id

    def _stop(self, event: events.RunStopped) -> None:
        self.stop_reason = event.reason

    def _note_addresses(self, position: int, addresses: Addresses | None) -> None:
        if addresses is not None:
            self.addresses[position] = addresses

    def _note_to(self, position: int, to: str) -> None:
        if to and self.recipients is None:
            self.recipients_told[position] = to

    def _move(
        self,
        position: int,
        status: Status,
        attempts: int = 0,
        seconds: float = 0.0,
        *,
        reply: int = 0,
        reason: str = "",
        sent_at: float = 0.0,
        error: Exception | None = None,
    ) -> None:
        """Note how a row stands now; nothing of how it stood before stays."""
        before = STATUSES[self.statuses[position]]
        if before != status:
            self.counts[before] -= 1
            self.counts[status] += 1
            self.statuses[position] = STATUS_NUMBERS[status]
        because = self.reasons.add(reason) if reason else 0
        self.numbers.write(position, attempts, seconds, reply, because, sent_at)
        known = self.addresses.get(position) if self.addresses else None
        if known is not None and not (known.delivered and status in _UNSETTLED):
            del self.addresses[position]
        if error is not None:
            self.errors[position] = _without_frames(error)
        elif self.errors:
            self.errors.pop(position, None)


_FOLDS: Final[dict[type, Callable[[RowStates, Any], None]]] = {
    events.RowStarted: RowStates._start,
    events.RowSent: RowStates._accept,
    events.RowFailed: RowStates._fail,
    events.RowDeferred: RowStates._defer,
    events.RowUnconfirmed: RowStates._hold,
    events.RowSkipped: RowStates._skip,
    events.RowPending: RowStates._leave,
    events.RunStopped: RowStates._stop,
}


def _without_frames(error: Exception) -> Exception:
    """Let go of the frames in which an exception, and those behind it, were raised."""
    known: set[int] = set()
    found: list[BaseException] = [error]
    while found:
        each = found.pop()
        if id(each) not in known:
            known.add(id(each))
            each.__traceback__ = None
            found += [behind for behind in (each.__cause__, each.__context__) if behind is not None]
            found += getattr(each, "recipients", ()) if isinstance(each, SMTPRecipientsRefused) else ()
    return error

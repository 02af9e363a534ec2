"""How every row stands, as columns that events move: one entry per row, in the frame's order.

Rows are never lost: each starts as pending and is only ever moved by an event. What is known of them are numbers
and texts in columns, so a million rows in a good run are not a million objects. Only a row in trouble has one, its
exception, and of that not the frames it was raised in: they would keep messages and connections alive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

from notebookmail.errors import SMTPRecipientsRefused

from . import events
from .events import STATUSES, Status
from .packed_columns import MessageIds, PackedNumbers, PackedTexts
from .partial_delivery import Addresses

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    import pandas as pd

NUMBERS: Final = {status: number for number, status in enumerate(STATUSES)}
"""Each status as it stands in the column of statuses."""

_COLUMNS: Final = (
    "_status", "_tally", "_to", "_numbers", "_message_ids", "_replies", "_reasons", "_errors", "_addresses",
)  # fmt: skip
"""What changes with every event."""

_UNSETTLED: Final = frozenset({"pending", "unconfirmed"})
"""Statuses that leave what is known of a row's addresses: those that took its message get it no second time."""


class RowStates:
    """One entry per row, moved by events.

    Args:
        labels: The frame's index, or any sequence of row labels.
    """

    def __init__(self, labels: Sequence[Hashable] | pd.Index[Any]) -> None:
        self._labels = labels
        count = len(labels)
        self._status = bytearray([NUMBERS["pending"]]) * count
        self._tally = dict.fromkeys(STATUSES, 0) | {"pending": count}
        self._recipients: Sequence[str] | None = None
        self._to: dict[int, str] = {}
        self._numbers = PackedNumbers(count)
        self._message_ids = MessageIds(count)
        self._replies = PackedTexts()
        self._reasons = PackedTexts()
        self._errors: dict[int, Exception] = {}
        self._addresses: dict[int, Addresses] = {}  # of rows whose addresses did not all say the same
        self._stop_reason = ""

    def note_recipients(self, recipients: Sequence[str]) -> None:
        """Note who the rows are for, before anything happens to them: then events need not be asked.

        Args:
            recipients: The address of each row, by position; kept as it is, not copied.
        """
        self.__dict__.pop("frame", None)
        self._recipients = recipients

    def reopen(self, positions: Iterable[int]) -> None:
        """Make rows pending that are about to be tried again."""
        self.__dict__.pop("frame", None)
        self._stop_reason = ""
        for position in positions:
            self._move(position, "pending")

    def delivered(self) -> dict[int, tuple[str, ...]]:
        """Return, by position, the addresses that took the message of a row which is not sent yet."""
        return {position: each.delivered for position, each in self._addresses.items() if each.delivered}

    def copy(self) -> Self:
        """Return outcomes of their own that begin where these stand; neither sees what happens to the other."""
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin.__dict__.pop("frame", None)
        for name in _COLUMNS:
            setattr(twin, name, getattr(self, name).copy())
        return twin

    def restore(self, before: Self) -> None:
        """Let every row stand as in a copy that was made before; the copy is used up."""
        self.__dict__.pop("frame", None)
        for name in (*_COLUMNS, "_stop_reason"):
            setattr(self, name, getattr(before, name))

    def apply(self, event: events.RowEvent) -> None:
        """Fold one event in."""
        self.__dict__.pop("frame", None)
        _FOLDS[type(event)](self, event)

    def _start(self, event: events.RowStarted) -> None:
        position, to, message_id = event
        self._note_to(position, to)
        self._message_ids[position] = message_id

    def _accept(self, event: events.RowSent) -> None:
        position, reply, refused, attempts, seconds, sent_at = event
        number = self._replies.add(str(reply))
        self._move(position, "sent", attempts, seconds, reply=number, sent_at=sent_at.timestamp())
        if refused:
            self._addresses[position] = Addresses((), refused, frozenset(refused))

    def _fail(self, event: events.RowFailed) -> None:
        self._move(event.position, "failed", event.attempts, event.seconds, error=event.error)
        self._note_addresses(event.position, event.addresses)

    def _defer(self, event: events.RowDeferred) -> None:
        reason = ""
        if event.next_at is not None:
            reason = f"may be tried again after {event.next_at.astimezone():%H:%M on %Y-%m-%d}"
        self._move(event.position, "deferred", event.attempts, event.seconds, reason=reason, error=event.error)
        self._note_addresses(event.position, event.addresses)

    def _hold(self, event: events.RowUnconfirmed) -> None:
        self._move(event.position, "unconfirmed", event.attempts, event.seconds, error=event.error)
        known = self._addresses.get(event.position)
        if known is not None:  # of those that refused an earlier try, nobody knows by now
            self._addresses[event.position] = known._replace(refused={})
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
            self._message_ids[position] = message_id

    def _stop(self, event: events.RunStopped) -> None:
        self._stop_reason = event.reason

    def _note_addresses(self, position: int, addresses: Addresses | None) -> None:
        if addresses is not None:
            self._addresses[position] = addresses

    def _note_to(self, position: int, to: str) -> None:
        if to and self._recipients is None:
            self._to[position] = to

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
        before = STATUSES[self._status[position]]
        if before != status:
            self._tally[before] -= 1
            self._tally[status] += 1
            self._status[position] = NUMBERS[status]
        because = self._reasons.add(reason) if reason else 0
        self._numbers.write(position, attempts, seconds, reply, because, sent_at)
        known = self._addresses.get(position) if self._addresses else None
        if known is not None and not (known.delivered and status in _UNSETTLED):
            del self._addresses[position]
        if error is not None:
            self._errors[position] = _without_frames(error)
        elif self._errors:
            self._errors.pop(position, None)


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

"""How every row stands: events folded into columns, one entry per row, in the frame's order.

Rows are never lost: each starts as pending and is only ever moved by an event. Columns are kept sparse, because
in a good run almost nothing needs words.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from notebookmail.errors import AddressError, SMTPRecipientsRefused, SMTPResponseException, TemplateError

from . import events
from .events import STATUSES, Status
from .explain import Explanation, explain

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from datetime import datetime

    import pandas as pd

    from notebookmail.reply import SMTPResponse

COLUMNS = (
    "to", "status", "code", "enhanced_code", "category", "reply", "error", "hint", "attempts", "seconds",
    "message_id", "sent_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything known about one row, ready to be shown.

    Attributes:
        label: The row's label in the frame's index.
        to: The address, or "" where it could not be made out.
        status: One of STATUSES.
        code: The reply code, or None.
        enhanced_code: Such as "5.1.1", or None.
        category: One word to group by, or "".
        reply: The server's text, or "".
        error: The exception, or None.
        hint: Cause and remedy in words, or "".
        attempts: How often it was tried.
        seconds: From the first try to the outcome.
        message_id: The Message-ID header's value, or "".
        sent_at: When the server accepted it, in UTC, or None.
    """

    label: Hashable
    to: str
    status: Status
    code: int | None
    enhanced_code: str | None
    category: str
    reply: str
    error: Exception | None
    hint: str
    attempts: int
    seconds: float
    message_id: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Cause:
    """A group of rows with the same trouble.

    Attributes:
        status: How they ended.
        category: One word.
        cause: What happened.
        remedy: What to do.
        example: One server reply or error text of the group.
        labels: The rows' labels.
    """

    status: Status
    category: str
    cause: str
    remedy: str
    example: str
    labels: tuple[Hashable, ...]


class Outcomes:
    """One entry per row.

    Args:
        labels: The frame's index, or any sequence of row labels.
    """

    def __init__(self, labels: Sequence[Hashable] | pd.Index[Any]) -> None:
        self._labels = labels
        count = len(labels)
        self._status = bytearray([STATUSES.index("pending")]) * count
        self._tally = dict.fromkeys(STATUSES, 0) | {"pending": count}
        self._to: list[str] = [""] * count
        self._message_id: list[str] = [""] * count
        self._sent: dict[int, events.RowSent] = {}
        self._errors: dict[int, tuple[Exception, int, float]] = {}
        self._reasons: dict[int, str] = {}

    def apply(self, event: events.RowEvent) -> None:
        """Fold one event in."""
        self.__dict__.pop("frame", None)
        position = event.position
        match event:
            case events.RowStarted():
                self._to[position] = event.to
                self._message_id[position] = event.message_id
            case events.RowSent():
                self._sent[position] = event
                self._errors.pop(position, None)
                self._reasons.pop(position, None)
                self._move(position, "sent")
            case events.RowFailed():
                self._fail(event, "failed")
            case events.RowDeferred():
                self._fail(event, "deferred")
            case events.RowUnconfirmed():
                self._fail(event, "unconfirmed")
            case events.RowSkipped():
                self._leave(event, "skipped")
            case events.RowPending():
                self._message_id[position] = event.message_id or self._message_id[position]
                if event.error is not None:
                    self._errors[position] = (event.error, 0, 0.0)
                self._leave(event, "pending")

    def note_recipient(self, position: int, to: str) -> None:
        """Note who a row is for, before anything happens to it."""
        self._to[position] = to

    def _fail(self, event: events.RowFailed | events.RowDeferred | events.RowUnconfirmed, status: Status) -> None:
        self._errors[event.position] = (event.error, event.attempts, event.seconds)
        self._sent.pop(event.position, None)
        self._move(event.position, status)

    def _leave(self, event: events.RowSkipped | events.RowPending, status: Status) -> None:
        self._reasons[event.position] = event.reason
        self._to[event.position] = event.to or self._to[event.position]
        self._move(event.position, status)

    def _move(self, position: int, status: Status) -> None:
        self._tally[STATUSES[self._status[position]]] -= 1
        self._status[position] = STATUSES.index(status)
        self._tally[status] += 1

    def __len__(self) -> int:
        return len(self._labels)

    @property
    def counts(self) -> dict[Status, int]:
        """How many rows stand how, every status present: {"sent": 998, "failed": 2, ...}."""
        return dict(self._tally)

    def status_at(self, position: int) -> Status:
        """How the row at a position (from 0) stands."""
        return STATUSES[self._status[position]]

    def positions(self, *statuses: Status) -> list[int]:
        """The positions of the rows with one of these statuses (all rows when none is named), in order."""
        if not statuses:
            return list(range(len(self)))
        wanted = {STATUSES.index(status) for status in statuses}
        return [position for position, status in enumerate(self._status) if status in wanted]

    def outcome(self, position: int) -> Outcome:
        """Everything known about the row at a position (from 0)."""
        error, attempts, seconds = self._errors.get(position, (None, 0, 0.0))
        explanation = explain(error) if error is not None else None
        sent = self._sent.get(position)
        if sent is not None:
            attempts, seconds = sent.attempts, sent.seconds
        response = sent.reply if sent is not None else _response_of(error)
        return Outcome(
            label=self._labels[position],
            to=self._to[position],
            status=self.status_at(position),
            code=response.code if response else None,
            enhanced_code=response.enhanced_code if response else None,
            category=explanation.category if explanation else "",
            reply=response.message if response else "",
            error=error,
            hint=self._hint(position, error, explanation),
            attempts=attempts,
            seconds=seconds,
            message_id=self._message_id[position],
            sent_at=sent.sent_at if sent else None,
        )

    def _hint(self, position: int, error: Exception | None, explanation: Explanation | None) -> str:
        words = [self._reasons[position]] if self._reasons.get(position) else []
        if isinstance(error, TemplateError | AddressError):
            words.append(error.message)  # it names the column and the remedy itself
        elif explanation is not None:
            words.append(f"{explanation.cause}: {explanation.remedy}")
        sent = self._sent.get(position)
        if sent is not None and sent.refused:
            refused = ", ".join(f"{address} ({reply})" for address, reply in sent.refused.items())
            words.append(f"not delivered to: {refused}")
        return "; ".join(words)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All rows as a pandas DataFrame on the original index, so that `df.join(results.frame)` works."""
        import pandas as pd

        rows = [self.outcome(position) for position in range(len(self))]
        data = {column: [getattr(row, column) for row in rows] for column in COLUMNS}
        index = self._labels if isinstance(self._labels, pd.Index) else pd.Index(list(self._labels))
        frame = pd.DataFrame(data, index=index, columns=list(COLUMNS))
        frame["code"] = frame["code"].astype("Int64")
        frame["sent_at"] = pd.to_datetime(frame["sent_at"], utc=True)
        return frame

    def _rows(self, status: Status) -> pd.DataFrame:
        return self.frame.iloc[self.positions(status)]

    @property
    def sent(self) -> pd.DataFrame:
        """The rows the server took responsibility for."""
        return self._rows("sent")

    @property
    def failed(self) -> pd.DataFrame:
        """The rows refused for good, or that could not be rendered."""
        return self._rows("failed")

    @property
    def deferred(self) -> pd.DataFrame:
        """The rows refused for now."""
        return self._rows("deferred")

    @property
    def unconfirmed(self) -> pd.DataFrame:
        """The rows that may have been delivered."""
        return self._rows("unconfirmed")

    @property
    def skipped(self) -> pd.DataFrame:
        """The rows left out on purpose."""
        return self._rows("skipped")

    @property
    def pending(self) -> pd.DataFrame:
        """The rows that were not tried."""
        return self._rows("pending")

    @property
    def exceptions(self) -> dict[Hashable, Exception]:
        """Each troubled row's exception, by the row's label.

        Where an index repeats a label, the label keeps its last row's exception; `frame.error` has all of them.
        """
        return {self._labels[position]: error for position, (error, _, _) in sorted(self._errors.items())}

    def causes(self) -> list[Cause]:
        """The troubled rows grouped by cause, the largest group first."""
        groups: dict[tuple[Status, Explanation], list[int]] = {}
        for position, (error, _, _) in sorted(self._errors.items()):
            groups.setdefault((self.status_at(position), explain(error)), []).append(position)
        found = [
            Cause(
                status, why.category, why.cause, why.remedy, str(self._errors[rows[0]][0]),
                tuple(self._labels[row] for row in rows),
            )
            for (status, why), rows in groups.items()
        ]  # fmt: skip
        return sorted(found, key=lambda cause: -len(cause.labels))


def _response_of(error: Exception | None) -> SMTPResponse | None:
    from notebookmail.reply import SMTPResponse

    if isinstance(error, SMTPRecipientsRefused) and error.recipients:
        error = error.recipients[0]
    if isinstance(error, SMTPResponseException):
        return SMTPResponse(error.code, error.message)
    return None

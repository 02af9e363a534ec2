"""What is told of rows, made of how they stand: one row at a time, as a frame, or grouped by cause.

Nothing here changes anything; what happens to rows is folded in by row_states.py. The frame is made column by
column from its arrays, and only rows in trouble are looked at one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from notebookmail.errors import AddressError, SMTPRecipientRefused, SMTPResponseException, TemplateError, at
from notebookmail.response import SMTPResponse

from .events import STATUSES, Status
from .explain import Explanation, explain, gravest_refusal
from .row_states import STATUS_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from .packed_columns import PackedTexts
    from .partial_delivery import Addresses
    from .row_states import RowStates

COLUMNS = (
    "to", "status", "code", "enhanced_code", "category", "reply", "error", "hint", "attempts", "seconds",
    "message_id", "sent_at",
)  # fmt: skip

ADDRESS_COLUMNS = (
    "label", "status", "address", "is_copy", "delivered", "code", "enhanced_code", "reply",
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
        positions: The rows' places in the frame, from 0.
    """

    status: Status
    category: str
    cause: str
    remedy: str
    example: str
    labels: tuple[Hashable, ...]
    positions: tuple[int, ...] = ()


class Outcomes:
    """Describes rows, and what went wrong with them.

    Args:
        states: How the rows stand.
    """

    def __init__(self, states: RowStates) -> None:
        self._states = states

    def outcome(self, position: int) -> Outcome:
        """Return everything known about the row at a position (from 0)."""
        states = self._states
        status = states.status_at(position)
        attempts, seconds, reply, reason, sent_at = states.numbers.read(position)
        error = states.errors.get(position)
        explanation = explain(error) if error is not None else None
        response = _response_of(error) if error is not None else _reply_in(states.replies[reply])
        return Outcome(
            label=_plain(states.labels[position]),
            to=states.recipients_at(position),
            status=status,
            code=response.code if response else None,
            enhanced_code=response.enhanced_code if response else None,
            category=explanation.category if explanation else "",
            reply=response.message if response else "",
            error=error,
            hint=self._hint(position, states.reasons[reason], error, explanation),
            attempts=attempts,
            seconds=seconds,
            message_id=states.message_ids[position],
            sent_at=datetime.fromtimestamp(sent_at, UTC) if sent_at or status == "sent" else None,
        )

    def _hint(self, position: int, reason: str, error: Exception | None, explanation: Explanation | None) -> str:
        if not reason and error is None and self._states.status_at(position) == "pending":
            reason = self._states.stop_reason
        words = [reason] if reason else []
        if isinstance(error, TemplateError | AddressError):
            words.append(error.message)  # it names the column and the remedy itself
        elif explanation is not None:
            words.append(explanation.sentence)
        addresses = self._states.addresses.get(position)
        if addresses is not None:
            words += _words_of(addresses)
        return "; ".join(words)

    def frame(self) -> pd.DataFrame:
        """Make a frame of all rows, on their labels."""
        import pandas as pd

        labels = self._states.labels
        index = labels if isinstance(labels, pd.Index) else pd.Index(list(labels))
        return pd.DataFrame(self._columns(), index=index, columns=list(COLUMNS))

    def _columns(self) -> dict[str, Any]:
        """Make the frame's columns: of most rows from arrays at once, of rows in trouble one by one."""
        import numpy as np
        import pandas as pd

        states = self._states
        numbers, status = states.numbers, states.status_column()
        reply, reason, sent_at = (numbers.column(name) for name in ("reply", "reason", "sent_at"))
        in_trouble = states.errors.keys() | states.addresses.keys()
        troubled = {position: self.outcome(position) for position in in_trouble}

        def column(name: str, values: npt.NDArray[Any]) -> Any:
            for position, row in troubled.items():
                values[position] = getattr(row, name)
            return pd.Series(values).array  # at once: as objects the texts take several times the memory

        codes, enhanced, messages = _reply_columns(states.replies)
        code = codes[reply]
        for position, row in troubled.items():
            code[position] = row.code or 0
        hint = states.reasons.array()[reason]
        hint[(reason == 0) & (status == STATUS_NUMBERS["pending"])] = states.stop_reason
        return {
            "to": pd.Series(_column(states.all_recipients())).array,
            "status": pd.Series(np.array(STATUSES, dtype=object)[status]).array,
            "code": pd.arrays.IntegerArray(code, code == 0),
            "enhanced_code": column("enhanced_code", enhanced[reply]),
            "category": column("category", _column([""]).repeat(len(states))),
            "reply": column("reply", messages[reply]),
            "error": column("error", _column([None]).repeat(len(states))),
            "hint": column("hint", hint),
            "attempts": numbers.column("attempts").astype(np.int64),
            "seconds": numbers.column("seconds"),
            "message_id": pd.Series(_column(states.message_ids.texts())).array,
            "sent_at": _moments(sent_at, (sent_at != 0) | (status == STATUS_NUMBERS["sent"])),
        }

    def addresses(self) -> pd.DataFrame:
        """Make a frame of what each address said, of the rows whose addresses did not all say the same.

        One line for each address that refused the message or, where its row is not sent, took it: `label`,
        `status` (the row's), `address`, `is_copy` (cc or bcc), `delivered`, `code`, `enhanced_code`, `reply`.
        """
        import pandas as pd

        states = self._states
        lines = [
            (states.labels[position], states.status_at(position), *line)
            for position in sorted(states.addresses)
            for line in _lines_of(states.addresses[position])
        ]
        frame = pd.DataFrame(lines, columns=list(ADDRESS_COLUMNS))
        return frame.astype({"is_copy": "bool", "delivered": "bool", "code": "Int64"})

    def copies_refused(self) -> int:
        """Count the sent rows that have a copy (cc, bcc) which was refused."""
        return sum(self._states.status_at(position) == "sent" for position in self._states.addresses)

    def exceptions(self) -> dict[Hashable, Exception]:
        """Return each troubled row's exception, by the row's label; of a repeated label its last row's."""
        states = self._states
        return {states.labels[position]: states.errors[position] for position in sorted(states.errors)}

    def causes(self) -> list[Cause]:
        """Return the troubled rows grouped by cause, the largest group first."""
        states = self._states
        groups: dict[tuple[Status, Explanation], list[int]] = {}
        for position in sorted(states.errors):
            why = explain(states.errors[position])
            groups.setdefault((states.status_at(position), why), []).append(position)
        found = [
            Cause(
                status, why.category, why.cause, why.remedy, str(states.errors[positions[0]]),
                self._labels_at(positions), tuple(positions),
            )
            for (status, why), positions in groups.items()
        ]  # fmt: skip
        return sorted([*found, *self._causes_of_copies()], key=lambda cause: -len(cause.labels))

    def _causes_of_copies(self) -> list[Cause]:
        """Group the refused copies of rows that were sent."""
        groups: dict[Explanation, dict[int, Exception]] = {}
        for position, addresses in sorted(self._states.addresses.items()):
            if self._states.status_at(position) == "sent":
                for address, reply in addresses.refused.items():
                    error = at("rcpt", SMTPRecipientRefused(*reply, address))
                    groups.setdefault(explain(error), {}).setdefault(position, error)
        return [
            Cause(
                "sent", why.category, f"a copy was refused: {why.cause}", why.remedy,
                str(next(iter(errors.values()))), self._labels_at(errors), tuple(errors),
            )
            for why, errors in groups.items()
        ]  # fmt: skip

    def _labels_at(self, positions: Iterable[int]) -> tuple[Hashable, ...]:
        return tuple(self._states.labels[position] for position in positions)


def _plain(label: Any) -> Hashable:
    """Return a label of an index as Python writes it: 7, not np.int64(7)."""
    import numpy as np

    plain: Hashable = label.item() if isinstance(label, np.generic) else label
    return plain


def _words_of(addresses: Addresses) -> list[str]:
    """Say what the addresses of a row said."""
    words = []
    if addresses.refused:
        listed = ", ".join(f"{address} ({reply})" for address, reply in addresses.refused.items())
        words.append(f"not delivered to: {listed}")
    if addresses.delivered:
        words.append(f"delivered to: {', '.join(addresses.delivered)}, who will not get it again")
    return words


def _lines_of(addresses: Addresses) -> Iterator[tuple[str, bool, bool, int | None, str | None, str]]:
    for address in addresses.delivered:
        yield address, address in addresses.copies, True, None, None, ""
    for address, reply in addresses.refused.items():
        yield address, address in addresses.copies, False, reply.code, reply.enhanced_code, reply.message


def _column(values: Sequence[str | None]) -> npt.NDArray[np.object_]:
    """Make a column of texts, or of None."""
    import numpy as np

    column = np.empty(len(values), dtype=object)
    column[:] = list(values)
    return column


def _moments(seconds: npt.NDArray[np.float64], is_known: npt.NDArray[np.bool_]) -> pd.DatetimeIndex:
    """Make times of seconds since the epoch, and NaT of what is not known."""
    import numpy as np
    import pandas as pd

    moments = np.full(len(seconds), "NaT", dtype="datetime64[us]")
    moments[is_known] = np.rint(seconds[is_known] * 1e6).astype(np.int64).view("datetime64[us]")
    return pd.DatetimeIndex(moments).tz_localize("UTC")


def _reply_columns(
    replies: PackedTexts,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Make columns of the code, the enhanced code and the text of replies, each at its number."""
    import numpy as np

    codes = np.zeros(len(replies), dtype=np.int64)
    enhanced, messages = _column([None] * len(replies)), _column([""] * len(replies))
    known: dict[str | None, str | None] = {}  # a million texts, and a handful of different codes
    for number in range(1, len(replies)):
        reply = _reply_in(replies[number])
        if reply is not None:
            codes[number], messages[number] = reply
            enhanced[number] = known.setdefault(reply.enhanced_code, reply.enhanced_code)
    return codes, enhanced, messages


def _reply_in(text: str) -> SMTPResponse | None:
    code, _, message = text.partition(" ")
    return SMTPResponse(int(code), message) if code else None


def _response_of(error: Exception) -> SMTPResponse | None:
    told = gravest_refusal(error)
    return SMTPResponse(told.code, told.message) if isinstance(told, SMTPResponseException) else None

"""How every row stands, put together for whoever asks: one row at a time, as a frame, or grouped by cause.

Nothing here changes anything; what happens to rows is folded in by row_states.py. The frame is made column by
column from its arrays, and only rows in trouble are looked at one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from notebookmail.errors import AddressError, SMTPRecipientRefused, SMTPResponseException, TemplateError, at
from notebookmail.response import SMTPResponse

from .events import STATUSES, Status
from .explain import Explanation, explain, gravest_refusal
from .row_search import RowSearch
from .row_states import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from .packed_columns import PackedTexts
    from .partial_delivery import Addresses

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
    """

    status: Status
    category: str
    cause: str
    remedy: str
    example: str
    labels: tuple[Hashable, ...]


class Outcomes(RowSearch):
    """One entry per row.

    Args:
        labels: The frame's index, or any sequence of row labels.
    """

    @property
    def counts(self) -> dict[Status, int]:
        """How many rows stand how, every status present: {"sent": 998, "failed": 2, ...}."""
        return dict(self._tally)

    def status_at(self, position: int) -> Status:
        """How the row at a position (from 0) stands."""
        return STATUSES[self._status[position]]

    def outcome(self, position: int) -> Outcome:
        """Everything known about the row at a position (from 0)."""
        status = self.status_at(position)
        attempts, seconds, reply, reason, sent_at = self._numbers.read(position)
        error = self._errors.get(position)
        explanation = explain(error) if error is not None else None
        response = _response_of(error) if error is not None else _reply_in(self._replies[reply])
        return Outcome(
            label=self._labels[position],
            to=self._to_at(position),
            status=status,
            code=response.code if response else None,
            enhanced_code=response.enhanced_code if response else None,
            category=explanation.category if explanation else "",
            reply=response.message if response else "",
            error=error,
            hint=self._hint(position, self._reasons[reason], error, explanation),
            attempts=attempts,
            seconds=seconds,
            message_id=self._message_ids[position],
            sent_at=datetime.fromtimestamp(sent_at, UTC) if sent_at or status == "sent" else None,
        )

    def _hint(self, position: int, reason: str, error: Exception | None, explanation: Explanation | None) -> str:
        if not reason and error is None and self._status[position] == NUMBERS["pending"]:
            reason = self._stop_reason
        words = [reason] if reason else []
        if isinstance(error, TemplateError | AddressError):
            words.append(error.message)  # it names the column and the remedy itself
        elif explanation is not None:
            words.append(f"{explanation.cause}: {explanation.remedy}")
        addresses = self._addresses.get(position)
        if addresses is not None:
            words += _words_of(addresses)
        return "; ".join(words)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All rows as a pandas DataFrame on the original index, so that `df.join(results.frame)` works."""
        import pandas as pd

        index = self._labels if isinstance(self._labels, pd.Index) else pd.Index(list(self._labels))
        return pd.DataFrame(self._columns(), index=index, columns=list(COLUMNS))

    def _columns(self) -> dict[str, Any]:
        """Make the frame's columns: of most rows from arrays at once, of rows in trouble one by one."""
        import numpy as np
        import pandas as pd

        numbers = self._numbers.columns()
        status = self._status_numbers()
        troubled = {position: self.outcome(position) for position in self._errors.keys() | self._addresses.keys()}

        def column(name: str, values: npt.NDArray[Any]) -> Any:
            for position, row in troubled.items():
                values[position] = getattr(row, name)
            return pd.Series(values).array  # at once: as objects the texts take several times the memory

        codes, enhanced, messages = _reply_columns(self._replies)
        code = codes[numbers["reply"]]
        for position, row in troubled.items():
            code[position] = row.code or 0
        hint = self._reasons.array()[numbers["reason"]]
        hint[(numbers["reason"] == 0) & (status == NUMBERS["pending"])] = self._stop_reason
        return {
            "to": pd.Series(_column(self._all_to())).array,
            "status": pd.Series(np.array(STATUSES, dtype=object)[status]).array,
            "code": pd.arrays.IntegerArray(code, code == 0),
            "enhanced_code": column("enhanced_code", enhanced[numbers["reply"]]),
            "category": column("category", _column([""]).repeat(len(self))),
            "reply": column("reply", messages[numbers["reply"]]),
            "error": column("error", _column([None]).repeat(len(self))),
            "hint": column("hint", hint),
            "attempts": numbers["attempts"].astype(np.int64),
            "seconds": numbers["seconds"].copy(),
            "message_id": pd.Series(_column(self._message_ids.texts())).array,
            "sent_at": _moments(numbers["sent_at"], (numbers["sent_at"] != 0) | (status == NUMBERS["sent"])),
        }

    @property
    def addresses(self) -> pd.DataFrame:
        """What each address said, of the rows whose addresses did not all say the same.

        One line for each address that refused the message or, where its row is not sent, took it: `label`,
        `status` (the row's), `address`, `is_copy` (cc or bcc), `delivered`, `code`, `enhanced_code`, `reply`.
        """
        import pandas as pd

        lines = [
            (self._labels[position], self.status_at(position), *line)
            for position in sorted(self._addresses)
            for line in _lines_of(self._addresses[position])
        ]
        frame = pd.DataFrame(lines, columns=list(ADDRESS_COLUMNS))
        return frame.astype({"is_copy": "bool", "delivered": "bool", "code": "Int64"})

    @property
    def copies_refused(self) -> int:
        """How many sent rows have a copy (cc, bcc) that was refused."""
        return sum(self.status_at(position) == "sent" for position in self._addresses)

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
        return {self._labels[position]: self._errors[position] for position in sorted(self._errors)}

    def causes(self) -> list[Cause]:
        """The troubled rows grouped by cause, the largest group first."""
        groups: dict[tuple[Status, Explanation], list[int]] = {}
        for position in sorted(self._errors):
            why = explain(self._errors[position])
            groups.setdefault((self.status_at(position), why), []).append(position)
        found = [
            Cause(
                status, why.category, why.cause, why.remedy, str(self._errors[rows[0]]),
                tuple(self._labels[row] for row in rows),
            )
            for (status, why), rows in groups.items()
        ]  # fmt: skip
        return sorted([*found, *self._causes_of_copies()], key=lambda cause: -len(cause.labels))

    def _causes_of_copies(self) -> list[Cause]:
        """Group the refused copies of rows that were sent."""
        groups: dict[Explanation, dict[int, Exception]] = {}
        for position, addresses in sorted(self._addresses.items()):
            if self.status_at(position) == "sent":
                for address, reply in addresses.refused.items():
                    error = at("rcpt", SMTPRecipientRefused(*reply, address))
                    groups.setdefault(explain(error), {}).setdefault(position, error)
        return [
            Cause(
                "sent", why.category, f"a copy was refused: {why.cause}", why.remedy,
                str(next(iter(rows.values()))), tuple(self._labels[row] for row in rows),
            )
            for why, rows in groups.items()
        ]  # fmt: skip


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

"""Which rows a person looks for, and in which order: found in the columns, without an object for every row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from .events import STATUSES, Status
from .row_states import NUMBERS, RowStates

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

Order = Literal["row", "to", "status", "reply", "slowest", "latest", "attempts"]

_GRAVITY: Final = ("failed", "unconfirmed", "deferred", "pending", "skipped", "sent")


class RowSearch(RowStates):
    """One entry per row, found by status, by text, in an order."""

    def __len__(self) -> int:
        return len(self._labels)

    def positions(self, *statuses: Status) -> list[int]:
        """The positions of the rows with one of these statuses (all rows when none is named), in order."""
        import numpy as np

        if not statuses:
            return list(range(len(self)))
        wanted = np.zeros(len(STATUSES), dtype=bool)
        wanted[[NUMBERS[status] for status in statuses]] = True
        return np.flatnonzero(wanted[self._status_numbers()]).tolist()

    def find(self, status: Status | None = None, words: str = "", order: Order = "row") -> list[int]:
        """The positions of the rows a person looks for.

        Args:
            status: Only rows that stand so; None for all.
            words: Only rows whose label, recipient, reply or error holds these words, whatever their case.
            order: "row" as in the frame; "to" and "reply" by their texts; "status" the gravest first; "slowest",
                "latest" and "attempts" the largest first. Rows alike stay in the frame's order.
        """
        found = self.positions() if status is None else self.positions(status)
        wanted = words.strip().casefold()
        if wanted:
            found = [position for position in found if wanted in self._said_of(position)]
        if order == "row" or not found:
            return found
        return self._sorted(found, order)

    def _said_of(self, position: int) -> str:
        """Put together what can be searched of a row, in lower case."""
        error = self._errors.get(position)
        reply = self._replies[self._numbers.read(position)[2]] if error is None else str(error)
        return f"{self._labels[position]}\n{self._to_at(position)}\n{reply}".casefold()

    def _sorted(self, found: list[int], order: Order) -> list[int]:
        import numpy as np

        if order in {"to", "reply"}:
            texts = [self._text_at(position, order) for position in found]
            return [found[each] for each in sorted(range(len(found)), key=texts.__getitem__)]
        at = np.asarray(found, dtype=np.intp)
        ranked: list[int] = at[np.argsort(self._ranks(order)[at], kind="stable")].tolist()
        return ranked

    def _ranks(self, order: Order) -> npt.NDArray[np.float64]:
        import numpy as np

        if order == "status":
            ranks = np.array([_GRAVITY.index(status) for status in STATUSES], dtype=np.float64)
            return ranks[self._status_numbers()]
        field = {"slowest": "seconds", "latest": "sent_at", "attempts": "attempts"}[order]
        return -self._numbers.columns()[field].astype(np.float64)

    def _text_at(self, position: int, order: Order) -> str:
        if order == "to":
            return self._to_at(position).casefold()
        error = self._errors.get(position)
        return str(error) if error is not None else self._replies[self._numbers.read(position)[2]]

    def _to_at(self, position: int) -> str:
        return self._to.get(position, "") if self._recipients is None else self._recipients[position]

    def _all_to(self) -> Sequence[str]:
        if self._recipients is not None:
            return self._recipients
        return [self._to.get(position, "") for position in range(len(self))]

    def _status_numbers(self) -> npt.NDArray[np.uint8]:
        import numpy as np

        return np.frombuffer(bytes(self._status), dtype=np.uint8)

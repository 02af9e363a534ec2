"""Which rows a person looks for, and in which order: found in the columns, without an object for every row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from .events import STATUSES, Status
from .row_states import STATUS_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from .packed_columns import NumberColumn
    from .row_states import RowStates

Order = Literal["row", "to", "status", "reply", "said", "slowest", "latest", "attempts"]

_FIELDS: Final[Mapping[str, NumberColumn]] = {"slowest": "seconds", "latest": "sent_at", "attempts": "attempts"}
_GRAVITY: Final = ("failed", "unconfirmed", "deferred", "pending", "skipped", "sent")


class RowSearch:
    """Finds rows by status, by text, in an order.

    Args:
        states: How the rows stand.
    """

    def __init__(self, states: RowStates) -> None:
        self._states = states

    def positions(self, *statuses: Status) -> list[int]:
        """Return the positions of the rows with one of these statuses (all rows when none is named), in order."""
        import numpy as np

        if not statuses:
            return list(range(len(self._states)))
        wanted = np.zeros(len(STATUSES), dtype=bool)
        wanted[[STATUS_NUMBERS[status] for status in statuses]] = True
        return np.flatnonzero(wanted[self._states.status_column()]).tolist()

    def find(
        self, status: Status | None = None, words: str = "", order: Order = "row", *, is_reversed: bool = False
    ) -> list[int]:
        """Return the positions of the rows a person looks for.

        Args:
            status: Only rows that stand so; None for all.
            words: Only rows whose label, recipient, reply or error holds these words, whatever their case.
            order: "row" as in the frame; "to" and "reply" by their texts, "said" by the reply's without its code;
                "status" the gravest first; "slowest", "latest" and "attempts" the largest first. Rows alike stay
                in the frame's order.
            is_reversed: The other way round.
        """
        found = self.positions() if status is None else self.positions(status)
        wanted = words.strip().casefold()
        if wanted:
            found = [position for position in found if wanted in self._said_of(position)]
        if order == "row" or not found:
            return found[::-1] if is_reversed else found
        return self._sorted(found, order, is_reversed=is_reversed)

    def _said_of(self, position: int) -> str:
        """Put together what can be searched of a row, in lower case."""
        states = self._states
        error = states.errors.get(position)
        reply = states.replies[states.numbers.read(position)[2]] if error is None else str(error)
        return f"{states.labels[position]}\n{states.recipients_at(position)}\n{reply}".casefold()

    def _sorted(self, found: list[int], order: Order, *, is_reversed: bool) -> list[int]:
        import numpy as np

        if order in {"to", "reply", "said"}:
            texts = [self._text_at(position, order) for position in found]
            places = sorted(range(len(found)), key=texts.__getitem__, reverse=is_reversed)
            return [found[each] for each in places]
        at = np.asarray(found, dtype=np.intp)
        ranks = -self._ranks(order)[at] if is_reversed else self._ranks(order)[at]
        ranked: list[int] = at[np.argsort(ranks, kind="stable")].tolist()
        return ranked

    def _ranks(self, order: Order) -> npt.NDArray[np.float64]:
        import numpy as np

        if order == "status":
            ranks = np.array([_GRAVITY.index(status) for status in STATUSES], dtype=np.float64)
            return ranks[self._states.status_column()]
        return -self._states.numbers.column(_FIELDS[order]).astype(np.float64)

    def _text_at(self, position: int, order: Order) -> str:
        states = self._states
        if order == "to":
            return states.recipients_at(position).casefold()
        error = states.errors.get(position)
        text = str(error) if error is not None else states.replies[states.numbers.read(position)[2]]
        code, _, said = text.partition(" ")
        return said if order == "said" and code.isdecimal() else text

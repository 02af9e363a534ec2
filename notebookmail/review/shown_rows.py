"""Which rows of a preview are on show, and at which of them one stands.

One owner of the order (as picked, or the odd ones first), of the text that rows must hold, and of the place among
what is left; the widget shows what stands here and has no rows of its own. A search goes on for a moment and then
stops: of a hundred thousand rows the first that were found are shown at once.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from notebookmail.compose.groups import ROWS, Varying

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notebookmail.campaign.plan import Plan
    from notebookmail.checks.previewed_row import PreviewedRow

    from .picked_rows import Picked

_SEARCH_SECONDS: Final = 1.0
_BETWEEN_LOOKS: Final = 512  # rows searched between two looks at the clock
_LONGEST_CELL: Final = 10_000  # characters of a cell that are searched


class ShownRows:
    """The rows on show, and the one of them that is looked at.

    Args:
        plan: Which rows there are.
        picked: Those to show.
        look_at: Makes the message of the row at a position, and looks at it.
        find_odd: Finds the odd rows; called when they are first asked for.

    Attributes:
        unit: What gets a message: "row" or "group".
        has_two_orders: Whether the odd ones can be shown first.
        place: Which of the rows on show is looked at, from 0.
        searched: How many rows were searched for the text.
        text: What rows must hold to be shown, or "".
    """

    def __init__(
        self,
        plan: Plan,
        picked: Picked,
        look_at: Callable[[int], PreviewedRow],
        find_odd: Callable[[], Picked],
    ) -> None:
        self._plan = plan
        self._picked = self._ordered = picked
        self._look_at = look_at
        self._find_odd = find_odd
        self._odd: Picked | None = None
        self.unit = plan.frame.unit
        self.has_two_orders = not picked.reasons and len(picked.positions) == len(plan.frame) > 1
        self.place = 0
        self.find("")

    def __len__(self) -> int:
        """Count the rows on show."""
        return len(self._positions)

    @property
    def count(self) -> int:
        """How many rows a text is looked for in."""
        return len(self._ordered.positions)

    @property
    def note(self) -> str:
        """What is to be said of all of them, or ""."""
        return self._ordered.note

    def order(self, *, is_odd_first: bool) -> None:
        """Show the odd rows, or those that were picked, as far as they hold the text."""
        if is_odd_first and self._odd is None:
            self._odd = self._find_odd()
        self._ordered = self._odd if is_odd_first and self._odd is not None else self._picked
        self.find(self.text)

    def find(self, text: str) -> None:
        """Show only rows whose label, address or cells hold a text; all where it is empty."""
        self.text = text.strip()
        self.searched = 0
        self._positions: Sequence[int] = []
        self.place = 0
        if self.text:
            self.find_more()
        else:
            self._positions, self.searched = self._ordered.positions, self.count

    def find_more(self, seconds: float | None = None) -> None:
        """Search rows that were not searched yet, for a moment; the row that is looked at stays.

        Args:
            seconds: How long; about a second when left out.
        """
        found, searched = self._found(self._ordered.positions[self.searched :], seconds)
        self._positions = [*self._positions, *found]
        self.searched += searched

    def go_to(self, place: int) -> None:
        """Look at another of the rows on show, or at the nearest there is."""
        self.place = min(max(0, place), max(0, len(self) - 1))

    def row(self) -> PreviewedRow:
        """Make the message of the row that is looked at."""
        return self._look_at(self._positions[self.place])

    @property
    def reason(self) -> str:
        """Why the row that is looked at was picked, in words, or ""."""
        return self._ordered.reasons.get(self._positions[self.place], "")

    def _found(self, positions: Sequence[int], seconds: float | None) -> tuple[list[int], int]:
        """Return the rows that hold the text, and how many were searched in the time."""
        wanted = self.text.casefold()
        found: list[int] = []
        until = time.monotonic() + (_SEARCH_SECONDS if seconds is None else seconds)
        for number, row in enumerate(self._plan.frame.rows(positions)):
            if number % _BETWEEN_LOOKS == 0 and number and time.monotonic() > until:
                return found, number
            cells = (_searched(value) for name, value in row.fields.items() if name != ROWS)
            if wanted in "\n".join([str(row.label), self._plan.recipients[row.position], *cells]).casefold():
                found.append(row.position)
        return found, len(positions)


def _searched(value: Any) -> str:
    """Return what of a cell is searched: words and numbers, no table and no picture."""
    if type(value) is str:
        return value if len(value) <= _LONGEST_CELL else value[:_LONGEST_CELL]
    return "" if value is None or isinstance(value, Varying | bytes) else str(value)[:_LONGEST_CELL]

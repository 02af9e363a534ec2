"""Which rows of a frame may not be sent, and why: the refused, the unwanted, the repeated.

Rows that are sorted out are kept as positions and as what makes their events: a million rows left out are not a
million objects. Repetitions are found by hashes; only where two are the same are texts compared.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

from notebookmail.compose.identity.same_value import address_text
from notebookmail.compose.recipients import repeated
from notebookmail.delivery.events import RowFailed, RowLeft, RowSkipped
from notebookmail.errors import FrameError
from notebookmail.privacy.masking import mask_label, quoted_label

from .suppressions import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from notebookmail.compose.recipients import Recipients
    from notebookmail.compose.rows.frame import Frame
    from notebookmail.delivery.journal import Suppression
    from notebookmail.errors import TemplateError

    from .options import Duplicates
    from .unwanted import Unwanted

    Positions = Sequence[int]
    """Places in the frame, in order: a range, or an array of numbers."""

_SHOWN: Final = 3


class ExcludedRows(Collection[RowLeft]):
    """An event for every row that does not go, in the frame's order; each is made when it is asked for.

    Args:
        groups: Positions in order, each with what makes the event of one of them.
    """

    def __init__(self, *groups: tuple[Positions, Callable[[int], RowLeft]]) -> None:
        self._groups = groups

    def __len__(self) -> int:
        return sum(len(positions) for positions, _ in self._groups)

    def __iter__(self) -> Iterator[RowLeft]:
        if len(self._groups) == 1:
            positions, make = self._groups[0]
            return map(make, positions)
        return heapq.merge(*(map(make, positions) for positions, make in self._groups), key=lambda event: event[0])

    def __contains__(self, event: object) -> bool:
        return any(each == event for each in self)

    def and_also(self, positions: Positions, make: Callable[[int], RowLeft]) -> ExcludedRows:
        """Return these events, and those that `make` makes of further rows."""
        return ExcludedRows(*self._groups, (positions, make)) if positions else self


class Exclusions:
    """Sorts out the rows that may not be sent."""

    def __init__(self, frame: Frame, recipients: Recipients, duplicates: Duplicates) -> None:
        import numpy as np

        self._frame = frame
        self._recipients = recipients
        self._duplicates = duplicates
        self._is_out: npt.NDArray[np.bool_] = np.zeros(len(frame), dtype=bool)
        self.excluded = ExcludedRows()

    def fit(self) -> npt.NDArray[np.intp]:
        """Return the positions of the rows that may be sent."""
        import numpy as np

        return np.flatnonzero(~self._is_out)

    def refuse(self, reasons: Mapping[int, TemplateError]) -> None:
        """Sort out the rows that no message can be made of, each with the reason."""
        found = [position for position in sorted(reasons) if not self._is_out[position]]
        self._exclude(found, lambda position: RowFailed(position, reasons[position]))

    def skip_unwanted(self, unwanted: Unwanted, hashes: npt.NDArray[np.int64], *, has_several: bool) -> None:
        """Sort out the rows whose recipient is on the suppress list, or in the book of suppressions."""
        import numpy as np

        recipients = self._recipients
        if unwanted.listed:
            listed = np.array([hash(each) for each in unwanted.listed], dtype=np.int64)
            places = self._places(None if has_several else np.isin(hashes, listed))
            found = [place for place in places if not unwanted.listed.isdisjoint(self._addresses(place))]
            reason = "on the suppress list"
            self._exclude(found, lambda position: RowSkipped(position, reason, recipients[position]))
        if unwanted.book is not None:
            places = self._places(None if has_several else unwanted.book.may_hold(hashes))
            known = unwanted.book.find(address for place in places for address in self._addresses(place))
            found = [place for place in places if not known.keys().isdisjoint(self._addresses(place))]
            self._exclude(
                found, lambda position: RowSkipped(position, self._said(position, known), recipients[position])
            )

    def _places(self, is_likely: npt.NDArray[np.bool_] | None) -> list[int]:
        """Return the positions of the rows that are still in, of those that are likely; None: all are."""
        import numpy as np

        places: list[int] = np.flatnonzero(
            ~self._is_out if is_likely is None else is_likely & ~self._is_out
        ).tolist()
        return places

    def _addresses(self, position: int) -> list[str]:
        return address_text(self._recipients[position]).split(", ")

    def _said(self, position: int, known: Mapping[str, Suppression]) -> str:
        return next(reason_of(known[each]) for each in self._addresses(position) if each in known)

    def look_for_repeated(self, hashes: npt.NDArray[np.int64], what: str, text_of: Callable[[int], str]) -> None:
        """Sort out the rows that have the same recipient, or key, as an earlier row."""
        if self._duplicates == "send":
            return
        fit = self.fit()
        first: dict[str, int] = {}
        again: dict[int, int] = {}
        for position in fit[repeated(hashes[fit])].tolist():
            text = text_of(position)
            if text and first.setdefault(text, position) != position:
                again[position] = first[text]
        if again and self._duplicates == "error":
            raise FrameError(_complaint(what, self._frame, again, text_of))
        frame, recipients = self._frame, self._recipients
        self._exclude(
            list(again),
            lambda position: RowSkipped(
                position,
                f"duplicate: the same {what} as {frame.unit} {label_at(frame, again[position])}",
                recipients[position],
            ),
        )

    def _exclude(self, positions: list[int], make: Callable[[int], RowLeft]) -> None:
        self._is_out[positions] = True
        self.excluded = self.excluded.and_also(array("q", positions), make)


_REPETITIONS: Final = {
    "recipient": "{rows} would mail somebody a second time: {shown}; duplicates='skip' sends only the "
    "first to each, duplicates='send' sends them all",
    "key": "{rows} {have} the key of an earlier one: {shown}; a key says which {unit} is which, so correct "
    "the column or name more of them, as in key=['order', 'item']; duplicates='skip' sends only the first of each,"
    " duplicates='send' sends them all",
}
_OF_ROWS: Final = {"recipient": ", group_by=COLUMN makes one message of the rows of each", "key": ""}


def _complaint(what: str, frame: Frame, again: dict[int, int], text_of: Callable[[int], str]) -> str:
    unit = frame.unit
    shown = [
        f"{unit}s {label_at(frame, first)} and {label_at(frame, position)} ({_masked(text_of(position))})"
        for position, first in list(again.items())[:_SHOWN]
    ]
    if len(again) > _SHOWN:
        shown[-1] += f" and {len(again) - _SHOWN} more"
    rows, have = (f"1 {unit}", "has") if len(again) == 1 else (f"{len(again)} {unit}s", "have")
    said = _REPETITIONS[what].format(rows=rows, have=have, unit=unit, shown=", ".join(shown))
    return said + (_OF_ROWS[what] if unit == "row" else "")


def _masked(text: str) -> str:
    """Mask a recipient, or the values of a key as they are quoted in a message."""
    return ", ".join(quoted_label(piece) if "@" in piece else _masked_word(piece) for piece in text.split(", "))


def _masked_word(text: str) -> str:
    word = text.strip("'")
    masked = mask_label(word)
    return text if masked == word else masked


def label_at(frame: Frame, position: int) -> str:
    """Write a label as the user has it, 7, not np.int64(7); a name is masked, and the place told."""
    return quoted_label(frame.labels[[position]].tolist()[0], position)


def positions_of(places: npt.NDArray[np.intp]) -> Positions:
    """Keep positions as a range where they are one, else as numbers without an object each."""
    if not places.size:
        return range(0)
    first, last = int(places[0]), int(places[-1])
    if last - first + 1 == places.size:
        return range(first, last + 1)
    return array("q", places.astype("q").tobytes())

"""The rows that a preview shows, as they were picked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Picked:
    """The rows to show.

    Attributes:
        positions: Their places in the frame, in the order to show them, none twice.
        reasons: Why each was picked, in words, where there is a reason.
        note: What is to be said of the choice as a whole, or "".
    """

    positions: Sequence[int]
    reasons: Mapping[int, str] = field(default_factory=dict)
    note: str = ""


def spread(rows: int, count: int) -> Sequence[int]:
    """Return so many positions at even distances, the first and the last row among them."""
    if count >= rows:
        return range(rows)
    if count == 1:
        return range(1)
    return [place * (rows - 1) // (count - 1) for place in range(count)]

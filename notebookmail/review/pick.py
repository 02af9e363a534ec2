"""What `pick=` asks a preview to show: all rows, some evenly spread, those that are named, or the odd ones."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Final

from notebookmail.compose.rows.labels import positions_at
from notebookmail.errors import FrameError

from .extremes import extremes
from .picked_rows import Picked, spread

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    import pandas as pd

    from .inspector import RowInspector

_POSSIBLE: Final = (
    "it is None for every row, 'extremes' for the odd ones, a number of rows, or a list of row labels"
)


def picked(pick: Any, inspector: RowInspector) -> Picked:
    """Read what the caller asked to see.

    Args:
        pick: None, "extremes", a number of rows, or row labels.
        inspector: Looks at the rows.

    Raises:
        FrameError: It is something else, or a label no row has.
    """
    frame = inspector.plan.frame
    if pick is None:
        return Picked(range(len(frame)))
    if isinstance(pick, str):
        if pick == "extremes":
            return extremes(inspector)
        raise FrameError(f"pick={pick!r}: {_POSSIBLE}")
    count = _count(pick)
    if count is not None:
        return Picked(spread(len(frame), count))
    if isinstance(pick, dict | bytes) or not hasattr(pick, "__iter__"):
        raise FrameError(f"pick={pick!r}: {_POSSIBLE}")
    return Picked(_labelled(pick, frame.labels, frame.unit))


def _count(pick: Any) -> int | None:
    try:
        count = operator.index(pick)
    except TypeError:
        return None
    if isinstance(pick, bool) or count < 1:
        raise FrameError(f"pick={pick!r}: {_POSSIBLE}")
    return count


def _labelled(pick: Iterable[Hashable], labels: pd.Index[Any], unit: str) -> list[int]:
    found: dict[int, None] = {}
    for label in pick:
        places = positions_at(label, labels)
        if not places:
            raise FrameError(f"pick: no {unit} has the label {label!r}; {_POSSIBLE}")
        found.update(dict.fromkeys(places))
    return list(found)

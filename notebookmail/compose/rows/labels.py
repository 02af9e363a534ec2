"""Where rows stand by their labels: an index may hold a label once, several times, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def positions_at(label: Any, labels: pd.Index[Any]) -> list[int]:
    """Return where a label stands; nowhere where there is none such."""
    import numpy as np
    import pandas as pd

    try:
        where = labels.get_loc(label)
    except (KeyError, TypeError, ValueError, pd.errors.InvalidIndexError):  # each is said of what is not there
        return []
    if isinstance(where, slice):
        return list(range(*where.indices(len(labels))))
    return [int(where)] if isinstance(where, int | np.integer) else np.flatnonzero(where).tolist()

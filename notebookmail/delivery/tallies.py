"""Rows counted for a small chart: how they stand by domain, and how many were taken when."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from .events import STATUSES
from .row_states import STATUS_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .events import Status
    from .row_states import RowStates

_MOST_ROWS: Final = 250_000
"""Rows whose recipients are looked at; more take longer than a page may take to show itself."""
_SHORTEST: Final = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class DomainTally:
    """How the rows for one domain stand.

    Attributes:
        domain: In lower case; "" where no address could be made out.
        counts: Rows by status, without those that do not occur.
    """

    domain: str
    counts: Mapping[Status, int]


@dataclass(frozen=True, slots=True)
class TakenOverTime:
    """How many messages were taken when.

    Attributes:
        began_at: When the first was taken, in UTC.
        ended_at: When the last was taken, in UTC.
        counts: Messages in each of as many equal spans.
    """

    began_at: datetime
    ended_at: datetime
    counts: tuple[int, ...]

    @property
    def most_per_second(self) -> float:
        """The pace in the busiest span."""
        return max(self.counts) * len(self.counts) / (self.ended_at - self.began_at).total_seconds()


class Tallies:
    """Counts the rows of a run.

    Args:
        states: How the rows stand.
    """

    def __init__(self, states: RowStates) -> None:
        self._states = states

    def by_domain(self) -> list[DomainTally]:
        """Count rows by their recipients' domains, the most frequent first; [] where there are too many rows.

        A row with recipients at several domains counts for each of them.
        """
        if len(self._states) > _MOST_ROWS:
            return []
        ends = (to if ", " in to else to[to.rfind("@") + 1 :] for to in self._states.all_recipients())
        domains: dict[str, dict[Status, int]] = {}
        for (end, number), count in Counter(zip(ends, self._states.statuses, strict=True)).items():
            for domain in {each.rpartition("@")[2].casefold() for each in end.split(", ")}:
                counts = domains.setdefault(domain, {})
                counts[STATUSES[number]] = counts.get(STATUSES[number], 0) + count
        tallies = [
            DomainTally(domain, {status: counts[status] for status in STATUSES if status in counts})
            for domain, counts in domains.items()
        ]
        return sorted(tallies, key=lambda each: (-sum(each.counts.values()), each.domain))

    def over_time(self, spans: int = 60) -> TakenOverTime | None:
        """Count messages by when they were taken; None where all were taken within two seconds."""
        import numpy as np

        when = self._states.numbers.column("sent_at")
        when = when[(self._states.status_column() == STATUS_NUMBERS["sent"]) & (when > 0)]
        if not len(when) or when.max() - when.min() < _SHORTEST:
            return None
        counts, _ = np.histogram(when, bins=spans)
        began, ended = (datetime.fromtimestamp(float(each), UTC) for each in (when.min(), when.max()))
        return TakenOverTime(began, ended, tuple(counts.tolist()))

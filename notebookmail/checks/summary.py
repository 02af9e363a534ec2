"""What a check found in all messages: folded in row by row, read as groups and counts.

Remarks in the same words are kept once, with the rows they are about, so that a hundred thousand rows with one
fault take little room. Different words of one kind are kept up to a limit, and counted beyond it. What every
message has in common is the template's doing: it is said once, of no row.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Final, Literal

from .findings import KINDS, Finding, Remark

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    import pandas as pd

    from .findings import Severity

LISTED: Final = 10_000
"""How many different remarks of one kind are kept."""

_SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning")
_KINDS: Final = tuple(KINDS)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the messages are, in octets; all 0 where there are none.

    Attributes:
        smallest: The smallest message.
        median: Half of the messages are not larger.
        largest: The largest message.
        largest_html: The largest HTML body, before it is encoded.
    """

    smallest: int = 0
    median: int = 0
    largest: int = 0
    largest_html: int = 0


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """The findings of one kind.

    Attributes:
        severity: "error" or "warning".
        kind: A key of KINDS.
        findings: How many there are.
        rows: How many rows they are about.
        remarks: Each in its words with the positions it is about, the most frequent first; none for what is about
            every message or the call.
    """

    severity: Severity
    kind: str
    findings: int
    rows: int
    remarks: tuple[tuple[Remark, Sequence[int]], ...]


class CheckSummary:
    """What was found, in how many rows.

    Args:
        labels: The rows' labels, or the groups'.
        unit: What gets a message.

    Attributes:
        labels: The rows' labels.
        unit: What gets a message.
        messages: How many messages were made.
    """

    def __init__(self, labels: Sequence[Hashable] | pd.Index[Any], unit: Literal["row", "group"] = "row") -> None:
        self.labels = labels
        self.unit = unit
        self.messages = 0
        self._left_out: dict[int, str] = {}
        self._places: dict[Remark, array[int]] = {}
        self._kept: Counter[tuple[Severity, str]] = Counter()
        self._unlisted: Counter[tuple[Severity, str]] = Counter()
        self._octets = array("q")
        self._largest_html = 0
        self._recipients: Counter[str] = Counter()

    def note(self, remark: Remark, position: int | None = None) -> None:
        """Fold a remark in, about a row or about the call."""
        places = self._places.get(remark)
        if places is None:
            key = (remark.severity, remark.kind)
            if self._kept[key] >= LISTED:
                self._unlisted[key] += 1
                return
            self._kept[key] += 1
            places = self._places[remark] = array("q")
        if position is not None:
            places.append(position)

    def leave_out(self, reasons: Iterable[tuple[int, str]]) -> None:
        """Say which rows get no message, and are not meant to, each with the reason."""
        same: dict[str, str] = {}  # of a million rows beyond the limit it is kept once
        self._left_out = {position: same.setdefault(reason, reason) for position, reason in reasons}

    def count(self, octets: int, html_octets: int, domains: Iterable[str]) -> None:
        """Fold in a message that was made.

        Args:
            octets: The message's size.
            html_octets: Its HTML's, before it is encoded.
            domains: Its recipients' domains.
        """
        self.messages += 1
        self._octets.append(octets)
        self._largest_html = max(self._largest_html, html_octets)
        self._recipients.update(domains)

    @property
    def left_out(self) -> int:
        """How many rows get no message: suppressed, beyond the limit, duplicates that are skipped, answered."""
        return len(self._left_out)

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """Why rows get no message, with how many each, the most frequent first."""
        return counted_reasons(self._left_out.values())

    @property
    def counts(self) -> dict[Severity, int]:
        """How many findings there are: {"error": 2, "warning": 37}."""
        counts: dict[Severity, int] = dict.fromkeys(_SEVERITIES, 0)
        for remark, places in self._settled():
            counts[remark.severity] += len(places) or 1
        for (severity, _), more in self._unlisted.items():
            counts[severity] += more
        return counts

    @property
    def unlisted(self) -> int:
        """How many findings are counted, and too many to be listed."""
        return self._unlisted.total()

    @property
    def row_counts(self) -> dict[Severity, int]:
        """How many rows have an error, and how many others have a warning; those left out are not counted."""
        touched: dict[Severity, set[int]] = {severity: set() for severity in _SEVERITIES}
        for remark, places in self._settled():
            touched[remark.severity].update(set(places) - self._left_out.keys())
        return {"error": len(touched["error"]), "warning": len(touched["warning"] - touched["error"])}

    @property
    def sizes(self) -> Sizes:
        """How large the messages are."""
        if not self._octets:
            return Sizes()
        return Sizes(min(self._octets), int(median(self._octets)), max(self._octets), self._largest_html)

    @property
    def recipients(self) -> list[tuple[str, int]]:
        """The recipients' domains with their numbers, the most frequent first."""
        return self._recipients.most_common()

    def findings(self) -> Iterator[Finding]:
        """Walk the findings: what is about no single row, then row by row."""
        settled = list(self._settled())
        for remark, places in settled:
            if not places:
                yield self._finding(remark, None)
        listed = [(position, number) for number, (_, places) in enumerate(settled) for position in places]
        for position, number in sorted(listed):
            yield self._finding(settled[number][0], position)

    def groups(self) -> list[FindingGroup]:
        """Group the findings by kind: errors first, then what concerns every message, then by number of rows."""
        found: dict[tuple[Severity, str], list[tuple[Remark, Sequence[int]]]] = {}
        for remark, places in self._settled():
            found.setdefault((remark.severity, remark.kind), []).append((remark, places))
        groups = [self._group(key, remarks) for key, remarks in found.items()]
        return sorted(
            groups,
            key=lambda group: (_SEVERITIES.index(group.severity), all(places for _, places in group.remarks),
                               -group.rows, _KINDS.index(group.kind)),
        )  # fmt: skip

    def _group(self, key: tuple[Severity, str], remarks: list[tuple[Remark, Sequence[int]]]) -> FindingGroup:
        more = self._unlisted[key]
        rows = len({position for _, places in remarks for position in places})
        findings = sum(len(places) or 1 for _, places in remarks)
        ordered = sorted(remarks, key=lambda each: -len(each[1]) or -len(self.labels) - 1)
        return FindingGroup(*key, findings + more, rows + more, tuple(ordered))

    def _settled(self) -> Iterator[tuple[Remark, Sequence[int]]]:
        """Walk the remarks with their rows: with none where every message has it."""
        for remark, places in self._places.items():
            is_everywhere = KINDS[remark.kind].is_wording and len(places) == self.messages > 1
            yield remark, () if is_everywhere else places

    def _finding(self, remark: Remark, position: int | None) -> Finding:
        label = None if position is None else self.labels[position]
        return Finding(position, label, remark.severity, remark.kind, remark.field, remark.message, remark.remedy)


def counted_reasons(reasons: Iterable[str]) -> list[tuple[str, int]]:
    """Count why rows get no message, the most frequent first; what differs from row to row is behind a colon."""
    return Counter(reason.partition(":")[0] for reason in reasons).most_common()

"""The odd rows: those with findings, the longest and the shortest of everything, and those unlike all others.

Nobody reads a thousand letters; what goes wrong goes wrong at the edges. Each odd row comes with the reason in
words. Nothing is drawn by lot: the same frame gives the same rows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notebookmail.campaign.workers.making import made_one_by_one
from notebookmail.checks.findings import KINDS
from notebookmail.checks.parsed_message import read
from notebookmail.delivery.events import RowFailed
from notebookmail.errors import NotebookmailError
from notebookmail.mail.message import Mail
from notebookmail.view.words.quantities import size_in_words

from .inspector import failure, failure_of_row, repetitions
from .picked_rows import Picked, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from notebookmail.checks.findings import Remark

    from .inspector import RowInspector

LOOKED_AT: Final = 10_000
"""So many messages are made to find the odd ones; of more rows, an even sample."""

ERRORS: Final = 10
"""Every row with an error is among the odd ones, up to so many."""

_WARNINGS: Final = 6
_LEFT_OUT: Final = 3


@dataclass(frozen=True, slots=True)
class _Measured:
    """What is compared between the rows that have a message."""

    position: int
    subject: int
    letter: int
    octets: int
    recipients: int
    has_attachment: bool


def extremes(inspector: RowInspector) -> Picked:
    """Find the odd rows: those with errors first, then with warnings, left out, and the edges of every measure."""
    survey = _RowSurvey(inspector)
    reasons: dict[int, list[str]] = {}
    for position, reason in survey.reasons():
        reasons.setdefault(position, []).append(reason)
    if not reasons and len(inspector.plan.frame):
        reasons[0] = ["all letters are alike; this is the first"]
    return Picked(list(reasons), {position: "; ".join(said) for position, said in reasons.items()}, survey.note)


class _RowSurvey:
    """Makes every message once, or an even sample of them, and keeps what is compared."""

    def __init__(self, inspector: RowInspector) -> None:
        self._inspector = inspector
        self._plan = plan = inspector.plan
        self._measured: list[_Measured] = []
        self._errors: list[tuple[int, Remark]] = []
        self._warnings: dict[str, tuple[int, Remark]] = {}
        self._warned: Counter[str] = Counter()
        self._left_out: dict[str, int] = {}
        going = [plan.going[place] for place in spread(len(plan.going), LOOKED_AT)]
        self.note = ""
        if len(going) < len(plan.going):
            self.note = f"{len(going):,} of {len(plan.going):,} letters were looked at, evenly spread"
        self._look(going)
        self._missing, self._foreign = self._cells(going)

    def reasons(self) -> Iterator[tuple[int, str]]:
        """Walk the odd rows with why they are odd; a row may come several times."""
        for position, remark in self._chosen_errors():
            yield position, f"has an error: {remark.message}"
        for kind, (position, _) in list(self._warnings.items())[:_WARNINGS]:
            others = self._warned[kind] - 1
            also = f" (and {others:,} others)" if others > 1 else " (and another)" if others else ""
            yield position, f"has a warning: {KINDS[kind].heading}{also}"
        for reason, position in list(self._left_out.items())[:_LEFT_OUT]:
            yield position, f"gets no message: {reason}"
        yield from self._edges()

    def _chosen_errors(self) -> list[tuple[int, Remark]]:
        """Return every row with an error, up to a bound; beyond it one of each kind comes before the second."""
        first: dict[tuple[str, str | None], tuple[int, Remark]] = {}
        for each in self._errors:
            first.setdefault((each[1].kind, each[1].field), each)
        ordered = dict(first.values())
        for position, remark in self._errors:
            ordered.setdefault(position, remark)
        return list(ordered.items())[:ERRORS]

    def _edges(self) -> Iterator[tuple[int, str]]:
        rows = self._measured
        yield from _edge(rows, lambda row: row.subject, max, "the longest subject, {:,} characters")
        yield from _edge(rows, lambda row: row.subject, min, "the shortest subject, {:,} characters")
        yield from _edge(rows, lambda row: row.letter, max, "the longest letter, {:,} characters")
        yield from _edge(rows, lambda row: row.letter, min, "the shortest letter, {:,} characters")
        largest = max(rows, key=lambda row: row.octets, default=None)
        if largest is not None and size_in_words(largest.octets) != size_in_words(min(row.octets for row in rows)):
            yield largest.position, f"the largest message, {size_in_words(largest.octets)}"
        if self._missing is not None:
            yield self._missing
        if self._foreign is not None:
            yield self._foreign
        yield from _rare(rows, lambda row: row.recipients, "with {:,} recipient{}")
        yield from _rare(rows, lambda row: row.has_attachment, "with an attachment", "without an attachment")

    def _look(self, going: Sequence[int]) -> None:
        repeated: dict[int, list[Remark]] = {}
        for remark, position in repetitions(self._plan, self._inspector.duplicates):
            repeated.setdefault(position, []).append(remark)
        for event in self._plan.excluded:
            if isinstance(event, RowFailed):
                if isinstance(event.error, NotebookmailError):
                    self._errors.append((event.position, failure_of_row(event.error)))
            else:
                self._left_out.setdefault(event.reason.partition(":")[0], event.position)
        for task, made in made_one_by_one(self._plan.only(going)):
            remarks = [*repeated.get(task.position, ()), *self._inspector.recipient_remarks(task.position)]
            if isinstance(made, Mail):
                remarks += self._measure(made, task.position)
            else:
                remarks.append(failure(made))
            self._note(remarks, task.position)

    def _measure(self, mail: Mail, position: int) -> Iterator[Remark]:
        reading = read(mail)
        self._measured.append(
            _Measured(
                position, len(reading.subject), len(reading.text), mail.size, len(mail.envelope.recipients),
                reading.has_attachment,
            )
        )  # fmt: skip
        return self._inspector.mail_remarks(mail, reading, position)

    def _note(self, remarks: Iterable[Remark], position: int) -> None:
        kinds = set()
        for remark in remarks:
            if remark.severity == "error":
                self._errors.append((position, remark))
            else:
                self._warnings.setdefault(remark.kind, (position, remark))
                kinds.add(remark.kind)
        self._warned.update(kinds)

    def _cells(self, going: Sequence[int]) -> tuple[tuple[int, str] | None, tuple[int, str] | None]:
        """Find the row with the most values missing, and the one with the most letters beyond ASCII."""
        used, gaps, strange = self._inspector.used, (0, -1), (0, -1, "")
        for row in self._plan.frame.rows(going):
            values = [(name, row.fields.get(name)) for name in used]
            missing = sum(value is None for _, value in values)
            if missing > gaps[0]:
                gaps = (missing, row.position)
            for name, value in values:
                if isinstance(value, str) and not value.isascii():
                    count = sum(not letter.isascii() for letter in value)
                    if count > strange[0]:
                        strange = (count, row.position, name)
        most = "a value is missing" if gaps[0] == 1 else f"the most values missing, {gaps[0]}"
        return (
            (gaps[1], most) if gaps[0] else None,
            (strange[1], f"{strange[2]!r} is not ASCII") if strange[0] else None,
        )


def _edge(
    rows: Sequence[_Measured], measure: Callable[[_Measured], int], edge: Callable[..., _Measured], words: str
) -> Iterator[tuple[int, str]]:
    """Find the first row at the edge of a measure, where the rows differ in it at all."""
    if rows and len({measure(row) for row in rows}) > 1:
        found = edge(rows, key=measure)
        yield found.position, words.format(measure(found))


def _rare(rows: Sequence[_Measured], value: Callable[[_Measured], int], *words: str) -> Iterator[tuple[int, str]]:
    """Find the first row of the rarest value, where most rows have another.

    Args:
        rows: Those to compare.
        value: What is compared.
        words: What such a row is called; of two, the second is said of a false value.
    """
    counts = Counter(map(value, rows))
    if len(counts) < 2:  # noqa: PLR2004 -- two values are what makes one of them rare
        return
    rarest, count = min(counts.items(), key=lambda each: (each[1], each[0]))
    first = next(row for row in rows if value(row) == rarest)
    said = words[0] if rarest or len(words) == 1 else words[1]
    said = said.format(rarest, "" if rarest == 1 else "s")
    yield first.position, f"the only one {said}" if count == 1 else f"one of {count:,} {said}"

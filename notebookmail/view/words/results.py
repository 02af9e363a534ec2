"""Outcomes and progress in words, the same for every face: pages, text and terminal.

Says each thing once and shortly; knows no markup. What goes into a saved output is masked here (`is_public`), so
that a face cannot forget it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from notebookmail.delivery.explain import explain
from notebookmail.delivery.progress import PAUSED, STOPPING
from notebookmail.errors import AddressError, SMTPRecipientsRefused, TemplateError
from notebookmail.privacy.masking import KnownNames, bare_address, mask_address, mask_label, mask_text

from .headlines import is_dry_run, rate_in_words
from .masked_errors import mask_error
from .quantities import duration

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    from notebookmail.delivery.events import Status
    from notebookmail.delivery.progress import Progress
    from notebookmail.delivery.results_frame import Cause, Outcome
    from notebookmail.delivery.run_facts import RunFacts
    from notebookmail.delivery.tallies import Tallies

PROBLEMS: tuple[Status, ...] = ("failed", "unconfirmed", "deferred")
"""The statuses whose rows are listed one by one, the gravest first."""

_SAMPLE = 1000  # rows looked at for the reasons of skipped and pending ones
_REASONS = 3
_FEWEST = 3  # rows that each cause names, however many causes there are


class ResultsSource(Protocol):
    """What a view reads of the results of a run, however they are kept."""

    @property
    def counts(self) -> Mapping[Status, int]:
        """How many rows stand how, every status present."""

    @property
    def facts(self) -> RunFacts | None:
        """Where they were sent to, when, and what for; None where nobody knows."""

    @property
    def exceptions(self) -> Mapping[Hashable, Exception]:
        """The exceptions of rows in trouble, by label."""

    @property
    def tallies(self) -> Tallies:
        """The rows counted by domain and over time."""

    def positions(self, *statuses: Status) -> list[int]:
        """Return the positions of the rows with one of these statuses, in order."""

    def outcome(self, position: int) -> Outcome:
        """Return everything known about the row at a position."""

    def causes(self) -> list[Cause]:
        """Return the rows in trouble grouped by cause."""


class SaidOfRows(NamedTuple):
    """What was said of some rows in the same words.

    Attributes:
        text: The reply with its code, or the error's text, masked.
        rows: Label and address of each row, masked.
    """

    text: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CauseWords:
    """Why a group of rows was not sent.

    Attributes:
        status: How they ended.
        headline: "3 failed: there is no such mailbox".
        remedy: What to do about it, or "".
        example: What a server or an error said, masked, or "".
        said: What was said of the group's first rows, masked, if it was asked for.
        more: How many rows of the group are not among these.
    """

    status: Status
    headline: str
    remedy: str
    example: str
    said: tuple[SaidOfRows, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class RowLine:
    """One row as every face shows it, all text.

    Attributes:
        label: The row's label in the frame.
        to: The mailbox.
        status: How it ended.
        code: The reply code and enhanced code, such as "550 5.1.1".
        reply: What the server or the error said.
        hint: Cause and remedy.
        seconds: How long it took, or "".
        sent_at: When it was accepted, in UTC, or "".
    """

    label: str
    to: str
    status: Status
    code: str
    reply: str
    hint: str
    seconds: str
    sent_at: str


def interrupted(interrupt: BaseException) -> str:
    """Say that an interrupt ended what a click began: the rows tell how far it came."""
    said = str(interrupt)
    return f"Interrupted by {type(interrupt).__name__}{f': {said}' if said else ''}"


def percent(progress: Progress) -> int:
    """Say how much is done, in whole percent; 100 only when nothing is left."""
    return 100 * progress.done // progress.total if progress.total else 100


def pace(progress: Progress) -> list[str]:
    """Say how fast and where to, in a few short phrases."""
    phrases = [progress.note] if progress.note else []
    phrases.append(duration(progress.seconds))
    goes_on = progress.note not in {PAUSED, STOPPING}
    if progress.per_second > 0 and goes_on:
        phrases.append(rate_in_words(progress.per_second))
    if progress.seconds_left is not None and progress.done < progress.total and goes_on:
        phrases.append(f"about {duration(progress.seconds_left)} left")
    if progress.connections:
        phrases.append(f"{progress.connections} connection{'s' if progress.connections != 1 else ''}")
    if progress.making and goes_on:
        phrases.append(progress.making)
    return phrases


def causes_in_words(results: ResultsSource, *, shown: int = 0, rows: int = 0) -> list[CauseWords]:
    """Say why rows were not sent, the largest group first, then the reasons of those left out.

    Args:
        results: How every row stands.
        shown: How many causes a page shows at most.
        rows: How many rows it names at most, divided among these causes.
    """
    causes = results.causes()
    found = cause_words(results, causes)
    if rows and shown and found:
        names = names_of_failures(results)
        share = max(_FEWEST, rows // min(shown, len(found)))
        for place, cause in enumerate(causes[:shown]):
            said = _said_of_rows(results, cause.positions[:share], names)
            more = max(0, len(cause.positions) - share)
            found[place] = replace(found[place], said=said, more=more)
    return [*found, *_reasons(results, "pending"), *_reasons(results, "skipped")]


def _said_of_rows(results: ResultsSource, positions: Sequence[int], names: KnownNames) -> tuple[SaidOfRows, ...]:
    """Group rows by what was said of them, in the order of the rows."""
    found: dict[str, list[tuple[str, str]]] = {}
    for position in positions:
        row = results.outcome(position)
        rows = found.setdefault(_said_in_full(row, names), [])
        rows.append((mask_label(row.label), ", ".join(map(mask_address, row.to.split(", "))) if row.to else ""))
    return tuple(SaidOfRows(text, tuple(rows)) for text, rows in found.items())


def _said_in_full(row: Outcome, names: KnownNames) -> str:
    """Put together what was said of a row, and what is known of it alone; the cause says the rest."""
    own = row.hint
    if isinstance(row.error, TemplateError | AddressError):
        own = own.replace(row.error.message, "")
    elif row.error is not None:
        own = own.partition(explain(row.error).sentence)[2]  # before it stands when, which is each row's own
    said = _said(row)
    if isinstance(row.error, TemplateError):  # the row stands beside it
        said = f"{row.error.field}: {row.error.message}" if row.error.field else row.error.message
    addresses = row.to.split(", ")
    said = names.mask(mask_error(row.error, said, row.to) if row.error else said, *addresses)
    own = names.mask(own.strip("; "), *addresses)
    code = " ".join(str(part) for part in (row.code, row.enhanced_code) if part)
    return "; ".join(filter(None, (f"{code} {said}".strip(), own)))


def cause_words(results: ResultsSource, causes: Iterable[Cause]) -> list[CauseWords]:
    """Put causes into words that name no one."""
    errors = results.exceptions
    names = names_of_failures(results)
    return [_cause_in_words(cause, errors, names) for cause in causes]


def names_of_failures(results: ResultsSource) -> KnownNames:
    """Return what the rows that were not sent are called: servers speak of one in answer to another."""
    rows = [results.outcome(position) for status in PROBLEMS for position in results.positions(status)[:_SAMPLE]]
    return KnownNames(name for row in rows for name in (row.label, *row.to.split(", ")))


def _cause_in_words(cause: Cause, errors: Mapping[Hashable, Exception], names: KnownNames) -> CauseWords:
    return CauseWords(
        cause.status,
        f"{len(cause.labels):,} {cause.status}: {mask_text(cause.cause)}",
        _sentence(mask_text(cause.remedy)),
        names.mask(_example(cause, errors.get(cause.labels[0]))),
    )


def _sentence(words: str) -> str:
    """Begin with a capital, unless a call such as retry() begins the sentence."""
    return words if words.split(" ", 1)[0].endswith("()") else words[:1].upper() + words[1:]


def _example(cause: Cause, error: Exception | None) -> str:
    if error is None or str(error) != cause.example:  # a repeated label: the error is another row's
        return mask_text(cause.example)
    if isinstance(error, SMTPRecipientsRefused) and error.recipients:
        return mask_error(error, str(error.recipients[0]))
    return mask_error(error, cause.example)


def _reasons(results: ResultsSource, status: Status) -> Iterator[CauseWords]:
    """Group rows left out by their reason: no error stands behind these, so no cause names them."""
    positions, count = results.positions(status), results.counts[status]
    is_dry = status == "pending" and results.facts is not None and is_dry_run(results.facts)
    if is_dry and results.facts is not None:
        positions.reverse()  # what a limit leaves stands last
        count -= results.facts.taken
    rows = (results.outcome(position) for position in positions[:_SAMPLE])
    if is_dry:
        rows = (row for row in rows if not row.message_id)  # those that were made are ready
    tally = Counter(mask_text(row.hint, row.to) for row in rows if row.error is None and row.hint)
    if not tally:
        return
    counted = f"{count:,} " if tally.total() == min(count, _SAMPLE) else ""  # not all: some have no reason
    words = "; ".join(reason for reason, _ in tally.most_common(_REASONS))
    yield CauseWords(status, f"{counted}{status}: {words}{'; …' if len(tally) > _REASONS else ''}", "", "")


def lines(results: ResultsSource, positions: Sequence[int], *, is_public: bool) -> Iterator[RowLine]:
    """Put rows into words.

    Args:
        results: How every row stands.
        positions: Which rows, from 0.
        is_public: True masks every address, for what is saved with the notebook.
    """
    names = names_of_failures(results) if is_public else None
    for position in positions:
        yield line(results.outcome(position), names)


def line(row: Outcome, names: KnownNames | None = None) -> RowLine:
    """Put one row into words; see `lines`. With names it is public, and they are masked in what was said."""
    label, to, reply = str(row.label), row.to, _said(row)
    hint = "" if row.hint in reply else row.hint  # a template's error says its remedy itself
    if names is not None:
        label, hint = mask_label(row.label), names.mask(hint, *row.to.split(", "))
        reply = names.mask(mask_error(row.error, reply, row.to) if row.error else reply, *row.to.split(", "))
        to = mask_address(to)
    return RowLine(
        label, to, row.status, " ".join(str(part) for part in (row.code, row.enhanced_code) if part), reply, hint,
        f"{row.seconds:.2f}" if row.seconds else "",
        f"{row.sent_at:%Y-%m-%d %H:%M:%S}" if row.sent_at else "",
    )  # fmt: skip


def _said(row: Outcome) -> str:
    """Return the reply without what has its own column (enhanced code, address), or else the error's text."""
    if not row.reply:
        return str(row.error) if row.error else ""
    text = row.reply.removeprefix(row.enhanced_code or "").lstrip()
    return text.removeprefix(f"<{bare_address(row.to)}>").lstrip(": ") or text


def problem_positions(results: ResultsSource) -> list[int]:
    """List the rows that want a look, the gravest status first."""
    return [position for status in PROBLEMS for position in results.positions(status)]

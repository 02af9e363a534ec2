"""A check's report in words, the same for every face: what was found, of how many rows, and what to do.

Names no one: every text is masked, because a report is saved with the notebook and passed on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notebookmail.checks.findings import KINDS
from notebookmail.checks.message import GMAIL_HTML_OCTETS
from notebookmail.privacy.masking import mask_label, mask_text

from .masked_errors import quoted
from .quantities import counted_in_words, size_in_words
from .visible_text import clip

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notebookmail.checks.findings import Remark, Severity
    from notebookmail.checks.summary import CheckSummary, FindingGroup

SIGNS: Final[Mapping[str, str]] = {"error": "✕", "warning": "!", "fine": "✓", "left out": "\u2013"}
"""One sign beside each word and colour: colour alone tells some people nothing."""

_EXAMPLES = 3
_LABELS = 5
_LABEL, _MESSAGE = 24, 220


@dataclass(frozen=True, slots=True)
class Section:
    """The findings of one kind.

    Attributes:
        severity: "error" or "warning".
        heading: "37 rows: a greeting without a name".
        remedy: What to do about it.
        examples: What was found and in which rows, the most frequent first.
        more: "and 5 others", or "".
    """

    severity: Severity
    heading: str
    remedy: str
    examples: tuple[tuple[str, str], ...]
    more: str


def headline(report: CheckSummary) -> str:
    """Sum up a check in a line: "2 errors and 37 warnings in 1,000 rows"."""
    counts = report.counts
    found = [_number(counts[severity], severity) for severity in ("error", "warning") if counts[severity]]
    rows = len(report.labels) - report.left_out
    if not rows and not found:
        return f"no {report.unit}s, nothing to check"
    if not report.messages and not report.row_counts["error"]:
        return f"{' and '.join(found)}, no {report.unit} was checked"
    return f"{' and '.join(found) or 'nothing found'} in {_number(rows, report.unit)}"


def row_tally(report: CheckSummary) -> dict[str, int]:
    """Count the rows by their gravest finding; those without one are "fine"."""
    counts = report.row_counts
    fine = len(report.labels) - report.left_out - counts["error"] - counts["warning"]
    can_go = report.messages > 0
    tally = {"error": counts["error"], "warning": counts["warning"], "fine": max(0, fine) if can_go else 0}
    return tally | {"left out": report.left_out}


TALLY_WORDS: Final[Mapping[str, str]] = {
    "error": "with errors",
    "warning": "with warnings",
    "fine": "fine",
    "left out": "left out",
}
"""What a number of rows is followed by."""


def sections(report: CheckSummary) -> list[Section]:
    """Put the findings into words, the gravest first."""
    return [_section(group, report) for group in report.groups()]


def _section(group: FindingGroup, report: CheckSummary) -> Section:
    kind = KINDS[group.kind]
    shown = group.remarks[:_EXAMPLES]
    rest = len(group.remarks) - len(shown)
    is_everywhere = kind.is_wording and any(not places for _, places in group.remarks)
    where = "Every message: " if is_everywhere else f"{_number(group.rows, report.unit)}: " if group.rows else ""
    examples = tuple((_said(each), _rows(places, report)) for each, places in shown)
    words = f"{where}{kind.heading}"
    return Section(
        group.severity,
        _sentence(words),
        _sentence(kind.remedy),
        examples,
        f"and {rest:,} more like these" if rest else "",
    )


def _said(remark: Remark) -> str:
    where = f"{remark.field}: " if remark.field else ""
    return clip(f"{where}{mask_text(remark.message, *quoted(remark.cell))}", _MESSAGE)


def _rows(places: Sequence[int], report: CheckSummary) -> str:
    """Name the first rows: "rows 3, 17, 20 and 34 more"; by their places, from 1, where labels are masked."""
    if not places:
        return ""
    names = {place: mask_label(report.labels[place]) for place in places[:_LABELS]}
    are_masked = any(name != str(report.labels[place]) for place, name in names.items())
    told = [f"{place + 1}" if are_masked else clip(name, _LABEL) for place, name in names.items()]
    unit = f"{report.unit}{'s' if len(places) > 1 else ''}{' number' if are_masked else ''}"
    rest = len(places) - _LABELS
    return f"{unit} {', '.join(told)}{f' and {rest:,} more' if rest > 0 else ''}"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def left_out_words(report: CheckSummary) -> list[str]:
    """Say why rows get no message: "17 answered 'may' on 2026-05-04"."""
    return counted_in_words([(clip(mask_text(reason), _MESSAGE), count) for reason, count in report.reasons])


def size_words(report: CheckSummary) -> list[str]:
    """Say how large the messages are."""
    made = _number(report.messages, "message")
    smallest, median, largest = map(
        size_in_words, (report.sizes.smallest, report.sizes.median, report.sizes.largest)
    )
    if smallest == largest:
        return [f"{made} of {largest}"]
    return [made, f"smallest {smallest}", f"median {median}", f"largest {largest}"]


def html_share(report: CheckSummary) -> float:
    """Return the share of what Gmail shows that the largest HTML body takes up; 1 is all of it."""
    return report.sizes.largest_html / GMAIL_HTML_OCTETS


def html_words(report: CheckSummary) -> str:
    """Say how near the largest HTML body is to the size at which Gmail cuts it off."""
    largest, shown = map(size_in_words, (report.sizes.largest_html, GMAIL_HTML_OCTETS))
    return f"largest HTML {largest} of the {shown} that Gmail shows"


def _number(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"

"""A previewed row in words, the same for every face: what it is, what was found in it, and what it was made of.

These words name people and quote their letters: they are for the live view and for whoever asks for a page or a
print, never for what a notebook saves by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .visible_text import clip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookmail.checks.findings import Remark
    from notebookmail.checks.previewed_row import PreviewedRow

HUES: Final[Mapping[str, str]] = {"error": "failed", "warning": "deferred", "fine": "sent", "left out": "skipped"}
"""The status whose colour a row's state has."""

_LABEL, _MESSAGE, _VALUE = 60, 400, 200
_VALUES: Final = 40


@dataclass(frozen=True, slots=True)
class FindingWords:
    """One finding in words.

    Attributes:
        state: "error" or "warning".
        heading: "Error in 'subject'".
        message: What is wrong.
        remedy: What to do.
    """

    state: str
    heading: str
    message: str
    remedy: str


def title(row: PreviewedRow) -> str:
    """Name the row: "row 7"."""
    return f"{row.unit} {clip(row.label, _LABEL)}"


def findings(row: PreviewedRow) -> list[FindingWords]:
    """Put what was found into words, errors first."""
    return [_said(each) for each in row.remarks]


def verdict(row: PreviewedRow) -> tuple[str, str]:
    """Return the row's state and a line about it: what stands where there are no findings, and above them."""
    errors = sum(each.severity == "error" for each in row.remarks)
    warnings = len(row.remarks) - errors
    if row.left_out:
        return "left out", f"No message: {clip(row.left_out, _MESSAGE)}"
    if not row.remarks:
        return "fine", "No findings"
    counts = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in
              ((errors, "error"), (warnings, "warning")) if count]  # fmt: skip
    return "error" if errors else "warning", " and ".join(counts)


def nothing_to_show(row: PreviewedRow) -> str:
    """Say why there is no message."""
    if row.left_out:
        return f"This {row.unit} gets no message: {clip(row.left_out, _MESSAGE)}."
    return f"The message of this {row.unit} cannot be made: the finding says why."


def values(row: PreviewedRow) -> list[tuple[str, str | None]]:
    """Return the values the template reads, as text; None is missing."""
    return [(clip(name, _LABEL), _value(value)) for name, value in row.values[:_VALUES]]


def values_left_out(row: PreviewedRow) -> int:
    """Tell how many values are not listed."""
    return max(0, len(row.values) - _VALUES)


def _said(remark: Remark) -> FindingWords:
    where = f" in {clip(remark.field, _LABEL)!r}" if remark.field else ""
    remedy = remark.remedy[:1].upper() + remark.remedy[1:]
    message = clip(remark.message, _MESSAGE)
    return FindingWords(
        remark.severity,
        f"{remark.severity.capitalize()}{where}",
        message if _begins_with_a_domain(message) else message[:1].upper() + message[1:],
        clip(remedy, _MESSAGE),
    )


def _begins_with_a_domain(message: str) -> bool:
    return "." in message.partition(" ")[0]


def _value(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return f"({len(value):,} bytes)"
    try:
        return clip(value, _VALUE)
    except Exception:  # noqa: BLE001 -- a cell may hold any object, and none of them may stop the view
        return f"(a {type(value).__name__})"

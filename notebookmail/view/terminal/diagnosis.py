"""A diagnosis as plain text: an aligned list, one line a step, with what to do below it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from notebookmail.privacy.masking import mask_text
from notebookmail.view.words.diagnosis import SIGNS, headline, step_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookmail.verify.steps import VerifiedSteps
    from notebookmail.view.words.diagnosis import StepLine

_WIDTH = 100
_NAME = 14


def diagnosis_text(verified: VerifiedSteps) -> str:
    """Say what was found in at most 100 columns, without colours, names masked."""
    written = [mask_text(headline(verified)), *(line for step in step_lines(verified) for line in _step(step))]
    for each in verified.failover:
        written += ["", "Falls back on:", *textwrap.indent(diagnosis_text(each), "  ").splitlines()]
    return "\n".join(written)


def _step(step: StepLine) -> Iterator[str]:
    first = f"  {SIGNS[step.status]} {step.name:<{_NAME}}"
    time = f"  ({step.seconds})" if step.seconds else ""
    yield from _wrapped(f"{step.words}{time}", first)
    for fact in step.facts:
        yield from _wrapped(fact, "")
    if step.remedy:
        yield from _wrapped(step.remedy, "", "-> ")


def _wrapped(text: str, first: str, mark: str = "") -> list[str]:
    indent = " " * (_NAME + 4)
    return textwrap.wrap(
        text, _WIDTH, initial_indent=(first or indent) + mark, subsequent_indent=indent + " " * len(mark),
        break_on_hyphens=False,
    )  # fmt: skip

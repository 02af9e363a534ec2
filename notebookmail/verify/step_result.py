"""What a step sees, before it is timed: good, doubtful, or the end of the session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .steps import StepStatus

_LONGEST: Final = 300
"""Characters kept of what a server says: it may say as much as it likes."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step found; the fields are those of Step."""

    words: str
    facts: tuple[str, ...] = ()
    remedy: str = ""
    status: StepStatus = "ok"


class Failure(Exception):
    """A step that ends the session.

    Attributes:
        result: What was found.
    """

    def __init__(self, words: str, remedy: str = "", facts: tuple[str, ...] = ()) -> None:
        super().__init__(words)
        self.result = StepResult(words, facts, remedy, "failed")


def warned(result: StepResult, remedy: str, words: str = "") -> StepResult:
    """Make a warning of what was found, with what to do about it."""
    return replace(result, status="warning", remedy=remedy, words=words or result.words)


def said(text: object) -> str:
    """Put what a server said on one line of bounded length."""
    line = " ".join(str(text)[: 2 * _LONGEST].split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"

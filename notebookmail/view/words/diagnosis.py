"""A diagnosis in words, the same for every face. Names no one: it is saved with the notebook and passed on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notebookmail.privacy.masking import mask_address, mask_text

from .visible_text import clip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notebookmail.verify.steps import Step, StepStatus, VerifiedSteps

SIGNS: Final[Mapping[StepStatus, str]] = {"ok": "✓", "warning": "!", "failed": "✕", "not reached": "○"}
"""One sign beside each word and colour: colour alone tells some people nothing."""

HUES: Final[Mapping[StepStatus, str]] = {
    "ok": "sent", "warning": "deferred", "failed": "failed", "not reached": "pending",
}  # fmt: skip
"""The status of a row whose colour a step has."""

TITLES: Final[Mapping[str, str]] = {
    "DNS": "Find it (DNS)",
    "connect": "Reach it",
    "TLS": "Encrypt (TLS)",
    "certificate": "Who it is",
    "EHLO": "Greet (EHLO)",
    "AUTH": "Log in",
    "limits": "What it takes",
    "sender": "Your sender",
    "domain": "Your domain",
    "folders": "Its folders",
}
"""What each step is called, by its name."""

_LONGEST = 400


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step as every face shows it, all text, masked.

    Attributes:
        name: What the step is called.
        status: How it ended.
        words: What was found.
        facts: What else is worth knowing.
        remedy: What to do, or "".
        seconds: How long it took, or "".
    """

    name: str
    status: StepStatus
    words: str
    facts: tuple[str, ...]
    remedy: str
    seconds: str


def headline(verified: VerifiedSteps) -> str:
    """Sum up a diagnosis in a line."""
    failed = verified.failed
    if failed is not None:
        return f"{_ENDINGS[failed.name]} {verified.endpoint}"
    if not verified.ok:
        return f"{verified.endpoint} is ready for mail, but not what it falls back on"
    warnings = verified.counts["warning"]
    if warnings:
        return f"{verified.endpoint} can be used, with {warnings} warning{'s' if warnings > 1 else ''}"
    return f"{verified.endpoint} is ready for mail"


_ENDINGS: Final = {
    "DNS": "There is no way to",
    "connect": "No connection to",
    "TLS": "No secure connection to",
    "certificate": "The certificate is not valid at",
    "EHLO": "No session with",
    "AUTH": "No login at",
    "limits": "No limits known of",
    "domain": "Nothing is known of the sender's domain at",
    "sender": "Mail from this sender is not taken by",
    "folders": "No folders to read at",
}
"""What a headline begins with, by the step that failed."""


def step_lines(verified: VerifiedSteps) -> Iterator[StepLine]:
    """Put the steps into words."""
    for step in verified.steps:
        # Where it is no address, a user name is a word like others: "mail" or "sandbox" is in a host's name, too.
        is_telling = "@" in verified.username or step.name == "AUTH"
        yield _line(step, verified.username if is_telling else "")


def _line(step: Step, username: str) -> StepLine:
    def shown(text: str) -> str:
        return clip(_masked(text, username), _LONGEST)

    is_timed = step.status != "not reached" and step.seconds >= 0.0005  # noqa: PLR2004 -- half a millisecond
    return StepLine(
        TITLES[step.name],
        step.status,
        shown(step.words) or step.status,
        tuple(map(shown, step.facts)),
        _sentence(shown(step.remedy)),
        _seconds(step.seconds) if is_timed else "",
    )


def _seconds(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _sentence(words: str) -> str:
    """Begin with a capital, unless a piece of code begins the sentence."""
    first = words.split(" ", 1)[0]
    return words if any(each in first for each in "=(_@") else words[:1].upper() + words[1:]


def _masked(text: str, username: str) -> str:
    """Mask addresses, and the user name where it stands as a word of its own."""
    if username and "@" not in username:
        masked = mask_address(username).replace("\\", r"\\")
        text = re.sub(rf"(?<!\w){re.escape(username)}(?!\w)", masked, text)
        return mask_text(text)
    return mask_text(text, username)

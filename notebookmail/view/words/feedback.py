"""What came back of a campaign in words, the same for every face. Names no one: it is saved with the notebook.

What people wrote is theirs, so that it is not shown, only counted; `feedback.replies` has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from notebookmail.privacy.masking import mask_text

from .results import CauseWords
from .visible_text import clip

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from notebookmail.delivery.events import Status

_LONGEST: Final = 200
_MOST_CAUSES: Final = 8


class FeedbackSource(Protocol):
    """What a view reads of what came back."""

    campaign: str
    mailbox: str
    new: int
    suppressed: int

    @property
    def counts(self) -> Mapping[str, int]:
        """How many letters went out, what came back of how many, and what belongs to none."""

    @property
    def unmatched(self) -> pd.DataFrame:
        """What belongs to no letter; its column `kind` says what it is."""

    def explain(self) -> pd.DataFrame:
        """Group what went wrong by cause: rows, kind, cause, remedy, example; masked ones in `examples_shown`."""


@dataclass(frozen=True, slots=True)
class ReadingState:
    """How far a mailbox is read.

    Attributes:
        mailbox: Which one.
        campaign: What it is read for, or "".
        done: How many of its messages were read.
        total: How many there are to read.
        found: How many of them speak of a letter, by kind.
    """

    mailbox: str
    campaign: str
    done: int
    total: int
    found: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class FeedbackTally:
    """How many letters something came back of.

    Attributes:
        count: How many.
        words: What it was.
        status: The status of a row whose colour it has.
        sign: Its sign: colour alone tells some people nothing.
    """

    count: int
    words: str
    status: Status
    sign: str


_TALLIES: Final[tuple[tuple[str, str, Status, str], ...]] = (
    ("replied", "answered", "sent", "✓"),
    ("hard_bounces", "bounced for good", "failed", "✕"),
    ("soft_bounces", "bounced for now", "deferred", "↻"),
    ("complained", "called it spam", "failed", "!"),
    ("unsubscribed", "unsubscribed", "unconfirmed", "\u2013"),
    ("delayed", "on their way still", "deferred", "…"),
    ("auto_replied", "away, or a machine answered", "skipped", "z"),
    ("silent", "silent", "pending", "○"),
)
_OF_BAR: Final = frozenset({"replied", "hard_bounces", "soft_bounces", "complained", "unsubscribed", "silent"})
_HEADLINE: Final = (
    ("replied", "answered"), ("bounced", "bounced"), ("complained", "called it spam"),
    ("unsubscribed", "unsubscribed"),
)  # fmt: skip
_STATUSES: Final[Mapping[str, Status]] = {
    "bounce": "failed", "complaint": "failed", "unsubscribe": "unconfirmed", "delay": "deferred",
}  # fmt: skip
_PARTICIPLES: Final[Mapping[str, str]] = {
    "bounce": "bounced", "complaint": "complained", "unsubscribe": "unsubscribed", "delay": "late",
}  # fmt: skip
_NOUNS: Final[Mapping[str, tuple[str, str]]] = {
    "bounce": ("bounce", "bounces"), "delay": ("delay", "delays"), "reply": ("reply", "replies"),
    "auto_reply": ("automatic reply", "automatic replies"), "complaint": ("complaint", "complaints"),
    "unsubscribe": ("unsubscribe", "unsubscribes"), "delivered": ("receipt", "receipts"),
    "other": ("other message", "other messages"),
}  # fmt: skip


def title(source: FeedbackSource | ReadingState) -> str:
    """Say which letters it is about, and where they came back to."""
    host, _, account = source.mailbox.partition("/")
    where = f"read at {host}{f' as {account}' if account else ''}" if host else ""
    return clip(mask_text(", ".join(part for part in (source.campaign, where) if part)), _LONGEST)


def feedback_headline(counts: Mapping[str, int]) -> str:
    """Sum up what came back in a line."""
    letters = counts["letters"]
    of = f"{letters:,} letter{'s' if letters != 1 else ''}"
    found = [f"{counts[name]:,} {words}" for name, words in _HEADLINE if counts[name]]
    return f"{of}: {', '.join(found)}" if found else f"{of}: nothing came back yet"


def tallies(counts: Mapping[str, int]) -> list[FeedbackTally]:
    """Say of how many letters what came back, most wished for first."""
    known = {**counts, "soft_bounces": counts["bounced"] - counts["hard_bounces"]}
    return [
        FeedbackTally(known[name], words, status, sign) for name, words, status, sign in _TALLIES if known[name]
    ]


def shares(counts: Mapping[str, int]) -> list[FeedbackTally]:
    """Return the tallies that a bar is made of: of each letter the gravest, and those that are silent."""
    names = {words for name, words, _, _ in _TALLIES if name in _OF_BAR}
    return [tally for tally in tallies(counts) if tally.words in names]


def feedback_causes(source: FeedbackSource) -> list[CauseWords]:
    """Say why letters came back, the largest group first."""
    frame = source.explain()
    examples: Mapping[str, str] = getattr(frame, "examples_shown", {})  # masked by who knows the recipients
    columns = [frame[name].array for name in ("rows", "kind", "cause", "remedy", "example")]
    return [
        CauseWords(
            _STATUSES.get(kind, "failed"),
            f"{rows:,} {_PARTICIPLES.get(kind, kind)}: {mask_text(cause)}",
            _sentence(mask_text(remedy)),
            clip(examples.get(example, mask_text(example)), _LONGEST),
        )
        for rows, kind, cause, remedy, example in list(zip(*columns, strict=True))[:_MOST_CAUSES]
    ]


def feedback_notes(source: FeedbackSource) -> list[str]:
    """Say what else is worth knowing: where the answers are, who is left out from now on, what is nobody's."""
    counts = source.counts
    notes = []
    if counts["replied"]:
        notes.append("feedback.replies has what they answered.")
    if source.suppressed:
        addresses = f"{source.suppressed:,} address{'es were' if source.suppressed != 1 else ' was'}"
        notes.append(
            f"{addresses} put into the book of suppressions, and left out from now on: suppressed() lists it."
        )
    if counts["unmatched"]:
        notes.append(f"{_unmatched(source)}: feedback.unmatched. Nobody was guessed.")
    return notes


def _unmatched(source: FeedbackSource) -> str:
    kinds = source.unmatched["kind"].value_counts()
    words = _counted({str(kind): int(count) for kind, count in kinds.items()})
    return f"{words} belong{'s' if source.counts['unmatched'] == 1 else ''} to no letter of this campaign"


def reading_headline(state: ReadingState) -> str:
    """Say how far a mailbox is read."""
    if not state.total:
        return "Looking for new messages"
    return f"{state.done:,} of {state.total:,} messages read"


def reading_found(state: ReadingState) -> str:
    """Say what was found until now."""
    found = _counted(state.found)
    return f"{found} until now" if found else "nothing of these letters until now"


def _counted(kinds: Mapping[str, int]) -> str:
    """Count notices by kind: "3 bounces, 1 reply"."""
    nouns = {kind: _NOUNS.get(kind, (kind, kind)) for kind in kinds}
    return ", ".join(f"{count:,} {nouns[kind][count != 1]}" for kind, count in kinds.items() if count)


def reading_percent(state: ReadingState) -> int:
    """Say how much is read, in whole percent; 100 only when nothing is left."""
    return min(100 * state.done // state.total, 100) if state.total else 0


def _sentence(words: str) -> str:
    """Begin with a capital, unless a call such as retry() begins the sentence."""
    return words if "(" in words.split(" ", 1)[0] else words[:1].upper() + words[1:]

"""How a run ended, in a line, and the facts beside it.

A rehearsal never reads like the real thing: what a sandbox took is "rehearsed", what a folder took is "written",
what a dry run made is "ready", and each says that nothing was mailed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from notebookmail.privacy.masking import mask_text

from .quantities import duration, span_in_utc
from .visible_text import clip

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notebookmail.delivery.events import Status
    from notebookmail.delivery.run_facts import Purpose, RunFacts

SYMBOLS: Final[Mapping[str, str]] = {
    "sent": "✓", "failed": "✕", "deferred": "↻", "unconfirmed": "?", "skipped": "\u2013", "pending": "○",
    "ready": "✓",
}  # fmt: skip
"""One sign per status, beside its word and colour: colour alone tells some people nothing."""

_DONE: Final[Mapping[Purpose, str]] = {
    "mail": "sent", "rehearsal": "rehearsed", "files": "written", "dry run": "are ready",
}  # fmt: skip
_NOT_MAILED: Final[Mapping[Purpose, str]] = {
    "mail": "", "rehearsal": "none left this machine", "files": "none was mailed", "dry run": "none was sent",
}  # fmt: skip
_NEXT: Final[Mapping[Purpose, str]] = {
    "mail": "",
    "rehearsal": 'Next: results.inbox() shows them; with server=Server("smtp.example.org") they are sent.',
    "files": "",
    "dry run": "Next: results.table() shows each letter; without dry_run=True they are sent.",
}  # fmt: skip
_UNDER_WAY: Final[Mapping[Purpose, tuple[str, str]]] = {
    "mail": ("Sending", "to"), "rehearsal": ("Rehearsing", "in"), "files": ("Writing", "to"),
    "dry run": ("Making", "for"),
}  # fmt: skip
_WELL: Final = frozenset({"sent", "ready"})
_SANDBOX: Final = "a sandbox on this machine"
_LONGEST: Final = 80
_BRISK: Final = 10  # messages per second from which decimals are noise
_SLOW: Final = 0.1  # messages per second below which people count by the minute
_SHORTEST: Final = 1.0  # seconds under which a pace says nothing


@dataclass(frozen=True, slots=True)
class Standing:
    """How many rows stand in one way.

    Attributes:
        hue: What colour and sign go by: a status, or "ready".
        count: How many rows.
        word: What is said of them.
    """

    hue: str
    count: int
    word: str


def standings(counts: Mapping[Status, int], purpose: Purpose = "mail", made: int = 0) -> list[Standing]:
    """Say how many rows stand how, those that went well first; ways in which none stands are left out.

    Args:
        counts: Rows by status.
        purpose: What the run is for.
        made: How many messages a dry run made: these pending rows are ready.
    """
    found = {status: count for status, count in counts.items() if status != "sent"}
    done = counts["sent"]
    if purpose == "dry run":
        ready = min(made, found["pending"])
        done, found["pending"] = done + ready, found["pending"] - ready
    hue = "sent" if purpose == "mail" else "ready"
    first = Standing(hue, done, _DONE[purpose].removeprefix("are "))
    return [
        each for each in (first, *(Standing(name, count, name) for name, count in found.items())) if each.count
    ]


def standings_of(counts: Mapping[Status, int], facts: RunFacts | None) -> list[Standing]:
    """Say how many rows of a run that is over stand how."""
    return standings(counts) if facts is None else standings(counts, facts.purpose, facts.taken)


def others(found: Sequence[Standing]) -> list[Standing]:
    """Leave out those that went well."""
    return [each for each in found if each.hue not in _WELL]


def headline(counts: Mapping[Status, int], facts: RunFacts | None = None) -> str:
    """Say how a run ended: "997 of 1,000 sent, 3 failed"; "19 of 19 are ready; none was sent".

    Args:
        counts: Rows by status.
        facts: Those of the run; None for one that mails.
    """
    rest = [f"{each.count:,} {each.word}" for each in others(standings_of(counts, facts))]
    return _ended(", ".join([_well(counts, facts), *rest]), facts)


def short_headline(counts: Mapping[Status, int], facts: RunFacts | None = None) -> str:
    """Say how much went well, where the others are counted beside it: "997 of 1,000 sent"."""
    return _ended(_well(counts, facts), facts)


def _well(counts: Mapping[Status, int], facts: RunFacts | None) -> str:
    total = sum(counts.values())
    if total == 0:
        return "No rows, nothing sent"
    purpose: Purpose = "mail" if facts is None else facts.purpose
    done = sum(each.count for each in standings_of(counts, facts) if each.hue in _WELL)
    if done < total or purpose == "dry run":
        return f"{done:,} of {total:,} {_DONE[purpose]}"
    if purpose == "mail":
        return f"All {total:,} sent" if total > 1 else "1 sent"
    return f"{total:,} letter{'s' if total > 1 else ''} {_DONE[purpose]}"


def _ended(words: str, facts: RunFacts | None) -> str:
    return "; ".join(filter(None, (words, _NOT_MAILED[facts.purpose] if facts is not None else "")))


def is_dry_run(facts: RunFacts | None) -> bool:
    """Tell whether the messages were made and not sent: then a row that was made is ready, not pending."""
    return facts is not None and facts.purpose == "dry run"


def next_step(facts: RunFacts | None) -> str:
    """Say what comes after a rehearsal; "" after a real run."""
    return "" if facts is None else _NEXT[facts.purpose]


def under_way(purpose: Purpose, target: str, rows: int = 0) -> str:
    """Say what a run is doing, with how many rows, and where to: "Sending 100 rows to smtp.example.org:587"."""
    verb, preposition = _UNDER_WAY[purpose]
    what = [f"{rows:,} row{'' if rows == 1 else 's'}"] if rows else []
    return " ".join([verb, *what, preposition, _SANDBOX if purpose == "rehearsal" else clip(target, _LONGEST)])


def facts_in_words(facts: RunFacts | None) -> list[str]:
    """Say where a run went to, when, for how long, how fast and as which campaign, in a few short phrases."""
    if facts is None:
        return []
    target = _SANDBOX if facts.purpose == "rehearsal" else clip(mask_text(facts.target), _LONGEST)
    phrases = [f"to {target}"] if facts.target else []
    phrases.append(span_in_utc(facts.began_at, facts.began_at + timedelta(seconds=facts.seconds)))
    phrases.append(duration(facts.seconds))
    if facts.taken > 1 and facts.seconds >= _SHORTEST and facts.purpose != "dry run":
        phrases.append(rate_in_words(facts.taken / facts.seconds))
    if facts.campaign:
        phrases.append(f"campaign {clip(mask_text(facts.campaign), _LONGEST)}")
    return phrases


def rate_in_words(rate: float) -> str:
    """Say how fast so many messages a second are, without decimals that are noise."""
    if rate < _SLOW:
        return f"{60 * rate:,.1f} per minute"
    return f"{rate:,.{0 if rate >= _BRISK else 1}f} per second"

"""What goes wrong in one run outside the engine: drawn from the world's chance, and counted.

A run has a climate: how often something strikes at all, and which kinds may. Swarms of worlds with a few kinds
each find more than worlds in which everything happens at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .refusals import CLOSING, PERMANENT, TEMPORARY

if TYPE_CHECKING:
    from collections import Counter
    from random import Random

STEPS: Final = ("greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "content", "END", "RSET", "QUIT")

REFUSALS: Final = ("temporary", "permanent", "closing")
"""The server answers, and does not do what was asked."""

DROPS: Final = ("drop before", "reset before", "silence before")
"""The server does nothing, and does not answer."""

LOSSES: Final = ("drop after", "reset after", "silence after", "torn reply", "torn reply reset")
"""The server does what was asked, and its answer does not arrive, or not all of it."""

DELAYS: Final = ("late", "very late")
"""The server takes its time, in the end perhaps more than the engine has."""

KINDS: Final = (*REFUSALS, *DROPS, *LOSSES, *DELAYS, "garbage")

_NOT_AT: Final = {
    "content": frozenset({"temporary", "permanent", *LOSSES, *DELAYS, "garbage"}),
    "QUIT": frozenset({"temporary", "permanent"}),
}

_EARLY: Final = frozenset({"greeting", "EHLO", "AUTH"})


def can_strike(kind: str, step: str) -> bool:
    """Tell whether something may happen at a step."""
    return kind not in _NOT_AT.get(step, ())


class Weather:
    """The climate of one run.

    Args:
        rng: The world's chance.
        tally: Counts what struck.
        is_fair: Nothing strikes.
    """

    def __init__(self, rng: Random, tally: Counter[str], *, is_fair: bool) -> None:
        self._rng, self._tally = rng, tally
        self.is_fair = is_fair
        self.intensity = 0.0 if is_fair else rng.choice((0.0, 0.01, 0.04, 0.1, 0.25))
        self._kinds = rng.sample(KINDS, rng.choice((1, 2, 4, len(KINDS))))
        self._wires = 0.0 if is_fair else rng.choice((0.0, 0.0, 0.0, 0.1, 0.4))

    def strike(self, step: str) -> str:
        """Decide what goes wrong at a step; "" for nothing."""
        chance = self.intensity * (0.3 if step in _EARLY else 1.0)
        if not chance or self._rng.random() >= chance:
            return ""
        kind = self._rng.choice(self._kinds)
        if not can_strike(kind, step):
            return ""
        self._tally[f"{step}: {kind}"] += 1
        return kind

    def refusal(self, kind: str, step: str) -> bytes:
        """Choose the words of a refusal."""
        texts = CLOSING if kind == "closing" else (TEMPORARY if kind == "temporary" else PERMANENT)[step]
        return self._rng.choice(texts)

    def doom(self) -> tuple[str, int, int]:
        """Decide whether a wire breaks or falls silent, and after how many octets up or down."""
        rng = self._rng
        if not self._wires or rng.random() >= self._wires:
            return "", 1 << 60, 1 << 60
        kind = rng.choice(("broken", "broken", "silence"))
        is_up = rng.random() < 0.5
        self._tally[f"wire: {kind} {'up' if is_up else 'down'}"] += 1
        return (kind, rng.randint(0, 1_500), 1 << 60) if is_up else (kind, 1 << 60, rng.randint(0, 600))

    def delay(self, kind: str, step: str) -> float:
        """Choose how long a server takes."""
        longest = 650.0 if step == "END" else 70.0
        return self._rng.uniform(0.5, 4.0) if kind == "late" else self._rng.uniform(4.0, longest)

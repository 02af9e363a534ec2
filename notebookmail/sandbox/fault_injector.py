"""Which fault strikes, and what came of it: the only state that faults have."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from .fault_conditions import Memory, Moment

if TYPE_CHECKING:
    from .faults import Fault, Faults, Phase


class FaultInjector:
    """The faults of one sandbox.

    Attributes:
        faults: What shall go wrong.
        counts: How often each fault has struck, by the key the caller gave it.
    """

    def __init__(self, faults: Faults, seed: int) -> None:
        self.faults = faults
        self.counts: Counter[str] = Counter()
        self._memory = Memory(seed)

    def fault_at(
        self, phase: Phase, subject: str, now: float, *, sender: str = "", sessions: int = 0, taken: int = 0
    ) -> Fault | None:
        """Return the fault that strikes this time, if one does, and count it.

        Args:
            phase: Where in a session.
            subject: Whom it is about: the recipient, the sender, the user name; in any case of letters.
            now: The loop's time in seconds.
            sender: The envelope sender.
            sessions: How many sessions are open, this one included; told at connecting.
            taken: How many messages this session has delivered.
        """
        subject = subject.lower()
        candidates = self.faults.candidates(phase, subject)
        if not candidates:
            return None
        self._memory.visits[phase, subject] += 1
        number = self._memory.visits[phase, subject]
        moment = Moment(now, subject, number, sender.lower(), sessions, taken)
        struck = next(
            (each for each in candidates if each.condition.strikes(each.key, moment, self._memory)), None
        )
        if struck is not None:
            self.counts[struck.key] += 1
        if struck is None or struck.keeps:
            for each in candidates:
                each.condition.note_passed(each.key, moment, self._memory)
        return struck

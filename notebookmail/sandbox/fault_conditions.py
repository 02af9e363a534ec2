"""When a fault strikes: by chance, by the number of messages in a while, at the first try, in a crowd.

A condition is data and decides purely; what has happened so far is in a Memory, and the time is an argument. A
chance comes from the seed, the fault, whom it is about and how often that one has come by: never from a shared
stream of random numbers. So the same row meets the same fate whatever the order and the concurrency of a run.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import re


@dataclass(frozen=True, slots=True)
class Moment:
    """One time that a session comes to a phase.

    Attributes:
        now: The loop's time in seconds.
        subject: Whom chances are about: the recipient, the sender, the user name; "" at connecting.
        number: How often that one has come to this phase, this time included.
        sender: The envelope sender, where it is known.
        sessions: How many sessions are open, this one included.
        taken: How many messages this session has delivered.
    """

    now: float
    subject: str
    number: int
    sender: str = ""
    sessions: int = 0
    taken: int = 0


@dataclass(slots=True)
class Memory:
    """What has happened so far in one sandbox."""

    seed: int
    visits: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: dict[tuple[str, str], float] = field(default_factory=dict)
    passed: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def chance(self, key: str, moment: Moment) -> float:
        """Return a number from 0 to below 1 that is the same for the same fault, subject and try."""
        told = repr((self.seed, key, moment.subject, moment.number)).encode("utf-8", "surrogateescape")
        return (int.from_bytes(blake2b(told, digest_size=8).digest()) >> 11) / 2**53  # as many bits as a float has


class Condition(Protocol):
    """When a fault strikes. `key` is the fault's name: what is remembered for it stands under that."""

    def strikes(self, key: str, moment: Moment, memory: Memory) -> bool:
        """Tell whether the fault strikes now."""

    def note_passed(self, key: str, moment: Moment, memory: Memory) -> None:
        """Remember, for what `strikes` tells of later ones, that this one went through."""


class _Stateless:
    """What most conditions remember of those who passed: nothing."""

    __slots__ = ()

    def note_passed(self, key: str, moment: Moment, memory: Memory) -> None:
        """Leave the memory as it is: what `strikes` tells does not depend on who passed."""


@dataclass(frozen=True, slots=True)
class Chance(_Stateless):
    """A fault that strikes a share of subjects, from 0 to 1; with a pattern, of those that match it as a whole."""

    share: float
    pattern: re.Pattern[str] | None = None

    def strikes(self, key: str, moment: Moment, memory: Memory) -> bool:
        """Tell by the seed whether it strikes this one."""
        if self.pattern is not None and not self.pattern.fullmatch(moment.subject):
            return False
        return memory.chance(key, moment) < self.share


@dataclass(frozen=True, slots=True)
class Greylist(_Stateless):
    """A fault that strikes the first try of a sender and recipient, and others for so many seconds after it."""

    seconds: float

    def strikes(self, key: str, moment: Moment, memory: Memory) -> bool:  # noqa: ARG002 -- there is one greylist
        """Tell by the time of the first try whether it strikes."""
        pair = (moment.sender, moment.subject)
        is_first = pair not in memory.first
        since = memory.first.setdefault(pair, moment.now)
        return is_first or moment.now - since < self.seconds


@dataclass(frozen=True, slots=True)
class TooFast:
    """A fault that strikes when so many have passed within the last seconds: no such stretch has more."""

    most: int
    seconds: float

    def strikes(self, key: str, moment: Moment, memory: Memory) -> bool:
        """Tell by the last ones that passed whether it strikes."""
        passed = memory.passed[key]
        return len(passed) >= self.most and moment.now - passed[0] < self.seconds

    def note_passed(self, key: str, moment: Moment, memory: Memory) -> None:
        """Remember when this one passed; of those before it only the last `most` count, and are kept."""
        passed = memory.passed[key]
        passed.append(moment.now)
        if len(passed) > self.most:
            passed.popleft()


@dataclass(frozen=True, slots=True)
class TooManySessions(_Stateless):
    """A fault that strikes a session that is one too many."""

    most: int

    def strikes(self, key: str, moment: Moment, memory: Memory) -> bool:  # noqa: ARG002 -- the moment tells it all
        """Tell by the number of open sessions whether it strikes."""
        return moment.sessions > self.most


@dataclass(frozen=True, slots=True)
class TooManyMessages(_Stateless):
    """A fault that strikes in a session that has delivered so many messages."""

    most: int

    def strikes(self, key: str, moment: Moment, memory: Memory) -> bool:  # noqa: ARG002 -- the moment tells it all
        """Tell by the number of the session's messages whether it strikes."""
        return moment.taken >= self.most

"""People, the letters they are to get, and what really reached them: the truth of the worlds of cells.

A letter is one row of one campaign. It is known by a token that stands in its last line, so that the truth does
not depend on what the engine takes for its identity: not on keys, Message-IDs or positions. Every address is
counted on its own, in every generation of the campaign.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

from .truth import Truth

if TYPE_CHECKING:
    from .world import World

Copies = Literal["taken", "refused", "greylisted"]
"""What becomes of a copy to the archive: it is taken, refused for good or for now."""

ARCHIVE = "archive@example.org"
DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Letter:
    """One row of a campaign.

    Attributes:
        token: What it is known by, at its end.
        campaign: Which campaign it belongs to, by number.
        email: Where it goes.
        name: Whom it greets; "" cannot be filled in.
        number: A number it prints.
        has_copy: Whether the archive gets one.
    """

    token: str
    campaign: int
    email: str
    name: str
    number: int
    has_copy: bool


Place = tuple[str, int, str]
"""A letter's token, the generation, and an address."""


@dataclass(slots=True)
class Mailing:
    """A campaign of a world.

    Attributes:
        number: Which one.
        name: The name it is sent under; None: it is known by its letter.
        has_copies: Whether the archive gets a copy of every letter.
        duplicates: What is asked for where a person stands twice.
        letters: What its frame holds, in the order of its rows.
        spare: What may be added.
        generations: How many were asked for after the first.
    """

    number: int
    name: str | None
    has_copies: bool
    duplicates: Literal["error", "send"]
    letters: list[Letter]
    spare: list[Letter]
    generations: int = 0


@dataclass(slots=True)
class Reached:
    """What happened to one letter at one address in one generation.

    Attributes:
        allowed: How often it may be taken.
        taken: How often it was, by run.
        heard: How often that was heard of, by run.
    """

    allowed: int = 1
    taken: Counter[int] = field(default_factory=Counter)
    heard: Counter[int] = field(default_factory=Counter)


class PeopleTruth(Truth):
    """What reached whom."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.letters: dict[str, Letter] = {}
        self.reached: dict[Place, Reached] = {}
        self.ids: dict[tuple[str, int], str] = {}
        self.ended: Counter[tuple[str, int]] = Counter()
        self.answered_ends: Counter[tuple[str, int]] = Counter()
        self.gone_out: dict[str, float] = {}
        self.sent_at: list[float] = []
        self.quota: int | None = None

    def at(self, token: str, generation: int, address: str) -> Reached:
        return self.reached.setdefault((token, generation, address), Reached())

    def total(self) -> int:
        return sum(each.taken.total() for each in self.reached.values())

    # --- what servers tell -----------------------------------------------------------------------------------

    def examine_letter(self, token: str, content: bytes, recipients: list[str]) -> None:
        """A whole message has arrived: it has to be this person's, and go to nobody else."""
        letter = self.letters.get(token)
        if letter is None:
            self.complain(f"a letter that nobody wrote arrived: {content[-60:]!r}")
            return
        own = {letter.email, ARCHIVE} if letter.has_copy else {letter.email}
        if not set(recipients) <= own or len(set(recipients)) < len(recipients):
            self.complain(f"the letter of {letter.email} came for {recipients}")
        message = message_from_bytes(content, policy=default)
        lines = message.get_content().splitlines()
        if lines[0] != f"Dear {letter.name}," or float(lines[1]) != letter.number or lines[-1] != f"END {token}":
            self.complain(f"the letter of {letter.email} says {lines}")
        if message["To"].addresses[0].addr_spec.lower() != letter.email:
            self.complain(f"the letter of {letter.email} is addressed to {message['To']}")

    def take(self, token: str, generation: int, message_id: str, recipients: list[str]) -> None:
        """A server takes responsibility for a letter to some addresses."""
        known = self.ids.setdefault((token, generation), message_id)
        if known != message_id:
            self.complain(f"{token} has two Message-IDs in one generation")
        for address in recipients:
            reached = self.at(token, generation, address)
            reached.taken[self.run] += 1
            if reached.taken.total() > reached.allowed:
                runs = dict(reached.taken)
                self.complain(
                    f"{address} took {token} {reached.taken.total()} times in {generation=}, runs {runs}"
                )
        self._count(token)

    def _count(self, token: str) -> None:
        """Count a message against the day's quota, at the moment its end went out."""
        self.sent_at.append(self.gone_out.get(token, self._world.clock()))
        used = self.used(max(self.sent_at))
        if self.quota is not None and used > self.quota:
            self.complain(f"{used} messages in 24 hours, and the quota is {self.quota}")

    def used(self, now: float) -> int:
        """Count the messages that servers took in the 24 hours before a moment."""
        return sum(now - DAY_SECONDS < moment <= now for moment in self.sent_at)


def make_mailings(world: World, truth: PeopleTruth) -> list[Mailing]:
    """Make the campaigns of a world: their people, and who will be added."""
    rng = world.rng
    mailings = []
    for number in range(rng.choice((1, 1, 1, 2, 3))):
        is_named = rng.random() < 0.6
        has_copies = rng.random() < 0.5
        duplicates: Literal["error", "send"] = "send" if rng.random() < 0.3 else "error"
        letters = []
        for place in range(rng.choice((1, 2, 3, 4, 6, 9))):
            is_second = duplicates == "send" and letters and rng.random() < 0.3
            person = rng.randrange(len(letters)) if is_second else place
            name = "" if rng.random() < 0.04 else f"Zoë {person}"
            token = blake2b(f"{world.seed} {number} {place}".encode(), digest_size=8).hexdigest()
            letters.append(Letter(token, number, f"p{person}.{number}@example.org", name, place, has_copies))
        truth.letters |= {letter.token: letter for letter in letters}
        first = max(1, len(letters) - rng.choice((0, 0, 1, 2)))
        known_as = f"{world.seed} {number}" if is_named else None
        mailings.append(Mailing(number, known_as, has_copies, duplicates, letters[:first], letters[first:]))
    return mailings

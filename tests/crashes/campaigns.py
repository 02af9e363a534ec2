"""Campaigns that are killed and run again until they end, and what is then held against them.

Moments are spread evenly over the life of an undisturbed run. After every kill the server's account and the
journal are compared; when a run ends by itself, every row's status is held against what the server accepted.
"""

from __future__ import annotations

import random
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .nursery import Work
from .truth import Temper, truth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from .nursery import Fate, Nursery
    from .truth import Account, Truth

ROUGH = Temper(silent=0.01, drops=0.01, hangs_up=0.01, slow_seconds=0.006)
ROWS = 40, 60
"""The fewest and the most of a campaign."""

MOST_RUNS = 200
"""A campaign that needs more goes in a circle."""

_MEASURED_EVERY = 10
_STARTING = 0.5  # of a run's life: what is not for its rows
_SPARED = 0.1  # so many runs are not killed: else a campaign may find no end on a machine that has become slower
_CAMPAIGNS_PER_JOURNAL = 10
_MAY_BE_ACCEPTED = frozenset({"sent", "skipped", "unconfirmed"})
_MAY_BE_NOT_ACCEPTED = frozenset({"failed", "deferred", "unconfirmed"})


@dataclass(slots=True)
class Tally:
    """What came of many campaigns.

    Attributes:
        seed: With it the dice fall alike; the machine's timing does not repeat.
        kills: Runs that were killed.
        refused: Runs that found somebody else running their campaign.
        campaigns: Those that were brought to their end.
        rows: Of all campaigns.
        accepted: Messages that the server took.
        held: Rows that ended as unconfirmed.
        faults: In words.
    """

    seed: int
    kills: int = 0
    refused: int = 0
    campaigns: int = 0
    rows: int = 0
    accepted: int = 0
    held: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        shown = "".join(f"\n  {fault}" for fault in self.faults[:20])
        return (
            f"seed {self.seed}: {self.kills} kills, {self.refused} refusals, {self.campaigns} campaigns, "
            f"{self.rows} rows, {self.accepted} accepted, {self.held} in doubt; {len(self.faults)} faults{shown}"
        )


def judge(work: Work, statuses: Mapping[str, str], account: Account) -> Iterator[str]:
    """Hold what is said of every row against the truth, and name what does not fit.

    Args:
        work: The run that ended by itself.
        statuses: What it said of every recipient.
        account: What the server knows of them.
    """
    if set(statuses) != set(work.recipients):
        yield f"lost: {work.rows} rows went in, {len(statuses)} came out"
    accepted = Counter(account.accepted)
    for recipient, status in statuses.items():
        if accepted[recipient] > 1:
            yield f"doubled: {recipient} was accepted {accepted[recipient]} times, and is {status}"
        elif accepted[recipient] and status not in _MAY_BE_ACCEPTED:
            yield f"untold: {recipient} was accepted, and is {status}"
        elif not accepted[recipient] and status not in _MAY_BE_NOT_ACCEPTED:
            yield f"lost: {recipient} was never accepted, and is {status}"
        if len(set(account.message_ids.get(recipient, ()))) > 1:
            yield f"changed: {recipient} was offered messages of different Message-IDs"


class Ordeal:
    """Runs campaigns of one engine and kills them.

    Args:
        place: Where the runs are.
        server: What they send to.
        engine: Its name.
        folder: For the journals.
        tally: What comes of it; its seed is that of the moments and sizes.
    """

    def __init__(self, place: Nursery, server: Truth, engine: str, folder: Path, tally: Tally) -> None:
        self.tally = tally
        self._chance = random.Random(tally.seed)
        self._place = place
        self._server = server
        self._engine = engine
        self._folder = folder
        self._number = 0
        self._life = 0.0

    def _new_work(self) -> Work:
        """Begin a campaign over up to 4 connections, to a server with PIPELINING or without."""
        self._number += 1
        port = self._chance.choice([self._server.port, self._server.plain_port])
        name = f"c{self._number}-{self.tally.seed}"
        journal = self._folder / f"journal{self._number // _CAMPAIGNS_PER_JOURNAL}.sqlite"
        return Work(self._engine, port, name, str(journal), self._chance.randint(*ROWS), 4)

    def kill_until(self, kills: int) -> Tally:
        """Kill campaigns until their runs were killed at least so often; where nothing can be killed, give up."""
        while self.tally.kills < kills and self.tally.campaigns < 5 * kills:
            self.kill_one_campaign()
        return self.tally

    def kill_one_campaign(self, *, processes: int = 1) -> None:
        """Kill the runs of a campaign until it ends by itself; every tenth time, one is left alone before.

        Args:
            processes: So many run it at once, each time.
        """
        if self._number % _MEASURED_EVERY == 0:  # machines become slower, and faster
            self._life = self.carry_through(is_killed=False)
        self.carry_through(processes=processes)

    def carry_through(self, *, processes: int = 1, is_killed: bool = True) -> float:
        """Run a campaign, kill it at a random moment, run it again, until it ends by itself.

        Args:
            processes: So many run it at once, each time.
            is_killed: False lets them live.

        Returns:
            The seconds of the last run.
        """
        work, held, left = self._new_work(), 0, 1.0
        for _ in range(MOST_RUNS):
            longest = self._life * (_STARTING + (1 - _STARTING) * left) if is_killed else 0.0
            is_spared = not is_killed or self._chance.random() < _SPARED
            moments = [None if is_spared else self._chance.uniform(0.0, longest) for _ in range(processes)]
            fates = self._place.run(*[work] * processes, moments=moments)
            account = self._server.account(work.domain)
            held = self._check_doubt(work, account, held)
            if self._ended(work, fates, account):
                return max(fate.seconds for fate in fates)
            left = 1 - len(account.accepted) / work.rows
        self._fault(work, f"not at its end after {MOST_RUNS} runs")
        return 0.0

    def _check_doubt(self, work: Work, account: Account, held: int) -> int:
        """See to it that a run leaves at most one row in doubt a connection; return how many rows are held now."""
        newly = self._place.held(work) - held
        if newly > account.broken:
            self._fault(work, f"{newly} newly unconfirmed, with {account.broken} connections broken")
        if newly < 0:
            self._fault(work, f"{-newly} rows that could not be known are no longer held")
        return held + newly

    def _ended(self, work: Work, fates: list[Fate], account: Account) -> bool:
        """Judge what came of runs that were not killed; True when one brought the campaign to its end."""
        pids = [str(fate.pid) for fate in fates]
        self.tally.kills += sum(fate.is_killed for fate in fates)
        for fate in fates:
            if fate.error and any(pid in fate.error for pid in pids if pid != str(fate.pid)):
                self.tally.refused += 1
            elif fate.error:
                self._fault(work, f"no results: {fate.error}")
        told = [fate.told for fate in fates if fate.told is not None]
        for statuses in told:
            self.tally.faults += [f"{work.campaign}: {words}" for words in judge(work, statuses, account)]
        if told:
            self.tally.campaigns += 1
            self.tally.rows += work.rows
            self.tally.accepted += len(account.accepted)
            self.tally.held += list(told[0].values()).count("unconfirmed")
        return bool(told)

    def _fault(self, work: Work, words: str) -> None:
        self.tally.faults.append(f"{work.campaign}: {words}")


@contextmanager
def ordeal(
    place: Nursery, folder: Path, *, engine: str = "notebookmail", seed: int, temper: Temper = ROUGH
) -> Iterator[Ordeal]:
    """Start a server, and make an ordeal of it.

    Args:
        place: Where the runs are.
        folder: For the journals.
        engine: Its name in `engines.ENGINES`.
        seed: Of all dice.
        temper: What the server does.
    """
    with truth(temper, seed) as server:
        yield Ordeal(place, server, engine, folder, Tally(seed))

"""The journal of one run: opened, its campaign claimed, and the day's quota counted in it."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from notebookmail.delivery.daily_quota import Quota
from notebookmail.delivery.journal import Journal, lifetime
from notebookmail.errors import JournalError

from .notices import as_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notebookmail.delivery.destination import Destination
    from notebookmail.delivery.journal import Claim, Earlier

    from .notices import Notices
    from .plan import Plan
    from .results import SendResults


class ClaimedCampaign:
    """A campaign that this run alone carries out, with or without a journal.

    Attributes:
        digest: What the campaign is known by.
        claim: The journal's; None where none is kept.
    """

    def __init__(self, digest: str, journal: Journal | None = None, claim: Claim | None = None) -> None:
        self.digest = digest
        self.claim = claim
        self._journal = journal

    @property
    def generation(self) -> int:
        """Which time it is that the campaign is sent from the beginning."""
        return self.claim.generation if self.claim is not None else 0

    @property
    def journal(self) -> Path | None:
        """The journal's file; None where none is kept."""
        return None if self._journal is None else self._journal.path

    @property
    def secret(self) -> str:
        """What Message-IDs are made with that nobody else knows; "" without a journal."""
        return self.claim.secret if self.claim is not None else ""

    @property
    def earlier(self) -> Mapping[bytes, Earlier]:
        """What the journal knows of the rows, by key."""
        return self.claim.earlier if self.claim is not None else {}

    def quota(self, destination: Destination) -> Quota | None:
        """Make the quota that counts the run's messages; None for a sandbox without a journal."""
        journal, claim = self._journal, self.claim
        if destination.is_sandbox and journal is None:
            return None
        per_day = destination.daily_quotas
        if journal is None or claim is None:
            return Quota(per_day, destination.account)
        at_first = {account: journal.used(account, time.time()) for account in per_day}

        def known(account: str) -> int:
            used = claim.used(account)
            return at_first.get(account, 0) if used is None else used

        return Quota(per_day, destination.account, journal=str(journal.path), known=known)


@contextlib.contextmanager
def claimed(
    plan: Plan, destination: Destination, results: SendResults, notices: Notices
) -> Iterator[ClaimedCampaign]:
    """Open the journal and claim the campaign, if one is kept.

    Args:
        plan: Which rows go, and what each gets.
        destination: Where it goes.
        results: How its rows stand; a campaign with none pending is finished.
        notices: Told what to know about the journal.

    Raises:
        JournalError: It cannot be used, or somebody runs this campaign already.
    """
    settings = plan.settings
    world = destination.world
    digest = plan.digest(world)
    keeps = settings.journal is not False and settings.redirect_to is None
    if not keeps or (settings.journal is None and destination.is_sandbox):
        yield ClaimedCampaign(digest)
        return
    journal = Journal.open(Path(settings.journal) if settings.journal else None)
    with contextlib.closing(journal):
        notices.say(lifetime.warning(journal.path))
        claim = journal.claim(
            digest,
            name=settings.campaign or "",
            server=destination.endpoint,
            account=destination.account,
            sender=settings.sender or "",
            resend=settings.resend,
            now=time.time(),
            known_by=plan.matching.keys.known_by,
            first_digests=lambda names: plan.first_digests(world, names),
        )
        is_finished = False
        try:
            yield ClaimedCampaign(digest, journal, claim)
            is_finished = not results.counts["pending"]  # those beyond the limit are still to go
        finally:
            try:
                claim.close(is_finished=is_finished)
            except JournalError as problem:  # the results are exact all the same
                notices.say(as_sentence(problem))

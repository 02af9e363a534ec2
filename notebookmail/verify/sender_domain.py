"""The sender's domain as a step: whether receivers will believe its mail from this server. It ends no session."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from notebookmail.address import domain_of, to_ascii_domain
from notebookmail.domain.health import look_at_domain
from notebookmail.domain.records import DomainRecords, NoDns
from notebookmail.errors import AddressError

from .step_result import StepResult, warned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookmail.domain.health import DomainHealth

    from .target import Target


async def look_at_sender_domain(target: Target, addresses: Sequence[str]) -> StepResult:
    """Say what SPF, DKIM and DMARC of the sender's domain mean for mail by this server.

    Args:
        target: Who would send, by which server.
        addresses: The server's.
    """
    try:
        health = await asyncio.to_thread(_look, target, addresses)
    except (NoDns, AddressError) as problem:
        return StepResult(f"not looked at: {problem}", status="not reached")
    facts = tuple(f"{each.name}: {each.words}" for each in health.findings)
    result = StepResult(health.words.partition(": ")[0] if health.bad else health.words, facts)
    remedies = [each.remedy for each in health.bad]
    return warned(result, "; ".join(remedies)) if remedies else result


def _look(target: Target, addresses: Sequence[str]) -> DomainHealth:
    domain = domain_of(to_ascii_domain(target.sender))
    return look_at_domain(domain, target.options.host, DomainRecords(target.resolver), addresses=addresses)

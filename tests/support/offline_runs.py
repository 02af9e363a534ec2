"""Runs of a merge without a network: the rows that a journal lets go are noted as sent, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebookmail.campaign.options import SendSettings
from notebookmail.campaign.planning import make_plan
from notebookmail.delivery.journal import Entry, Journal

if TYPE_CHECKING:
    from pathlib import Path

    from notebookmail import Template
    from notebookmail.mail.message import Mail

NOON = 1_800_000_000.0
_DONE = frozenset({"sent", "unconfirmed", "committing"})


def sent_by(path: Path, df: Any, template: Template, **options: Any) -> list[int]:
    """Run a campaign; return the positions of the rows that went."""
    return [position for position, _ in mails_of(path, df, template, **options)]


def mails_of(path: Path, df: Any, template: Template, **options: Any) -> list[tuple[int, Mail]]:
    """Run a campaign; return the messages that went, with their rows' positions."""
    plan = make_plan(df, template, SendSettings(**options))
    digest = plan.digest("")
    with Journal.open(path) as journal:
        claim = journal.claim(
            digest,
            name=plan.settings.campaign or "",
            resend=plan.settings.resend,
            now=NOON,
            known_by=plan.matching.keys.known_by,
            first_digests=lambda names: plan.first_digests("", names),
        )
        sent = []
        for task in plan.resumed(claim.earlier).tasks(digest, claim.generation, claim.secret):
            known = claim.earlier.get(task.key)
            if known is None or known.state not in _DONE:
                mail = task.build()
                claim.write(
                    [Entry(task.key, "sent", task.to, NOON, 1, 250, "ok", mail.message_id, said=mail.said)]
                )
                sent.append((task.position, mail))
        claim.close(is_finished=len(sent) == len(plan.going))
    return sent

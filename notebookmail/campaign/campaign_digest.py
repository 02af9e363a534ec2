"""What a campaign is known by: its name, or what its letter and its sender are."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING

from notebookmail.compose.identity.same_value import name_text, values_text

from .old_journal_keys import first_campaign_digest, first_template_digest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notebookmail.compose.definition import Definition

    from .options import SendSettings


def campaign_digest(settings: SendSettings, definition: Definition, world: str) -> str:
    """Return what a campaign is known by.

    Args:
        settings: What was chosen: the campaign's name, the sender, where everything is redirected to.
        definition: What the template was made of.
        world: Where it is sent: "" for every server out there, which are one world to the people who get it.
    """
    if settings.campaign is not None:
        known = ["2 name", world, name_text(settings.campaign), settings.redirect_to]
    else:
        sender = definition.sender if settings.sender is None else settings.sender
        known = ["2 letter", world, definition.digest_with(sender), settings.redirect_to]
        known += [] if settings.follows is None else ["follows", name_text(settings.follows)]
    return blake2b(values_text(known).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def first_digests(settings: SendSettings, definition: Definition, world: str, names: Iterable[str]) -> set[str]:
    """Return what a campaign may be known by in a journal of the first rules.

    Args:
        settings: As for `campaign_digest`.
        definition: As for `campaign_digest`.
        world: As for `campaign_digest`.
        names: The names of campaigns such a journal holds.
    """
    to = settings.redirect_to
    if settings.campaign is not None:
        same = {name for name in names if name_text(name) == name_text(settings.campaign)}
        return {first_campaign_digest(["name", world, name, to]) for name in (settings.campaign, *same)}
    sender = definition.sender if settings.sender is None else settings.sender
    # Where the sender stood (in the template, in the call, in both) made another campaign then.
    written = {(sender, None), (sender, sender), (None, sender), (definition.sender, settings.sender)}
    return {
        first_campaign_digest(["letter", world, first_template_digest(replace(definition, sender=own)), given, to])
        for own, given in written
    }

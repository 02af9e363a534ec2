"""What is known of a run as a whole once it is over: what for, where to, when, as which campaign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

Purpose = Literal["mail", "rehearsal", "files", "dry run"]
"""To people; to a sandbox, which nothing leaves; into a folder; nowhere, the messages were only made."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The facts of one run, without anything about a row.

    Attributes:
        purpose: What it was for.
        target: Where it went, such as "smtp.example.org:587", or "".
        began_at: When it began, in UTC.
        seconds: How long it took.
        taken: How many messages were taken by the server in this run; of a dry run, how many were made.
        campaign: The campaign's name, or "".
    """

    purpose: Purpose
    target: str
    began_at: datetime
    seconds: float
    taken: int
    campaign: str = ""

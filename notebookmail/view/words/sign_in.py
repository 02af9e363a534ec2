"""What a sign-in shows, the same for every face. What stays at its end holds no code, link or address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SignInCard:
    """How a sign-in stands.

    Attributes:
        status: Whether somebody has to do something, or how it ended.
        headline: That in a few words.
        steps: What to do, in order.
        link: The page to open, or "".
        code: What to type in there, or "".
        notes: What else is worth knowing.
    """

    status: Literal["waiting", "done", "failed"]
    headline: str
    steps: tuple[str, ...] = ()
    link: str = ""
    code: str = ""
    notes: tuple[str, ...] = ()

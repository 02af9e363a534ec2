"""Why a row, or a whole run, ended as it did, as a value: category, cause, remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Category = Literal[
    "",
    "address",
    "auth",
    "connection",
    "content",
    "function",
    "policy",
    "protocol",
    "quota",
    "rate",
    "sender",
    "server",
    "size",
    "template",
    "timeout",
    "tls",
    "transient",
    "unconfirmed",
]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a row ended as it did.

    Attributes:
        category: One word to group by.
        cause: What happened, in words an analyst understands.
        remedy: What to do about it.
        is_transient: True when the same message may succeed later.
        stops_run: True when every further row would meet the same fate.
    """

    category: Category
    cause: str
    remedy: str
    is_transient: bool = False
    stops_run: bool = False

    @property
    def sentence(self) -> str:
        """Cause and remedy together, as they are told of a run and its rows."""
        return f"{self.cause}: {self.remedy}"

"""What was found at each step, as values: frozen, bounded, and without a secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

StepStatus = Literal["ok", "warning", "failed", "not reached"]

STEPS: Final[tuple[str, ...]] = (
    "DNS",
    "connect",
    "TLS",
    "certificate",
    "EHLO",
    "AUTH",
    "limits",
    "sender",
    "domain",
)
"""Every step there can be, in order."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a session.

    Attributes:
        name: One of STEPS; of a mailbox "connect", "AUTH" or "folders".
        status: "ok", "warning" (mail goes, but look at it), "failed", or "not reached" after a failed one.
        words: What was found.
        facts: What else is worth knowing, a line each.
        remedy: What to do about it, or "".
        seconds: How long it took.
    """

    name: str
    status: StepStatus
    words: str = ""
    facts: tuple[str, ...] = ()
    remedy: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class VerifiedSteps:
    """The steps of one server, and of those it falls back on.

    Attributes:
        endpoint: Where it is: "smtp.example.org:587".
        username: Who logs in, or "". It stands in `words`; displays mask it.
        steps: What was found; a step that the settings leave out is not among them.
        failover: The same of each server to fall back on.
        is_login_refused: True when the server refused the credentials for good.
    """

    endpoint: str
    username: str = field(repr=False)
    steps: tuple[Step, ...]
    failover: tuple[VerifiedSteps, ...] = ()
    is_login_refused: bool = field(default=False, repr=False)

    @property
    def ok(self) -> bool:
        """True when no step failed, neither of this server nor of those it falls back on."""
        return self.failed is None and all(each.ok for each in self.failover)

    @property
    def failed(self) -> Step | None:
        """The step at which it ended, or None."""
        return next((each for each in self.steps if each.status == "failed"), None)

    @property
    def counts(self) -> Mapping[StepStatus, int]:
        """How many steps ended how, every status present."""
        tally: dict[StepStatus, int] = {"ok": 0, "warning": 0, "failed": 0, "not reached": 0}
        for each in self.steps:
            tally[each.status] += 1
        return tally

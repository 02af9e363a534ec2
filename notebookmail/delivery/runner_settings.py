"""How a run deals with time, limits and what came before it."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notebookmail.mail.idempotency import Idempotency

    from .daily_quota import Quota
    from .journal import Earlier
    from .making import Making
    from .rate_limit import Bucket
    from .recorder import Ledger


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """How a run deals with time, limits and what came before it.

    Attributes:
        bucket: Grants messages at the server's rate; None for no limit.
        quota: Counts the day's messages; None for no limit.
        ledger: The journal; None keeps none.
        earlier: What the journal knows of the rows, by key.
        delivered: The addresses that took a row's message before, by position; they get it no second time.
        resend_unconfirmed: True sends rows again that may have been delivered.
        idempotency: How the server is told that a message is the same as before: then rows in doubt go again.
        not_before: Nothing goes out before this time, in seconds since the epoch.
        retry_seconds: How long the run stays for rows the server defers.
        making: Makes the messages; None makes them between turns of the event loop.
        random: Spreads retries; keeps no secret.
        clock: Tells the seconds since the epoch.
    """

    bucket: Bucket | None = None
    quota: Quota | None = None
    ledger: Ledger | None = None
    earlier: Mapping[bytes, Earlier] = field(default_factory=dict)
    delivered: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    resend_unconfirmed: bool = False
    idempotency: Idempotency | None = None
    not_before: float = 0.0
    retry_seconds: float = 0.0
    making: Making | None = None
    random: random.Random = field(default_factory=random.Random)
    clock: Callable[[], float] = time.time

    @property
    def repeat_seconds(self) -> float:
        """For how long a row in doubt goes again, without being delivered twice."""
        return 0.0 if self.idempotency is None else self.idempotency.seconds

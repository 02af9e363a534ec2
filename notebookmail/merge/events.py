"""What happened to a row, as frozen facts. Outcomes and views are folded from these and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from notebookmail.reply import SMTPResponse

Status = Literal["sent", "failed", "deferred", "unconfirmed", "skipped", "pending"]
"""How a row stands; what each means is in the README's guarantees."""

STATUSES: tuple[Status, ...] = ("sent", "failed", "deferred", "unconfirmed", "skipped", "pending")


@dataclass(frozen=True, slots=True)
class RowStarted:
    """A row's message was built and handed to the sender.

    Attributes:
        position: The row's place in the frame, from 0.
        to: The address it goes to.
        message_id: The Message-ID header's value.
    """

    position: int
    to: str
    message_id: str


@dataclass(frozen=True, slots=True)
class RowSent:
    """The server took responsibility for the row's message.

    Attributes:
        position: The row's place in the frame.
        reply: The reply to the end of data.
        refused: Recipients among several (cc, bcc) that were refused all the same.
        attempts: How often it was tried.
        seconds: From the first try to the reply.
        sent_at: When the reply came, in UTC.
    """

    position: int
    reply: SMTPResponse
    refused: Mapping[str, SMTPResponse]
    attempts: int
    seconds: float
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class RowFailed:
    """The row was refused for good, or cannot be rendered."""

    position: int
    error: Exception
    attempts: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class RowDeferred:
    """The row was refused for now; a later try may succeed."""

    position: int
    error: Exception
    attempts: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RowUnconfirmed:
    """The end of data went out and no complete reply came back: it may have been delivered."""

    position: int
    error: Exception
    attempts: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RowSkipped:
    """The row was left out on purpose.

    Attributes:
        position: The row's place in the frame.
        reason: Why, in words.
        to: The address it would have gone to, or "".
    """

    position: int
    reason: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class RowPending:
    """The row was not tried, or its try was abandoned before anything could be delivered.

    Attributes:
        position: The row's place in the frame.
        reason: Why, in words.
        to: The address it would have gone to, or "".
        message_id: The Message-ID it would carry, or "".
        error: What stood in the way, where an exception did.
    """

    position: int
    reason: str
    to: str = ""
    message_id: str = ""
    error: Exception | None = None


RowEvent = RowStarted | RowSent | RowFailed | RowDeferred | RowUnconfirmed | RowSkipped | RowPending

"""What happened to a row, as facts that never change. Outcomes and views are folded from these and nothing else.

A run makes several for every row, so they are named tuples: the cheapest values Python has that cannot be changed.
They are told apart by their type alone; that two of different types may compare as equal means nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from notebookmail.response import SMTPResponse

    from .partial_delivery import Addresses

Status = Literal["sent", "failed", "deferred", "unconfirmed", "skipped", "pending"]
"""How a row stands; what each means is in the README's guarantees."""

STATUSES: tuple[Status, ...] = ("sent", "failed", "deferred", "unconfirmed", "skipped", "pending")


class RowStarted(NamedTuple):
    """A row's message was built and handed to the transport.

    Attributes:
        position: The row's place in the frame, from 0.
        to: The address it goes to.
        message_id: The Message-ID header's value.
    """

    position: int
    to: str
    message_id: str


class RowSent(NamedTuple):
    """The server took responsibility for the row's message.

    Attributes:
        position: The row's place in the frame.
        reply: The reply to the end of data.
        refused: Copies (cc, bcc) that were refused all the same.
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


class RowFailed(NamedTuple):
    """The row was refused for good, or cannot be rendered.

    Attributes:
        position: The row's place in the frame.
        error: What the server said, or what is wrong with the row.
        attempts: How often it was tried.
        seconds: From the first try to the last reply.
        addresses: What its addresses said, where some took it.
    """

    position: int
    error: Exception
    attempts: int = 0
    seconds: float = 0.0
    addresses: Addresses | None = None


class RowDeferred(NamedTuple):
    """The row was refused for now; a later try may succeed.

    Attributes:
        position: The row's place in the frame.
        error: What the server said.
        attempts: How often it was tried.
        seconds: From the first try to the last reply.
        next_at: Before this time another try is of no use; None if nobody knows.
        addresses: What its addresses said, where some took it.
    """

    position: int
    error: Exception
    attempts: int
    seconds: float
    next_at: datetime | None = None
    addresses: Addresses | None = None


class RowUnconfirmed(NamedTuple):
    """The end of data went out and no complete reply came back: it may have been delivered.

    Attributes:
        position: The row's place in the frame.
        error: What came in place of the reply.
        attempts: How often it was tried.
        seconds: From the first try to the end of waiting.
        to: The address it may have gone to, or "".
        is_from_before: True when it was an earlier run that left it so.
    """

    position: int
    error: Exception
    attempts: int
    seconds: float
    to: str = ""
    is_from_before: bool = False


class RowSkipped(NamedTuple):
    """The row was left out on purpose.

    Attributes:
        position: The row's place in the frame.
        reason: Why, in words.
        to: The address it would have gone to, or "".
        sent_at: When an earlier run sent it, in UTC, where that is the reason.
    """

    position: int
    reason: str
    to: str = ""
    sent_at: datetime | None = None


class RowPending(NamedTuple):
    """The row was not tried, or its try was abandoned before anything could be delivered.

    Attributes:
        position: The row's place in the frame.
        reason: Why, in words.
        to: The address it would have gone to, or "".
        message_id: The Message-ID it would carry, or "".
        error: What stood in the way, where an exception did.
        addresses: What its addresses said, where some took it.
    """

    position: int
    reason: str
    to: str = ""
    message_id: str = ""
    error: Exception | None = None
    addresses: Addresses | None = None


class RunStopped(NamedTuple):
    """The run takes no further rows: those that have no event of their own stay pending for this reason."""

    reason: str


RowLeft = RowFailed | RowSkipped | RowPending
"""A row that does not go."""

RowEvent = RowStarted | RowSent | RowFailed | RowDeferred | RowUnconfirmed | RowSkipped | RowPending | RunStopped

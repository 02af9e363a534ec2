"""What a pool delivers and how much of a server it may use: jobs, their source, limits, routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookmail.mail.message import Mail, Receipt
    from notebookmail.smtp.options import ConnectionOptions


class Job(Protocol):
    """A message on its way through the pool; the source's own object."""

    @property
    def mail(self) -> Mail:
        """Envelope and content."""


_Job = TypeVar("_Job", bound=Job)


class Source(Protocol[_Job]):
    """Where the messages come from, and where their ends are told."""

    def take(self) -> _Job | None:
        """Return the next message to send now; None if there is none. `Pool.wake` says when there is again."""

    def waiting(self) -> int:
        """Tell how many messages could be taken now."""

    def commit(self, job: _Job, go: Callable[[Exception | None], None], account: str) -> bool:
        """Be asked before the end of a message's data may reach the wire, and told whose account it goes by.

        True: go on. False: `go` will be called, with None to go on, or with what forbids it: then the connection
        is closed and nothing is delivered.
        """

    def end(self, job: _Job, receipt: Receipt | None, error: Exception | None) -> bool:
        """Be told how one try ended; True asks for a new connection before the next message."""

    def give_back(self, job: _Job) -> None:
        """Take back a message whose try is no try; it may have been committed, but its end was not accepted."""

    def unreachable(self, error: Exception) -> None:
        """Be told that no connection can be had any more, and why."""


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How much of a server the pool may use.

    Attributes:
        connections: How many at once, at least one.
        messages_per_connection: After so many a connection is replaced; None for no limit.
    """

    connections: int = 8
    messages_per_connection: int | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One of the servers that mail may go by, how much of it may be used, and whose account counts what goes."""

    options: ConnectionOptions
    limits: PoolLimits
    account: str = ""

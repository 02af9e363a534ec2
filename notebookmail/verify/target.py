"""What is looked at: how to reach a server, and how much of it the settings use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dns.resolver

    from notebookmail.smtp.options import ConnectionOptions


@dataclass(frozen=True, slots=True)
class Target:
    """A server to look at.

    Attributes:
        options: How to reach it, and its credentials if there are any.
        username: Who is to log in, or "".
        no_password: Why there is no password for that, or "".
        sender: The address that mail shall come from, or "".
        recipient: Whom it might go to, or "" for the sender itself.
        resolver: Which DNS servers to ask about the sender's domain; None for the system's.
        is_local: True for a server on this machine.
        max_connections: How many connections a run would make.
        messages_per_second: How many messages a run would send at most, or None.
        daily_quota: How many in 24 hours, or None.
    """

    options: ConnectionOptions
    username: str = ""
    no_password: str = ""
    sender: str = ""
    recipient: str = ""
    resolver: dns.resolver.Resolver | None = None
    is_local: bool = False
    max_connections: int = 1
    messages_per_second: float | None = None
    daily_quota: int | None = None

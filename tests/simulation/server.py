"""Servers: how each is, when it is away, and its sessions (session.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .network import Wire
    from .session import Session
    from .world import World


@dataclass(frozen=True, slots=True)
class Manner:
    """How a server is: the same in every run.

    Attributes:
        offers: The lines of its EHLO reply.
        latency: Seconds to it, about.
        most_connections: It takes no more at once.
        most_messages: It takes no more on one connection, and says so only when asked for more.
        idle_seconds: After so long it closes a connection on which nothing is asked.
        is_eager: Answers DATA with 354 though it has refused every recipient, as the RFC lets it.
    """

    offers: tuple[bytes, ...]
    latency: float
    most_connections: int
    most_messages: int
    idle_seconds: float
    is_eager: bool


class Server:
    """One server of a world."""

    def __init__(self, world: World, manner: Manner) -> None:
        self.world = world
        self.manner = manner
        self.latency = manner.latency
        self.sessions: list[Session] = []
        self.outages: list[tuple[float, float, str]] = []
        """From when to when it is away, and what one meets then."""

    def refuses(self, now: float) -> str:
        """Tell what one who wants to connect meets; "" if a session."""
        for begin, end, trouble in self.outages:
            if begin <= now < end:
                self.world.tally[f"outage: {trouble}"] += 1
                return trouble
        return ""

    def session(self, wire: Wire) -> Session:
        self.sessions = [each for each in self.sessions if not each.is_gone]
        session = self.world.session_type(self, wire)
        self.sessions.append(session)
        return session

    def go_away(self) -> None:
        """An outage begins: every session is cut."""
        for session in self.sessions:
            session.hang_up(is_reset=True)

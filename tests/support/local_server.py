"""aiosmtpd with the settings a test wants: TLS, AUTH, fewer extensions, refusals, another place to listen."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiosmtpd.smtp
from aiosmtpd.smtp import AuthResult

from notebookmail.sandbox.listener import some_turns, stop_listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CANARY = "hunter2-canary"
"""The one password that is right; it must show up nowhere."""


class Taking:
    """aiosmtpd's handler: keeps every envelope, refuses what it is told to, and sees who speaks.

    Args:
        **refusals: Replies by an address, "mail" or "data".

    Attributes:
        envelopes: What was accepted, in order.
        certificates: The client's certificate for each message, as `ssl` reads it; None without one.
        peers: Where each message came from.
        hosts: What each message's client called itself.
    """

    def __init__(self, **refusals: str) -> None:
        self.envelopes: list[Any] = []
        self.certificates: list[Any] = []
        self.peers: list[Any] = []
        self.hosts: list[str] = []
        self._refusals = refusals

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if "mail" in self._refusals:
            return self._refusals["mail"]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self._refusals:
            return self._refusals[address]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if "data" in self._refusals:
            return self._refusals["data"]
        self.envelopes.append(envelope)
        self.certificates.append(server.transport.get_extra_info("peercert"))
        self.peers.append(server.transport.get_extra_info("peername"))
        self.hosts.append(session.host_name)
        return "250 2.0.0 taken"


@asynccontextmanager
async def real_server(
    *, handler: Taking | None = None, host: str = "127.0.0.1", path: Path | None = None, **settings: Any
) -> AsyncIterator[tuple[int, Taking]]:
    """Run aiosmtpd on a free port of a host, or on a Unix socket; yield the port (0 for none) and the handler."""
    taking = handler or Taking()
    loop = asyncio.get_running_loop()
    use_tls = settings.pop("ssl", None)
    sessions: list[aiosmtpd.smtp.SMTP] = []

    def make() -> aiosmtpd.smtp.SMTP:
        sessions.append(aiosmtpd.smtp.SMTP(taking, hostname="test", loop=loop, **settings))
        return sessions[-1]

    if path is None:
        listener = await loop.create_server(make, host, 0, ssl=use_tls)
    else:
        listener = await loop.create_unix_server(make, path, ssl=use_tls)
    try:
        yield listener.sockets[0].getsockname()[1] if path is None else 0, taking
    finally:
        await stop_listening(listener)
        for session in sessions:
            if session.transport is not None:
                session.transport.abort()
        await some_turns()


def authenticator(*_: Any) -> AuthResult:
    credentials = _[-1]
    success = (credentials.login, credentials.password) == (b"me", CANARY.encode())
    return AuthResult(success=success, handled=success)

"""aiosmtpd, in a thread of the test run's own: a peer, and the store behind a server that only passes on.

Announces SIZE 8BITMIME SMTPUTF8 and, with a certificate, STARTTLS and behind it AUTH LOGIN PLAIN; no PIPELINING.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import aiosmtpd.smtp
from aiosmtpd.smtp import AuthResult, LoginPassword

from notebookmail.sandbox.listener import some_turns, stop_listening

from .peer import HOST, NO_RECIPIENT, NO_SENDER, PASSWORD, USERNAME, Arrival, Peer, Setup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiosmtpd.smtp import Envelope

_LOOK_AGAIN_SECONDS = 0.1
_KNOWN = LoginPassword(USERNAME.encode(), PASSWORD.encode())


class _Keeping:
    """aiosmtpd's handler: refuses whom it is told to, keeps everything else."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.arrivals: list[Arrival] = []

    async def handle_MAIL(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:
        if address in self.setup.refuse_senders:
            return NO_SENDER
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:
        if address in self.setup.refuse:
            return NO_RECIPIENT
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.arrivals.append(
            Arrival((envelope.mail_from or "").removeprefix("<>"), tuple(envelope.rcpt_tos), content)
        )
        return "250 2.0.0 taken"


@contextmanager
def collector(setup: Setup) -> Iterator[Peer]:
    """Run aiosmtpd.

    Args:
        setup: All but `hide` is followed.
    """
    handler = _Keeping(setup)
    loop = asyncio.new_event_loop()
    settings: dict[str, Any] = {"hostname": "localhost.test", "data_size_limit": setup.size, "loop": loop}
    if setup.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*setup.certificate)
        settings |= {"tls_context": context, "authenticator": _authenticate}

    sessions: list[aiosmtpd.smtp.SMTP] = []

    def make() -> aiosmtpd.smtp.SMTP:
        sessions.append(aiosmtpd.smtp.SMTP(handler, enable_SMTPUTF8=True, **settings))
        return sessions[-1]

    listener = loop.run_until_complete(loop.create_server(make, HOST, 0))
    thread = threading.Thread(target=loop.run_forever, name="aiosmtpd", daemon=True)
    thread.start()
    try:
        port = listener.sockets[0].getsockname()[1]
        yield Peer(f"aiosmtpd {aiosmtpd.__version__}", HOST, port, lambda: list(handler.arrivals))
    finally:
        asyncio.run_coroutine_threadsafe(_finish(listener, sessions), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _finish(listener: asyncio.Server, sessions: list[aiosmtpd.smtp.SMTP]) -> None:
    """Hang up on the sessions that are still open, also on those that were just being accepted."""
    await stop_listening(listener)
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        for session in sessions:
            if session.transport is not None:
                session.transport.abort()
        await asyncio.wait(others, timeout=_LOOK_AGAIN_SECONDS)
    await some_turns()
    await listener.wait_closed()


def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
    return AuthResult(success=given == _KNOWN, handled=given == _KNOWN)

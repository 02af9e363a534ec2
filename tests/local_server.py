"""aiosmtpd with the settings a test wants: TLS, AUTH, fewer extensions."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiosmtpd.smtp
from aiosmtpd.smtp import AuthResult

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CANARY = "hunter2-canary"
"""The one password that is right; it must show up nowhere."""


class Taking:
    """aiosmtpd's handler: keeps every envelope."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.envelopes.append(envelope)
        return "250 2.0.0 taken"


@asynccontextmanager
async def real_server(**settings: Any) -> AsyncIterator[tuple[int, Taking]]:
    handler = Taking()
    loop = asyncio.get_running_loop()
    use_tls = settings.pop("ssl", None)
    make = lambda: aiosmtpd.smtp.SMTP(handler, hostname="test", loop=loop, **settings)  # noqa: E731
    listener = await loop.create_server(make, "127.0.0.1", 0, ssl=use_tls)
    try:
        yield listener.sockets[0].getsockname()[1], handler
    finally:
        listener.close()


def authenticator(*_: Any) -> AuthResult:
    credentials = _[-1]
    success = (credentials.login, credentials.password) == (b"me", CANARY.encode())
    return AuthResult(success=success, handled=success)

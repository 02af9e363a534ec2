"""A mail server that takes access tokens: XOAUTH2 and OAUTHBEARER, with the refusals of the large providers.

A session ends with its token, as at Gmail; the next message on it is answered by 421.
"""

from __future__ import annotations

import base64
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import AuthResult

from .local_server import Taking, real_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .token_server import Provider


class TakingTokens(Taking):
    """aiosmtpd's handler.

    Args:
        provider: Whose tokens are good.
        refusal: What is said of others in JSON, before they are refused; None says nothing.
        reply: How they are refused.
        forgets_at_rset: True takes a session that was reset for one that never logged in, as Exchange Online does.
        **refusals: Replies by an address.

    Attributes:
        logins: The tokens that were good, in order.
    """

    def __init__(
        self,
        provider: Provider,
        refusal: dict[str, str] | None = None,
        reply: str = "535 5.7.8 not accepted",
        forgets_at_rset: bool = False,
        **refusals: str,
    ) -> None:
        super().__init__(**refusals)
        self._forgets_at_rset = forgets_at_rset
        self._provider = provider
        self._refusal = refusal
        self._reply = reply
        self.logins: list[str] = []
        self.answers: list[bytes] = []
        self.users: set[str] = set()

    async def auth_XOAUTH2(self, server: Any, args: list[str]) -> AuthResult:
        return await self._judge(server, args, "user=")

    async def auth_OAUTHBEARER(self, server: Any, args: list[str]) -> AuthResult:
        return await self._judge(server, args, "n,a=")

    async def _judge(self, server: Any, args: list[str], begins: str) -> AuthResult:
        said = base64.b64decode(args[1]) if len(args) > 1 else await server.challenge_auth("")
        fields = said.decode().split("\1")
        assert fields[0].startswith(begins)
        assert fields[-2:] == ["", ""]
        self.users.add(fields[0].removeprefix(begins).rstrip(","))
        token = next(each for each in fields if each.startswith("auth=")).removeprefix("auth=Bearer ")
        if self._provider.is_live(token):
            self.logins.append(token)
            return AuthResult(success=True, auth_data=token)
        if self._refusal is not None:
            self.answers.append(await server.challenge_auth(json.dumps(self._refusal)))
        return AuthResult(success=False, handled=False, message=self._reply)

    async def handle_RSET(self, server: Any, session: Any, envelope: Any) -> str:
        if self._forgets_at_rset:
            session.authenticated = False
        return "250 2.0.0 OK"

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if not session.authenticated:
            return "530 5.7.57 Client not authenticated to send mail"
        if not self._provider.is_live(session.auth_data):
            return "421 4.7.0 the session has ended with its token"
        return await super().handle_MAIL(server, session, envelope, address, options)


@asynccontextmanager
async def token_mail_server(provider: Provider, **settings: Any) -> AsyncIterator[tuple[int, TakingTokens]]:
    """Run such a server; yield its port and the handler."""
    hidden = settings.pop("hidden", ("PLAIN", "LOGIN"))
    handler = TakingTokens(provider, **settings)
    async with real_server(handler=handler, auth_require_tls=False, auth_exclude_mechanism=hidden) as (port, _):
        yield port, handler

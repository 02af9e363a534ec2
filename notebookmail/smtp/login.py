"""Logging in by name: one method for each SASL mechanism, and one that chooses (RFC 4954).

Credentials leave in clear to nobody but this machine, whichever way is taken; `session.forbid_clear` decides that.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from notebookmail.secret import Secret, seals

from . import session
from .dialogue import DEFAULT, Dialogue, Timeout
from .session import octets
from .wire import auth

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookmail.reply import SMTPResponse

    from .connection import Connection
    from .wire.auth import Mechanism

    Credential = str | bytes | Secret


class Login(Dialogue):
    """The SMTP client without its transactions."""

    AUTH_METHODS: ClassVar[tuple[str, ...]] = tuple(auth.MECHANISMS)
    """The mechanisms for a password, in lower case, in the order they are tried."""

    @property
    def supported_auth_methods(self) -> list[str]:
        """The mechanisms both sides know, in the order login tries them."""
        return [name for name in self.AUTH_METHODS if name in self.server_auth_methods]

    @seals("password")
    async def login(
        self, username: str | bytes, password: Credential, /, timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Log in by the first mechanism that works of those both sides know (RFC 4954).

        Raises:
            SMTPNotSupported: No mechanism in common, or no TLS to a server on another machine.
            SMTPAuthenticationError: Refused.
        """

        async def work(connection: Connection) -> SMTPResponse:
            seconds = self._seconds(timeout)
            await self._ready_for_auth(connection, seconds)
            return await session.login(connection, octets(username), Secret.of(password), seconds)

        return await self._in_turn(work)

    @seals("password")
    async def auth_plain(
        self, username: str | bytes, password: Credential, /, *, timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Log in by PLAIN (RFC 4616). Raises SMTPAuthenticationError when refused."""
        return await self._mechanism("PLAIN", auth.plain, username, password, timeout)

    @seals("password")
    async def auth_login(
        self, username: str | bytes, password: Credential, /, *, timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Log in by LOGIN. Raises SMTPAuthenticationError when refused."""
        return await self._mechanism("LOGIN", auth.login, username, password, timeout)

    @seals("password")
    async def auth_crammd5(
        self, username: str | bytes, password: Credential, /, *, timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Log in by CRAM-MD5 (RFC 2195). Raises SMTPAuthenticationError when refused."""
        return await self._mechanism("CRAM-MD5", auth.cram_md5, username, password, timeout)

    @seals("password")
    async def auth_scram_sha_256(
        self, username: str | bytes, password: Credential, /, *, timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Log in by SCRAM-SHA-256 (RFC 7677). Raises SMTPAuthenticationError when refused, or deceived."""
        return await self._mechanism("SCRAM-SHA-256", auth.scram_sha_256, username, password, timeout)

    @seals("access_token")
    async def auth_xoauth2(
        self, username: str | bytes, access_token: Credential, /, *, timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Log in by XOAUTH2 with an access token. Raises SMTPAuthenticationError when refused."""
        return await self._mechanism("XOAUTH2", auth.xoauth2, username, access_token, timeout)

    @seals("access_token")
    async def auth_oauthbearer(
        self, username: str | bytes, access_token: Credential, /, *, timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Log in by OAUTHBEARER (RFC 7628) with an access token. Raises SMTPAuthenticationError when refused."""
        options = self._options
        steps = partial(auth.oauthbearer, host=options.host, port=options.effective_port)
        return await self._mechanism("OAUTHBEARER", steps, username, access_token, timeout)

    async def _mechanism(
        self,
        name: str,
        mechanism: Callable[[bytes, Secret], Mechanism],
        username: str | bytes,
        secret: Credential,
        timeout: Timeout,
    ) -> SMTPResponse:
        async def work(connection: Connection) -> SMTPResponse:
            seconds = self._seconds(timeout)
            await self._ready_for_auth(connection, seconds)
            sealed = Secret.of(secret)
            steps = mechanism(octets(username), sealed)
            return await session.run_mechanism(connection, name, steps, (sealed,), seconds)

        return await self._in_turn(work)

    async def _ready_for_auth(self, connection: Connection, timeout: float | None) -> None:
        await self._hello_if_needed(connection, timeout)
        session.forbid_clear(connection, allow_plaintext=self._options.allow_plaintext_auth)

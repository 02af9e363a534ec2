"""Logging in by name: one method for each SASL mechanism, and one that chooses (RFC 4954).

Credentials leave in clear to nobody but this machine, whichever way is taken; `handshake.forbid_clear` decides
that.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from notebookmail.errors import SMTPAuthenticationError, SMTPServerDisconnected
from notebookmail.privacy.secret import Secret, seals
from notebookmail.smtp import handshake
from notebookmail.smtp.handshake import username_octets
from notebookmail.smtp.wire import sasl

from .commands import ClientCommands
from .connecting import DEFAULT, Timeout

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookmail.response import SMTPResponse
    from notebookmail.smtp.connection import Connection
    from notebookmail.smtp.options import ConnectionOptions
    from notebookmail.smtp.wire.sasl import Mechanism

    Credential = str | bytes | Secret


class Login(ClientCommands):
    """The SMTP client without its transactions."""

    AUTH_METHODS: tuple[str, ...] = tuple(sasl.MECHANISMS)
    """The mechanisms for a password, in lower case, in the order they are tried.

    A subclass or a client may have others: `login` calls the method of each, `auth_plain` for "plain".
    """

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
            SMTPAuthenticationError: The server refused.
        """

        async def work(connection: Connection) -> SMTPResponse:
            seconds = self._seconds(timeout)
            await self._ready_for_auth(connection, seconds)
            return await self._first_accepted(connection, username, Secret.of(password), seconds)

        return await self._in_turn(work)

    async def _authenticate(self, connection: Connection, options: ConnectionOptions) -> None:
        if options.oauth_token_generator is not None:
            await handshake.authenticate(connection, options)
        elif options.username is not None:
            await self.login(options.username, Secret.of(options.password or ""), timeout=options.timeout)

    async def _first_accepted(
        self, connection: Connection, username: str | bytes, password: Secret, timeout: float | None
    ) -> SMTPResponse:
        """Try the methods both sides know in turn; some servers offer what they then refuse."""
        refusal: SMTPAuthenticationError | None = None
        for name in self.supported_auth_methods:
            if refusal is not None and not connection.is_open:
                break
            try:
                return await self._log_in_by(name, username, password, timeout)
            except SMTPAuthenticationError as error:
                refusal = error
            except SMTPServerDisconnected:
                if refusal is None:
                    raise
        if refusal is None:
            handshake.refuse_passwords(connection)
        raise refusal

    async def _log_in_by(
        self, name: str, username: str | bytes, password: Secret, timeout: float | None
    ) -> SMTPResponse:
        names = [f"auth_{name.replace('-', blank)}" for blank in ("", "_")]
        method = next((getattr(self, each) for each in names if hasattr(self, each)), None)
        if method is None:
            raise RuntimeError(f"AUTH_METHODS names {name!r}, and the client has no method {names[-1]}")
        is_ours = getattr(method, "__func__", None) is getattr(Login, method.__name__, None)
        # A subclass's own method expects what its caller would give it.
        credential = password if is_ours else password.reveal().decode()
        reply: SMTPResponse = await method(username, credential, timeout=timeout)
        return reply

    @seals("password")
    async def auth_plain(
        self, username: str | bytes, password: Credential, /, *, timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Log in by PLAIN (RFC 4616). Raises SMTPAuthenticationError when refused."""
        return await self._mechanism("PLAIN", sasl.plain, username, password, timeout)

    @seals("password")
    async def auth_login(
        self, username: str | bytes, password: Credential, /, *, timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Log in by LOGIN. Raises SMTPAuthenticationError when refused."""
        return await self._mechanism("LOGIN", sasl.login, username, password, timeout)

    @seals("password")
    async def auth_crammd5(
        self, username: str | bytes, password: Credential, /, *, timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Log in by CRAM-MD5 (RFC 2195). Raises SMTPAuthenticationError when refused."""
        return await self._mechanism("CRAM-MD5", sasl.cram_md5, username, password, timeout)

    @seals("password")
    async def auth_scram_sha_256(
        self, username: str | bytes, password: Credential, /, *, timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Log in by SCRAM-SHA-256 (RFC 7677). Raises SMTPAuthenticationError when refused, or deceived."""
        return await self._mechanism("SCRAM-SHA-256", sasl.scram_sha_256, username, password, timeout)

    @seals("access_token")
    async def auth_xoauth2(
        self, username: str | bytes, access_token: Credential, /, *, timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Log in by XOAUTH2 with an access token. Raises SMTPAuthenticationError when refused."""
        return await self._mechanism("XOAUTH2", sasl.xoauth2, username, access_token, timeout)

    @seals("access_token")
    async def auth_oauthbearer(
        self, username: str | bytes, access_token: Credential, /, *, timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Log in by OAUTHBEARER (RFC 7628) with an access token. Raises SMTPAuthenticationError when refused."""
        options = self._options
        steps = partial(sasl.oauthbearer, host=options.host, port=options.effective_port)
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
            steps = mechanism(username_octets(username), sealed)
            self._is_by_hand = True  # until `connect`, if that is who asks, is done
            return await handshake.run_mechanism(connection, name, steps, (sealed,), seconds)

        return await self._in_turn(work)

    async def _ready_for_auth(self, connection: Connection, timeout: float | None) -> None:
        await self._hello_if_needed(connection, timeout)
        handshake.forbid_clear(connection, allow_plaintext=self.allow_plaintext_auth)

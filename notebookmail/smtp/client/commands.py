"""A client's dialogue with its server: the commands outside of transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookmail.errors import (
    SMTPException,
    SMTPHeloError,
    SMTPNotSupported,
    SMTPResponseException,
    at,
)
from notebookmail.privacy.secret import seals
from notebookmail.smtp import handshake
from notebookmail.smtp.message.envelope import read_address
from notebookmail.smtp.wire import commands
from notebookmail.smtp.wire.transaction import is_accepted
from notebookmail.status import SMTPStatus

from .connecting import DEFAULT, ClientConnection, Timeout, Unset

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

    from notebookmail.privacy.secret import Secret
    from notebookmail.response import SMTPResponse
    from notebookmail.smtp.connection import Connection
    from notebookmail.smtp.options import StrPath
    from notebookmail.smtp.wire.commands import Command


class ClientCommands(ClientConnection):
    """The SMTP client without AUTH and transactions."""

    @seals("arguments")
    async def execute_command(self, *arguments: bytes | Secret, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Send any command and return its reply, whatever that is.

        Raises:
            ValueError: A control character in an argument.
        """
        return await self._run(commands.raw(*arguments), timeout)

    async def ehlo(self, hostname: str | None = None, *, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Say EHLO and learn the extensions (RFC 5321 4.1.1.1).

        Args:
            hostname: Our name, if not `local_hostname`; blanks around it are no part of it.
            timeout: Seconds to wait for the reply.

        Raises:
            SMTPHeloError: The server refused.
            ValueError: The name is empty, or holds blanks or control characters, or (as UnicodeEncodeError) other
                letters than ASCII's.
        """

        async def work(connection: Connection) -> SMTPResponse:
            name = self._local_name(connection, hostname)
            self.last_ehlo_response = await handshake.ehlo(connection, name, self._seconds(timeout))
            return self.last_ehlo_response

        return await self._in_turn(work)

    async def _hello(self, connection: Connection, timeout: float | None) -> None:
        if not self._has_own(_EHLO, _HELO):
            await super()._hello(connection, timeout)
            return
        try:
            await self.ehlo(timeout=timeout)
        except SMTPHeloError as refusal:
            if not handshake.is_ehlo_unknown(connection, refusal):
                raise
            await self.helo(timeout=timeout)

    async def helo(self, hostname: str | None = None, *, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Say HELO (RFC 5321 4.1.1.1). Arguments and errors are as for `ehlo`.

        Raises:
            SMTPHeloError: The server refused.
        """

        async def work(connection: Connection) -> SMTPResponse:
            name = self._local_name(connection, hostname)
            self.last_helo_response = await handshake.helo(connection, name, self._seconds(timeout))
            return self.last_helo_response

        return await self._in_turn(work)

    async def starttls(
        self,
        *,
        server_hostname: str | None = None,
        validate_certs: bool | None = None,
        client_cert: StrPath | Unset | None = DEFAULT,
        client_key: StrPath | Unset | None = DEFAULT,
        cert_bundle: StrPath | Unset | None = DEFAULT,
        tls_context: ssl.SSLContext | Unset | None = DEFAULT,
        timeout: Timeout = DEFAULT,
    ) -> SMTPResponse:
        """Go on under TLS (RFC 3207); EHLO is needed again afterwards.

        Args:
            server_hostname: The name the certificate must carry, if not the host connected to.
            validate_certs: False accepts any certificate. This and what follows stays for later connections, and
                left out it is what it was.
            client_cert: Path of our certificate.
            client_key: Path of its key.
            cert_bundle: Path of the authorities to trust.
            tls_context: A context of the caller's; excludes the certificate options.
            timeout: Seconds to wait for the reply.

        Raises:
            SMTPNotSupported: The server does not offer it.
            SMTPException: Already under TLS, refused, or failed; refusal and failure close the connection.
            ValueError: Options that contradict each other; nothing was said to the server.
        """
        given: dict[str, object] = {
            "client_cert": client_cert,
            "client_key": client_key,
            "cert_bundle": cert_bundle,
            "tls_context": tls_context,
        }
        changes = {name: value for name, value in given.items() if not isinstance(value, Unset)}

        async def work(connection: Connection) -> SMTPResponse:
            seconds = self._seconds(timeout)
            if connection.is_tls:
                raise SMTPException("Connection already using TLS")
            options = self._settle({"validate_certs": validate_certs, **changes})
            await self._hello_if_needed(connection, seconds)
            if "starttls" not in connection.extensions:
                reason = "STARTTLS extension not supported: the server does not offer it"
                raise at("tls", SMTPNotSupported(reason))
            reply = await handshake.start_tls(connection, options, server_hostname or options.tls_name, seconds)
            self._forget_session()
            self._is_by_hand = True
            return reply

        return await self._in_turn(work)

    async def noop(self, *, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Say NOOP, to learn that the server is there.

        Raises:
            SMTPResponseException: The server refused.
        """
        return _expect(await self._greeted(commands.NOOP, timeout))

    async def rset(self, *, timeout: Timeout = DEFAULT) -> SMTPResponse:
        """Say RSET, to break off the transaction.

        Raises:
            SMTPResponseException: The server refused.
        """
        return _expect(await self._greeted(commands.RSET, timeout))

    async def help(self, *, timeout: Timeout = DEFAULT) -> str:
        """Ask for the server's help text.

        Raises:
            SMTPResponseException: The server refused.
        """
        reply = await self._greeted(commands.help_(), timeout)
        if reply.code not in {SMTPStatus.system_status_ok, SMTPStatus.help_message, SMTPStatus.completed}:
            raise SMTPResponseException(*reply)
        return reply.message

    async def vrfy(
        self, address: str, /, *, options: Iterable[str] | None = None, timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Ask whether an address exists; few servers tell (RFC 5321 4.1.1.6).

        Args:
            address: An address, `Name <address>`, or a user's name, in quotes where it holds blanks.
            options: Parameters; SMTPUTF8 comes by itself where the address needs it (RFC 6531 3.7.4).
            timeout: Seconds to wait for the reply.

        Raises:
            SMTPNotSupported: SMTPUTF8 is needed or asked for, and not offered.
            SMTPResponseException: The server refused.
            ValueError: Not safe to write.
        """
        return await self._about(commands.vrfy, address, options, timeout)

    async def expn(
        self, address: str, /, *, options: Iterable[str] | None = None, timeout: Timeout = DEFAULT
    ) -> SMTPResponse:
        """Ask who is on a list; few servers tell (RFC 5321 4.1.1.7). Arguments and errors are as for `vrfy`."""
        return await self._about(commands.expn, address, options, timeout)

    async def _about(
        self,
        make: Callable[[str, tuple[str, ...]], Command],
        address: str,
        options: Iterable[str] | None,
        timeout: Timeout,
    ) -> SMTPResponse:
        given = tuple(options or ())
        is_asked = any(option.upper() == "SMTPUTF8" for option in given)
        read = read_address(address)
        is_needed = is_asked or not read.isascii()
        command = make(read, given if is_asked or not is_needed else (*given, "SMTPUTF8"))

        async def work(connection: Connection) -> SMTPResponse:
            seconds = self._seconds(timeout)
            await self._hello_if_needed(connection, seconds)
            if is_needed and "smtputf8" not in connection.extensions:
                raise SMTPNotSupported("SMTPUTF8 is not supported by the server")
            return (await connection.execute(command, timeout=seconds))[0]

        return _expect(await self._in_turn(work))

    async def _greeted(self, command: Command, timeout: Timeout) -> SMTPResponse:
        async def work(connection: Connection) -> SMTPResponse:
            seconds = self._seconds(timeout)
            await self._hello_if_needed(connection, seconds)
            return (await connection.execute(command, timeout=seconds))[0]

        return await self._in_turn(work)


_EHLO, _HELO = ClientCommands.ehlo, ClientCommands.helo


def _expect(reply: SMTPResponse) -> SMTPResponse:
    if not is_accepted(reply):
        raise SMTPResponseException(*reply)
    return reply

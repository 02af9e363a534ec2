"""From a connection to a session: EHLO, STARTTLS, AUTH, in that order and never weaker than asked.

A server that does not offer the TLS that was required ends the session; credentials do not leave this machine in
clear unless the caller says so in words (RFC 8314 3.3, RFC 4954 4).
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import ipaddress
import socket
from typing import TYPE_CHECKING, Literal, NoReturn

from notebookmail.errors import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPHeloError,
    SMTPNotSupported,
    SMTPResponseException,
    SMTPServerDisconnected,
    at,
)
from notebookmail.privacy.secret import Secret, without
from notebookmail.response import SMTPResponse
from notebookmail.status import SMTPStatus

from .connection import Connection
from .wire import commands
from .wire.commands import MAX_COMMAND_OCTETS
from .wire.extensions import Extensions, read_extensions
from .wire.sasl import MECHANISMS, TOKEN_MECHANISMS, Mechanism, oauthbearer, token_refusal, xoauth2
from .wire.transaction import is_accepted

if TYPE_CHECKING:
    from .options import ConnectionOptions
    from .stream import Stream
    from .wire.commands import Command


_NOT_KNOWN = frozenset({SMTPStatus.unrecognized_command, SMTPStatus.command_not_implemented})
_MAX_NAME_OCTETS, _MAX_LABEL_OCTETS = 255, 63  # RFC 5321 4.5.3.1.2, RFC 1035 2.3.4
_ASTERISKS = "****"
_SHORT_LINE = 32
"""Octets: a user name's, or a mechanism's name alone, which a server may well speak of."""


async def establish(options: ConnectionOptions) -> Connection:
    """Open a connection and make it ready for messages.

    Raises:
        SMTPConnectError: Not reachable, or no TLS.
        SMTPHeloError, SMTPNotSupported, SMTPAuthenticationError: The server refuses us; the connection is closed.
    """
    connection = await Connection.open(options)
    try:
        name = options.local_hostname or local_name(connection.stream)
        await hello(connection, name, options.timeout)
        if await secure(connection, options):
            await hello(connection, name, options.timeout)
        await authenticate(connection, options)
    except BaseException:
        connection.abort()
        raise
    return connection


def local_name(stream: Stream) -> str:
    """Say who we are: our full host name, else the address literal of our end (RFC 5321 4.1.3).

    Strict servers refuse what is neither. No name server is asked: on laptops that can take half a minute.
    """
    hostname = socket.gethostname().removesuffix(".")
    if _is_full_name(hostname):
        return hostname
    address = stream.info("sockname")
    if not isinstance(address, tuple):
        return "[127.0.0.1]"
    return f"[IPv6:{address[0].partition('%')[0]}]" if ":" in address[0] else f"[{address[0]}]"


def _is_full_name(name: str) -> bool:
    """Tell whether a name is a domain of two labels or more (RFC 5321 4.1.2), and no IPv4 address."""
    labels = name.split(".")
    is_domain = len(labels) > 1 and len(name) <= _MAX_NAME_OCTETS and all(map(_is_label, labels))
    return is_domain and not labels[-1].isdigit()


def _is_label(label: str) -> bool:
    is_bounded = 0 < len(label) <= _MAX_LABEL_OCTETS and label[0] != "-" and label[-1] != "-"
    return is_bounded and label.isascii() and label.replace("-", "a").isalnum()


async def hello(connection: Connection, name: str, timeout: float | None) -> tuple[SMTPResponse, bool]:
    """Say EHLO, or HELO where the server does not know it (RFC 5321 3.2); the second value is True for EHLO.

    A server that says "later", or that it wants none of us, knows EHLO: HELO would give a session without AUTH and
    STARTTLS, and hide why.

    Raises:
        SMTPHeloError: The server refused.
    """
    try:
        return await ehlo(connection, name, timeout), True
    except SMTPHeloError as refusal:
        if not is_ehlo_unknown(connection, refusal):
            raise
        try:
            return await helo(connection, name, timeout), False
        except SMTPServerDisconnected as lost:
            raise refusal from lost  # it had closed behind its refusal: that is what counts


def is_ehlo_unknown(connection: Connection, refusal: SMTPHeloError) -> bool:
    """Tell whether HELO is worth a try."""
    return refusal.code in _NOT_KNOWN and connection.is_open


async def ehlo(connection: Connection, name: str, timeout: float | None) -> SMTPResponse:
    """Say EHLO; the connection learns its extensions.

    Raises:
        SMTPHeloError: The server refused.
    """
    (reply,) = await connection.execute(commands.ehlo(name), timeout=timeout)
    if not is_accepted(reply):
        raise at("connect", SMTPHeloError(*reply))
    connection.extensions = read_extensions(reply).without(*connection.unused)
    return reply


async def helo(connection: Connection, name: str, timeout: float | None) -> SMTPResponse:
    """Say HELO; the connection has no extensions.

    Raises:
        SMTPHeloError: The server refused.
    """
    (reply,) = await connection.execute(commands.helo(name), timeout=timeout)
    if not is_accepted(reply):
        raise at("connect", SMTPHeloError(*reply))
    connection.extensions = Extensions()
    return reply


async def secure(connection: Connection, options: ConnectionOptions) -> bool:
    """Start TLS where the options ask for it, and return True when it was started (RFC 3207).

    Raises:
        SMTPNotSupported: TLS is required and not offered.
        SMTPConnectError: TLS failed; the connection is closed for good.
    """
    if options.start_tls is False or connection.is_tls:
        return False
    if "starttls" not in connection.extensions:
        if options.start_tls is None:
            return False
        refusal = SMTPNotSupported(f"{options.endpoint} does not offer STARTTLS; nothing is sent in clear")
        raise at("tls", refusal) from mask_of(connection)
    await start_tls(connection, options, options.tls_name, options.timeout)
    return True


def mask_of(connection: Connection) -> SMTPResponseException | None:
    """Find what a firewall wrote over the server's words: asterisks in its greeting, X for what it offers.

    Cisco's SMTP inspection does both, so that STARTTLS cannot be asked for; mail could then be read on its way.
    """
    greeting = connection.greeting
    offers_masks = any(set(name[:-1]) == {"x"} for name in connection.extensions.parameters if len(name) > 1)
    is_masked = _ASTERISKS in greeting.message or offers_masks
    return at("connect", SMTPResponseException(*greeting)) if is_masked else None


async def start_tls(
    connection: Connection, options: ConnectionOptions, hostname: str, timeout: float | None
) -> SMTPResponse:
    """Say STARTTLS and shake hands; anything but success closes the connection.

    Raises:
        SMTPException: No TLS came about.
    """
    try:
        context = options.ssl_context
    except SMTPException:
        connection.abort()
        raise
    (reply,) = await connection.execute(commands.STARTTLS, timeout=timeout)
    if reply.code != SMTPStatus.ready:
        connection.abort()
        raise at("tls", SMTPResponseException(*reply))
    await connection.start_tls(context, hostname, timeout)
    return reply


async def authenticate(connection: Connection, options: ConnectionOptions) -> None:
    """Log in with the options' credentials, if there are any.

    Raises:
        SMTPNotSupported: No mechanism in common, or no TLS to a server on another machine.
        SMTPAuthenticationError: The server refused.
    """
    if options.username is None:
        return
    forbid_clear(connection, allow_plaintext=options.allow_plaintext_auth)
    username = username_octets(options.username)
    if options.oauth_token_generator is not None:
        name = _token_mechanism(connection)
        token = Secret.of(await options.oauth_token_generator())
        host, port = options.host, options.effective_port
        steps = xoauth2(username, token) if name == "XOAUTH2" else oauthbearer(username, token, host, port)
        await run_mechanism(connection, name, steps, (token,), options.timeout)
    else:
        await login(connection, username, Secret.of(options.password or ""), options.timeout)


def username_octets(credential: str | bytes) -> bytes:
    """Return a user name as octets, a text in UTF-8."""
    return credential.encode() if isinstance(credential, str) else bytes(credential)


def _token_mechanism(connection: Connection) -> Literal["XOAUTH2", "OAUTHBEARER"]:
    """Choose how a token is shown: as the large providers document it, else as RFC 7628 does."""
    offered = connection.extensions.auth_methods
    if "xoauth2" in offered:
        return "XOAUTH2"
    if "oauthbearer" in offered:
        return "OAUTHBEARER"
    reason = f"the server does not support XOAUTH2 or OAUTHBEARER, to log in with a token: {_offer(offered)}"
    raise at("auth", SMTPNotSupported(reason))


def _offer(offered: tuple[str, ...]) -> str:
    return f"it offers {', '.join(offered).upper() or 'no AUTH at all'}"


def forbid_clear(connection: Connection, *, allow_plaintext: bool) -> None:
    """Refuse to send credentials in clear to another machine.

    Raises:
        SMTPNotSupported: No TLS, and the peer is neither loopback nor a Unix socket.
    """
    if connection.is_tls or allow_plaintext or _is_local(connection.stream.info("peername")):
        return
    reason = "AUTH is not sent in clear: use TLS, or allow_plaintext_auth=True if the network is yours"
    raise at("auth", SMTPNotSupported(reason))


def _is_local(peer: object) -> bool:
    if not isinstance(peer, tuple):
        return True  # a Unix socket has a path or nothing
    try:
        return ipaddress.ip_address(str(peer[0]).partition("%")[0]).is_loopback
    except ValueError:
        return False


async def login(connection: Connection, username: bytes, password: Secret, timeout: float | None) -> SMTPResponse:
    """Try the mechanisms both sides know, strongest first; some servers offer what they then refuse.

    Raises:
        SMTPNotSupported: No mechanism in common.
        SMTPAuthenticationError: All were refused; the last refusal.
    """
    offered = connection.extensions.auth_methods
    refusal: SMTPAuthenticationError | None = None
    for name, mechanism in MECHANISMS.items():
        if name not in offered:
            continue
        try:
            steps = mechanism(username, password)
            return await run_mechanism(connection, name.upper(), steps, (password,), timeout)
        except SMTPAuthenticationError as error:
            refusal = error
            if not connection.is_open:
                break
        except SMTPServerDisconnected as lost:
            if refusal is None:
                raise
            raise refusal from lost  # it had closed behind its refusal: that is what counts
    if refusal is None:
        refuse_passwords(connection)
    raise refusal


def refuse_passwords(connection: Connection) -> NoReturn:
    """Say that there is no way to log in with a password.

    Raises:
        SMTPNotSupported: Always.
    """
    offered = connection.extensions.auth_methods
    remedy = "" if offered or connection.is_tls else ". Try connecting via TLS: some offer it only there"
    reason = f"the server knows no way to log in with a password: {_offer(offered)}{remedy}"
    raise at("auth", SMTPNotSupported(reason))


async def run_mechanism(
    connection: Connection, name: str, mechanism: Mechanism, secrets: tuple[Secret, ...], timeout: float | None
) -> SMTPResponse:
    """Carry out one SASL exchange (RFC 4954 4).

    Args:
        connection: Ready for commands.
        name: The mechanism's name on the wire.
        mechanism: Yields the responses.
        secrets: What a server's reply must not carry into an exception.
        timeout: Seconds for each reply.

    Raises:
        SMTPAuthenticationError: Refused; or the server is not to be trusted, and the connection is closed, so
            that no weaker mechanism hands it the password.
    """
    is_cancelled, reason = False, b""
    command, held_back = _first_command(name, next(mechanism))
    while True:
        secrets = (*secrets, _response(command))
        reply = await _answered(connection, command, secrets, timeout)
        if reply.code != SMTPStatus.auth_continue:
            break
        if is_cancelled:
            connection.abort()
            raise at(
                "auth", SMTPAuthenticationError(reply.code, "the server goes on after the exchange was cancelled")
            )
        try:
            challenge = b"" if name == "LOGIN" else _challenge(reply)  # LOGIN's prompts may be anything
            reason = challenge or reason
            answer = held_back or _answer(connection, mechanism, challenge)
        except (StopIteration, binascii.Error):
            answer, is_cancelled = None, True
        command, held_back = commands.auth_response(answer), None
    if not is_accepted(reply):
        raise _refused(reply, name, reason, secrets)
    with contextlib.suppress(StopIteration):
        _answer(connection, mechanism, None)
    return reply


def _refused(
    reply: SMTPResponse, name: str, reason: bytes, secrets: tuple[Secret, ...]
) -> SMTPAuthenticationError:
    refusal = at("auth", SMTPAuthenticationError(*reply))
    refusal.mechanism = name
    if name in TOKEN_MECHANISMS:
        status, scope = token_refusal(reason)
        refusal.token_status, refusal.token_scope = without(status, secrets), without(scope, secrets)
    return refusal


async def _answered(
    connection: Connection, command: Command, secrets: tuple[Secret, ...], timeout: float | None
) -> SMTPResponse:
    """Carry out one command of the exchange; what the server echoes of a secret is heard by nobody."""
    try:
        (reply,) = await connection.execute(command, timeout=timeout)
    except SMTPResponseException as problem:  # no valid reply: its text quotes what was said
        problem.message = without(problem.message, secrets)
        problem.args = (problem.code, problem.message)
        # The frames behind it hold what the server said, with whatever it echoed.
        raise problem.with_traceback(None) from None
    except SMTPException as problem:
        problem.message = without(problem.message, secrets)
        problem.args = (problem.message,)
        raise problem.with_traceback(None) from problem.__cause__
    if reply.code == SMTPStatus.auth_continue:
        return reply
    return SMTPResponse(reply.code, without(reply.message, secrets))


def _first_command(name: str, initial: Secret | None) -> tuple[Command, Secret | None]:
    """AUTH with the initial response, or that response held back where the line would grow too long.

    Access tokens do that; RFC 4954 4 then wants the response after an empty challenge.
    """
    command = commands.auth(name, initial)
    if len(command.line) <= MAX_COMMAND_OCTETS:
        return command, None
    return commands.auth(name), initial


def _response(command: Command) -> Secret:
    """Return what a command of the exchange says, in base64: from a digest a password could be guessed."""
    return Secret.of(command.line).map(lambda line: line.split()[-1] if len(line) > _SHORT_LINE else b"")


def _answer(connection: Connection, mechanism: Mechanism, challenge: bytes | None) -> Secret | None:
    try:
        return mechanism.send(challenge)
    except SMTPAuthenticationError:
        connection.abort()
        raise


def _challenge(reply: SMTPResponse) -> bytes:
    return base64.b64decode(reply.message.encode(), validate=True)

"""Connection settings: frozen, validated once, contradictions refused before anything is opened."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import math
import os
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, cast

from notebookmail.errors import SMTPConnectError, at
from notebookmail.privacy.secret import Secret, seals_fields

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping

SMTPTokenGenerator = Callable[[], Awaitable[str]]
"""An async function that returns a fresh OAuth access token."""

SealedTokenGenerator = Callable[[], Awaitable[Secret]]
"""The same of this package's own: the token shows itself to nobody."""

SMTP_PORT = 25
SUBMISSION_PORT = 587
SUBMISSIONS_PORT = 465
"""Implicit TLS (RFC 8314 3.3)."""

DEFAULT_TIMEOUT = 60
"""Seconds for connecting and for every reply, unless told otherwise."""

_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?")  # a name in any script, or an address
_LOCAL_NAME = re.compile(r"[A-Za-z0-9._-]+|\[[A-Za-z0-9.:]+\]")
StrPath = str | os.PathLike[str]
_MAX_PORT = 65_535


def _is_name(name: str | None, form: re.Pattern[str]) -> bool:
    return name is None or form.fullmatch(name) is not None


class ConnectionChanges(TypedDict, total=False):
    """The connection options as keyword arguments; ConnectionOptions says what each means."""

    hostname: str | None
    port: int | str | None
    username: str | bytes | None
    password: str | bytes | Secret | None
    oauth_token_generator: SMTPTokenGenerator | SealedTokenGenerator | None
    local_hostname: str | None
    source_address: tuple[str, int] | None
    timeout: float | None
    use_tls: bool | None
    start_tls: bool | None
    validate_certs: bool | None
    client_cert: StrPath | None
    client_key: StrPath | None
    tls_context: ssl.SSLContext | None
    cert_bundle: StrPath | None
    socket_path: str | bytes | os.PathLike[str] | None
    sock: socket.socket | None
    allow_plaintext_auth: bool
    pipelining: bool
    chunking: bool


@contextlib.contextmanager
def _named(options: str, *files: StrPath | None) -> Iterator[None]:
    try:
        yield
    except SMTPConnectError:  # an OSError too, in our words already
        raise
    except OSError as problem:  # ssl.SSLError is one
        named = ", ".join(os.fspath(file) for file in files if file)
        raise at("tls", SMTPConnectError(f"{options} cannot be used ({named}): {problem}")) from problem


@seals_fields("password")
@dataclass(frozen=True, kw_only=True)  # no slots: the TLS context is built once and cached
class ConnectionOptions:
    """How to reach a server and how to present ourselves.

    Attributes:
        hostname: The server's name or address; "localhost" when nothing else is said.
        port: 465 with use_tls, 587 with start_tls=True, else 25, unless given.
        username: For AUTH; with password or oauth_token_generator, or an empty password.
        password: Kept as a Secret, whatever it is given as.
        oauth_token_generator: Makes access tokens for XOAUTH2; excludes password.
        local_hostname: What EHLO says; our name if it is a full one, else our address literal.
        source_address: The local (host, port) to connect from; a socket of the caller's has its own.
        timeout: Seconds for connecting and for every reply; None waits without end.
        use_tls: TLS from the first byte.
        start_tls: True requires STARTTLS, None takes it where offered, False never does.
        validate_certs: False accepts any certificate.
        client_cert: Path of our certificate.
        client_key: Path of its key; without client_cert it has no use.
        tls_context: A context of the caller's: it decides in place of validate_certs and cert_bundle, and excludes
            client_cert.
        cert_bundle: Path of the authorities to trust instead of the system's.
        socket_path: A Unix socket instead of host and port.
        sock: A connected socket instead of host and port.
        allow_plaintext_auth: True lets AUTH go out without TLS to another machine.
        pipelining: False sends one command at a time, also where the server offers PIPELINING.
        chunking: True sends content by BDAT where the server offers CHUNKING, and not by DATA.

    Raises:
        ValueError: Options that contradict each other; the message says which.
    """

    hostname: str | None = None
    port: int | str | None = None
    username: str | bytes | None = None
    password: str | bytes | Secret | None = field(default=None, repr=False)
    oauth_token_generator: SMTPTokenGenerator | SealedTokenGenerator | None = field(default=None, repr=False)
    local_hostname: str | None = None
    source_address: tuple[str, int] | None = None
    timeout: float | None = DEFAULT_TIMEOUT
    use_tls: bool = False
    start_tls: bool | None = None
    validate_certs: bool = True
    client_cert: StrPath | None = None
    client_key: StrPath | None = None
    tls_context: ssl.SSLContext | None = field(default=None, repr=False)
    cert_bundle: StrPath | None = None
    socket_path: str | bytes | os.PathLike[str] | None = None
    sock: socket.socket | None = field(default=None, repr=False)
    allow_plaintext_auth: bool = False
    pipelining: bool = True
    chunking: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.port, str):  # from a settings file or the environment
            object.__setattr__(self, "port", int(self.port) if self.port.isdecimal() else 0)
        if self.local_hostname is not None:
            object.__setattr__(self, "local_hostname", self.local_hostname.strip(" \t"))
        for is_wrong, what in self._contradictions():
            if is_wrong:
                raise ValueError(what)

    def _contradictions(self) -> tuple[tuple[bool, str], ...]:
        own_socket = self.sock is not None or self.socket_path is not None
        return (
            (self.use_tls and bool(self.start_tls), "use_tls and start_tls are mutually exclusive"),
            (
                self.tls_context is not None and bool(self.client_cert),
                "tls_context and client_cert are mutually exclusive",
            ),
            (
                self.sock is not None and self.socket_path is not None,
                "sock and socket_path are mutually exclusive",
            ),
            (own_socket and self.port is not None, "sock or socket_path has no use for port"),
            (
                own_socket and self.use_tls and not self.hostname,
                "use_tls over sock or socket_path wants hostname, to verify",
            ),
            (
                bool(self.password) and self.oauth_token_generator is not None,
                "password and oauth_token_generator are mutually exclusive",
            ),
            (
                self.oauth_token_generator is not None and not self.username,
                "username is required beside oauth_token_generator",
            ),
            (bool(self.password) and not self.username, "username is required beside a password"),
            (
                self.timeout is not None and not 0 < self.timeout < math.inf,
                "timeout is a number of seconds above 0, or None, which waits without end",
            ),
            (
                self.port is not None and not 0 < int(self.port) <= _MAX_PORT,
                f"port is a number from 1 to {_MAX_PORT}",
            ),
            (not _is_name(self.hostname or None, _HOST), "hostname is a host's name or an IP address"),
            (
                not _is_name(self.local_hostname, _LOCAL_NAME),
                "local_hostname is letters, digits, dots and hyphens, or an address in brackets",
            ),
        )

    def changed(self, changes: Mapping[str, Any]) -> ConnectionOptions:
        """Return these options with some of them replaced; None leaves use_tls and validate_certs as they are.

        Raises:
            ValueError: They contradict each other now.
            TypeError: There is no such option.
        """
        kept = {name for name in ("use_tls", "validate_certs") if changes.get(name) is None}
        return dataclasses.replace(self, **{name: value for name, value in changes.items() if name not in kept})

    def as_keywords(self) -> ConnectionChanges:
        """Return every option, as the arguments that make the same options again."""
        return cast(
            "ConnectionChanges", {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        )

    @property
    def host(self) -> str:
        """The host to connect to and to verify."""
        return self.hostname or "localhost"

    @property
    def unused(self) -> frozenset[str]:
        """The extensions that are not made use of, though the server may offer them."""
        wanted = {"pipelining": self.pipelining, "chunking": self.chunking}
        return frozenset(keyword for keyword, is_wanted in wanted.items() if not is_wanted)

    @property
    def tls_name(self) -> str:
        """The name for TLS: a dot at the end is for the resolver only (RFC 6066 3, RFC 6125 2.2)."""
        return self.host.removesuffix(".") or self.host

    @property
    def effective_port(self) -> int:
        """The port to connect to."""
        if self.port is not None:
            return int(self.port)
        if self.use_tls:
            return SUBMISSIONS_PORT
        return SUBMISSION_PORT if self.start_tls else SMTP_PORT

    @property
    def endpoint(self) -> str:
        """Where it goes, for messages: "smtp.example.org:587"."""
        if self.socket_path is not None:
            return os.fsdecode(self.socket_path)
        return self.host if self.sock is not None else f"{self.host}:{self.effective_port}"

    @property
    def where(self) -> str:
        """Where it goes, in words: "smtp.example.org on port 587"."""
        if self.socket_path is not None or self.sock is not None:
            return self.endpoint
        return f"{self.host} on port {self.effective_port}"

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        """The TLS context, made once: loading the authorities takes milliseconds.

        Raises:
            OSError, ssl.SSLError: A certificate file cannot be read; the stream maps them.
        """
        if self.tls_context is not None:
            return self.tls_context
        with _named("cert_bundle", self.cert_bundle):
            context = ssl.create_default_context(cafile=self.cert_bundle)
        if not self.validate_certs:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.client_cert:
            with _named("client_cert or client_key", self.client_cert, self.client_key):
                context.load_cert_chain(self.client_cert, keyfile=self.client_key, password=self._refuse_locked)
        return context

    def _refuse_locked(self) -> str:
        """Be asked for a key's pass phrase: OpenSSL would ask on the terminal, where a notebook shows nothing.

        Raises:
            SMTPConnectError: Always.
        """
        option = "client_key" if self.client_key else "client_cert"
        file = os.fspath(self.client_key or self.client_cert or "")
        reason = f"{option} cannot be used ({file}): the key is locked by a pass phrase"
        remedy = "give a key without one, or tls_context= with the key loaded"
        raise at("tls", SMTPConnectError(f"{reason}; {remedy}"))


_Function = TypeVar("_Function", bound=Callable[..., Any])


def lists_options(function: _Function) -> _Function:
    """Let help() and editors show the options that a function takes as `**options`, by name and with defaults.

    The long signature stands once, in ConnectionOptions; this copies it.
    """
    signature = inspect.signature(function)
    named = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    options = [
        inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default, annotation=each.type)
        for each in dataclasses.fields(ConnectionOptions)
    ]
    function.__signature__ = signature.replace(parameters=[*named, *options])  # type: ignore[attr-defined] # PEP 362
    return function

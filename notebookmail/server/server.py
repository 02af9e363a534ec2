"""Which server mail goes to, in an analyst's words.

Safe by default: a server on another machine gets credentials only under TLS, and TLS that was asked for is never
given up. A server on this machine is spoken to as it is.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from notebookmail.address import address_or_nothing, parse_mailbox
from notebookmail.delivery.rate_limit import parse_rate
from notebookmail.errors import FrameError
from notebookmail.privacy.secret import Secret, seals
from notebookmail.smtp.options import SUBMISSION_PORT, SUBMISSIONS_PORT, ConnectionOptions
from notebookmail.smtp.pool.jobs import PoolLimits, Route
from notebookmail.smtp.pool.pool import Pool
from notebookmail.verify.session import PATIENCE_SECONDS, verify_server
from notebookmail.verify.target import Target

from .account import Account
from .presets import as_wanted, preset_settings, ses_login, temporary_keys
from .server_text import SMTP_TEXT, Security, read_url, understands_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import dns.resolver

    from .diagnosis import Diagnosis

URL_VARIABLE = "NOTEBOOKMAIL_URL"
DEFAULT_CONNECTIONS = 8

_DEFAULT_PORTS: dict[Security, int] = {"tls": SUBMISSIONS_PORT, "starttls": SUBMISSION_PORT, "none": 25}


@understands_text(SMTP_TEXT)
@dataclass(frozen=True, slots=True, repr=False)
class Server(Account):
    """A mail server and how much of it may be used.

    Args:
        hostname: Its name or address; "host:port" and a URL such as smtps://me@host are understood, too.
        port: 465, 587 or what the provider says; chosen by `security` when left out (587 for "auto").
        username: For logging in.
        password: For logging in. Kept as a `Secret`, which shows it to nobody. None looks it up when it is first
            needed: in the system's keyring (`pip install "notebookmail[keyring]"`; `save_password()` puts it
            there), by `password_command`, in the environment variable NOTEBOOKMAIL_PASSWORD (for the host of
            NOTEBOOKMAIL_URL only, where that is set), else it is asked for, where somebody can be asked. Then it
            is kept in memory until this process ends.
        password_command: A program that prints the password on its first line, as a list or one text:
            `["pass", "show", "mail"]`. It runs without a shell.
        oauth: Signs in with the account's provider instead of a password: `OAuth.microsoft(...)`,
            `OAuth.google(...)`, `OAuth(...)`. Call `await server.sign_in()` once.
        oauth_token_generator: An async function that returns an access token, for sign-ins of your own.
        security: "tls" from the first byte, "starttls" required, "none", or "auto": TLS on port 465, STARTTLS
            required on 587 or where a user name is given, STARTTLS where offered otherwise, and neither on this
            machine.
        timeout: Seconds to wait for connecting and for each reply.
        max_connections: How many connections at once at most.
        messages_per_connection: Replace a connection after so many messages; None for no limit.
        rate: At most so many messages a second over all connections: a number, or such as "30/min"; None for no
            limit.
        daily_quota: At most so many messages in 24 hours: all that were accepted over this account, whichever
            campaign or run they belong to, as far as this process and the journal know.
        failover: Servers to go on with, in this order, when this one cannot be reached.
        pipelining: False sends one command at a time, also where the server offers PIPELINING.
        chunking: True sends content by BDAT where the server offers CHUNKING, and not by DATA.
        local_hostname: What this machine calls itself; its full name when left out, else its address.
        cert_bundle: Path of the authorities to trust instead of the system's (PEM), such as a company's own.
        client_cert: Path of this machine's certificate (PEM), for servers that want one.
        client_key: Path of that certificate's key, where it is not in the same file.

    Raises:
        FrameError: Settings that contradict each other.
    """

    security: Security = field(default="auto", kw_only=True)
    timeout: float = field(default=60, kw_only=True)
    max_connections: int = field(default=DEFAULT_CONNECTIONS, kw_only=True)
    messages_per_connection: int | None = field(default=None, kw_only=True)
    rate: float | str | None = field(default=None, kw_only=True)
    daily_quota: int | None = field(default=None, kw_only=True)
    failover: Sequence[Server] = field(default=(), kw_only=True)
    pipelining: bool = field(default=True, kw_only=True)
    chunking: bool = field(default=False, kw_only=True)
    local_hostname: str | None = field(default=None, kw_only=True)
    cert_bundle: str | None = field(default=None, kw_only=True)
    client_cert: str | None = field(default=None, kw_only=True)
    client_key: str | None = field(default=None, kw_only=True)
    is_sandbox: bool = field(default=False, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if self.security not in {"auto", "tls", "starttls", "none"}:
            raise FrameError(f"security={self.security!r}: it is one of 'auto', 'tls', 'starttls', 'none'")
        if self.max_connections < 1 or (
            self.messages_per_connection is not None and self.messages_per_connection < 1
        ):
            raise FrameError("max_connections and messages_per_connection are at least 1")
        if self.daily_quota is not None and self.daily_quota < 1:
            raise FrameError(f"daily_quota={self.daily_quota}: it is at least 1, or None")
        if not all(isinstance(each, Server) for each in self.failover):
            raise FrameError("failover is a list of servers: failover=[Server('backup.example.org')]")
        _ = self.messages_per_second  # a rate that cannot be read is found here
        Account.__post_init__(self)  # no super(): a class with slots is made anew
        try:
            self._options(
                self.password if self.password is not None or not self.needs_password else "looked up later"
            )
        except ValueError as problem:
            raise FrameError(f"the server settings contradict each other: {problem}") from problem

    @classmethod
    @seals("url")
    def from_url(cls, url: str | Secret) -> Server:
        """Read a server from a URL.

        Args:
            url: `smtps://user@host:465`, `smtp+starttls://...`, or `smtp://host:25` for security="auto". The user
                name, and a password behind it (`user:password@`), are percent-encoded.

        Raises:
            FrameError: Not such a URL. The message does not repeat it: it may hold a password.
        """
        return cls(**{name: value for name, value in read_url(Secret.of(url))._asdict().items() if value})

    @classmethod
    @seals("password", "secret_key", "session_token")
    def preset(
        cls,
        name: str,
        *,
        region: str | None = None,
        access_key: str | None = None,
        secret_key: str | Secret | None = None,
        session_token: str | Secret | None = None,
        **options: Any,
    ) -> Server:
        """Make the server of a mail provider, with the limits it publishes.

        Args:
            name: "gmail", "microsoft365", "ses" ... (README.md beside this file lists all), or a common alias.
            region: For "ses": such as "eu-west-1".
            access_key: For "ses": the id of an IAM user's key, instead of the user name.
            secret_key: For "ses": that key; the SMTP password is made of it.
            session_token: For "ses": of temporary keys, which are refused with the reason.
            **options: As for Server; they come before the preset's. A missing user name is asked for, where
                somebody can be asked.

        Raises:
            FrameError: There is no such preset, or a region, user name or key is missing or cannot be right.

        Example:
            >>> Server.preset("gmail", username="me@gmail.com", password=getpass.getpass())
        """
        if session_token is not None:
            raise temporary_keys()
        if access_key is not None or secret_key is not None:
            options |= ses_login(name, region, access_key, Secret.of(secret_key), options)
        return cls(**preset_settings(name, region, options))

    @classmethod
    @seals("password")
    def for_address(cls, address: str, *, resolver: dns.resolver.Resolver | None = None, **options: Any) -> Server:
        """Find the server that sends mail for an address.

        By its domain, if that is a known provider's; else by what the domain says in DNS (the extra `dns`): whose
        servers take its mail, and which it names for sending (RFC 6186, RFC 8314). Takes some seconds at most.

        Args:
            address: "me@example.org"; mostly the user name, too.
            resolver: Which DNS servers to ask; the system's by default.
            **options: As for Server; they come before what is found.

        Raises:
            FrameError: None is found, or one that somebody has to look at first; the message says what to do.

        Example:
            >>> server = Server.for_address("me@gmx.de")
        """
        from .discovery import find_settings

        return cls(**find_settings(address, resolver, options))

    @classmethod
    @seals("password")
    def profile(cls, name: str, **options: Any) -> Server:
        """Make the server that a profile describes: a table of servers.toml in the user's configuration folder.

        Args:
            name: The table's name.
            **options: As for Server; they come before the profile's.

        Raises:
            FrameError: There is no such profile, or it holds a secret or what cannot be right.

        Example:
            >>> server = Server.profile("work")
        """
        from .profiles import profile_settings

        settings, failover = profile_settings(name, options)
        return cls(**{"failover": tuple(cls.profile(each, failover=()) for each in failover), **settings})

    def save_profile(self, name: str) -> Path:
        """Add this server to servers.toml as a profile, without its password; return the file.

        Args:
            name: For `Server.profile`.

        Raises:
            FrameError: There is one of this name already, the file cannot be written, or the server has what a
                file cannot hold: a token's generator, other servers to fall back on.
        """
        from .profiles import save

        return save(name, {each.name: (getattr(self, each.name), each.default) for each in fields(self)})

    @classmethod
    def from_env(cls) -> Server:
        """Read the server from the URL in the environment variable NOTEBOOKMAIL_URL.

        Raises:
            FrameError: The variable is not set, or holds no server URL.
        """
        url = Secret.of(os.environ.get(URL_VARIABLE))
        if not url:
            raise FrameError(f"the environment variable {URL_VARIABLE} is not set")
        return cls.from_url(url)

    @property
    def effective_port(self) -> int:
        """The port to connect to."""
        return self.port or _DEFAULT_PORTS.get(self.security, 25 if self.is_local else SUBMISSION_PORT)

    @property
    def endpoint(self) -> str:
        """Where it is, for people: "smtp.example.org:587"."""
        return f"{self.hostname}:{self.effective_port}"

    @property
    def host(self) -> str:
        """The one machine that all replies come from; "" where there are several."""
        return "" if self.failover else self.hostname

    @property
    def world(self) -> str:
        """What its campaigns are told apart by: real servers are one world, each on this machine its own."""
        return self.endpoint if self.is_local else ""

    @property
    def account(self) -> str:
        """Whose limits apply: "user@smtp.example.org"; of this machine's servers, each has accounts of its own."""
        where = self.endpoint if self.is_local else self.hostname
        return f"{self.username or ''}@{where.lower()}"

    @property
    def messages_per_second(self) -> float | None:
        """The rate as a number, or None for no limit."""
        return None if self.rate is None else parse_rate(self.rate)

    @property
    def daily_quotas(self) -> dict[str, int]:
        """The quota of each account that has one, also of those to fail over to."""
        return {each.account: each.daily_quota for each in (*self.failover, self) if each.daily_quota}

    def with_password(self) -> Server:
        """Return this server, and those it falls back on, with the passwords they need: looked up, or asked for.

        Call it where a run, a check or a verification begins, on the thread that may ask; the server itself if
        nothing is missing.

        Raises:
            FrameError: There is no password, and nobody to ask.
        """
        if not any(each.needs_password for each in (self, *self.failover)):
            return self
        return replace(self._ready(), failover=tuple(each._ready() for each in self.failover))

    def forget_password(self) -> None:
        """Forget the passwords that were looked up, after a refused login: the next run asks again.

        Of sign-ins, the access token is taken for ended.
        """
        for each in (self, *self.failover):
            each._forget()

    async def verify(
        self, *, sender: str | None = None, to: str | None = None, resolver: dns.resolver.Resolver | None = None
    ) -> Diagnosis:
        """Find out how far a session with this server comes: DNS, connect, TLS, certificate, EHLO, AUTH, limits.

        Logs in as a run would, asks whether mail from the sender would be taken (and breaks that off before any
        content), and looks at what the sender's domain says in DNS. Sends no mail; takes some ten seconds for each
        step at most. The servers it falls back on are looked at too. What a server does is never raised.

        Args:
            sender: The address that mail shall come from; the user name when left out, if that is an address.
            to: Whom it might go to, such as one of the recipients; the sender when left out.
            resolver: Which DNS servers to ask about the sender's domain; the system's by default.

        Raises:
            AddressError: One of them is no single mailbox.

        Example:
            >>> await server.verify(sender="desk@example.org")
        """
        from .diagnosis import Diagnosis

        envelope = [parse_mailbox(each).address if each else "" for each in (sender, to)]
        servers = (self, *self.failover)
        targets = [
            replace(each._target(*envelope), resolver=resolver) for each in servers
        ]  # one after the other: they may ask for passwords
        found = await asyncio.gather(
            *(verify_server(each, patience=min(PATIENCE_SECONDS, self.timeout)) for each in targets)
        )
        for server, each in zip(servers, found, strict=True):
            if each.is_login_refused:
                server._forget()
        first = found[0]
        return Diagnosis(first.endpoint, first.username, first.steps, tuple(found[1:]))

    def _target(self, sender: str, recipient: str) -> Target:
        try:
            options, problem = self._ready().options(), ""
        except FrameError as missing:
            # With the security that the user name asks for, and without it.
            options = self._options("none").changed({"username": None, "password": None})
            problem = str(missing)
        return Target(
            options=options,
            username=self.username or "",
            no_password=problem,
            sender=sender or address_or_nothing(self.username or ""),
            recipient=recipient,
            is_local=self.is_local,
            max_connections=self.max_connections,
            messages_per_second=self.messages_per_second,
            daily_quota=self.daily_quota,
        )

    def options(self) -> ConnectionOptions:
        """Return the SMTP client's options for this server.

        Raises:
            FrameError: The password was not looked up: `with_password` does that.
        """
        if self.needs_password:
            raise FrameError(f"user {self.username!r} needs password=, a token generator, or with_password()")
        return self._options(self.password)

    def _options(self, password: str | Secret | None) -> ConnectionOptions:
        security = self.security
        if security == "auto":
            security = "tls" if self.port == SUBMISSIONS_PORT else "auto"
        needs_tls = self.effective_port == SUBMISSION_PORT or self.username is not None
        start_tls = {"starttls": True, "auto": (needs_tls or None) if not self.is_local else False}
        return ConnectionOptions(
            hostname=self.hostname,
            port=self.effective_port,
            username=self.username,
            password=as_wanted(self.hostname, password),
            oauth_token_generator=self._token_generator,
            timeout=self.timeout,
            use_tls=security == "tls",
            start_tls=start_tls.get(security, False),
            pipelining=self.pipelining,
            chunking=self.chunking,
            local_hostname=self.local_hostname,
            cert_bundle=self.cert_bundle,
            client_cert=self.client_cert,
            client_key=self.client_key,
        )

    def routes(self, max_connections: int | None = None) -> list[Route]:
        """List the ways for mail: this server, then those to fail over to."""
        return [
            Route(
                each.options(),
                PoolLimits(each.connections_at_once(max_connections), each.messages_per_connection),
                each.account,
            )
            for each in (self, *self.failover)
        ]

    def connections_at_once(self, max_connections: int | None = None) -> int:
        """Tell how many connections may be open at once; `max_connections` can only lower it."""
        return min(self.max_connections, max_connections or self.max_connections)

    def transport(self, max_connections: int | None = None) -> Pool:
        """Make the connections of one run."""
        return Pool(self.routes(max_connections))

"""Finds where the mailbox of a server's account is read.

As for sending (server/discovery.py): a provider that is known counts before a name in DNS, which nobody has
signed, and a password goes only to a host within the domain, or to a known provider's. The password is that of the
server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notebookmail.address import domain_of
from notebookmail.errors import FrameError
from notebookmail.mail.imap_servers import IMAP_SERVERS
from notebookmail.mail.providers import provider_at, provider_of_domain, provider_of_exchange
from notebookmail.server.mail_records import MailRecords, NoSuchDomain

if TYPE_CHECKING:
    from collections.abc import Mapping

    import dns.resolver

    from notebookmail.server.server import Server

_WHAT_TO_ASK: Final = (
    "Ask your provider or IT department for the host that mail is read from (IMAP), and its port (mostly 993)"
)
_MICROSOFT: Final = "Microsoft"
_READS: Final = "https://outlook.office.com/IMAP.AccessAsUser.All"


def find_mailbox(
    server: Server, resolver: dns.resolver.Resolver | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of the Mailbox that belongs to a server's account.

    Args:
        server: What the account sends by.
        resolver: Which DNS servers to ask, where no provider is known; the system's by default.
        options: The caller's own arguments, which come first.

    Raises:
        FrameError: It cannot be found; the message says what to ask whom.
    """
    username = options.get("username") or server.username
    login = _login_of(server, options)
    if "hostname" in options:
        return {**login, **options}
    found = provider_at(server.hostname) or provider_of_domain(_domain(username))
    if found is not None and found[0] in IMAP_SERVERS:
        return {**login, **_settings_at(found[0], username), **options}
    if not _domain(username) or server.is_local:
        raise FrameError(f"nothing says where the mail of {server.endpoint} is read. {_advice(username)}")
    return {**login, **_asked_of_dns(_domain(username), username, resolver), **options}


def _login_of(server: Server, options: Mapping[str, Any]) -> dict[str, Any]:
    """Take over who logs in, and by what, unless the caller says it anew."""
    ways = ("password", "password_command", "oauth", "oauth_token_generator")
    login: dict[str, Any] = {"username": server.username, "timeout": server.timeout}
    if server.cert_bundle is not None:
        login["cert_bundle"] = server.cert_bundle
    if any(options.get(each) is not None for each in ways):
        return login
    if server.oauth is not None and server.oauth.provider == _MICROSOFT and not server.oauth.is_app_only:
        _wants_permission(server.oauth.scopes)
    login |= {each: getattr(server, each) for each in ways}
    return {**login, "password_from": server.hostname}


def _wants_permission(scopes: tuple[str, ...]) -> None:
    if _READS not in scopes:
        raise FrameError(
            "the sign-in of this server may send mail and not read it: give OAuth.microsoft(client_id, ..., "
            "mailbox=True) to the server, and sign in again"
        )


def _settings_at(name: str, username: str | None) -> dict[str, Any]:
    """Return host, port and user name at a provider that is known."""
    found = IMAP_SERVERS[name]
    settings: dict[str, Any] = {"hostname": found.hostname, "port": found.port}
    if found.login_name == "local part" and username:
        settings["username"] = username.partition("@")[0]
    return settings


def _asked_of_dns(domain: str, username: str | None, resolver: dns.resolver.Resolver | None) -> dict[str, Any]:
    try:
        records = MailRecords(resolver)
        known = next(filter(None, map(provider_of_exchange, records.exchanges(domain))), None)
        if known is not None and known[0] in IMAP_SERVERS:
            return _settings_at(known[0], username)
        named = records.mailboxes(domain)
    except NoSuchDomain:
        raise FrameError(f"there is no domain {domain}: is the user name spelt right?") from None
    except FrameError as problem:
        raise FrameError(f"{problem}. {_advice(username)}") from problem
    if not named:
        raise FrameError(f"no provider is known for {domain}, and it names no mailbox in DNS. {_advice(username)}")
    record = named[0]
    if not f".{record.hostname}".endswith(f".{domain}") and provider_at(record.hostname) is None:
        raise FrameError(
            f"{domain} names {record.hostname} as its mailbox, in a DNS record that nobody has signed, and that "
            f"is another's domain. If it is your provider's, write Mailbox({record.hostname!r}, {record.port}, "
            f"security={record.security!r}, username={username!r})"
        )
    return {"hostname": record.hostname, "port": record.port, "security": record.security}


def _domain(username: str | None) -> str:
    return domain_of(username).lower() if username and "@" in username else ""


def _advice(username: str | None) -> str:
    return f'{_WHAT_TO_ASK}. Then: Mailbox("imap.example.org", username={username or "me@example.org"!r})'

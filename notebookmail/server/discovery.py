"""Finds the server that belongs to a mail address: a known provider's, else the one its domain names in DNS.

What DNS says is not signed for us, and a password goes where it says. So a provider that is recognised by its mail
exchanges counts before a name in an SRV record: its host is written down here, and its certificate is checked
against that. A host of an SRV record is taken if it lies within the domain or is a known provider's; any other is
named in the error, for RFC 6186 (6) wants somebody to look at it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notebookmail.address import domain_of, parse_mailbox, to_ascii_domain
from notebookmail.errors import AddressError, FrameError
from notebookmail.mail.providers import (
    PROVIDERS,
    known_domain_like,
    provider_at,
    provider_of_domain,
    provider_of_exchange,
)

from .mail_records import MailRecords, NoSuchDomain
from .presets import provider_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    import dns.resolver

    from .mail_records import ServiceRecord

_WHAT_TO_ASK: Final = (
    "Ask your provider or IT department for four things: the host that takes mail to be sent (SMTP), its port "
    "(mostly 465 or 587), whether it speaks TLS from the first byte or STARTTLS, and how to log in (a user name, "
    "and a password, app password or OAuth)."
)


def find_settings(
    address: str, resolver: dns.resolver.Resolver | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of the Server that an address's mail is sent by.

    Args:
        address: Whose mail.
        resolver: Which DNS servers to ask, for a domain that is no known provider's; the system's by default.
        options: The caller's own arguments, which come first.

    Raises:
        FrameError: Not an address, or no server can be found for it; the message says what to ask whom.
    """
    try:
        address = parse_mailbox(address).address
        domain = domain_of(to_ascii_domain(address))
    except AddressError as problem:
        raise FrameError(f"{address!r} is no mail address: {problem}") from problem
    found = provider_of_domain(domain)
    if found:
        return _settings_at(found[0], address, options)
    try:
        records = MailRecords(resolver)
        found = next(filter(None, map(provider_of_exchange, records.exchanges(domain))), None)
        named = [] if found else records.submission(domain)
    except NoSuchDomain:
        raise FrameError(
            f"there is no domain {domain}: {_slip(domain) or 'is the address spelt right?'}"
        ) from None
    except FrameError as problem:
        raise FrameError(f"{problem}. {_advice(address)}") from problem
    if found:
        return _settings_at(found[0], address, options)
    if named:
        return _named_server(named[0], address, domain, options)
    slip = f" ({_slip(domain)})" if _slip(domain) else ""
    raise FrameError(f"no provider is known for {domain}{slip}, and it names no server in DNS. {_advice(address)}")


def _named_server(record: ServiceRecord, address: str, domain: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Use what an SRV record names.

    Raises:
        FrameError: It lies outside of the domain, and belongs to nobody who is known.
    """
    found = provider_at(record.hostname)
    if found:
        return _settings_at(found[0], address, options)
    if not f".{record.hostname}".endswith(f".{domain}"):
        raise FrameError(
            f"{domain} names {record.hostname} as its server, in a DNS record that nobody has signed, and that is "
            f"another's domain. If it is your provider's, write Server({record.hostname!r}, {record.port}, "
            f"security={record.security!r}, username={address!r})"
        )
    return {
        "hostname": record.hostname,
        "port": record.port,
        "security": record.security,
        "username": address,  # RFC 6186 4: the whole address first
        **options,
    }


def _settings_at(name: str, address: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a preset's arguments for whoever has this address."""
    provider = PROVIDERS[name]
    username = address.rpartition("@")[0] if provider.login_name == "local part" else address
    return provider_settings(name, provider, None, {"username": username, **options})


def _slip(domain: str) -> str:
    near = known_domain_like(domain)
    return f"did you mean {near}?" if near else ""


def _advice(address: str) -> str:
    return f'{_WHAT_TO_ASK} Then: Server("smtp.example.org", 587, username={address!r})'

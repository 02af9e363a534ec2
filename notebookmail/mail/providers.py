"""Which mail providers there are, and which of them a name, a domain or a host belongs to.

What they publish stands in mailbox_providers.py and sending_services.py. Where a provider publishes no figure,
there is none, and every figure can be overridden: what an account may really do stands in its provider's settings.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from notebookmail.errors import FrameError

from .imap_servers import IMAP_SERVERS
from .mailbox_providers import MAILBOX_PROVIDERS
from .sending_services import SENDING_SERVICES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .provider import Provider

PROVIDERS: Final[Mapping[str, Provider]] = {**MAILBOX_PROVIDERS, **SENDING_SERVICES}


def _bare(name: str) -> str:
    """Write a name as it is looked up: "Office 365", "office-365" and "office365" are one."""
    return name.strip().lower().translate({ord(each): None for each in " -_"})


_ALIASES: Final[Mapping[str, str]] = {
    _bare(alias): name for name, each in PROVIDERS.items() for alias in (name, *each.aliases)
}
_DOMAINS: Final[Mapping[str, str]] = {domain: name for name, each in PROVIDERS.items() for domain in each.domains}
_EXCHANGES: Final[Mapping[str, str]] = {
    ending: name for name, each in PROVIDERS.items() for ending in each.exchanges
}
_LOCAL: Final = "127.0.0.1"
"""Whatever listens on this machine: nobody's address."""


def preset_name(text: str) -> str | None:
    """Return the name of the preset that a text means, in any case, by its name or an alias; None for none."""
    return _ALIASES.get(_bare(text))


def provider_named(name: str) -> Provider:
    """Look a provider up by its preset's name or an alias.

    Raises:
        FrameError: There is none of this name; the message says the nearest.
    """
    found = preset_name(name)
    if found is None:
        near = get_close_matches(_bare(name), _ALIASES, 1)
        hint = f"did you mean {_ALIASES[near[0]]!r}?" if near else f"there are: {', '.join(PROVIDERS)}"
        raise FrameError(f"there is no preset {name!r}; {hint}")
    return PROVIDERS[found]


def provider_of_domain(domain: str) -> tuple[str, Provider] | None:
    """Find the provider of the mailboxes in a domain, with the name of its preset; None for no known one."""
    above = domain.lower()
    while above:
        if above in _DOMAINS:
            return _DOMAINS[above], PROVIDERS[_DOMAINS[above]]
        _, dot, rest = above.lstrip(".").partition(".")
        above = dot + rest
    return None


def provider_of_exchange(host: str) -> tuple[str, Provider] | None:
    """Find the provider that a domain's mail exchange belongs to, with the name of its preset."""
    labels = host.lower().rstrip(".").split(".")
    for first in range(len(labels)):
        name = _EXCHANGES.get(".".join(labels[first:]))
        if name is not None:
            return name, PROVIDERS[name]
    return None


def provider_at(host: str) -> tuple[str, Provider] | None:
    """Find the provider whose submission server, or IMAP server, a host is, with the name of its preset."""
    reads = next((name for name, each in IMAP_SERVERS.items() if each.hostname == host.lower()), None)
    if reads is not None:
        return reads, PROVIDERS[reads]
    labels = host.lower().split(".")
    for name, provider in PROVIDERS.items():
        own = provider.hostname.split(".")
        if len(own) == len(labels) and all(
            part in {label, "{region}"} for part, label in zip(own, labels, strict=True)
        ):
            return None if provider.hostname == _LOCAL else (name, provider)
    return None


def login_wanted(host: str) -> str:
    """Say what the provider whose server a host is wants of who logs in; "" for no known one."""
    found = provider_at(host)
    return f"{found[0]} wants {found[1].login}" if found and found[1].login else ""


def known_domain_like(domain: str) -> str | None:
    """Return the domain of a known provider that another one is a slip of, such as "gmial.com"; None for none."""
    near = get_close_matches(domain.lower(), [each for each in _DOMAINS if not each.startswith(".")], 1, 0.8)
    return near[0] if near else None

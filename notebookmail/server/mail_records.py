"""What a domain says of its mail in DNS: who takes mail for it (MX), and where to submit (SRV).

RFC 6186 and RFC 8314. Asks by dnspython, in bounded time. Nothing that is answered is signed for us: who uses it
judges it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from notebookmail.errors import FrameError

if TYPE_CHECKING:
    import dns.resolver

PATIENCE_SECONDS: Final = 5.0
"""How long one question may take, over all name servers."""

_SERVICES: Final[tuple[tuple[str, Literal["tls", "starttls"]], ...]] = (
    ("_submissions._tcp", "tls"),  # RFC 8314 5.1: implicit TLS
    ("_submission._tcp", "starttls"),  # RFC 6186 3.1; TLS is required here all the same
)
_MAILBOX_SERVICES: Final[tuple[tuple[str, Literal["tls", "starttls"]], ...]] = (
    ("_imaps._tcp", "tls"),  # RFC 6186 3.2
    ("_imap._tcp", "starttls"),
)


class NoSuchDomain(Exception):
    """The domain does not exist."""


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """Where a domain's mail is submitted, or read.

    Attributes:
        hostname: The server, without the final dot.
        port: Its port.
        security: "tls" from the first byte, or "starttls".
    """

    hostname: str
    port: int
    security: Literal["tls", "starttls"]


class MailRecords:
    """What DNS says of a domain's mail.

    Args:
        resolver: Which servers to ask; the system's by default.

    Raises:
        FrameError: dnspython is not installed.
    """

    def __init__(self, resolver: dns.resolver.Resolver | None = None) -> None:
        try:
            import dns.exception
            import dns.resolver
        except ImportError as missing:
            raise FrameError('looking into DNS needs dnspython: pip install "notebookmail[dns]"') from missing
        try:
            self._resolver = resolver or dns.resolver.Resolver()
        except dns.exception.DNSException as problem:
            raise FrameError(f"this machine names no DNS server to ask ({type(problem).__name__})") from problem

    def exchanges(self, domain: str) -> list[str]:
        """List the hosts that take mail for a domain, the preferred first; none where it takes no mail (RFC 7505).

        Raises:
            NoSuchDomain: There is no such domain.
            FrameError: DNS did not answer.
        """
        found = sorted((each.preference, _host(each.exchange)) for each in self._ask(domain, "MX"))
        return [host for _, host in found if host]

    def submission(self, domain: str) -> list[ServiceRecord]:
        """List where a domain's mail may be submitted: by priority, TLS before STARTTLS, then by weight.

        RFC 2782 draws lots by weight, to share the load; here the heaviest is always the first, so that a notebook
        does the same on every run.

        Raises:
            FrameError: DNS did not answer.
        """
        return self._services(domain, _SERVICES)

    def mailboxes(self, domain: str) -> list[ServiceRecord]:
        """List where a domain's mail may be read, in the same order.

        Raises:
            FrameError: DNS did not answer.
        """
        return self._services(domain, _MAILBOX_SERVICES)

    def _services(
        self, domain: str, services: tuple[tuple[str, Literal["tls", "starttls"]], ...]
    ) -> list[ServiceRecord]:
        found = []
        for place, (service, security) in enumerate(services):
            with contextlib.suppress(NoSuchDomain):
                for each in self._ask(f"{service}.{domain}", "SRV"):
                    record = ServiceRecord(_host(each.target), each.port, security)
                    found.append(((each.priority, place, -each.weight, record.hostname), record))
        return [record for _, record in sorted(found, key=lambda each: each[0]) if record.hostname]

    def _ask(self, name: str, kind: str) -> list[Any]:
        import dns.exception
        import dns.resolver

        try:
            return list(self._resolver.resolve(f"{name}.", kind, lifetime=PATIENCE_SECONDS, search=False))
        except dns.resolver.NoAnswer:
            return []
        except dns.resolver.NXDOMAIN:
            raise NoSuchDomain(name) from None
        except dns.exception.DNSException as problem:
            raise FrameError(f"DNS gave no answer about {name} ({type(problem).__name__})") from problem


def _host(name: object) -> str:
    """Write a name without its final dot; the root, which says that there is none, is empty (RFC 2782)."""
    return str(name).rstrip(".").lower()

"""What a domain says in DNS: its texts, addresses and mail exchanges, asked for in bounded time.

A name without records answers with none. Where DNS itself does not answer, or dnspython is not installed, nothing
can be known, which is one exception for whoever asks.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import dns.resolver

PATIENCE_SECONDS: Final = 5.0
"""How long all questions about one domain may take together."""

_QUESTION_SECONDS: Final = 2.5
_MOST_TEXTS: Final = 100


class NoDns(Exception):
    """DNS cannot be asked, or gives no answer; the text says why."""


class DomainRecords:
    """Answers about domains, each asked for once.

    Args:
        resolver: Which DNS servers to ask; dnspython's own default, which is the system's, when left out.
        seconds: How long all questions may take together.

    Raises:
        NoDns: dnspython is not installed, or this machine names no DNS server.
    """

    def __init__(self, resolver: dns.resolver.Resolver | None = None, seconds: float = PATIENCE_SECONDS) -> None:
        try:
            import dns.exception
            import dns.resolver
        except ImportError:
            raise NoDns('pip install "notebookmail[dns]" looks at SPF, DKIM and DMARC, too') from None
        try:
            self._resolver = resolver or dns.resolver.get_default_resolver()
        except dns.exception.DNSException as problem:
            raise NoDns(f"this machine names no DNS server to ask ({type(problem).__name__})") from None
        self._until = time.monotonic() + seconds
        self._known: dict[tuple[str, str], list[Any]] = {}

    def texts(self, name: str) -> list[str]:
        """List the TXT records of a name, each in one piece (RFC 7208 3.3).

        Raises:
            NoDns: DNS gave no answer.
        """
        found = self._ask(name, "TXT")[:_MOST_TEXTS]
        return [b"".join(each.strings).decode("utf-8", "replace") for each in found]

    def addresses(self, name: str) -> list[str]:
        """List the addresses of a host, of both families.

        Raises:
            NoDns: DNS gave no answer.
        """
        return [each.address for kind in ("A", "AAAA") for each in self._ask(name, kind)]

    def exchanges(self, name: str) -> list[str]:
        """List the hosts that take a domain's mail, in any order.

        Raises:
            NoDns: DNS gave no answer.
        """
        return [host for each in self._ask(name, "MX") if (host := str(each.exchange).rstrip("."))]

    def _ask(self, name: str, kind: str) -> list[Any]:
        key = name.rstrip(".").lower(), kind
        if key not in self._known:
            self._known[key] = self._looked_up(*key)
        return self._known[key]

    def _looked_up(self, name: str, kind: str) -> list[Any]:
        import dns.exception
        import dns.resolver

        seconds = min(_QUESTION_SECONDS, self._until - time.monotonic())
        if seconds <= 0:
            raise NoDns("DNS takes too long to answer")
        try:
            return list(self._resolver.resolve(f"{name}.", kind, lifetime=seconds, search=False))
        except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
            return []
        except (dns.exception.DNSException, UnicodeError, OSError) as problem:
            raise NoDns(f"DNS gave no answer about {name} ({type(problem).__name__})") from None

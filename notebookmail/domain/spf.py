"""SPF: which addresses may send mail in the name of a domain (RFC 7208).

The record's grammar is small, and so is its evaluation, up to what cannot be known before a message is on its way:
macros, `exists` and `ptr` depend on it, and leave the answer open. Bounded as receivers are: ten look-ups, after
which they give up.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .records import DomainRecords

SpfResult = Literal["pass", "fail", "softfail", "neutral", "none", "permerror", "open"]
"""RFC 7208 2.6, but for temperror, which is NoDns; "open" where it depends on the message."""

VERSION: Final = "v=spf1"
MOST_LOOK_UPS: Final = 10  # RFC 7208 4.6.4
_MOST_EXCHANGES: Final = 10

_QUALIFIERS: Final[dict[str, SpfResult]] = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_MECHANISMS: Final = frozenset({"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"})


class SpfError(ValueError):
    """A record that receivers take for none: permerror. The text says why."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One directive of a record.

    Attributes:
        result: What a match means.
        name: "ip4", "include" ...
        value: What stands behind the colon: a domain or a network; "" for the domain itself.
        prefix4: Of `a` and `mx`: how many bits of an IPv4 address count.
        prefix6: The same of an IPv6 address.
    """

    result: SpfResult
    name: str
    value: str = ""
    prefix4: int = 32
    prefix6: int = 128


@dataclass(frozen=True, slots=True)
class SpfRecord:
    """A record as it was written.

    Attributes:
        mechanisms: Its directives, in order.
        redirect: The domain whose record counts where nothing matches, or "".
    """

    mechanisms: tuple[Mechanism, ...]
    redirect: str = ""


def parse_spf(text: str) -> SpfRecord:
    """Read a record.

    Args:
        text: The TXT record, in one piece.

    Raises:
        SpfError: It does not keep to the grammar (RFC 7208 12).
    """
    version, *terms = text.split(" ")
    if version.lower() != VERSION:
        raise SpfError(f"it does not begin with {VERSION}")
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in filter(None, terms):
        name, equals, value = term.partition("=")
        if equals and not set(name) & set(":/"):
            if name.lower() in modifiers and name.lower() in {"redirect", "exp"}:
                raise SpfError(f"{name}= stands there twice")
            modifiers[name.lower()] = value
        else:
            mechanisms.append(_mechanism(term))
    return SpfRecord(tuple(mechanisms), modifiers.get("redirect", ""))


def _mechanism(term: str) -> Mechanism:
    result = _QUALIFIERS.get(term[0], "pass")
    rest = term[1:] if term[0] in _QUALIFIERS else term
    name = rest.replace("/", ":", 1).partition(":")[0].lower()
    value = rest[len(name) :]
    if name not in _MECHANISMS:
        raise SpfError(f"{term!r} is nothing that SPF knows")
    if name in {"ip4", "ip6"}:
        return Mechanism(result, name, _network(value.removeprefix(":"), name))
    domain, prefix4, prefix6 = _cut_prefixes(value, term) if name in {"a", "mx"} else (value, 32, 128)
    if (domain and not domain.startswith(":")) or domain == ":":
        raise SpfError(f"{term!r} cannot be read")
    if name in {"include", "exists"} and not domain:
        raise SpfError(f"{term!r} names no domain")
    return Mechanism(result, name, domain.removeprefix(":"), prefix4, prefix6)


def _network(text: str, name: str) -> str:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise SpfError(f"{name}:{text} is no network") from None
    if network.version != int(name[-1]):
        raise SpfError(f"{name}:{text} is of the other family")
    return str(network)


def _cut_prefixes(value: str, term: str) -> tuple[str, int, int]:
    """Take `/24//64` off the end: dual-cidr-length."""
    rest, _, six = value.partition("//")
    domain, slash, four = rest.partition("/")
    numbers = (four if slash else "32", six or "128")
    if not all(each.isascii() and each.isdecimal() for each in numbers):
        raise SpfError(f"{term!r} cannot be read")
    prefix4, prefix6 = map(int, numbers)
    if prefix4 > 32 or prefix6 > 128:  # noqa: PLR2004 -- bits of an address
        raise SpfError(f"{term!r} counts more bits than an address has")
    return domain, prefix4, prefix6


def spf_record(domain: str, records: DomainRecords) -> SpfRecord | None:
    """Find a domain's record, or None where it has none.

    Raises:
        SpfError: There are several, or the one cannot be read.
        NoDns: DNS gave no answer.
    """
    found = [text for text in records.texts(domain) if text.partition(" ")[0].lower() == VERSION]
    if len(found) > 1:
        raise SpfError("there are several records, and receivers then take none of them")
    return parse_spf(found[0]) if found else None


@dataclass(slots=True)
class SpfCheck:
    """One evaluation: `check_host` of RFC 7208 4.

    Args:
        address: Of the host that would send.
        records: Where to ask.

    Attributes:
        included: The domains whose records were looked at, by include or redirect.
    """

    address: str
    records: DomainRecords
    included: set[str] = field(default_factory=set)
    _look_ups: int = 0
    _is_open: bool = False

    def result(self, domain: str) -> SpfResult:
        """Say whether the address may send for a domain.

        Raises:
            NoDns: DNS gave no answer.
        """
        try:
            found = self._evaluated(domain)
        except SpfError:
            return "permerror"
        return "open" if self._is_open and found != "pass" else found

    def _evaluated(self, domain: str) -> SpfResult:
        record = spf_record(domain, self.records)
        if record is None:
            return "none"
        for mechanism in record.mechanisms:
            if self._matches(mechanism, domain):
                return mechanism.result
        if not record.redirect:
            return "neutral"
        self._count()
        if "%" in record.redirect:
            return self._left_open("neutral")
        self.included.add(record.redirect.lower())
        found = self._evaluated(record.redirect)
        if found == "none":
            raise SpfError(f"redirect={record.redirect} leads to no record")
        return found

    def _matches(self, mechanism: Mechanism, domain: str) -> bool:
        match mechanism.name:
            case "all":
                return True
            case "ip4" | "ip6":
                return self._is_in(mechanism.value)
            case "ptr" | "exists":
                self._count()
                self._is_open = True
                return False
        self._count()
        if "%" in mechanism.value:
            self._is_open = True
            return False
        name = mechanism.value or domain
        if mechanism.name == "include":
            return self._includes(name)
        hosts = [name] if mechanism.name == "a" else self.records.exchanges(name)
        return any(
            self._is_in(network) for host in hosts[:_MOST_EXCHANGES] for network in self._of(host, mechanism)
        )

    def _includes(self, domain: str) -> bool:
        self.included.add(domain.lower())
        found = self._evaluated(domain)
        if found == "none":
            raise SpfError(f"include:{domain} leads to no record")
        return found == "pass"

    def _of(self, host: str, mechanism: Mechanism) -> Iterator[str]:
        for each in self.records.addresses(host):
            yield f"{each}/{mechanism.prefix6 if ':' in each else mechanism.prefix4}"

    def _is_in(self, network: str) -> bool:
        address, within = ipaddress.ip_address(self.address), ipaddress.ip_network(network, strict=False)
        return address.version == within.version and address in within

    def _left_open(self, found: SpfResult) -> SpfResult:
        self._is_open = True
        return found

    def _count(self) -> None:
        self._look_ups += 1
        if self._look_ups > MOST_LOOK_UPS:
            raise SpfError(f"it needs more than {MOST_LOOK_UPS} look-ups, and receivers then give up")

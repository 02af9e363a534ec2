"""A sender's domain in words: whether receivers will believe its mail, as far as that can be known before it goes.

What a message is believed by is SPF or DKIM that passes for the domain in From, or for one of the same
organisation (alignment). The return address is the sender's own here, so SPF is aligned where it passes; a
signature is where its domain is. Whether SPF passes depends on the address that mail leaves its provider by: only
the server's own can be seen from here, and what its provider asks to be named. What cannot be known is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from notebookmail.mail.providers import provider_at, provider_of_domain

from .dkim_keys import USUAL_SELECTORS, key_state
from .dmarc import find_dmarc, organization_of
from .spf import SpfCheck, SpfError, spf_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .dmarc import Dmarc
    from .records import DomainRecords

FindingState = Literal["good", "bad", "open"]

SPF_INCLUDES: Final[Mapping[str, str]] = {
    "gmail": "_spf.google.com",  # Google Workspace Admin Help, "Set up SPF"
    "microsoft365": "spf.protection.outlook.com",  # learn.microsoft.com, "Set up SPF"
}
"""By preset: what a provider asks the customer's SPF record to include."""

_SAME_SERVERS: Final = frozenset({"microsoft365", "outlook"})
_WHOM: Final = "ask whoever looks after the domain"
_MOST_ADDRESSES: Final = 4


@dataclass(frozen=True, slots=True)
class Signature:
    """How messages are signed: whose key, and which (RFC 6376 3.5).

    Attributes:
        domain: d=.
        selector: s=.
    """

    domain: str
    selector: str


@dataclass(frozen=True, slots=True)
class DomainFinding:
    """What is known of one of the three.

    Attributes:
        name: "SPF", "DKIM" or "DMARC".
        state: "good", "bad", or "open" where it cannot be known from here.
        words: What was found.
        remedy: What to do about it, or "".
    """

    name: Literal["SPF", "DKIM", "DMARC"]
    state: FindingState
    words: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class DomainHealth:
    """What is known of a sender's domain.

    Attributes:
        domain: The domain of the sender's address.
        findings: SPF, DKIM, DMARC, in this order.
    """

    domain: str
    findings: tuple[DomainFinding, ...]

    @property
    def bad(self) -> tuple[DomainFinding, ...]:
        """What wants something done."""
        return tuple(each for each in self.findings if each.state == "bad")

    @property
    def words(self) -> str:
        """All of it in a line."""
        if self.bad:
            return f"receivers may not believe mail of {self.domain}: {'; '.join(each.words for each in self.bad)}"
        if any(each.state == "open" for each in self.findings):
            return f"nothing speaks against mail of {self.domain}, but not all can be seen from here"
        return f"receivers will believe mail of {self.domain}: SPF, DKIM and DMARC are in order"


def look_at_domain(
    domain: str,
    host: str,
    records: DomainRecords,
    *,
    addresses: Sequence[str] = (),
    signature: Signature | None = None,
) -> DomainHealth:
    """Find out what is known of a sender's domain.

    Args:
        domain: Of the address in From, in ASCII.
        host: The server that mail is handed to.
        records: Where to ask.
        addresses: The server's; looked up when left out.
        signature: How messages are signed here, if they are.

    Raises:
        NoDns: DNS gave no answer.
    """
    provider = provider_at(host)
    preset = provider[0] if provider else ""
    dmarc = find_dmarc(domain, records)
    spf = _spf(domain, host, preset, addresses or records.addresses(host)[:_MOST_ADDRESSES], records)
    dkim = _signed(domain, signature, dmarc, records) if signature else _dkim(domain, preset, records)
    return DomainHealth(domain, (spf, dkim, _dmarc(domain, dmarc, spf, dkim)))


# --- SPF ----------------------------------------------------------------------------------------------------


def _spf(domain: str, host: str, preset: str, addresses: Sequence[str], records: DomainRecords) -> DomainFinding:
    try:
        record = spf_record(domain, records)
    except SpfError as problem:
        return DomainFinding(
            "SPF", "bad", f"its SPF record counts for nothing: {problem}", f"{_WHOM} to correct it"
        )
    owner = provider_of_domain(domain)
    if owner is not None and not {owner[0], preset} <= _SAME_SERVERS and owner[0] != preset:
        words = f"mail of {domain} is believed only from {owner[0]}'s own servers, and {host} is none of them"
        return DomainFinding("SPF", "bad", words, f'send it by Server.preset("{owner[0]}"), or as another sender')
    if record is None:
        remedy = f"{_WHOM} for an SPF record that names the servers that send for it"
        return DomainFinding("SPF", "bad", "it has no SPF record", remedy)
    checks = [SpfCheck(each, records) for each in addresses]
    results = {check.address: check.result(domain) for check in checks}
    if "permerror" in results.values():
        words = "its SPF record counts for nothing: a part of it cannot be followed, or it needs too many look-ups"
        return DomainFinding("SPF", "bad", words, f"{_WHOM} to correct it (at most 10 look-ups, RFC 7208)")
    passed = [address for address, result in results.items() if result == "pass"]
    if passed:
        return DomainFinding("SPF", "good", f"SPF lets {host} ({passed[0]}) send for {domain}")
    return _named(domain, host, preset, {name for check in checks for name in check.included})


def _named(domain: str, host: str, preset: str, included: set[str]) -> DomainFinding:
    """Judge a record that does not hold the server's own address; mail mostly leaves from another one."""
    include = SPF_INCLUDES.get(preset)
    if include is None:
        words = f"SPF does not name {host} itself; the address that mail leaves from cannot be seen from here"
        return DomainFinding("SPF", "open", words, f"ask the provider of {host} what SPF has to name")
    if include in included:
        return DomainFinding("SPF", "good", f"SPF names {preset}'s servers for {domain}")
    words = f"SPF of {domain} does not name {preset}'s servers"
    return DomainFinding("SPF", "bad", words, f"{_WHOM} to add include:{include} to its SPF record")


# --- DKIM ---------------------------------------------------------------------------------------------------


def _signed(domain: str, signature: Signature, dmarc: Dmarc, records: DomainRecords) -> DomainFinding:
    key = f"{signature.selector}._domainkey.{signature.domain}"
    state = key_state(signature.domain, signature.selector, records)
    if state != "there":
        words = f"the key to check its signatures with is {state}: {key}"
        return DomainFinding("DKIM", "bad", words, f"{_WHOM} to put the key's TXT record there")
    if not _is_aligned(signature.domain, domain, dmarc, records):
        words = f"messages are signed by {signature.domain}, which is not of the sender's organisation"
        return DomainFinding("DKIM", "bad", words, f"sign with a key of {domain}: dkim=DKIM({domain!r}, ...)")
    return DomainFinding("DKIM", "good", f"messages are signed by {signature.domain}, and its key is there")


def _is_aligned(signer: str, domain: str, dmarc: Dmarc, records: DomainRecords) -> bool:
    """Tell whether a signature speaks for the sender's domain (RFC 9989 4.4.1)."""
    if signer.lower() == domain.lower():
        return True
    if dmarc.record is not None and dmarc.record.is_dkim_strict:
        return False
    return organization_of(signer, records) == dmarc.organization


def _dkim(domain: str, preset: str, records: DomainRecords) -> DomainFinding:
    for selector in USUAL_SELECTORS.get(preset, ()):
        if key_state(domain, selector, records) == "there":
            words = f"{preset} has a key of {domain} to sign with ({selector})"
            return DomainFinding("DKIM", "good", words)
    if preset in USUAL_SELECTORS:
        words = f"there is no key under the names that {preset} mostly signs with"
        return DomainFinding("DKIM", "open", words, f"{_WHOM} to switch DKIM on at {preset}")
    words = "whether the server signs with DKIM shows only in a message that arrived"
    remedy = "send one to yourself and look for DKIM-Signature in its source, or sign here: dkim="
    return DomainFinding("DKIM", "open", words, remedy)


# --- DMARC --------------------------------------------------------------------------------------------------


def _dmarc(domain: str, dmarc: Dmarc, spf: DomainFinding, dkim: DomainFinding) -> DomainFinding:
    if dmarc.policy is None:
        remedy = f'{_WHOM} for a TXT record at _dmarc.{dmarc.organization}; "v=DMARC1; p=none" is a beginning'
        return DomainFinding("DMARC", "bad", "it has no DMARC record", remedy)
    asks = _REQUESTS[dmarc.policy]
    where = "" if dmarc.found_at == domain else f", as {dmarc.found_at} says"
    words = f"DMARC asks receivers {asks} what neither SPF nor DKIM vouches for{where}"
    if spf.state == dkim.state == "bad" and dmarc.policy != "none":
        return DomainFinding("DMARC", "bad", words, "first SPF or DKIM has to vouch for this mail")
    return DomainFinding("DMARC", "good", words)


_REQUESTS: Final = {"none": "to let pass", "quarantine": "to put among spam", "reject": "to refuse"}

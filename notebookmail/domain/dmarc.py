"""DMARC: what a domain asks receivers to do with mail that does not pass; which domains count as one (RFC 9989).

The organisational domain is found as RFC 9989 4.10 does, by walking up the tree of names; no list of public
suffixes is needed. Tags that are not known, or cannot be read, are ignored, as receivers do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .records import DomainRecords

DmarcPolicy = Literal["none", "quarantine", "reject"]
VERSION: Final = "DMARC1"
_POLICIES: Final[tuple[DmarcPolicy, ...]] = ("none", "quarantine", "reject")
_LONG_NAME: Final = 8  # labels; longer names are cut before the walk goes on (RFC 9989 4.10)
_REST_OF_A_LONG_NAME: Final = 7


@dataclass(frozen=True, slots=True)
class DmarcRecord:
    """A domain's record.

    Attributes:
        policy: What is asked for the domain's own mail.
        subdomain_policy: The same for domains below it.
        is_dkim_strict: True where the signing domain has to be the sender's, not only of the same organisation.
        is_spf_strict: The same for the return address's domain.
        psd: "y" for a public suffix, "n" for an organisation, "u" where it does not say.
    """

    policy: DmarcPolicy
    subdomain_policy: DmarcPolicy
    is_dkim_strict: bool = False
    is_spf_strict: bool = False
    psd: str = "u"


@dataclass(frozen=True, slots=True)
class Dmarc:
    """What counts for mail of a domain.

    Attributes:
        record: The domain's own record, else its organisation's, or None.
        found_at: Where that stands, or "".
        organization: The organisational domain.
        policy: What receivers are asked to do, or None without a record.
    """

    record: DmarcRecord | None
    found_at: str
    organization: str
    policy: DmarcPolicy | None


def parse_dmarc(text: str) -> DmarcRecord | None:
    """Read a record; None for a text that is none (RFC 9989 4.7).

    Args:
        text: The TXT record, in one piece.
    """
    pairs = [each.partition("=") for each in text.split(";")]
    tags = {name.strip().lower(): value.strip() for name, equals, value in reversed(pairs) if equals}
    if pairs[0][0].strip().lower() != "v" or tags.get("v") != VERSION:
        return None
    policy = _policy(tags.get("p", ""))
    if policy is None:
        policy = "none"  # RFC 9989 4.7: as good as a request for reports
    return DmarcRecord(
        policy,
        _policy(tags.get("sp", "")) or policy,
        tags.get("adkim", "r").lower() == "s",
        tags.get("aspf", "r").lower() == "s",
        tags.get("psd", "u").lower(),
    )


def _policy(word: str) -> DmarcPolicy | None:
    return next((each for each in _POLICIES if each == word.lower()), None)


def find_dmarc(domain: str, records: DomainRecords) -> Dmarc:
    """Find what counts for mail of a domain.

    Raises:
        NoDns: DNS gave no answer.
    """
    domain = domain.lower().rstrip(".")
    found = list(_walk(domain, records))
    organization = _organization(domain, found)
    own = dict(found)
    for name, is_own in ((domain, True), (organization, False)):
        if name in own:
            record = own[name]
            return Dmarc(record, name, organization, record.policy if is_own else record.subdomain_policy)
    return Dmarc(None, "", organization, None)


def organization_of(domain: str, records: DomainRecords) -> str:
    """Find a domain's organisational domain (RFC 9989 4.10.2).

    Raises:
        NoDns: DNS gave no answer.
    """
    domain = domain.lower().rstrip(".")
    return _organization(domain, list(_walk(domain, records)))


def _walk(domain: str, records: DomainRecords) -> Iterator[tuple[str, DmarcRecord]]:
    """Give the records from a domain upwards, at most eight look-ups."""
    for name in _names(domain):
        texts = (parse_dmarc(text) for text in records.texts(f"_dmarc.{name}"))
        found = [each for each in texts if each is not None]
        if len(found) == 1:  # several count as none
            yield name, found[0]
            if found[0].psd in {"y", "n"}:
                return


def _names(domain: str) -> Iterator[str]:
    labels = domain.split(".")
    yield domain
    labels = labels[-_REST_OF_A_LONG_NAME:] if len(labels) > _LONG_NAME else labels[1:]
    for at in range(len(labels)):
        yield ".".join(labels[at:])


def _organization(domain: str, found: list[tuple[str, DmarcRecord]]) -> str:
    if not found:
        return domain
    name, record = found[-1]  # the fewest labels, or one that ends the walk
    if record.psd == "y" and name != domain:
        below = len(name.split(".")) + 1
        return ".".join(domain.split(".")[-below:])
    return name

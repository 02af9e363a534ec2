"""Addresses that are valid and still look wrong: mistyped domains, roles, names reserved for tests.

Only the text is judged; no name is looked up, because a question about an address tells others who is on the list.
A domain is called mistyped when it is one slip of the keyboard away from a large provider's, or ends in what is no
top-level domain; real neighbours of the large ones are left alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from notebookmail.address import domain_of

from .findings import warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .findings import Remark

_LARGE: Final = frozenset({
    "aol.com", "bluewin.ch", "btinternet.com", "comcast.net", "freenet.de", "gmail.com", "gmx.at", "gmx.ch",
    "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hotmail.co.uk", "hotmail.com", "hotmail.de", "hotmail.es",
    "hotmail.fr", "hotmail.it", "icloud.com", "laposte.net", "libero.it", "live.com", "msn.com", "orange.fr",
    "outlook.com", "outlook.de", "outlook.es", "outlook.fr", "protonmail.com", "sbcglobal.net", "t-online.de",
    "verizon.net", "wanadoo.fr", "web.de", "yahoo.co.uk", "yahoo.com", "yahoo.de", "yahoo.es", "yahoo.fr",
    "yahoo.it", "yandex.ru",
})  # fmt: skip
_REAL_NEIGHBOURS: Final = frozenset(
    {"cloud.com", "email.com", "fmail.com", "hmail.com", "mail.com", "wahoo.com", "ymail.com", "zmail.com"}
)
_SHORTEST_NAME: Final = 5  # the neighbours of shorter names (live, msn, web) are names in their own right
_NO_ENDINGS: Final = {
    "c0m": "com", "cim": "com", "cmo": "com", "comm": "com", "con": "com", "coom": "com", "cpm": "com",
    "ocm": "com", "vom": "com", "xom": "com", "met": "net", "ner": "net", "nte": "net", "ogr": "org",
    "orgg": "org", "prg": "org",
}  # fmt: skip
"""What is typed for an ending and is no top-level domain."""

# Of Cameroon, Colombia, Oman and Niger: real, and yet not where a large provider is.
_OTHER_ENDINGS: Final = {"cm": "com", "co": "com", "om": "com", "ne": "net"}
_ROLES: Final = frozenset({
    "abuse", "bounce", "bounces", "do-not-reply", "donotreply", "hostmaster", "mailer-daemon", "no-reply",
    "no_reply", "noreply", "postmaster",
})  # fmt: skip
# RFC 2606, RFC 6761, RFC 6762
_RESERVED_ENDINGS: Final = frozenset({"example", "invalid", "local", "localhost", "test"})
_RESERVED: Final = frozenset({"example.com", "example.net", "example.org"})


def address_remarks(address: str, field: str) -> Iterator[Remark]:
    """Say what looks wrong about a valid address.

    Args:
        address: As it stands in the envelope.
        field: The part of the template it comes from.
    """
    domain = domain_of(address).lower()
    meant = intended_domain(domain)
    if meant is not None:
        yield warning("typo", field, f"{domain} looks like a slip for {meant}")
    if is_reserved(domain):
        yield warning("reserved", field, f"nobody gets mail at {domain}")
    local = address.rpartition("@")[0].lower()
    if local.partition("+")[0] in _ROLES:
        yield warning("role", field, f"{local}@ is read by programs or administrators")


@lru_cache(maxsize=4096)
def intended_domain(domain: str) -> str | None:
    """Return the domain that was probably meant, or None where nothing looks mistyped.

    Example:
        >>> intended_domain("gmial.com"), intended_domain("acme.con"), intended_domain("gmail.com")
        ('gmail.com', 'acme.com', None)
    """
    if domain in _LARGE or domain in _REAL_NEIGHBOURS:
        return None
    name, _, ending = domain.rpartition(".")
    if name and ending in _NO_ENDINGS:
        return f"{name}.{_NO_ENDINGS[ending]}"
    completed = f"{name}.{_OTHER_ENDINGS.get(ending, ending)}"
    if completed in _LARGE:
        return completed
    label, _, rest = domain.partition(".")
    for large in sorted(_LARGE):
        known, _, known_rest = large.partition(".")
        if rest == known_rest and len(known) >= _SHORTEST_NAME and is_one_slip(label, known):
            return large
    return None


def is_one_slip(typed: str, meant: str) -> bool:
    """Tell whether one letter is missing, too many or another, or two neighbours are swapped."""
    if typed == meant or abs(len(typed) - len(meant)) > 1:
        return False
    start = next((place for place, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), None)
    if start is None:
        return True  # one is the other and a letter
    rest, other = typed[start:], meant[start:]
    return (
        rest[1:] == other
        or rest == other[1:]
        or rest[1:] == other[1:]
        or (rest[1::-1] == other[:2] and rest[2:] == other[2:])
    )


def is_reserved(domain: str) -> bool:
    """Tell whether a domain belongs to nobody: for examples, tests, this machine or this network."""
    labels = domain.split(".")
    return labels[-1] in _RESERVED_ENDINGS or ".".join(labels[-2:]) in _RESERVED


def mailbox_key(address: str) -> str:
    """Return what most providers take for the same mailbox: no case, no +tag; at Gmail, no dots."""
    local, _, domain = address.casefold().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in {"gmail.com", "googlemail.com"}:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"

"""What Gmail and Outlook.com ask of who sends 5,000 messages a day, held against a message as it would go.

Gmail (support.google.com/a/answer/81126): SPF, DKIM and DMARC, aligned, TLS, a name for the sending address (PTR),
one-click unsubscribing (RFC 8058), and few complaints. Outlook.com (since May 2025): SPF, DKIM and DMARC. What
they answer otherwise is explained in delivery/remedies.py.
"""

from __future__ import annotations

from email.parser import BytesHeaderParser
from email.policy import SMTP
from typing import TYPE_CHECKING, Final

from notebookmail.address import domain_of, to_ascii_domain
from notebookmail.errors import AddressError

from .health import Signature, look_at_domain
from .records import DomainRecords, NoDns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    import dns.resolver

BULK_MESSAGES: Final = 5_000
"""From so many a day on a sender is a large one, for Gmail and for Outlook.com."""

_BULK: Final = "of who sends 5,000 messages a day and more"


def bulk_notices(content: bytes, host: str, resolver: dns.resolver.Resolver | None = None) -> list[str]:
    """Say what large receivers will miss in a mailing, a line each; without an answer of DNS, what needs none.

    Args:
        content: A message as it would go.
        host: The server that it is handed to.
        resolver: Which DNS servers to ask; the system's by default.
    """
    message: EmailMessage = BytesHeaderParser(policy=SMTP).parsebytes(content)
    return [*_unsubscribing(message), *_domain(message, host, resolver)]


def _unsubscribing(message: EmailMessage) -> Iterator[str]:
    is_one_click = "one-click" in str(message["List-Unsubscribe-Post"] or "").lower()
    if not is_one_click or "https:" not in str(message["List-Unsubscribe"] or "").lower():
        yield (
            f"Gmail wants one-click unsubscribing {_BULK}, unless it is no newsletter: list_unsubscribe= "
            "of the Template, with an https address"
        )


def _domain(message: EmailMessage, host: str, resolver: dns.resolver.Resolver | None) -> Iterator[str]:
    try:
        mailbox = message["From"].addresses[0]
        domain = domain_of(to_ascii_domain(mailbox.addr_spec))
        health = look_at_domain(domain, host, DomainRecords(resolver), signature=_signature(message))
    except (AttributeError, IndexError, AddressError, NoDns):
        return  # nothing can be said, and a plan is no place to say so
    for each in health.findings:
        if each.state == "bad":
            yield f"Gmail and Outlook.com want {each.name} {_BULK}: {each.words}; {each.remedy}"
        elif each.state == "open":
            yield f"Look at {each.name} before a mailing of this size: {each.words}; {each.remedy}"


def _signature(message: EmailMessage) -> Signature | None:
    """Read who signed, and with which key (RFC 6376 3.5)."""
    pairs = (each.partition("=") for each in str(message["DKIM-Signature"] or "").split(";"))
    tags = {name.strip(): "".join(value.split()) for name, _, value in pairs}
    return Signature(tags["d"], tags["s"]) if tags.get("d") and tags.get("s") else None

"""DKIM keys: whether a domain shows the key that its signatures are checked with (RFC 6376 3.6).

A key is found by its selector, which stands in a message and nowhere else: so it is known for what this program
signs itself, and where a provider always uses the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .records import DomainRecords

KeyState = Literal["there", "revoked", "missing"]

USUAL_SELECTORS: Final[Mapping[str, tuple[str, ...]]] = {
    # support.google.com/a/answer/174124: the default prefix selector
    "gmail": ("google",),
    # learn.microsoft.com, "Set up DKIM to sign mail from your cloud domain"
    "microsoft365": ("selector1", "selector2"),
}
"""By preset: the selectors that a provider signs a customer's domain with."""


def key_state(domain: str, selector: str, records: DomainRecords) -> KeyState:
    """Say whether a key is there.

    Args:
        domain: Who signs (`d=`).
        selector: Which key (`s=`).
        records: Where to ask.

    Raises:
        NoDns: DNS gave no answer.
    """
    texts = records.texts(f"{selector}._domainkey.{domain}")
    keys = [tags["p"] for tags in map(_tags, texts) if "p" in tags and tags.get("v", "DKIM1") == "DKIM1"]
    if not keys:
        return "missing"
    return "there" if any(keys) else "revoked"  # RFC 6376 3.6.1: an empty p= says so


def _tags(text: str) -> dict[str, str]:
    pairs = (each.partition("=") for each in text.split(";"))
    return {name.strip(): "".join(value.split()) for name, equals, value in pairs if equals}

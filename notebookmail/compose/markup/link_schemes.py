"""What a link made from a value may be: one that a mail may hold, never one that runs code or hides content."""

from __future__ import annotations

import re
from typing import Any, Final

_LINK_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel", "sms", "cid", "xmpp", "geo", "webcal"})
_USUAL: Final = ("https://", "http://", "mailto:")
_ELSEWHERE = re.compile(r"\s*(?:[a-zA-Z][a-zA-Z0-9+.-]*:|//|#|$)")
_SCHEME = re.compile(r"([^/?#:]*):")
# Browsers drop these before they read a scheme, so "java\tscript:" is a javascript: link (WHATWG URL, 4.4).
_DROPPED_IN_URLS = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


class LinkError(ValueError):
    """A value in a link's place is not a link a mail may hold."""


def is_elsewhere(address: str) -> bool:
    """Tell whether an address names something on the web, in the letter itself, or nothing: no file."""
    return _ELSEWHERE.match(address) is not None


def is_link(value: Any) -> bool:
    """Tell whether a value may stand at the start of a link in a mail."""
    if type(value) is str and value.startswith(_USUAL):
        return True
    try:
        guard_link(value)
    except LinkError:
        return False
    return True


def guard_link(value: Any) -> Any:
    """Return the value if it may stand at the start of a link in a mail.

    Raises:
        LinkError: It has a scheme that runs code or hides content, or one nobody knows.
    """
    bare = str(value)
    if _DROPPED_IN_URLS.search(bare):
        bare = _DROPPED_IN_URLS.sub("", bare)
    scheme = _SCHEME.match(bare)
    if scheme and scheme[1].lower() not in _LINK_SCHEMES:
        raise LinkError(
            f"{str(value)[:60]!r} is not a link for a mail: it starts with {scheme[1] + ':'!r}; "
            "give an https:, http:, mailto: or tel: link"
        )
    return value

"""What a server offers: its EHLO reply, read once into a frozen value (RFC 5321 4.1.1.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookmail.response import SMTPResponse

# RFC 5321 4.1.1.1: ehlo-keyword. AUTH=LOGIN is how servers older than RFC 2554 wrote it.
_KEYWORD = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:[ =](.*))?")


@dataclass(frozen=True)  # no slots: what is read out of the parameters is kept
class Extensions:
    """The service extensions of one session.

    Attributes:
        parameters: Each keyword in lower case with its parameters as one string, "" for none.
        unused: Keywords in lower case that are not made use of, though the server offers them.
    """

    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    unused: frozenset[str] = frozenset()

    def without(self, *keywords: str) -> Extensions:
        """Return these extensions with some that are not made use of."""
        return Extensions(self.parameters, self.unused.union(keywords))

    def __contains__(self, keyword: str) -> bool:
        return keyword.lower() in self.parameters

    @cached_property
    def can_pipeline(self) -> bool:
        """Whether commands may go out in groups (RFC 2920)."""
        return "pipelining" in self.parameters and "pipelining" not in self.unused

    @cached_property
    def can_open_ahead(self) -> bool:
        """Whether a transaction may be opened in the group that begins with another's end of data.

        Not with Dovecot's submission server, which BURL (RFC 4468) gives away: it passes the message on, then dies
        of the RCPT behind it (2.3.19, smtp_server_transaction_finished), and nobody learns that it was taken.
        """
        return self.can_pipeline and "burl" not in self.parameters

    @cached_property
    def can_chunk(self) -> bool:
        """Whether content may go by BDAT (RFC 3030)."""
        return "chunking" in self.parameters and "chunking" not in self.unused

    @cached_property
    def size(self) -> int | None:
        """The largest message in octets; None when the server does not say, or sets no limit (RFC 1870)."""
        return _number(self.parameters.get("size", ""), digits=20) or None

    @cached_property
    def auth_methods(self) -> tuple[str, ...]:
        """The SASL mechanisms, in lower case, in the server's order (RFC 4954)."""
        return tuple(dict.fromkeys(self.parameters.get("auth", "").lower().split()))

    @cached_property
    def limits(self) -> Mapping[str, int]:
        """What the server limits, in lower case: "mailmax", "rcptmax", "rcptdomainmax" (RFC 9422)."""
        limits: dict[str, int] = {}
        for word in self.parameters.get("limits", "").lower().split():
            name, _, value = word.partition("=")
            number = _number(value, digits=6)
            if number:
                limits[name] = number
        return MappingProxyType(limits)


def _number(text: str, *, digits: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def read_extensions(reply: SMTPResponse) -> Extensions:
    """Read an EHLO reply; lines that are no keyword are passed over."""
    parameters: dict[str, str] = {}
    for line in reply.message.split("\n")[1:]:
        match = _KEYWORD.fullmatch(line.strip())
        if match is None:
            continue
        keyword, value = match[1].lower(), (match[2] or "").strip()
        # Servers list AUTH twice, in the new form and the old one; the mechanisms add up.
        parameters[keyword] = f"{parameters.get(keyword, '')} {value}".strip() if keyword == "auth" else value
    return Extensions(MappingProxyType(parameters))

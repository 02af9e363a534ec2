"""What a server offers: its EHLO reply, read once into a frozen value (RFC 5321 4.1.1.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookmail.reply import SMTPResponse

# RFC 5321 4.1.1.1: ehlo-keyword. AUTH=LOGIN is how servers older than RFC 2554 wrote it.
_KEYWORD = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:[ =](.*))?")


@dataclass(frozen=True, slots=True)
class Extensions:
    """The service extensions of one session.

    Attributes:
        parameters: Each keyword in lower case with its parameters as one string, "" for none.
    """

    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __contains__(self, keyword: str) -> bool:
        return keyword.lower() in self.parameters

    @property
    def can_pipeline(self) -> bool:
        """Commands may go out in groups (RFC 2920)."""
        return "pipelining" in self.parameters

    @property
    def size(self) -> int | None:
        """The largest message in octets; None when the server does not say, or sets no limit (RFC 1870)."""
        text = self.parameters.get("size", "")
        return int(text) or None if text.isascii() and text.isdigit() and len(text) < 20 else None  # noqa: PLR2004

    @property
    def auth_methods(self) -> tuple[str, ...]:
        """The SASL mechanisms, in lower case, in the server's order (RFC 4954)."""
        return tuple(dict.fromkeys(self.parameters.get("auth", "").lower().split()))


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

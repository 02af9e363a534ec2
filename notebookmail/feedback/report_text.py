"""The words of a report: what it says, the line that tells the reason, and the letter returned below as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .body_text import one_line
from .fields import MOST_OF_A_VALUE, addresses_in
from .permanence import ENHANCED, REPLY_CODE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .fields import Fields

_MOST_LINES: Final = 300
_MOST_NAMED: Final = 4  # a report that names more addresses than this names others than recipients, too
_RETURNED: Final = re.compile(
    r"^[ \t>]*(?:"
    r"-{2,}[^-\n]{0,60}(?:copy of|original message|below this line|unsent message|message header"
    r"|returned|undelivered|\u5143\u306e\u30e1\u30fc\u30eb).{0,200}"
    r"|.{0,40}below is a copy of.{0,200}|.{0,20}original message (?:headers|follows).{0,200}"
    r"|-{3,} ?message.{0,200}"
    r"|(?:return-path|received|dkim-signature|x-received|mime-version|message-id):.*"
    r")$",
    re.IGNORECASE | re.MULTILINE,
)
_RETURNED_ID: Final = re.compile(
    r"^[ \t>]{0,20}(?:x-)?(?:original-)?message-id:[ \t]{0,20}(?:\n[ \t>]{1,20})?<([^<>\s]{1,512})>",
    re.IGNORECASE | re.MULTILINE,
)
_RETURNED_TO: Final = re.compile(r"^[ \t>]{0,20}to:(.{1,400})$", re.IGNORECASE | re.MULTILINE)
_ADDRESS: Final = re.compile(r"[^\s<>()\[\]{},;:\"'@=|/\\]{1,64}@[^\s<>()\[\]{},;:\"'@=|/\\]{1,255}")


def split_report(text: str) -> tuple[str, str]:
    """Cut what a mail system says from the letter that it returns below it."""
    match = _RETURNED.search(text)
    return (text, "") if match is None else (text[: match.start()], text[match.start() :])


def returned_ids(text: str) -> list[str]:
    """Return the Message-IDs of a letter that is returned as text, or that a report names in a line of its own."""
    return _RETURNED_ID.findall(text)[:4]


def returned_recipient(values: Iterable[str]) -> list[str]:
    """Return the recipient of a returned letter by its To fields, if it is one alone."""
    found = addresses_in(values)
    return found if len(found) == 1 else []


def returned_to(text: str) -> list[str]:
    """Return the To fields of a letter that is returned as text."""
    return _RETURNED_TO.findall(text)[:1]


def reason_in(report: str, addresses: Sequence[str]) -> str:
    """Return the line that says why: one with a server's code behind the address, else what follows it."""
    lines = [line[:MOST_OF_A_VALUE].strip() for line in report.split("\n", _MOST_LINES)[:_MOST_LINES]]
    named = _lines_of(addresses, lines)
    coded = [number for number, line in enumerate(lines) if _has_code(line)]
    behind = [number for number in coded if named and number >= named[0]]
    if behind or coded:
        first = (behind or coded)[0]
        is_cut = lines[first].endswith((",", ":", "-")) and first + 1 < len(lines)
        return one_line(_without_address(" ".join(lines[first : first + 1 + is_cut]), addresses))
    for number in named:
        rest = _without_address(lines[number], addresses)
        following = " ".join(line for line in lines[number + 1 : number + 4] if line)
        if rest.startswith(("host ", "[")) or len(rest) > 12:  # noqa: PLR2004 -- more than "failed"
            return one_line(f"{rest} {following}")
        if following and not any(each in following for each in addresses):
            return one_line(following)
    return ""


def addresses_named(report: str, fields: Fields) -> list[str]:
    """Find the addresses that a report names: first those at the beginning of a line, not the reader's own."""
    own = {each.lower() for each in addresses_in(fields.texts("from", "to", "delivered-to", "x-original-to"))}
    at_begin: dict[str, None] = {}
    anywhere: dict[str, None] = {}
    for line in report.split("\n", _MOST_LINES)[:_MOST_LINES]:
        stripped = line.strip(" \t<*\"'-:").removeprefix("mailto:")
        for match in _ADDRESS.findall(line[:1_000]):
            address = match.strip(".")
            if address.lower() in own or address.lower().startswith("mailer-daemon@"):
                continue
            (at_begin if stripped.startswith(address) else anywhere)[address] = None
    found = list(at_begin) or list(anywhere)
    return found if len(found) <= _MOST_NAMED else found[:1]


def _lines_of(addresses: Sequence[str], lines: Sequence[str]) -> list[int]:
    """Return the lines that name an address: those that begin with it, if there are any."""
    named = [number for number, line in enumerate(lines) if any(each and each in line for each in addresses)]
    at_begin = [number for number in named if lines[number].lstrip("<").startswith(tuple(addresses))]
    return at_begin or named


def _has_code(line: str) -> bool:
    return bool(REPLY_CODE.search(line)) or any(match[1] != "2" for match in ENHANCED.finditer(line))


def _without_address(line: str, addresses: Sequence[str]) -> str:
    """Leave out the address that a line begins with: it is told beside the reason."""
    for address in addresses:
        for begin in (f"<{address}>", address):
            if line.startswith(begin):
                return line[len(begin) :].strip(" :;,-") or line
    return line

"""Mailboxes: strict parsing, never repair (RFC 5321 4.1.2, RFC 5322 3.4, RFC 6531).

An address that is not exactly one valid mailbox is refused with the reason. Guessing what was meant mails the
wrong person, and quoting what was not understood is how commands are injected. Plain ASCII addresses take a
short path (a run parses hundreds of thousands); email-validator judges the international ones. A cell is
read in one pass, however hostile it is, and a message quotes no more of it than can be read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from notebookmail.errors import AddressError
from notebookmail.privacy.masking import mask_cell

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@({_LABEL}(?:\.{_LABEL})*)")
_QUOTED = re.compile(r'("(?:[ !#-\[\]-~]|\\[ -~])*")@(.+)')
_LITERAL = re.compile(r"\[(?:(?:\d{1,3}\.){3}\d{1,3}|IPv6:[0-9A-Fa-f:.]+)\]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LOCAL_OCTETS = 64
_DOMAIN_OCTETS = 255
_MOST_CHARACTERS = 1024  # more than 64 and 255 octets can be written in, quoted and in any script
_SHOWN_CHARACTERS = 80
_NOT_IN_A_BARE_NAME = frozenset('"<>,;@')


@dataclass(frozen=True, slots=True)
class NamedAddress:
    """A display name (may be empty) and an envelope address.

    Attributes:
        name: The display name as a person reads it, unquoted and unencoded.
        address: The address as it goes into the envelope: `local@domain`.
    """

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


def has_control(text: str) -> bool:
    """Tell whether a text holds anything that could end a line or a command: C0, DEL, C1, U+2028/9, surrogates."""
    return _CONTROL.search(text) is not None


@lru_cache(maxsize=4096)
def parse_address(text: str) -> str:
    """Return the text if it is exactly one addr-spec, ready for the envelope.

    The local part is returned as given, the domain in lower case. Accepts dot-atoms, quoted local parts, address
    literals, and international addresses.

    Raises:
        AddressError: It is something else; the message says what.
    """
    plain = _PLAIN.fullmatch(text)
    if plain and len(plain[1]) <= _LOCAL_OCTETS and len(plain[2]) <= _DOMAIN_OCTETS:
        domain = plain[2].lower()
        if "." in domain or domain == "localhost":
            return f"{plain[1]}@{domain}"
    return _judge(text)


def address_or_nothing(text: str) -> str:
    """Return the text as `parse_address` does, or "" where it is no address, as many user names are not."""
    try:
        return parse_address(text)
    except AddressError:
        return ""


def parse_mailbox(text: str) -> NamedAddress:
    """Read exactly one mailbox: `local@domain` or `Name <local@domain>`.

    Raises:
        AddressError: Empty, several mailboxes, control characters, or no valid address.
    """
    if has_control(text):
        raise AddressError("an address holds no control characters or line breaks", text)
    text = text.strip()
    if "<" not in text:
        return NamedAddress("", parse_address(text))
    parts = cut_name_addr(text)
    if parts is None:
        raise AddressError(f"{_masked(text)} is not one mailbox: write `Name <user@example.org>`", text)
    name, address = parts
    return NamedAddress(_display_name(name, text), parse_address(address))


def cut_name_addr(text: str) -> tuple[str, str] | None:
    """Cut `name <address>` in two (RFC 5322 3.4: name-addr), in one pass; None if it is not of that form.

    The name comes without the blanks behind it, in its quotes if it has any; what is in quotes opens no bracket.
    """
    opened = text.find("<", end_of_quoted_string(text))
    if opened < 0 or not text.endswith(">"):
        return None
    address = text[opened + 1 : -1]
    return None if "<" in address or ">" in address else (text[:opened].rstrip(), address)


def end_of_quoted_string(text: str) -> int:
    """Return the place behind the quoted string that a text begins with; 0 if it does not (RFC 5322 3.2.4)."""
    if not text.startswith('"'):
        return 0
    place = 1
    while place < len(text) and text[place] != '"':
        place += 2 if text[place] == "\\" else 1
    return place + 1 if place < len(text) else 0


def shown(text: str) -> str:
    """Quote a text for a message, its beginning if it is long."""
    return repr(text) if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]!r}..."


def _masked(text: str) -> str:
    """Quote a cell for a message as far as it names nobody: what is said of a row is saved with a notebook."""
    return shown(mask_cell(text))


def domain_of(address: str) -> str:
    """Return the part after the last @ of an address."""
    return address.rpartition("@")[2]


def is_ascii_domain(address: str) -> bool:
    """Tell whether the domain can be written without SMTPUTF8 as it stands."""
    return domain_of(address).isascii()


def to_ascii_domain(address: str) -> str:
    """Rewrite an international domain as A-labels (IDNA 2008); the local part stays.

    Raises:
        AddressError: The domain has no ASCII form.
    """
    if is_ascii_domain(address):
        return address
    import idna

    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError as problem:
        raise AddressError(f"the domain {domain!r} has no ASCII form: {problem}", address) from problem


def _display_name(name: str, text: str) -> str:
    if name and end_of_quoted_string(name) == len(name):
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    if not _NOT_IN_A_BARE_NAME.isdisjoint(name):
        raise AddressError(
            f"{_masked(text)} may be several mailboxes: one goes into a cell; a name with a comma or an @ wants "
            "quotes",
            text,
        )
    return name


def _judge(text: str) -> str:
    """The long path: name what is wrong, or accept the rarer forms."""
    if not text:
        raise AddressError("the address is empty", text)
    if has_control(text):
        raise AddressError("an address holds no control characters or line breaks", text)
    if len(text) > _MOST_CHARACTERS:
        raise AddressError(f"{_masked(text)} is too long for an address", text)
    if text.count("@") > 1 and re.search(r"[,;\s]", text) and not text.startswith('"'):
        raise AddressError(f"{_masked(text)} holds several addresses: one mailbox goes into a cell", text)
    if "@" not in text:
        raise AddressError(f"{_masked(text)} has no @: an address looks like user@example.org", text)
    quoted = _QUOTED.fullmatch(text)
    local, domain = quoted.groups() if quoted else text.split("@", 1)
    if _LITERAL.fullmatch(domain):
        if len(local.encode()) <= _LOCAL_OCTETS and (quoted or re.fullmatch(rf"{_ATOM}(?:\.{_ATOM})*", local)):
            return text
        raise AddressError(f"{_masked(text)} is not a valid address: check the part before the @", text)
    return _validated(text)


def _validated(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        valid = validate_email(
            text, check_deliverability=False, allow_quoted_local=True, test_environment=True, strict=True
        )
    except EmailNotValidError as problem:
        raise AddressError(f"{_masked(text)} is not a valid address: {problem}", text) from problem
    return f"{text.rpartition('@')[0]}@{valid.domain}"  # the local part as given: its case is the server's

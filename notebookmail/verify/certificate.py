"""Certificates read for people: whose, from whom, until when (RFC 5280).

Of a certificate that failed verification Python's ssl hands out the octets alone, and just then its names and
dates are wanted. So the few fields are read here, from DER, without a library. Reads what is asked of it and
trusts nothing: whether a certificate is valid was decided by ssl before; octets that are no certificate are a
ValueError.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_UTC_TIME, _VERSION, _EXTENSIONS = 0x17, 0xA0, 0xA3
_DNS_NAME, _IP_ADDRESS = 0x82, 0x87
_COMMON_NAME, _ORGANIZATION, _ALTERNATIVE_NAMES = b"\x55\x04\x03", b"\x55\x04\x0a", b"\x55\x1d\x11"
_UTF16 = 0x1E
_LONG_LENGTH: Final = 0x80
_MOST_OCTETS: Final = 65_536
_MOST_NAMES: Final = 100
_CENTURY: Final = 50  # RFC 5280 4.1.2.5.1: years below are of the 21st


@dataclass(frozen=True, slots=True)
class Certificate:
    """What people ask of a certificate.

    Attributes:
        subject: Whom it was made for: its common name or organisation, or "".
        issuer: Who vouches for it, likewise.
        names: The host names and addresses it is for.
        not_before: Valid from then on.
        not_after: Valid until then.
        is_self_signed: True when subject and issuer are the same.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: dt.datetime
    not_after: dt.datetime
    is_self_signed: bool


def read_certificate(der: bytes) -> Certificate:
    """Read a certificate.

    Args:
        der: Its octets, as `SSLObject.getpeercert(binary_form=True)` gives them.

    Raises:
        ValueError: These octets are no certificate.
    """
    if len(der) > _MOST_OCTETS:
        raise ValueError("a certificate of that size is none")
    try:
        return _read(der)
    except (IndexError, StopIteration, OverflowError, UnicodeDecodeError) as problem:
        raise ValueError("not a certificate") from problem


def _read(der: bytes) -> Certificate:
    ((_, whole),) = list(_parts(der))
    signed = next(_parts(whole))[1]
    fields = [each for each in _parts(signed) if each[0] != _VERSION]
    # serial number, algorithm, issuer, validity, subject, key; then what is optional
    issuer, validity, subject = fields[2][1], fields[3][1], fields[4][1]
    not_before, not_after = (_moment(tag, value) for tag, value in _parts(validity))
    extensions = next((value for tag, value in fields if tag == _EXTENSIONS), b"")
    return Certificate(
        _name(subject), _name(issuer), tuple(_names(extensions))[:_MOST_NAMES], not_before, not_after,
        subject == issuer,
    )  # fmt: skip


def _parts(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Take a run of DER values apart: tag and content of each."""
    at = 0
    while at < len(octets):
        tag, length = octets[at], octets[at + 1]
        at += 2
        if length >= _LONG_LENGTH:
            width = length - _LONG_LENGTH
            length = int.from_bytes(octets[at : at + width])
            at += width
        if at + length > len(octets):
            raise IndexError("cut off")
        yield tag, octets[at : at + length]
        at += length


def _name(octets: bytes) -> str:
    """Read a distinguished name: its common name, with the organisation where both are there and differ."""
    found: dict[bytes, str] = {}
    for _, together in _parts(octets):
        for _, pair in _parts(together):
            (_, kind), (tag, text) = list(_parts(pair))[:2]
            found[kind] = text.decode("utf-16-be" if tag == _UTF16 else "utf-8", "replace")
    common, organization = found.get(_COMMON_NAME, ""), found.get(_ORGANIZATION, "")
    if common and organization and common != organization:
        return f"{common} ({organization})"
    return common or organization


def _moment(tag: int, value: bytes) -> dt.datetime:
    text = value.decode("ascii")
    if tag == _UTC_TIME:
        text = f"{'20' if int(text[:2]) < _CENTURY else '19'}{text}"
    return dt.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=dt.UTC)


def _names(extensions: bytes) -> Iterator[str]:
    for _, listed in _parts(extensions):
        for _, extension in _parts(listed):
            (_, kind), *_, (_, value) = list(_parts(extension))
            if kind == _ALTERNATIVE_NAMES:
                for _, names in _parts(value):
                    yield from _alternatives(names)


def _alternatives(names: bytes) -> Iterator[str]:
    for tag, value in _parts(names):
        if tag == _DNS_NAME:
            yield value.decode("ascii", "replace")
        elif tag == _IP_ADDRESS and len(value) in {4, 16}:
            yield str(ipaddress.ip_address(value))

"""A certificate in words: whose, for how long, and why it is not trusted where it is not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from .certificate import Certificate, read_certificate
from .step_result import Failure, StepResult, said, warned

if TYPE_CHECKING:
    import ssl

WARNING_DAYS: Final = 21
"""So many days before its end a certificate is worth a word: renewals mostly come a month before."""

_DAY_SECONDS: Final = 86_400
_MOST_NAMES: Final = 6
# OpenSSL's codes (x509_vfy.h)
_NOT_YET, _EXPIRED, _OWN, _OWN_IN_CHAIN, _NO_ISSUER, _ONLY_LEAF = 9, 10, 18, 19, 20, 21
_OTHER_NAME, _OTHER_ADDRESS = 62, 64
_RENEW: Final = "the server's administrator has to renew it; look also whether this machine's clock is right"
_CLOCK: Final = "look whether this machine's clock is right"
_OTHER: Final = "use a name that the certificate has as the Server's hostname, if it is the same server"
_AUTHORITY: Final = (
    "a server with a company's own authority: set SSL_CERT_FILE to the authority's file (PEM), which its "
    "administrator has; on a foreign network somebody may be listening in"
)


def read(der: bytes | None) -> Certificate | None:
    """Read a certificate, if there is one that can be read."""
    try:
        return read_certificate(der) if der else None
    except ValueError:
        return None


def trusted(certificate: Certificate | None, now: datetime) -> StepResult:
    """Say what a certificate is that was found valid."""
    if certificate is None:
        return StepResult("valid")
    left = _days(certificate, now)
    words = f"valid until {_day(certificate.not_after)}, {left} day{'s' if left != 1 else ''} left"
    result = StepResult(words, _facts(certificate))
    return warned(result, _RENEW) if left < WARNING_DAYS else result


def distrusted(
    problem: ssl.SSLCertVerificationError, certificate: Certificate | None, host: str, now: datetime
) -> Failure:
    """Say why a certificate was not found valid."""
    words, remedy = _why_not(problem, certificate, host, now)
    return Failure(words, remedy, _facts(certificate) if certificate else ())


def _why_not(
    problem: ssl.SSLCertVerificationError, certificate: Certificate | None, host: str, now: datetime
) -> tuple[str, str]:
    code = problem.verify_code
    if code in {_OTHER_NAME, _OTHER_ADDRESS}:
        return f"wrong host name: it is not for {host!r}{_has(certificate)}", _OTHER
    if code in {_EXPIRED, _NOT_YET}:
        return _out_of_date(code, certificate, now), _RENEW if code == _EXPIRED else _CLOCK
    if code == _OWN:
        return "self-signed: nobody vouches for it", _AUTHORITY
    if code in {_OWN_IN_CHAIN, _NO_ISSUER, _ONLY_LEAF}:
        issuer = said(certificate.issuer) if certificate else ""
        return f"unknown authority: this machine does not know {issuer or 'who signed it'}", _AUTHORITY
    return said(problem.verify_message or "not valid"), _AUTHORITY


def _out_of_date(code: int, certificate: Certificate | None, now: datetime) -> str:
    if code == _NOT_YET:
        return f"not valid before {_day(certificate.not_before)}" if certificate else "not valid yet"
    if certificate is not None and certificate.not_after < now:
        return f"expired on {_day(certificate.not_after)}, {-_days(certificate, now):,} days ago"
    return "expired: a certificate that vouches for it is out of date"


def _has(certificate: Certificate | None) -> str:
    if certificate is None or not certificate.names:
        return ""
    return f", but for {_listed(certificate.names)}"


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return said(", ".join(names[:_MOST_NAMES])) + more


def _facts(certificate: Certificate) -> tuple[str, ...]:
    subject = said(certificate.subject)
    names = _listed(certificate.names)
    lines = [f"for {names}" if names else "for no host name"]
    if subject and subject not in certificate.names:
        lines.append(f"subject {subject}")
    lines.append(f"issuer {said(certificate.issuer) or 'unnamed'}")
    return tuple(lines)


def _days(certificate: Certificate, now: datetime) -> int:
    return int((certificate.not_after - now).total_seconds() // _DAY_SECONDS)


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"

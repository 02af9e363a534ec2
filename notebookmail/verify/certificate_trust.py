"""A certificate in words: whose, for how long, and why it is not trusted where it is not."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from notebookmail.delivery import session_faults
from notebookmail.delivery.explain import explain

from .certificate import Certificate, read_certificate
from .step_result import Failure, StepResult, said, warned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookmail.delivery.explanation import Explanation
    from notebookmail.errors import SMTPException

WARNING_DAYS: Final = 21
"""So many days before its end a certificate is worth a word: renewals mostly come a month before."""

_DAY_SECONDS: Final = 86_400
_MOST_NAMES: Final = 6
_WEEKDAYS: Final = frozenset({"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"})
_SAME_TIME_SECONDS: Final = 86_400
"""Clocks that differ by more than a day are worth a word: certificates are renewed by days."""


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
    return warned(result, session_faults.EXPIRED.remedy) if left < WARNING_DAYS else result


def distrusted(
    error: SMTPException, certificate: Certificate | None, host: str, now: datetime, server_clock: datetime | None
) -> Failure:
    """Say why a certificate was not found valid.

    Args:
        error: What refused it; behind it stands what OpenSSL says.
        certificate: It, if it could be read.
        host: Whom we meant.
        now: By this machine's clock.
        server_clock: By the server's, if its greeting told.
    """
    why = explain(error)
    facts = () if certificate is None else (*_details(why, certificate, host, now), *_facts(certificate))
    off = None if server_clock is None else (server_clock - now).total_seconds()
    if off is None or abs(off) < _SAME_TIME_SECONDS:
        return Failure(why.cause, why.remedy, facts)
    clocks = f"the server's clock says {_day(now + timedelta(seconds=off))}, this machine's {_day(now)}"
    days = f"{abs(off) / _DAY_SECONDS:,.0f} days {'behind' if off > 0 else 'ahead of'}"
    return Failure(why.cause, f"set this machine's clock: it is {days} the server's", (clocks, *facts))


def _details(why: Explanation, certificate: Certificate, host: str, now: datetime) -> Iterator[str]:
    """Say what of a certificate is not as it should be."""
    match why:
        case session_faults.WRONG_HOST:
            yield f"it is not for {host!r}"
        case session_faults.EXPIRED if certificate.not_after < now:
            yield f"expired on {_day(certificate.not_after)}, {-_days(certificate, now):,} days ago"
        case session_faults.EXPIRED:
            yield "it is in date itself, but not one that vouches for it"
        case session_faults.NOT_YET:
            yield f"valid from {_day(certificate.not_before)}; this machine's clock says {_day(now)}"


def clock_of(greeting: str) -> datetime | None:
    """Read the date in a server's greeting (RFC 5322 3.3), where Exim, Sendmail and Exchange put it, or None."""
    words = greeting.split()
    for at, word in enumerate(words):
        if word.rstrip(",") in _WEEKDAYS:
            with contextlib.suppress(ValueError):
                told = parsedate_to_datetime(" ".join(words[at : at + 6]))
                return told if told.tzinfo is not None else told.replace(tzinfo=UTC)
    return None


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

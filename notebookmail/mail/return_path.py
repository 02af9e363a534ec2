"""Where a letter's bounces go, and which reports on it are asked for: the envelope, not the header.

With VERP (variable envelope return paths, https://cr.yp.to/proto/verp.txt) each letter has a return address of its
own, `local+token@domain`, so that whatever comes to it is of that letter. The token is that of the Message-ID; no
recipient's address stands in it. Some receivers write a return path of their own (Gmail and Yahoo when they pass
mail on); the Message-ID is left then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from notebookmail.address import domain_of, parse_mailbox, to_ascii_domain
from notebookmail.errors import AddressError, FrameError

from .message import DeliveryReports, Envelope

ReportKind = Literal["failure", "delay", "success", "never"]
"""What a server is asked to report on (RFC 3461 4.1)."""

_KINDS: Final[tuple[str, ...]] = get_args(ReportKind)
_LOCAL_OCTETS: Final = 64  # RFC 5321 4.5.3.1.1
_PLAIN_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*/=?^_`{|}~.-]+")  # dot-atom, without the "+" that parts it


@dataclass(frozen=True, slots=True)
class ReturnPath:
    """How envelopes are made.

    Attributes:
        bounce_to: The return address; "" takes each letter's sender.
        verp: Whether each letter has a return address of its own.
        notify: What is reported: of "failure", "delay", "success", or "never" alone; () asks for nothing.
    """

    bounce_to: str = ""
    verp: bool = False
    notify: tuple[str, ...] = ()

    @classmethod
    def of(cls, bounce_to: str | None, notify: tuple[str, ...], *, verp: bool) -> ReturnPath:
        """Read what a caller chose.

        Raises:
            FrameError: It cannot be; the message says why.
        """
        address = ""
        if bounce_to is not None:
            try:
                address = to_ascii_domain(parse_mailbox(bounce_to).address)
            except AddressError as problem:
                raise FrameError(f"bounce_to is not one mailbox: {problem}") from problem
        unknown = [each for each in notify if each not in _KINDS]
        if unknown:
            raise FrameError(f"notify={unknown[0]!r}: it is of {', '.join(map(repr, _KINDS))}, or several of them")
        if "never" in notify and len(notify) > 1:
            raise FrameError("notify: 'never' stands alone")
        path = cls(address, verp, notify)
        if verp and address:
            try:
                path.envelope(address, (address,), "0" * 32)
            except AddressError as problem:
                raise FrameError(str(problem)) from problem
        return path

    def envelope(self, sender: str, recipients: tuple[str, ...], token: str) -> Envelope:
        """Make a letter's envelope.

        Args:
            sender: The address of its From.
            recipients: Whom it goes to.
            token: The local part of its Message-ID.

        Raises:
            AddressError: The return address leaves no room for the token.
        """
        address = self.bounce_to or sender
        if not (self.verp or self.notify):  # as most are
            return Envelope(address, recipients)
        if self.verp and address:
            local = address.rpartition("@")[0]
            if not _PLAIN_LOCAL.fullmatch(local) or len(local) + 1 + len(token) > _LOCAL_OCTETS:
                most = _LOCAL_OCTETS - 1 - len(token)
                raise AddressError(
                    f"verp=True writes {len(token)} characters behind the name of the return address: that may "
                    f"have {most} letters, digits and dots; give another mailbox, bounce_to='bounces@...'",
                    address,
                )
            address = f"{local}+{token}@{domain_of(address)}"
        reports = DeliveryReports(self.notify, token) if self.notify else None
        return Envelope(address, recipients, reports=reports)


def alignment_notice(bounce_to: str, sender: str | None) -> str:
    """Say that SPF will not speak for the sender, as bounces go to another domain; "" where it may.

    SPF vouches for the domain of the return address; DMARC counts that only where it is the From's own, or one
    above or below it (relaxed alignment, RFC 7489 3.1.2).

    Args:
        bounce_to: The return address, or "".
        sender: The From mailbox as it was written; a template, or None, says nothing.
    """
    if not bounce_to or not sender or "{" in sender:
        return ""
    try:
        domain = to_ascii_domain(parse_mailbox(sender).address).rpartition("@")[2].lower()
    except AddressError:
        return ""
    bounces = domain_of(bounce_to).lower()
    if f".{bounces}".endswith(f".{domain}") or f".{domain}".endswith(f".{bounces}"):
        return ""
    return (
        f"Bounces go to {bounces}, and SPF speaks for that domain, not for {domain}: DMARC rests on DKIM alone. A "
        f"mailbox at {domain}, or at a name below it, keeps both."
    )

"""What asks a server for reports on a message's delivery: parameters of MAIL and RCPT (RFC 3461)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notebookmail.mail.message import DeliveryReports


def mail_parameters(reports: DeliveryReports) -> tuple[str, ...]:
    """Return the parameters of MAIL: the header alone comes back, with the identifier (RFC 3461 4.3, 4.4)."""
    return ("RET=HDRS", f"ENVID={xtext(reports.envelope_id)}")


def rcpt_parameters(reports: DeliveryReports, recipient: str) -> tuple[str, ...]:
    """Return the parameters of a RCPT: what is reported, and of whom (RFC 3461 4.1, 4.2).

    An original recipient is told only where it needs no encoding: Exim (4.96) reports it as it came, encoded, and
    nobody would know it again; and the type of international ones (RFC 6533 3) few servers know.
    """
    notify = f"NOTIFY={','.join(each.upper() for each in reports.notify)}"
    return (notify, f"ORCPT=rfc822;{recipient}") if xtext(recipient) == recipient else (notify,)


def xtext(text: str) -> str:
    """Write a text of ASCII so that it can stand in a parameter (RFC 3461 4)."""
    return "".join(each if "!" <= each <= "~" and each not in "+=" else f"+{ord(each):02X}" for each in text)

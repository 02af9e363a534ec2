"""Builders of messages as mail systems, machines and people write them; every address and name in them is ours.

What a form has in common with others of its kind is built here; what is its own stands in the samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookmail.feedback import NoticeKind

DESK, ANN, BO = "desk@letters.example", "ann@receiver.example", "bo@receiver.example"
LETTER = "q5Tz81@letters.example"
HEADER = f"""\
Return-Path: <{DESK}>
Received: from mail.letters.example by mx.receiver.example with ESMTPS; Mon, 1 Jun 2026 09:00:00 +0000
Message-ID: <{LETTER}>
Date: Mon, 1 Jun 2026 09:00:00 +0000
From: Points Desk <{DESK}>
To: Ann <{ANN}>
Subject: Your 17 points, Ann
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A message, and what a reader of it would say that it is.

    Attributes:
        name: What it is called, for the test's name.
        source: The specification, or the public suite or documentation that shows this form.
    """

    name: str
    source: str
    content: bytes
    kind: NoticeKind
    recipients: tuple[str, ...] = (ANN,)
    code: str = ""
    is_permanent: bool = False
    letter: str = LETTER
    reason: str = ""  # a part of it


def message(head: str, body: str) -> bytes:
    """Join a header and a body, with the line ends of the wire."""
    text = f"{head.strip()}\nDate: Mon, 1 Jun 2026 09:00:05 +0000\n\n{body}"
    return text.replace("\n", "\r\n").encode()


def report(
    head: str,
    status: str,
    text: str = "Your message could not be delivered.",
    *,
    returned: str = HEADER,
    returned_as: str = "message/rfc822",
    status_as: str = "message/delivery-status",
    report_type: str = "delivery-status",
    more: str = "",
) -> bytes:
    """Build a multipart/report (RFC 6522)."""
    parts = [
        f"Content-Type: text/plain; charset=utf-8\n\n{text}\n",
        f"Content-Type: {status_as}\n\n{status.strip()}\n",
    ]
    if more:
        parts.insert(1, more)
    if returned:
        parts.append(f"Content-Type: {returned_as}\n\n{returned}\nDear Ann,\n")
    content = f'Content-Type: multipart/report; report-type={report_type};\n boundary="=_edge.1"'
    return message(f"{head.strip()}\nMIME-Version: 1.0\n{content}", multipart(parts, "=_edge.1"))


def multipart(parts: Sequence[str], boundary: str) -> str:
    return "".join(f"--{boundary}\n{part}\n" for part in parts) + f"--{boundary}--\n"


def mixed(head: str, *parts: str) -> bytes:
    """Build a multipart/mixed."""
    kind = 'Content-Type: multipart/mixed; boundary="=_mixed"'
    return message(f"{head.strip()}\nMIME-Version: 1.0\n{kind}", multipart(parts, "=_mixed"))


def recipient(
    address: str = ANN, action: str = "failed", status: str = "5.1.1", said: str = "", *, more: str = ""
) -> str:
    """Write the fields of a recipient (RFC 3464 2.3)."""
    diagnostic = f"Diagnostic-Code: smtp; {said}\n" if said else ""
    return f"Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}\n{diagnostic}{more}"


def system(name: str = "Mail Delivery System <MAILER-DAEMON@mx.receiver.example>", subject: str = "") -> str:
    """Write the header of a mail system's report."""
    subject = subject or "Undelivered Mail Returned to Sender"
    return (
        f"Return-Path: <>\nDelivered-To: {DESK}\nFrom: {name}\nTo: {DESK}\nSubject: {subject}\n"
        "Message-Id: <20260601090005.1@mx.receiver.example>\nAuto-Submitted: auto-replied"
    )


def person(subject: str, *, sender: str = f"Ann Lee <{ANN}>", more: str = f"In-Reply-To: <{LETTER}>") -> str:
    """Write the header of what a person sends."""
    return (
        f"Return-Path: <{ANN}>\nDelivered-To: {DESK}\nFrom: {sender}\nTo: Points Desk <{DESK}>\n"
        f"Subject: {subject}\nMessage-ID: <CAF-77@receiver.example>\n{more}"
    )

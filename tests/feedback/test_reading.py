import pytest

from notebookmail.feedback import read_notice

REPORT = b"""\
Return-Path: <>
Delivered-To: desk+abc@example.org
From: MAILER-DAEMON@mx.example.net
To: desk+abc@example.org
Subject: Undelivered Mail Returned to Sender
Date: Mon, 1 Jun 2026 10:00:00 +0200
Message-Id: <report-1@mx.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="edge"

--edge
Content-Type: text/plain

Your message could not be delivered.

--edge
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Original-Envelope-Id: abc

Final-Recipient: rfc822; ann@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <ann@example.com>: no such user

--edge
Content-Type: text/rfc822-headers

From: desk@example.org
Message-ID: <abc@example.org>

--edge--
"""


def test_a_delivery_report_names_recipient_code_and_letter() -> None:
    notice = read_notice(REPORT)
    assert (notice.kind, notice.is_permanent, notice.code) == ("bounce", True, "5.1.1")
    assert notice.recipients == ("ann@example.com",)
    assert notice.refers_to == (notice.envelope_id + "@example.org",) == ("abc@example.org",)
    assert notice.came_to == ("desk+abc@example.org",)
    assert notice.reason == "550 5.1.1 <ann@example.com>: no such user"
    assert notice.message_id == "report-1@mx.example.net"


def test_a_reply_refers_to_the_nearest_letter_first() -> None:
    notice = read_notice(
        b"From: Ann <ann@example.com>\r\nTo: desk@example.org\r\nSubject: Re: Points\r\n"
        b"In-Reply-To: <two@example.org>\r\nReferences: <one@example.org> <two@example.org>\r\n\r\n"
        b"Thank you!\r\n\r\nOn Mon, 1 Jun 2026, Desk wrote:\r\n> 17 points\r\n"
    )
    assert (notice.kind, notice.reason) == ("reply", "Thank you!")
    assert notice.refers_to == ("two@example.org", "one@example.org")
    assert notice.recipients == ("ann@example.com",)


def test_no_message_is_no_error() -> None:
    assert read_notice(b"").kind == "other"


def test_of_an_answer_what_is_new_is_told_in_one_line() -> None:
    head = b"From: ann@example.com\r\nIn-Reply-To: <a@example.org>\r\n\r\n"
    two_lines = b"Yes.\r\n\r\n1 June 2026, 09:00 Desk <\r\ndesk@example.org> wrote:\r\n\r\n> Dear Ann\r\n"
    assert read_notice(head + two_lines).reason == "Yes."
    assert read_notice(head + b"Yes,\r\nboth.\r\n-- \r\nAnn Lee\r\n").reason == "Yes, both."
    assert read_notice(head + b"On 1 June, Desk wrote:\r\n> 17?\r\n\r\n18.\r\n").reason == "18."
    assert len(read_notice(head + b"word " * 10_000).reason) <= 300


@pytest.mark.parametrize(
    "said",
    [
        '{"notificationType": "Bounce", "bounce": [1], "mail": 7}',
        '{"notificationType": ["Bounce"]}',
        '{"notificationType": "Bounce", "bounce": {"bouncedRecipients": [7, null, {"emailAddress": {"a": 1}}]}}',
        '{"Message": "{"}',
        "[" * 20_000,
    ],
)
def test_a_notification_whose_values_are_of_other_kinds_names_nobody(said: str) -> None:
    notice = read_notice(f"From: no-reply@sns.amazonaws.com\r\n\r\n{said}\r\n".encode())
    assert notice.kind in {"bounce", "other"}
    assert not notice.is_permanent
    assert notice.refers_to == ()

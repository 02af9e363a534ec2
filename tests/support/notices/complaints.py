# ruff: noqa: E501 -- lines as they are sent
"""Complaints (RFC 5965, RFC 6590, RFC 6591), and reports that have their form and are none."""

from __future__ import annotations

from .forms import ANN, DESK, HEADER, LETTER, Sample, message, mixed, report


def feedback(
    kind: str, *, rcpt: str = f"<{ANN}>", agent: str = "SomeGenerator/1.0", sender: str = "abuse@receiver.example",
    returned: str = HEADER, more: str = "", returned_as: str = "message/rfc822",
) -> bytes:  # fmt: skip
    fields = f"Feedback-Type: {kind}\nUser-Agent: {agent}\nVersion: 1\nOriginal-Mail-From: <{DESK}>\n"
    fields += f"Original-Rcpt-To: {rcpt}\n" if rcpt else ""
    return report(
        f"From: <{sender}>\nTo: {DESK}\nSubject: FW: Your 17 points, Ann\nMessage-ID: <c1@receiver.example>",
        fields + f"Received-Date: Mon, 1 Jun 2026 09:00:00 +0000\nSource-IP: 192.0.2.1\n{more}",
        "This is an email abuse report for a message received from IP 192.0.2.1.",
        returned=returned, returned_as=returned_as, status_as="message/feedback-report", report_type="feedback-report",
    )  # fmt: skip


SAMPLES = (
    Sample("abuse", "RFC 5965 appendix B.2", feedback("abuse"), "complaint", reason="abuse"),
    Sample("fraud", "RFC 5965 section 7.3", feedback("fraud"), "complaint", reason="fraud"),
    Sample("virus", "RFC 5965 section 7.3", feedback("virus"), "complaint"),
    Sample(
        "headers only", "RFC 5965 appendix B.1", feedback("abuse", rcpt="", returned_as="text/rfc822-headers"), "complaint"
    ),
    Sample(
        "the address is hidden", "RFC 6590; sisimai arf",
        feedback("abuse", rcpt="redacted@receiver.example", returned=HEADER.replace(ANN, "redacted@receiver.example")),
        "complaint", (),
    ),
    Sample(
        "ses", "docs.aws.amazon.com/ses; sisimai arf",
        feedback(
            "abuse", agent="Amazon SES Mailing System", sender="complaints@email-abuse.amazonses.com",
            returned=HEADER.replace(LETTER, "0100018f-bb-000000@eu-west-1.amazonses.com"),
        ),
        "complaint", letter="0100018f-bb-000000@eu-west-1.amazonses.com",
    ),
    Sample(
        "yahoo", "senders.yahooinc.com/complaint-feedback-loop; sisimai arf",
        feedback("abuse", rcpt=ANN, agent="Yahoo!-Mail-Feedback/2.0", sender="feedback@arf.mail.yahoo.example"), "complaint",
    ),
    Sample("aol", "sisimai arf", feedback("abuse", rcpt="", agent="AOL SComp", more="Redacted-Address: redacted\n"), "complaint"),
    Sample(
        "hotmail of old", "Junk Mail Reporting Program; sisimai arf",
        mixed(
            f"From: staff@hotmail.example\nTo: {DESK}\nSubject: complaint about message from 192.0.2.1\nMessage-ID: <h@x>",
            f"Content-Type: message/rfc822\n\nX-HmXmrOriginalRecipient: {ANN}\n{HEADER}\nDear Ann\n",
        ),
        "complaint",
    ),
    Sample(
        "hotmail in the standard's form", "Junk Mail Reporting Program",
        feedback("abuse", rcpt="", returned=f"X-HmXmrOriginalRecipient: {ANN}\n" + HEADER.replace(ANN, "x@xxx.example")),
        "complaint",
    ),
    Sample(
        "ses, by sns", "docs.aws.amazon.com/ses, complaint object; sisimai lhost-amazonses",
        message(
            f"From: Letters <no-reply@sns.amazonaws.com>\nTo: {DESK}\nSubject: AWS Notification Message\nMessage-ID: <s@b>",
            f'{{"Message": "{{\\"notificationType\\": \\"Complaint\\", \\"mail\\": {{\\"messageId\\": \\"0100-dd\\"}}, '
            f'\\"complaint\\": {{\\"complainedRecipients\\": [{{\\"emailAddress\\": \\"{ANN}\\"}}]}}}}"}}\n',
        ),
        "complaint", letter="0100-dd@email.amazonses.com",
    ),
    Sample("wants to leave", "RFC 5965 errata, opt-out; sisimai arf", feedback("opt-out"), "unsubscribe"),
    Sample("is no spam", "RFC 6430", feedback("not-spam"), "other", letter=""),
    Sample(
        "a signature failed", "RFC 6591", feedback("auth-failure", rcpt="", more="Auth-Failure: dmarc\n"), "other", letter=""
    ),
    Sample(
        "an abuse desk writes by hand", "no form at all",
        message(
            f"From: Abuse Desk <abuse@receiver.example>\nTo: {DESK}\nSubject: Spam complaint\nMessage-ID: <a1@x.example>",
            f"We had a complaint about a message from you, <{LETTER}>. Please stop.\n",
        ),
        "other", ("abuse@receiver.example",), letter="",
    ),
)  # fmt: skip

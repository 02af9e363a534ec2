# ruff: noqa: E501 -- lines as they are sent
"""Delivery reports of the standard form (RFC 3464, RFC 6533), as specifications print them and servers write them."""

from __future__ import annotations

import base64

from .forms import ANN, BO, DESK, HEADER, LETTER, Sample, message, mixed, multipart, recipient, report, system

MTA = "Reporting-MTA: dns; mx.receiver.example\nArrival-Date: Mon, 1 Jun 2026 09:00:00 +0000\n\n"

SAMPLES = (
    Sample(
        "postfix, no such user", "Postfix bounce(8); sisimai lhost-postfix",
        report(
            system(),
            "Reporting-MTA: dns; mx.receiver.example\nX-Postfix-Queue-ID: 4B1D22\n"
            f"X-Postfix-Sender: rfc822; {DESK}\n\n"
            + recipient(said=f"550 5.1.1 <{ANN}>: Recipient address rejected: User unknown in\n local table"),
            "This is the mail system at host mx.receiver.example.\n\nI'm sorry to have to inform you that your "
            f"message could not\nbe delivered.\n\n<{ANN}>: host mx said: 550 5.1.1 User unknown",
        ),
        "bounce", (ANN,), "5.1.1", True, reason="Recipient address rejected: User unknown in local table",
    ),
    Sample(
        "postfix, host not found", "Postfix smtp(8); sisimai lhost-postfix",
        report(
            system(),
            MTA + recipient(
                status="5.4.4", said=" "
            ).replace("Diagnostic-Code: smtp;  \n", "Diagnostic-Code: X-Postfix; Host or domain name not found. Name\n"
            " service error for name=receiver.example type=AAAA: Host not found\n"),
        ),
        "bounce", (ANN,), "5.4.4", True, reason="Host not found",
    ),
    Sample(
        "postfix, mailbox full", "Postfix; sisimai rhost-google",
        report(system(), MTA + recipient(status="5.2.2", said="552 5.2.2 The recipient's inbox is out of storage")),
        "bounce", (ANN,), "5.2.2", reason="out of storage",
    ),
    Sample(
        "postfix, delayed", "Postfix delay_warning_time",
        report(
            system(subject="Delayed Mail (still being retried)"),
            MTA + recipient(action="delayed", status="4.4.1", said="connect to mx.receiver.example: timed out"),
        ),
        "delay", (ANN,), "4.4.1", reason="timed out",
    ),
    Sample(
        "postfix, gave up after days", "Postfix maximal_queue_lifetime",
        report(system(), MTA + recipient(status="4.4.1", said="connect to mx.receiver.example[192.0.2.1]:25: refused")),
        "bounce", (ANN,), "4.4.1",
    ),
    Sample(
        "postfix, delivered", "RFC 3461 NOTIFY=SUCCESS; Postfix",
        report(
            system(subject="Successful Mail Delivery Report"),
            MTA + recipient(action="relayed", status="2.0.0", said="250 2.0.0 Ok: queued as 17"),
            "Your message was successfully delivered to the destination(s) listed below.",
            returned_as="text/rfc822-headers",
        ),
        "delivered", (ANN,), "2.0.0",
    ),
    Sample(
        "expanded by a list", "RFC 3464 2.3.3",
        report(system(), MTA + recipient(action="expanded", status="2.0.0")), "delivered", (ANN,), "2.0.0",
    ),
    Sample(
        "sendmail, user unknown", "sendmail; RFC 3464 appendix E.1",
        report(
            system("Mail Delivery Subsystem <MAILER-DAEMON@mx.receiver.example>", "Returned mail: see transcript"),
            MTA + recipient(said=f"550 5.1.1 <{ANN}>... User unknown", more="Remote-MTA: DNS; mx.receiver.example\n"),
            f"   ----- The following addresses had permanent fatal errors -----\n<{ANN}>\n"
            "   ----- Transcript of session follows -----\n>>> DATA\n<<< 550 5.1.1 User unknown",
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "two recipients, one of them unknown", "RFC 3464 appendix E.2",
        report(
            system(),
            MTA + recipient(said="550 5.1.1 User unknown") + "\n"
            + recipient(BO, "delayed", "4.0.0", "426 connection timed out"),
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "two recipients, one full and one unknown", "RFC 3464 2.3",
        report(
            system(),
            MTA + recipient(BO, status="5.2.2", said="552 5.2.2 Mailbox full") + "\n"
            + recipient(said="550 5.1.1 User unknown"),
        ),
        "bounce", (ANN,), "5.1.1", True, reason="User unknown",
    ),
    Sample(
        "two recipients with no empty line between", "sisimai rhost-aol",
        report(
            system(),
            MTA + recipient(said="550 5.1.1 no such user") + recipient(BO, said="550 5.1.1 no such user"),
        ),
        "bounce", (ANN, BO), "5.1.1", True,
    ),
    Sample(
        "delayed in a gateway", "RFC 3464 appendix E.3",
        report(
            system("Memo Gateway <postmaster@gate.example>", "Delivery report"),
            "Reporting-MTA: mailbus; SYS30\n\n" + f"Final-Recipient: unknown; ann\nOriginal-Recipient: rfc822;{ANN}\n"
            "Status: 4.4.7 (message delayed)\nAction: delayed\n",
        ),
        "delay", (ANN,), "4.4.7",
    ),
    Sample(
        "the envelope's identity comes back", "RFC 3461 4.4, RFC 3464 2.2.1",
        report(
            system(),
            f"Original-Envelope-Id: {LETTER.partition('@')[0]}\n{MTA}" + recipient(said="550 5.1.1 unknown user"),
            returned="",
        ),
        "bounce", (ANN,), "5.1.1", True, letter="",
    ),
    Sample(
        "an address in any script", "RFC 6533 section 3",
        report(
            system(),
            MTA + "Original-Recipient: utf-8; \\x{E9}va@receiver.example\nFinal-Recipient: utf-8; éva@receiver.example\n"
            "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 unknown user\n",
            status_as="message/global-delivery-status", returned_as="message/global-headers",
        ),
        "bounce", ("éva@receiver.example",), "5.1.1", True,
    ),
    Sample(
        "exim since 4.83", "Exim, bounce_return_message; sisimai lhost-exim",
        report(
            f"{system('Mail Delivery System <Mailer-Daemon@mx.receiver.example>', 'Mail delivery failed')}\n"
            f"X-Failed-Recipients: {ANN}\nReferences: <{LETTER}>",
            "Reporting-MTA: dns; mx.receiver.example\n\n" + f"Action: failed\nFinal-Recipient: rfc822;{ANN}\nStatus: 5.0.0\n"
            "Remote-MTA: dns; mx2.receiver.example\nDiagnostic-Code: smtp; 550 No Such User Here\n",
        ),
        "bounce", (ANN,), "5.0.0", True,
    ),
    Sample(
        "exchange online, not found", "learn.microsoft.com, non-delivery reports in Exchange Online",
        report(
            "Return-Path: <>\nFrom: Microsoft Outlook\n <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@org.example>\n"
            f"To: {DESK}\nSubject: Undeliverable: Your 17 points, Ann\nX-MS-Exchange-Message-Is-Ndr:\n"
            f"Auto-Submitted: auto-replied\nIn-Reply-To: <{LETTER}>\nReferences: <{LETTER}>",
            "Reporting-MTA: dns;AM0PR01.prod.example\nReceived-From-MTA: dns;mail.letters.example\n\n"
            + recipient(
                status="5.1.10", said="550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ann not found by SMTP\n"
                " address lookup",
            ),
            more="Content-Type: text/html; charset=utf-8\n\n<html><body><p>Your message wasn't delivered</p></body></html>\n",
        ),
        "bounce", (ANN,), "5.1.10", True, reason="not found by SMTP address lookup",
    ),
    Sample(
        "exchange online, at the edge", "learn.microsoft.com, 5.4.1; sisimai rhost-microsoft",
        report(
            system(), MTA + recipient(
                status="5.4.1", said=f"550 5.4.1 Recipient address rejected: Access denied. AS(201806281)\n [{ANN}]"
            ),
        ),
        "bounce", (ANN,), "5.4.1", True,
    ),
    Sample(
        "exchange online, blocked by a rule", "learn.microsoft.com, 5.7.1 TRANSPORT.RULES.RejectMessage",
        report(system(), MTA + recipient(
            status="5.7.1", said="550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by policy"
        )),
        "bounce", (ANN,), "5.7.1",
    ),
    Sample(
        "exchange, out of retries", "learn.microsoft.com, 5.4.300 to 4.4.7",
        report(system(), MTA + recipient(status="4.4.7", said="550 4.4.7 QUEUE.Expired; message expired")),
        "bounce", (ANN,), "4.4.7",
    ),
    Sample(
        "gmail, does not exist", "support.google.com/mail/answer/6596; sisimai lhost-gmail",
        report(
            f"{system('Mail Delivery Subsystem <mailer-daemon@googlemail.com>', 'Delivery Status Notification (Failure)')}\n"
            f"X-Failed-Recipients: {ANN}\nIn-Reply-To: <{LETTER}>\nReferences: <{LETTER}>",
            "Reporting-MTA: dns; googlemail.com\nX-Original-Message-ID: <" + LETTER + ">\n\n" + recipient(
                said="550-5.1.1 The email account that you tried to reach does not exist. Please try\n"
                " 550-5.1.1 double-checking the recipient's email address 550 5.1.1 gsmtp"
            ),
            more="Content-Type: text/html; charset=utf-8\n\n<html><body><h1>Address not found</h1></body></html>\n",
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "gmail, unsigned", "support.google.com/mail/answer/81126",
        report(system(), MTA + recipient(
            status="5.7.26", said="550-5.7.26 Your email has been blocked because the sender is unauthenticated.\n"
            " 550 5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM."
        )),
        "bounce", (ANN,), "5.7.26",
    ),
    Sample(
        "gmail, disabled", "support.google.com/a/answer/3726730",
        report(system(), MTA + recipient(
            status="5.2.1", said="550 5.2.1 The email account that you tried to reach is disabled."
        )),
        "bounce", (ANN,), "5.2.1", True,
    ),
    Sample(
        "gmail, late", "sisimai rhost-gsuite",
        report(
            system("Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Delay)"),
            MTA + recipient(action="delayed", status="4.4.1", said="The recipient server did not accept our requests"),
            "There was a temporary problem while delivering your message. Gmail will retry for 45 more hours.",
        ),
        "delay", (ANN,), "4.4.1",
    ),
    Sample(
        "ses, with the identifier that it gave", "docs.aws.amazon.com/ses; sisimai lhost-amazonses",
        report(
            system("MAILER-DAEMON@amazonses.com", "Delivery Status Notification (Failure)"),
            "Reporting-MTA: dns; a8-50.smtp-out.amazonses.com\n\n" + recipient(
                said="550 5.1.1 user unknown", more="Remote-MTA: dns; mx.receiver.example\n"
            ),
            "An error occurred while trying to deliver the mail to the following recipients:\n" + ANN,
            returned="Message-ID: <0100018f-aa-000000@email.amazonses.com>\n" + HEADER.replace("Message-ID", "X-Was"),
        ),
        "bounce", (ANN,), "5.1.1", True, letter="0100018f-aa-000000@email.amazonses.com",
    ),
    Sample(
        "a relay that wraps the server's words", "sisimai lhost-amazonses",
        report(system(), MTA + recipient(
            status="5.1.0", said="5.1.0 - Unknown address error 550-'5.2.2 Mailbox full' (delivery attempts: 0)"
        )),
        "bounce", (ANN,), "5.1.0",
    ),
    Sample(
        "courier, status without meaning", "courier-mta; sisimai lhost-courier",
        report(
            system('"Courier mail server at mx.receiver.example" <@>', "NOTICE: mail delivery status."),
            MTA + recipient(status="5.0.0", said=f"550 5.1.1 <{ANN}>... User Unknown"),
            returned_as="text/rfc822-headers",
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "opensmtpd", "OpenSMTPD; sisimai lhost-opensmtpd",
        report(
            system("Mailer Daemon <MAILER-DAEMON@mx.receiver.example>", "Delivery status notification: failed"),
            "Reporting-MTA: dns; mx.receiver.example\n\n" + recipient(status="5.0.0"),
            f"    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n{ANN}: 550 Invalid recipient",
        ),
        "bounce", (ANN,), "5.0.0", True, reason="550 Invalid recipient",
    ),
    Sample(
        "oracle messaging server", "sisimai lhost-messagingserver",
        report(
            system("Internet Mail Delivery <postmaster@mx.receiver.example>", "Delivery Notification: Delivery has failed"),
            f"Reporting-MTA: dns;mx.receiver.example (tcp-daemon)\n\nOriginal-recipient: rfc822;{ANN}\n"
            f"Final-recipient: rfc822;{ANN}\nAction: failed\nStatus: 5.1.1 (Remote SMTP server has rejected address)\n"
            "Remote-MTA: dns;mx (TCP|192.0.2.1|25)\nDiagnostic-code: smtp;550 5.1.1 unknown or illegal alias: ann\n",
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "domino", "HCL Domino; sisimai lhost-domino",
        report(
            system("Postmaster@receiver.example", "DELIVERY FAILURE: User ann (ann@receiver.example) not listed in Domino"),
            MTA + recipient(status="5.1.1", said=f"550 5.1.1 User ann ({ANN}) not listed in Domino Directory"),
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "groupwise", "Micro Focus GroupWise; Mailman's suite",
        report(
            system("Postmaster@receiver.example", "Mail System Error - Returned Mail"),
            MTA + recipient(status="5.1.1", said=f"550 {ANN} User not found"), "The message was undeliverable.",
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "powermta", "sisimai lhost-powermta",
        report(
            system("<postmaster@relay.example>", "Delivery report"),
            f"Reporting-MTA: dns;relay.example\nX-PowerMTA-VirtualMTA: vm1\n\nOriginal-Recipient: rfc822;{ANN}\n"
            + recipient(status="5.7.1", said="554 5.7.1 blocked using a block list", more="X-PowerMTA-BounceCategory: spam\n"),
        ),
        "bounce", (ANN,), "5.7.1",
    ),
    Sample(
        "a filter whose sender is empty", "sisimai lhost-mcafee",
        report(
            f"Return-Path: <>\nFrom: <>\nTo: {DESK}\nSubject: Delivery Status\nMessage-ID: <n1@filter.example>",
            f"Original-Recipient: <{ANN}>\nAction: failed\nDiagnostic-Code: smtp; 550 {ANN}... No such user\n",
        ),
        "bounce", (ANN,), "", True,
    ),
    Sample(
        "yandex", "sisimai lhost-yandex",
        report(
            system("mailer-daemon@yandex.example"), MTA + recipient(said="550 5.7.1 No such user!", status="5.7.1"),
            returned_as="text/rfc822-headers",
        ),
        "bounce", (ANN,), "5.7.1", True,
    ),
    Sample(
        "zoho", "sisimai rhost-zoho",
        report(
            system("mailer-daemon@mail.zoho.example"),
            MTA + recipient(status="5.0", said="554 5.7.1 Email rejected due to security policies - MCSpamSignature"),
        ),
        "bounce", (ANN,), "5.7.1",
    ),
    Sample(
        "icloud, full", "support.apple.com; sisimai rhost-apple",
        report(system(), MTA + recipient(status="5.2.2", said="552 5.2.2 <ann>: user is over quota")),
        "bounce", (ANN,), "5.2.2",
    ),
    Sample(
        "yahoo, no account", "senders.yahooinc.com; sisimai rhost-yahooinc",
        report(system(), MTA + recipient(
            status="5.0.0", said=f"554 30 Sorry, your message to {ANN} cannot be delivered. This mailbox is disabled (554.30)."
        )),
        "bounce", (ANN,), "5.0.0", True,
    ),
    Sample(
        "no mail is taken there", "RFC 7505",
        report(system(), MTA + recipient(status="5.1.10", said="556 5.1.10 Recipient address has null MX")),
        "bounce", (ANN,), "5.1.10", True,
    ),
    Sample(
        "greylisted until it was too late", "RFC 6647",
        report(system(), MTA + recipient(status="4.7.1", said="451 4.7.1 Greylisting in action, please come back")),
        "bounce", (ANN,), "4.7.1",
    ),
    Sample(
        "too large", "RFC 3463 3.4",
        report(system(), MTA + recipient(status="5.3.4", said="552 5.3.4 Message size exceeds fixed limit")),
        "bounce", (ANN,), "5.3.4",
    ),
    Sample(
        "the sender is refused", "RFC 3463 3.2",
        report(system(), MTA + recipient(status="5.1.8", said="553 5.1.8 Domain of sender address does not exist")),
        "bounce", (ANN,), "5.1.8",
    ),
    Sample(
        "no action is given", "sisimai rfc3464",
        report(system(), MTA + f"Final-Recipient: RFC822; <{ANN}>\nStatus: 5.1.1\n", "<ann>: no such user"),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "no more than headers come back", "RFC 6522 3; RFC 3461 RET=HDRS",
        report(system(), MTA + recipient(said="550 5.1.1 unknown user"), returned_as="text/rfc822-headers"),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "the fields come as base64", "RFC 3464 2.1 forbids it, gateways do it",
        report(
            system(),
            base64.encodebytes((MTA + recipient(said="550 5.1.1 unknown user")).encode()).decode(),
            "no such user", status_as="message/delivery-status\nContent-Transfer-Encoding: base64",
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "a scanner wrapped it", "amavis; sisimai lhost-amavis",
        mixed(
            system('"Content-filter at mx" <MAILER-DAEMON@mx.receiver.example>', "Undeliverable mail"),
            "Content-Type: text/plain\n\nMail scanned.\n",
            'Content-Type: multipart/report; report-type=delivery-status; boundary="in"\n\n' + multipart((
                "Content-Type: text/plain\n\nnot delivered\n",
                f"Content-Type: message/delivery-status\n\n{MTA}" + recipient(said="550 5.1.1 user unknown"),
                f"Content-Type: message/rfc822\n\n{HEADER}\nDear Ann\n",
            ), "in"),
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "a gateway made text of it", "sisimai lhost-messagingserver, rfc3464",
        message(
            system("Internet Mail Delivery <postmaster@mx.receiver.example>", "Delivery Notification: Delivery has failed"),
            f"This report relates to a message you sent.\n\n{MTA}" + recipient(said="550 5.1.1 user unknown")
            + f"\n{HEADER}\nDear Ann\n",
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "the boundary is another one", "sisimai rfc3464",
        report(system(), MTA + recipient(said="550 5.1.1 user unknown")).replace(b'boundary="=_edge.1"', b'boundary="lost"'),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "lines end in CR alone", "sisimai maildir/mac",
        report(system(), MTA + recipient(said="550 5.1.1 user unknown")).replace(b"\r\n", b"\r"),
        "bounce", (ANN,), "5.1.1", True,
    ),
)  # fmt: skip

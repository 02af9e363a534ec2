# ruff: noqa: E501 -- lines as they are sent
"""Reports in plain words: each mail system's own form, its returned letter below or beside it."""

from __future__ import annotations

from .forms import ANN, BO, DESK, HEADER, LETTER, Sample, message, mixed, system
from .machines import receipt

DAEMON = "MAILER-DAEMON@mx.receiver.example"
RETURNED = f"Content-Type: message/rfc822\n\n{HEADER}\nDear Ann,\n"
BELOW = f"{HEADER}\nDear Ann,\n"

MAIL = '"mail": {"messageId": "0100018f-cc-000000", "commonHeaders": {"messageId": "<' + LETTER + '>"}}'
BOUNCED = (
    f'{{"notificationType": "Bounce", {MAIL}, "bounce": {{"bounceType": "Permanent", "bounceSubType": "General", '
    f'"bouncedRecipients": [{{"emailAddress": "{ANN}", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user '
    'unknown"}]}}'
)


def sns(text: str) -> bytes:
    return message(
        f"From: Letters <no-reply@sns.amazonaws.com>\nTo: {DESK}\nSubject: AWS Notification Message\nMessage-ID: <s@a>",
        f"{text}\n\n--\nIf you wish to stop receiving notifications from this topic, visit the link below.\n",
    )


SAMPLES = (
    Sample(
        "qmail", "QSBMF, cr.yp.to/proto/qsbmf.txt; sisimai lhost-qmail",
        message(
            system(DAEMON, "failure notice"),
            "Hi. This is the qmail-send program at mx.receiver.example.\nI'm afraid I wasn't able to deliver your message "
            f"to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<{ANN}>:\n"
            "Sorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n" + BELOW,
        ),
        "bounce", (ANN,), "5.1.1", True, reason="no mailbox here by that name",
    ),
    Sample(
        "qmail, what another server said", "QSBMF; sisimai lhost-qmail",
        message(
            system(DAEMON, "failure notice"),
            f"Hi. This is the qmail-send program.\nI'm afraid I wasn't able to deliver your message.\n\n<{ANN}>:\n"
            "192.0.2.7 does not like recipient.\nRemote host said: 552 5.2.2 mailbox full\nGiving up on 192.0.2.7.\n\n"
            "--- Below this line is a copy of the message.\n\n" + BELOW,
        ),
        "bounce", (ANN,), "5.2.2",
    ),
    Sample(
        "qmail, two addresses", "QSBMF",
        message(
            system(DAEMON, "failure notice"),
            f"Hi. This is the qmail-send program.\nI wasn't able to deliver your message.\n\n<{ANN}>:\nUser unknown. (#5.1.1)\n\n"
            f"<{BO}>:\nUser unknown. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n" + BELOW,
        ),
        "bounce", (ANN, BO), "5.1.1", True,
    ),
    Sample(
        "exim", "Exim before 4.83; sisimai lhost-exim",
        message(
            f"{system('Mail Delivery System <Mailer-Daemon@mx.receiver.example>', 'Mail delivery failed: returning message')}\n"
            f"X-Failed-Recipients: {ANN}",
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
            "delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n"
            f"  {ANN}\n    SMTP error from remote mail server after RCPT TO:<{ANN}>:\n    host mx [192.0.2.1]: 550 5.1.1 "
            f"<{ANN}>: unknown user\n\n------ This is a copy of the message, including all the headers. ------\n\n" + BELOW,
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "exim, no route", "Exim; sisimai lhost-exim",
        message(
            f"{system('Mail Delivery System <Mailer-Daemon@mx.receiver.example>', 'Mail delivery failed')}\n"
            f"X-Failed-Recipients: {ANN}",
            f"A message that you sent could not be delivered.\n\n  {ANN}\n    Unrouteable address\n\n"
            "------ This is a copy of your message, including all the headers. ------\n\n" + BELOW,
        ),
        "bounce", (ANN,), "", True, reason="Unrouteable address",
    ),
    Sample(
        "exim, delayed", "Exim delay_warning; sisimai lhost-exim",
        message(
            system("Mail Delivery System <Mailer-Daemon@mx.receiver.example>", "Warning: message 1abc-2 delayed 24 hours"),
            "A message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours "
            f"on the queue.\n\nThe message identifier is:     1abc-2\nThe date of the message is:    Mon, 1 Jun 2026\n\n  {ANN}\n"
            "    host mx.receiver.example [192.0.2.1]: 451 4.7.1 come back later\n\nNo action is required on your part. "
            "Delivery attempts will continue for some time.\n",
        ),
        "delay", (ANN,), "4.7.1", letter="",
    ),
    Sample(
        "gmail of old", "sisimai lhost-gmail",
        message(
            f"{system('Mail Delivery Subsystem <mailer-daemon@googlemail.com>', 'Delivery Status Notification (Failure)')}\n"
            f"X-Failed-Recipients: {ANN}",
            f"Delivery to the following recipient failed permanently:\n\n     {ANN}\n\nTechnical details of permanent "
            "failure:\nThe error that the other server returned was:\n550 5.1.1 User unknown\n\n----- Original message "
            "-----\n\n" + BELOW,
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "google groups", "sisimai lhost-googlegroups",
        message(
            f"{system('Mail Delivery Subsystem <mailer-daemon@googlemail.com>', 'Delivery Status Notification (Failure)')}\n"
            f"X-Failed-Recipients: {ANN}",
            "Hello,\n\nWe're writing to let you know that the group you tried to contact may not exist, or you may not have "
            "permission to post messages to it.\n\n----- Original message -----\n\n" + BELOW,
        ),
        "bounce", (ANN,), "", True,
    ),
    Sample(
        "yahoo", "sisimai lhost-yahoo; flufl.bounce yahoo",
        message(
            system("MAILER-DAEMON@yahoo.example", "Failure Notice"),
            f"Sorry, we were unable to deliver your message to the following address.\n\n<{ANN}>:\n"
            "550: 5.1.1 Recipient not found\n\n--- Below this line is a copy of the message.\n\n" + BELOW,
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "exchange 5.5", "sisimai lhost-exchange2003; flufl.bounce exchange",
        message(
            system("System Administrator <postmaster@receiver.example>", "Undeliverable: Your 17 points, Ann"),
            f"Your message\n\n  To:      {ANN}\n  Subject: Your 17 points, Ann\n  Sent:    Mon, 1 Jun 2026 09:00:00 -0000\n\n"
            f"did not reach the following recipient(s):\n\n{ANN} on Mon, 1 Jun 2026 09:00:01 -0000\n"
            "    The recipient name is not recognized\n    MSEXCH:IMS:ORG:SITE:SERVER 0 (000C05A6) Unknown Recipient\n",
        ),
        "bounce", (ANN,), "", True, letter="", reason="The recipient name is not recognized",
    ),
    Sample(
        "exchange, the letter beside it", "sisimai lhost-exchange2003",
        mixed(
            system("System Administrator <postmaster@receiver.example>", "Undeliverable: Your 17 points, Ann"),
            "Content-Type: text/plain\n\nYour message did not reach some or all of the intended recipients.\n\n"
            f"      {ANN} on 1/6/2026 9:00 AM\n            The e-mail account does not exist at the organization.\n"
            "            <mx.receiver.example #5.1.1>\n",
            RETURNED,
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "office 365 as text and html", "sisimai lhost-office365",
        message(
            f"{system('<postmaster@receiver.example>', 'Undeliverable: Your 17 points, Ann')}\n"
            "Content-Type: text/html; charset=utf-8",
            "<html><head><style>p {color: red}</style></head><body><p>Delivery has failed to these recipients or groups:</p>"
            f"<p>{ANN}</p><p>The email address wasn&#8217;t found at the destination domain.</p><pre>Remote Server returned "
            "'550 5.1.10 RESOLVER.ADR.RecipientNotFound'</pre><p>Original message headers:</p><pre>Message-ID: "
            f"&lt;{LETTER}&gt;\nSubject: Your points</pre></body></html>",
        ),
        "bounce", (ANN,), "5.1.10", True,
    ),
    Sample(
        "domino", "sisimai lhost-domino",
        message(
            system("Postmaster@receiver.example", f"DELIVERY FAILURE: User ann ({ANN}) not listed in public Name"),
            f"Your message\n\n  Subject: Your 17 points, Ann\n\nwas not delivered to:\n\n  {ANN}\n\nbecause:\n\n"
            f"  User ann ({ANN}) not listed in public Name & Address Book\n",
        ),
        "bounce", (ANN,), "", True, letter="",
    ),
    Sample(
        "notes", "sisimai lhost-notes",
        message(
            system("postmaster@receiver.example", "Undeliverable message"),
            f"------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book\n{ANN}\n\n"
            "------- Returned Message --------\n" + BELOW,
        ),
        "bounce", (ANN,), "", True,
    ),
    Sample(
        "sendmail 5", "sisimai lhost-v5sendmail",
        message(
            system(f"Mail Delivery Subsystem <{DAEMON}>", "Returned mail: User unknown"),
            "   ----- Transcript of session follows -----\nWhile talking to mx.receiver.example:\n>>> RCPT To:<ann>\n"
            f"<<< 550 {ANN}... User unknown\n550 {ANN}... User unknown\n\n   ----- Unsent message follows -----\n" + BELOW,
        ),
        "bounce", (ANN,), "", True,
    ),
    Sample(
        "sendmail, late", "sisimai lhost-sendmail",
        message(
            system(f"Mail Delivery Subsystem <{DAEMON}>", "Warning: could not send message for past 4 hours"),
            "    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n"
            "    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n\n   ----- The following addresses had transient "
            f"non-fatal errors -----\n<{ANN}>\n\n   ----- Original message follows -----\n" + BELOW,
        ),
        "delay",
    ),
    Sample(
        "dragonfly", "DragonFly Mail Agent; sisimai lhost-dragonfly",
        message(
            f"From: MAILER-DAEMON <>\nTo: {DESK}\nSubject: Mail delivery failed\nMessage-Id: <d1@mx.receiver.example>",
            f"This is the DragonFly Mail Agent v0.13 at mx.\n\nThere was an error delivering your mail to <{ANN}>.\n\n"
            "mx.receiver.example [192.0.2.1] did not like our RCPT TO:\n550 5.1.1 no such user\n\nMessage headers follow.\n\n"
            + HEADER,
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "opensmtpd of old", "sisimai lhost-opensmtpd",
        message(
            system("Mailer Daemon <MAILER-DAEMON@mx.receiver.example>", "Delivery status notification: error"),
            "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this e-mail.\n\n    An error has occurred while "
            f"attempting to deliver a message for\n    the following list of recipients:\n\n{ANN}: 550 5.1.1 no such user\n\n"
            "    Below is a copy of the original message:\n\n" + BELOW,
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "imail", "sisimai lhost-imailserver; flufl.bounce smtp32",
        message(
            system("Postmaster@receiver.example", "Undeliverable Mail") + "\nX-Mailer: <SMTP32 v8.22>",
            f"Unknown user: {ANN}\n\nOriginal message follows.\n\n" + BELOW,
        ),
        "bounce", (ANN,), "", True,
    ),
    Sample(
        "m-filter, in japanese", "sisimai lhost-mfilter",
        message(
            system("POSTMASTER <postmaster@receiver.example>", "failure notice"),
            "以下のメールアドレスへの送信に失敗しました。\n" + f"{ANN}\n\n-------server message\n550 5.1.1 unknown user\n\n"
            "-------SMTP command\nRCPT TO\n\n-------original message\n" + BELOW,
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "interscan", "sisimai lhost-trendmicro",
        mixed(
            system('"InterScan Notification" <postmaster@mx.receiver.example>', "Mail could not be delivered"),
            f"Content-Type: text/plain\n\nSent <<< RCPT TO:<{ANN}>\nReceived >>> 550 5.1.1 {ANN}: user unknown\n",
            RETURNED,
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "zoho", "sisimai lhost-zoho",
        mixed(
            system("mailer-daemon@mail.zoho.example"),
            "Content-Type: text/plain\n\nThis message was created automatically by mail delivery software.\nA message that "
            f"you sent could not be delivered to one or more of its recipients. This is a permanent error.\n\n{ANN} Invalid "
            f"Address, ERROR_CODE :550, ERROR_CODE :5.1.1 User unknown\n\nReceived:from mail by mx\nMessage-ID:<{LETTER}>\n",
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "mail.ru", "sisimai lhost-mailru",
        message(
            system("mailer-daemon@corp.mail.example", "Mail failure.") + f"\nX-Failed-Recipients: {ANN}",
            f"This message was created automatically by mail delivery software.\n\nA message could not be delivered:\n\n  {ANN}\n"
            "    SMTP error from remote mail server after RCPT TO:\n    host mx [192.0.2.1]: 550 5.1.1 no such user\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\n" + BELOW,
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "gmx, in german", "GMX; sisimai lhost-gmx, lhost-einsundeins",
        message(
            system('"GMX Mailer Daemon" <mailer-daemon@gmx.example>', "Mail delivery failed: returning message to sender"),
            "Diese Nachricht wurde automatisch erzeugt.\nDie Nachricht konnte nicht zugestellt werden.\n\n"
            f"{ANN}\nUngültige Empfängeradresse: Benutzer unbekannt\n\n--- The header of the original message is following. "
            "---\n\n" + HEADER,
        ),
        "bounce", (ANN,), "", True,
    ),
    Sample(
        "orange, in french", "sisimai rhost-franceptt",
        message(
            system(DAEMON, "Message non remis"),
            f"Votre message n'a pas pu être remis.\n\n<{ANN}>: 550 5.5.0 Adresse d au moins un destinataire invalide. "
            "destinataire inconnu OFR_416\n\n" + BELOW,
        ),
        "bounce", (ANN,), "5.5.0", True,
    ),
    Sample(
        "telefonica, in spanish, full", "forms of hosting providers",
        message(
            system(DAEMON, "No se pudo entregar el mensaje"),
            f"El mensaje no se ha podido entregar.\n\n<{ANN}>: 552 5.2.2 el buzón del destinatario está lleno (quota)\n\n" + BELOW,
        ),
        "bounce", (ANN,), "5.2.2",
    ),
    Sample(
        "ezweb", "sisimai lhost-ezweb",
        message(
            system("Mail Administrator <Postmaster@ezweb.example>", "Mail System Error - Returned Mail"),
            f"The following recipients could not be reached.\n\n<{ANN}>: 550 user unknown (in reply to RCPT TO)\n\n" + BELOW,
        ),
        "bounce", (ANN,), "", True,
    ),
    Sample(
        "a sender without a box", "sisimai lhost-kddi",
        mixed(
            f"From: no-reply@phone.example\nTo: {DESK}\nSubject: Notification\nMessage-ID: <k1@phone.example>",
            f"Content-Type: text/plain\n\nYour mail\n     Could not be delivered to: <{ANN}>\n     As their mailbox is full.\n",
            RETURNED,
        ),
        "bounce", (ANN,), "",
    ),
    Sample(
        "a phone's gateway", "sisimai lhost-apachejames, lhost-verizon",
        mixed(
            f"From: post_master@phone.example\nTo: {DESK}\nSubject: Re:Your 17 points, Ann\nIn-Reply-To: <{LETTER}>\n"
            "Message-ID: <p1@phone.example>",
            "Content-Type: text/plain\n\nError: Invalid user address\n\nError message below:\n550 - Requested action not "
            f"taken: no such user here\n\nMessage details:\n  Subject: Your points\n  RCPT TO: {ANN}\n",
        ),
        "bounce", (ANN,), "", True,
    ),
    Sample(
        "workmail", "sisimai lhost-amazonworkmail",
        mixed(
            system("MAILER-DAEMON@us-west-2.amazonses.com", "Delivery Status Notification (Failure)"),
            f"Content-Type: text/plain\n\nTechnical report:\n\n{ANN}\n550 5.1.1 user unknown\n", RETURNED,
        ),
        "bounce", (ANN,), "5.1.1", True,
    ),
    Sample(
        "a report without any code", "flufl.bounce simplematch; Mailman's suite",
        message(
            system("Mail Administrator <mail@receiver.example>", "Delivery failed"),
            f"Your message was not delivered to the following recipients:\n\n  {ANN}: mailbox is over its quota\n\n" + BELOW,
        ),
        "bounce", (ANN,), "", reason="mailbox is over its quota",
    ),
    Sample(
        "ses, by sns", "docs.aws.amazon.com/ses, SNS notification contents; sisimai lhost-amazonses", sns(BOUNCED.replace("user unknown", "user\n  unknown")),
        "bounce", (ANN,), "5.1.1", True, letter="0100018f-cc-000000@email.amazonses.com", reason="550 5.1.1 user unknown",
    ),
    Sample(
        "ses, by sns, full", "docs.aws.amazon.com/ses, bounce object",
        sns(BOUNCED.replace("Permanent", "Transient").replace("General", "MailboxFull").replace("5.1.1", "5.2.2")),
        "bounce", (ANN,), "5.2.2", letter="0100018f-cc-000000@email.amazonses.com",
    ),
    Sample(
        "ses, by sns, delivered", "docs.aws.amazon.com/ses, delivery object",
        sns(f'{{"notificationType": "Delivery", {MAIL}, "delivery": {{"recipients": ["{ANN}"]}}}}'),
        "delivered", letter="0100018f-cc-000000@email.amazonses.com",
    ),
    Sample(
        "only the letter's To says whose it was", "sisimai lhost-verizon",
        mixed(system(DAEMON, "Undeliverable Message"), "Content-Type: text/plain\n\nNo valid recipients.\n", RETURNED),
        "bounce", (ANN,), "", True,
    ),
    Sample(
        "refused by a reader's own rule", "RFC 5429 section 2.1.1; Dovecot Pigeonhole",
        receipt(
            "automatic-action/MDN-sent-automatically; deleted", "Rejected: Your 17 points, Ann",
            f"Your message to <{ANN}> was automatically rejected:\nno letters, please",
        ),
        "bounce", reason="no letters, please",
    ),
)  # fmt: skip

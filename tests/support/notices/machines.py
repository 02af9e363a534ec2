# ruff: noqa: E501, RUF001 -- lines as they are sent, in many scripts
"""What machines answer in a person's name, receipts of reading, and mail that buttons send."""

from __future__ import annotations

from .forms import ANN, BO, DESK, HEADER, LETTER, Sample, message, mixed, person, report

AWAY = "I am out of the office until 15 June. For urgent matters write to bo@receiver.example.\n"
ANSWERS = f"In-Reply-To: <{LETTER}>\nReferences: <{LETTER}>"

OUT_OF_OFFICE = {
    "english": ("Automatic reply: Your 17 points, Ann", "I am out of the office."),
    "german": ("Automatische Antwort: Ihre 17 Punkte", "Ich bin bis zum 15. Juni nicht im Hause."),
    "german note": ("Abwesenheitsnotiz: Ihre 17 Punkte", "Ich bin nicht im Büro."),
    "french": ("Réponse automatique : Vos 17 points", "Je suis absente jusqu'au 15 juin."),
    "spanish": ("Respuesta automática: Sus 17 puntos", "Estoy fuera de la oficina."),
    "italian": ("Risposta automatica: I tuoi 17 punti", "Sono fuori ufficio."),
    "portuguese": ("Resposta automática: Seus 17 pontos", "Estou fora do escritório."),
    "dutch": ("Automatisch antwoord: Uw 17 punten", "Ik ben niet op kantoor."),
    "swedish": ("Autosvar: Dina 17 poäng", "Jag är inte på kontoret."),
    "finnish": ("Automaattinen vastaus: 17 pistettä", "En ole toimistossa."),
    "polish": ("Automatyczna odpowiedź: 17 punktów", "Jestem poza biurem."),
    "czech": ("Automatická odpověď: 17 bodů", "Nejsem v kanceláři."),
    "russian": ("Автоматический ответ: 17 баллов", "Меня нет в офисе."),
    "turkish": ("Otomatik yanıt: 17 puan", "Ofis dışındayım."),
    "greek": ("Αυτόματη απάντηση: 17 πόντοι", "Είμαι εκτός γραφείου."),
    "japanese": ("自動応答: 17 ポイント", "外出しております。"),
    "chinese": ("自动回复: 17 积分", "我不在办公室。"),
}


def answer(subject: str, *, more: str = ANSWERS, body: str = AWAY, sender: str = f"Ann Lee <{ANN}>") -> bytes:
    return message(person(subject, sender=sender, more=more), body)


def receipt(
    disposition: str,
    subject: str = "Read: Your 17 points, Ann",
    text: str = "This is a receipt for the mail that you sent.",
) -> bytes:
    return report(
        f"From: Ann Lee <{ANN}>\nTo: {DESK}\nSubject: {subject}\nMessage-ID: <m1@receiver.example>",
        f"Reporting-UA: receiver.example; A Mail Program\nFinal-Recipient: rfc822;{ANN}\n"
        f"Original-Message-ID: <{LETTER}>\nDisposition: {disposition}\n",
        text,
        returned="", status_as="message/disposition-notification", report_type="disposition-notification",
    )  # fmt: skip


SAMPLES = (
    *(
        Sample(f"out of office, {name}", "what mail programs write; no field says it", answer(subject, body=f"{text}\n"),
               "auto_reply", reason=text)
        for name, (subject, text) in OUT_OF_OFFICE.items()
    ),
    Sample("auto-replied", "RFC 3834 section 5", answer("Away", more=f"Auto-Submitted: auto-replied\n{ANSWERS}"), "auto_reply"),
    Sample(
        "auto-replied with a parameter", "RFC 3834 section 5; RFC 5230 (sieve vacation)",
        answer("Re: Your points", more=f'Auto-Submitted: auto-replied (vacation); x="y"\n{ANSWERS}'), "auto_reply",
    ),
    Sample(
        "exchange", "learn.microsoft.com, MS-OXOMSG; X-Auto-Response-Suppress",
        answer(
            "Automatic reply: Your 17 points, Ann",
            more=f"Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\nX-MS-Exchange-Inbox-Rules-Loop: {ANN}\n{ANSWERS}",
        ),
        "auto_reply",
    ),
    Sample(
        "gmail's vacation", "support.google.com/mail/answer/25922",
        answer(
            "Away until June Re: Your 17 points, Ann",
            more=f"Precedence: bulk\nAuto-Submitted: auto-replied\nX-Autoreply: yes\n{ANSWERS}",
        ),
        "auto_reply",
    ),
    Sample(
        "unix vacation", "vacation(1)", answer("away from my mail", more=f"Precedence: bulk\n{ANSWERS}"), "auto_reply"
    ),
    Sample(
        "cpanel", "cPanel's Exim autoresponder",
        answer("Autoresponder", more=f"X-Autorespond: Your 17 points\nPrecedence: auto_reply\n{ANSWERS}"), "auto_reply",
    ),
    Sample(
        "an empty return path and nothing else", "RFC 3834 section 3.3; sisimai rfc3834",
        message(
            f"Return-Path: <>\nFrom: Ann Lee <{ANN}>\nTo: {DESK}\nSubject: Holidays\nMessage-ID: <v@x.example>\n{ANSWERS}",
            "I have left the company. This mailbox is not read, and your message was not delivered to anybody.\n",
        ),
        "auto_reply",
    ),
    Sample(
        "a ticket was opened", "Request Tracker, OTRS, Zendesk",
        answer(
            "[Ticket#1234] Your 17 points, Ann", sender=f"Support <{BO}>",
            more=f"Auto-Submitted: auto-replied\nX-RT-Loop-Prevention: receiver\n{ANSWERS}", body="We received your request.\n",
        ),
        "auto_reply", (BO,),
    ),
    Sample(
        "from noreply, to nobody's question", "ticket systems",
        answer("We have received your message", sender="Shop <noreply@receiver.example>", body="Thank you for writing.\n"),
        "auto_reply", ("noreply@receiver.example",),
    ),
    Sample(
        "prove that you are a person", "TMDA",
        answer(
            "Please confirm your message", more=f"X-Delivery-Agent: TMDA/1.1.12\nPrecedence: bulk\n{ANSWERS}",
            body="This message was created automatically. Reply to have your message delivered.\n",
        ),
        "auto_reply",
    ),
    Sample(
        "boxtrapper", "cPanel BoxTrapper",
        answer("Your email requires verification verify#ab12", more=f"X-Boxtrapper: ab12\n{ANSWERS}"), "auto_reply",
    ),
    Sample(
        "read", "RFC 8098 section 9", receipt("manual-action/MDN-sent-manually; displayed"), "other", reason="displayed"
    ),
    Sample(
        "deleted unread", "RFC 8098 section 3.2.6",
        receipt("automatic-action/MDN-sent-automatically; deleted", "Not read: Your 17 points, Ann"), "other", reason="deleted",
    ),
    Sample(
        "gmail's button", "RFC 2369; support.google.com/mail/answer/81126",
        message(
            person("unsubscribe", more="").replace(f"To: Points Desk <{DESK}>", "To: desk+q5Tz81@letters.example"),
            "This message was automatically generated by Gmail.\n",
        ),
        "unsubscribe", letter="",
    ),
    Sample(
        "icloud's button", "sisimai arf",
        message(person("unsubscribe", more="Auto-Submitted: auto-generated"), "\n"), "unsubscribe", letter="",
    ),
    Sample(
        "a button with the letter's key", "RFC 2369 section 3.2",
        message(person("unsubscribe q5Tz81", more=""), "\n"), "unsubscribe", letter="q5Tz81",
    ),
    Sample(
        "to an address of its own", "RFC 2369 section 3.2",
        message(
            person("", more="").replace(f"To: Points Desk <{DESK}>", "To: unsubscribe+q5Tz81@letters.example"), "\n"
        ),
        "unsubscribe", letter="",
    ),
    Sample(
        "one word as an answer", "talon's and Mailman's suites",
        message(person("Re: Your 17 points, Ann"), "Unsubscribe.\n\nOn 1 June 2026, Points Desk wrote:\n> Dear Ann\n"),
        "unsubscribe",
    ),
    Sample(
        "one sentence as an answer, in german", "talon's suite",
        message(person("AW: Ihre 17 Punkte"), "Bitte abmelden!\n\n-----Ursprüngliche Nachricht-----\nVon: Points Desk\n"),
        "unsubscribe",
    ),
    Sample(
        "a newsletter of others", "RFC 2369",
        message(
            f"From: News <news@other.example>\nTo: {DESK}\nSubject: This week\nMessage-ID: <n@other.example>\n"
            "List-Unsubscribe: <https://other.example/u>\nPrecedence: bulk",
            "Read our news.\n",
        ),
        "other", ("news@other.example",), letter="",
    ),
    Sample(
        "a notification of others", "RFC 3834 section 5",
        message(
            f"From: Build <builds@other.example>\nTo: {DESK}\nSubject: Build failed\nMessage-ID: <b@other.example>\n"
            "Auto-Submitted: auto-generated",
            "Delivery of the artifact failed: could not be delivered.\n",
        ),
        "other", ("builds@other.example",), letter="",
    ),
    Sample(
        "a mail system that says something else", "Postfix notify_classes; sisimai lhost-postfix",
        message(
            f"From: Mail Delivery System <MAILER-DAEMON@mx.letters.example>\nTo: {DESK}\nSubject: Postfix SMTP server: errors\n"
            "Message-ID: <e@mx.letters.example>",
            "Transcript of session follows.\n\n Out: 220 mx ESMTP\n In:  EHLO x\n",
        ),
        "other", (), letter="",
    ),
    Sample(
        "mixed with pictures", "Outlook",
        mixed(
            person("Automatic reply: Your points", more=f"X-Auto-Response-Suppress: All\n{ANSWERS}"),
            f"Content-Type: text/plain; charset=utf-8\n\n{AWAY}", f"Content-Type: message/rfc822\n\n{HEADER}\n",
        ),
        "auto_reply",
    ),
)  # fmt: skip

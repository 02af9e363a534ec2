# ruff: noqa: E501 -- lines as they are sent
"""What people write: answers, however close their words come to a machine's."""

from __future__ import annotations

from .forms import ANN, DESK, HEADER, LETTER, Sample, message, mixed, multipart, person, recipient

QUOTED = (
    "On Mon, 1 Jun 2026 at 09:00, Points Desk <desk@letters.example> wrote:\n> Dear Ann,\n> you have 17 points.\n"
)
A_BOUNCE = (
    "This is the mail system at host mx.\n\nI'm sorry to have to inform you that your message could not be delivered.\n\n"
    "<x@other.example>: host mx said: 550 5.1.1 User unknown\n"
)


def reply(
    text: str, subject: str = "Re: Your 17 points, Ann", *, more: str = "", sender: str = f"Ann Lee <{ANN}>"
) -> bytes:
    return message(
        person(subject, sender=sender, more=f"In-Reply-To: <{LETTER}>\nReferences: <{LETTER}>{more}"), text
    )


SAMPLES = (
    Sample("gmail", "talon", reply(f"Thank you, I will come!\n\n{QUOTED}"), "reply", reason="Thank you, I will come!"),
    Sample(
        "outlook", "talon",
        reply("Thank you.\n\n-----Original Message-----\nFrom: Points Desk\nSent: Monday\n\nDear Ann,\n"), "reply",
        reason="Thank you.",
    ),
    Sample(
        "outlook, in german", "talon",
        reply("Danke!\n\nVon: Points Desk <desk@letters.example>\nGesendet: Montag\nAn: Ann\n\nLiebe Ann,\n", "AW: Ihre Punkte"),
        "reply", reason="Danke!",
    ),
    Sample(
        "apple mail, in french", "talon",
        reply("Merci !\n\n> Le 1 juin 2026 à 09:00, Points Desk <desk@letters.example> a écrit :\n>\n> Chère Ann\n"), "reply",
        reason="Merci !",
    ),
    Sample(
        "a phone", "talon", reply(f"ok\n\nSent from my phone\n\n{QUOTED}", more="\nX-Mailer: iPhone Mail (22A)"), "reply",
        reason="ok Sent from my phone",
    ),
    Sample("below the quote", "talon; RFC 3676", reply(f"{QUOTED}\nI have 18, not 17.\n"), "reply", reason="I have 18, not 17."),
    Sample(
        "an introduction of two lines, and a signature", "talon",
        reply("Yes.\n--\nAnn Lee\n\n1 June 2026, 09:00 Points Desk <\ndesk@letters.example> wrote:\n\n> Dear Ann\n"), "reply",
    ),
    Sample("nothing new", "an empty answer", reply(QUOTED), "reply"),
    Sample("html alone", "webmail", reply(
        "<div>See you <b>there</b></div><blockquote>Dear Ann</blockquote>", more="\nContent-Type: text/html"
    ), "reply", reason="See you there"),
    Sample(
        "text and html", "RFC 2046 5.1.4",
        message(
            person("Re: Your points") + '\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary="a"',
            multipart((
                "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nJ=C3=A1!\n",
                "Content-Type: text/html\n\n<p>Já!</p>\n",
            ), "a"),
        ),
        "reply", reason="Já!",
    ),
    Sample("no subject", "RFC 5322 3.6.5", reply("Yes.\n", ""), "reply"),
    Sample(
        "no references", "some webmail", message(person("Re: Your 17 points, Ann", more=""), "Yes.\n"), "reply", letter=""
    ),
    Sample("out of office words in a letter", "people do",
           reply(f"I am out of the office today, but yes, I will come.\n\n{QUOTED}"), "reply"),
    Sample("asks about an automatic reply", "people do",
           reply(f"Did you get my out of office?\n\n{QUOTED}", "Re: Automatic reply: Your 17 points"), "reply"),
    Sample("quotes a bounce", "Mailman's suite",
           reply("Bo's copy came back, see below.\n\n" + "".join(f"> {line}\n" for line in A_BOUNCE.splitlines())), "reply"),
    Sample("pastes a bounce unquoted", "people do", reply(f"Bo's copy came back:\n\n{A_BOUNCE}"), "reply"),
    Sample(
        "forwards a bounce", "sisimai lhost-sendmail",
        reply(f"---------- Forwarded message ---------\nFrom: Mail Delivery System <MAILER-DAEMON@mx>\n\n{A_BOUNCE}",
              "Fwd: Undelivered Mail Returned to Sender"),
        "reply",
    ),
    Sample(
        "forwards a bounce as it was", "Apple Mail, Thunderbird",
        mixed(
            person("Fwd: Undelivered Mail Returned to Sender"),
            "Content-Type: text/plain\n\nWhat is this?\n",
            "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n" + recipient("x@other.example"),
            "Content-Type: message/rfc822\n\nMessage-ID: <other@other.example>\n\nHello\n",
        ),
        "reply",
    ),
    Sample(
        "attaches a whole bounce", "Outlook, Send as attachment",
        mixed(
            person("Re: Your 17 points"), "Content-Type: text/plain\n\nThis came back.\n",
            'Content-Type: message/rfc822\n\nFrom: MAILER-DAEMON@mx\nSubject: failure\nContent-Type: multipart/report; '
            f'report-type=delivery-status; boundary="z"\n\n--z\nContent-Type: message/delivery-status\n\n{recipient()}\n--z--\n',
        ),
        "reply",
    ),
    Sample("is called Mailer", "people are", reply("Yes!\n", sender='"Norman Mailer" <norman.mailer@receiver.example>'), "reply",
           ("norman.mailer@receiver.example",)),
    Sample("is called Post, a master", "people are", reply("Yes!\n", sender="Postmaster Ann <ann@receiver.example>"), "reply"),
    Sample("keeps the post", "RFC 2142",
           reply(f"Hello, I read this one myself. Yes!\n\n{QUOTED}", sender="Ann <postmaster@receiver.example>"), "reply",
           ("postmaster@receiver.example",)),
    Sample("keeps the mail system", "people are",
           reply("It could not be delivered to Bo; I am on it.\n", "Undeliverable: yesterday's letters",
                 sender="Ann, Mail System Administrator <ann@receiver.example>"), "reply"),
    Sample("works for a delivery service", "companies are called so",
           reply("Delivery failed yesterday.\n", sender="Mail Delivery Services <ann@receiver.example>"), "reply"),
    Sample(
        "a parcel of somebody else's", "parcel services write so",
        message(
            f"From: Parcels <noreply@parcels.example>\nTo: {DESK}\nSubject: Delivery failed\nMessage-ID: <p@parcels.example>",
            "Your parcel could not be delivered to ann@receiver.example.\n",
        ),
        "other", ("noreply@parcels.example",), letter="",
    ),
    Sample("undeliverable goods", "people do",
           reply("The parcel was returned to sender: it could not be delivered.\n", "Undeliverable: my parcel"), "reply"),
    Sample("failure notice of a machine of hers", "people do",
           reply("The pump had a failure, notice the oil.\n", "failure notice"), "reply"),
    Sample("speaks of unsubscribing", "people do",
           reply(f"Please unsubscribe Bo, not me; I like your letters.\n\n{QUOTED}"), "reply"),
    Sample("asks where the unsubscribe button is", "people do", reply("Where is it?\n", "Unsubscribe button"), "reply"),
    Sample(
        "through a mailing list", "RFC 2919",
        reply("I agree.\n", more="\nList-Id: <team.receiver.example>\nPrecedence: list"), "reply",
    ),
    Sample("says that it is not automatic", "RFC 3834 section 5", reply("Yes.\n", more="\nAuto-Submitted: no"), "reply"),
    Sample(
        "takes an invitation", "RFC 5546",
        message(
            person("Accepted: Points meeting") + '\nMIME-Version: 1.0\nContent-Type: text/calendar; method=REPLY',
            "BEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR\n",
        ),
        "reply",
    ),
    Sample(
        "a letter of its own", "RFC 5322",
        message(person("Question", more=""), "What are points?\n"), "other", letter="",
    ),
    Sample(
        "the campaign's own letter", "a Sent folder",
        message(HEADER.replace("\nDate: Mon, 1 Jun 2026 09:00:00 +0000", ""), "Dear Ann,\n"), "other", (DESK,), letter="",
    ),
)  # fmt: skip

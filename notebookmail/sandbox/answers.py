"""What comes back of a letter after a server took it, as the servers and people out there write it.

Pure: a letter, what shall become of it and the time are arguments. Which of several forms a server's report takes
follows from its recipient, so that the same letter gets the same answer. No text of another project is in here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP, compat32
from email.utils import format_datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from .session import HOSTNAME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from .delivery_requests import DeliveryRequests

_DAEMON: Final = f"MAILER-DAEMON@{HOSTNAME}"
_CRLF: Final = compat32.clone(linesep="\r\n")
_FORMS: Final = 4
_QUOTED_LINES: Final = 12
_SAID: Final = (
    "Thank you, that helps. I will come back to you next week.",
    "Got it. One question: until when do you need an answer?",
    "Please use my private address from now on.",
    "Thanks! All fine on our side.",
)


@dataclass(frozen=True, slots=True)
class TakenLetter:
    """A letter that the sandbox took, for one of its recipients.

    Attributes:
        sender: The envelope sender: where reports go.
        recipient: One envelope recipient.
        message: The parsed message.
        content: Its octets.
        requests: What the sender asks to be told.
        taken: When it was taken, with a time zone.
    """

    sender: str
    recipient: str
    message: EmailMessage
    content: bytes
    requests: DeliveryRequests
    taken: datetime

    @property
    def message_id(self) -> str:
        """Its Message-ID, or ""."""
        return str(self.message.get("Message-ID", "")).strip()

    @property
    def digest(self) -> str:
        """Stands for the letter and its recipient."""
        return blake2b(f"{self.message_id} {self.recipient}".encode(), digest_size=12).hexdigest()

    @property
    def answer_to(self) -> str:
        """Where a person's answer goes: Reply-To, or From."""
        for name in ("Reply-To", "From"):
            addresses = getattr(self.message[name], "addresses", ())
            if addresses:
                return str(addresses[0].addr_spec)
        return self.sender


@dataclass(frozen=True, slots=True)
class AnswerMail:
    """A mail that came back.

    Attributes:
        to: Whose mailbox it came to.
        content: Its octets.
    """

    to: str
    content: bytes


def answer(kind: str, letter: TakenLetter, reply: str) -> AnswerMail | None:
    """Write what comes back of a letter.

    Args:
        kind: The fault's name: "bounce", "delay", "reply", "away", "complaint", "unsubscribe"; or "delivered".
        letter: The letter.
        reply: What a server said to it, where one did.

    Returns:
        None where nobody is told: the letter has no sender, or asked for silence (NOTIFY=NEVER).
    """
    event = _EVENTS.get(kind)
    if not letter.sender or (event is not None and not letter.requests.wants(event, letter.recipient)):
        return None
    return _WRITERS[kind](letter, reply)


# --- reports of servers --------------------------------------------------------------------------------------


def _bounce(letter: TakenLetter, reply: str) -> AnswerMail:
    return (_qmail_bounce if _form(letter) == 0 else _failure_report)(letter, reply)


def _failure_report(letter: TakenLetter, reply: str) -> AnswerMail:
    text = (
        f"This is the mail system at {HOSTNAME}.\n\nYour message could not be delivered to its recipient. It is "
        f"returned below.\n\n<{letter.recipient}>: the mail server of the recipient said: {reply}\n"
    )
    return _report(letter, "Undelivered Mail Returned to Sender", text, "failed", reply)


def _delay(letter: TakenLetter, reply: str) -> AnswerMail:
    text = (
        f"This is the mail system at {HOSTNAME}.\n\nThis is a warning: you need not send your message again.\n\n"
        f"It could not be delivered for four hours, and will be tried for five days.\n\n"
        f"<{letter.recipient}>: {reply}\n"
    )
    return _report(letter, "Delayed Mail (still being retried)", text, "delayed", reply)


def _delivered(letter: TakenLetter, reply: str) -> AnswerMail:
    text = f"This is the mail system at {HOSTNAME}.\n\nYour message was delivered to <{letter.recipient}>.\n"
    return _report(letter, "Successful Mail Delivery Report", text, "delivered", reply)


def _report(letter: TakenLetter, subject: str, text: str, action: str, reply: str) -> AnswerMail:
    """Write a delivery report (RFC 3464)."""
    report = MIMEMultipart("report", boundary=f"report-{letter.digest}", policy=compat32)
    report.set_param("report-type", "delivery-status")
    _head(report, letter, letter.sender, subject)
    report["From"] = f"Mail Delivery System <{_DAEMON}>"
    report["Auto-Submitted"] = "auto-replied"
    report.attach(MIMEText(text))
    report.attach(_status(letter, action, reply))
    report.attach(_returned(letter))
    return AnswerMail(letter.sender, report.as_bytes(policy=_CRLF))


def _status(letter: TakenLetter, action: str, reply: str) -> MIMEBase:
    requests = letter.requests
    whole, recipient = Message(), Message()
    whole["Reporting-MTA"] = f"dns; {HOSTNAME}"
    if requests.envelope_id:
        whole["Original-Envelope-Id"] = requests.envelope_id
    whole["Arrival-Date"] = format_datetime(letter.taken)
    if letter.recipient.lower() in requests.original:
        recipient["Original-Recipient"] = requests.original[letter.recipient.lower()]
    recipient["Final-Recipient"] = f"rfc822; {letter.recipient}"
    recipient["Action"] = action
    recipient["Status"] = _enhanced(reply)
    recipient["Diagnostic-Code"] = f"smtp; {reply}"
    if action == "delayed":
        recipient["Will-Retry-Until"] = format_datetime(letter.taken + timedelta(days=5))
    part = MIMEBase("message", "delivery-status")
    part.set_payload([whole, recipient])
    return part


def _returned(letter: TakenLetter) -> MIMEBase:
    if not letter.requests.wants_headers_only and _form(letter) != 1:
        part = MIMEBase("message", "rfc822")
        part.set_payload([message_from_bytes(letter.content)])
        return part
    part = MIMEBase("text", "rfc822-headers")
    part.set_payload(_head_of(letter))
    return part


def _qmail_bounce(letter: TakenLetter, reply: str) -> AnswerMail:
    """Write a bounce as qmail does: a text by its own rules (QSBMF), and no MIME."""
    bounce = Message()
    _head(bounce, letter, letter.sender, "failure notice")
    bounce["From"] = _DAEMON
    text = (
        f"Hi. This is the qmail-send program at {HOSTNAME}.\nI'm afraid I wasn't able to deliver your message "
        "to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        f"<{letter.recipient}>:\n{_qmail_words(reply)}\n\n"
        f"--- Below this line is a copy of the message.\n\nReturn-Path: <{letter.sender}>\n{_head_of(letter)}\n"
    )
    bounce.set_payload(_plain(text))
    return AnswerMail(letter.sender, bounce.as_bytes(policy=_CRLF))


def _qmail_words(reply: str) -> str:
    if reply.startswith("4"):
        late = "I'm not going to try again; this message has been in the queue too long."
        return f"Connected to {HOSTNAME} but sender was rejected.\nRemote host said: {reply}\n{late}"
    return f"{HOSTNAME} does not like recipient.\nRemote host said: {reply}\nGiving up on {HOSTNAME}."


def _complaint(letter: TakenLetter, _reply: str) -> AnswerMail:
    """Write what a provider sends when somebody presses "this is spam" (ARF, RFC 5965)."""
    report = MIMEMultipart("report", boundary=f"report-{letter.digest}", policy=compat32)
    report.set_param("report-type", "feedback-report")
    _head(report, letter, letter.sender, f"FW: {letter.message.get('Subject', '')}")
    report["From"] = f"Feedback Loop <feedback@{HOSTNAME}>"
    text = f"This is an abuse report for a message received on {format_datetime(letter.taken)}.\n"
    report.attach(MIMEText(text))
    facts = (
        f"Feedback-Type: abuse\nUser-Agent: Sandbox/1.0\nVersion: 1\nOriginal-Mail-From: <{letter.sender}>\n"
        f"Original-Rcpt-To: <{letter.recipient}>\nArrival-Date: {format_datetime(letter.taken)}\n"
    )
    part = MIMEBase("message", "feedback-report")
    part.set_payload(_plain(facts))
    report.attach(part)
    report.attach(_returned(letter))
    return AnswerMail(letter.sender, report.as_bytes(policy=_CRLF))


# --- mails of people -----------------------------------------------------------------------------------------


def _reply(letter: TakenLetter, _reply_text: str) -> AnswerMail:
    said = _SAID[_number(letter) % len(_SAID)]
    mail = _of_person(letter, letter.answer_to, f"Re: {_subject(letter)}", f"{said}\n\n{_quoted(letter)}")
    return AnswerMail(letter.answer_to, mail.as_bytes())


def _away(letter: TakenLetter, _reply_text: str) -> AnswerMail:
    """Write what a vacation responder does (RFC 3834): to the envelope sender."""
    text = "I am out of the office until Monday and will read your mail then.\n\nThis answer is automatic.\n"
    mail = _of_person(letter, letter.sender, f"Automatic reply: {_subject(letter)}", text)
    mail["Auto-Submitted"] = "auto-replied"
    return AnswerMail(letter.sender, mail.as_bytes())


def _unsubscribe(letter: TakenLetter, _reply_text: str) -> AnswerMail:
    """Write what a mail program does when somebody presses "unsubscribe" (RFC 2369), or a person without it."""
    link = next((each for each in _links(letter) if each.lower().startswith("mailto:")), "")
    if not link:
        mail = _of_person(letter, letter.answer_to, "unsubscribe", "unsubscribe\n")
        return AnswerMail(letter.answer_to, mail.as_bytes())
    parts = urlsplit(link)
    fields = {name.lower(): value for name, value in parse_qsl(parts.query, max_num_fields=20)}
    to = unquote(parts.path).partition(",")[0]
    mail = _of_person(letter, to, fields.get("subject", "unsubscribe"), fields.get("body", "unsubscribe") + "\n")
    del mail["In-Reply-To"], mail["References"]  # the button makes a new mail
    return AnswerMail(to, mail.as_bytes())


def _of_person(letter: TakenLetter, to: str, subject: str, text: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(addr_spec=letter.recipient) if letter.recipient.isascii() else letter.recipient
    mail["To"] = to
    mail["Subject"] = " ".join(subject.split())
    mail["Date"] = letter.taken
    mail["Message-ID"] = f"<{letter.digest}@{letter.recipient.rpartition('@')[2]}>"
    if letter.message_id:
        mail["In-Reply-To"] = letter.message_id
        mail["References"] = letter.message_id
    mail.set_content(text)
    return mail


def _quoted(letter: TakenLetter) -> str:
    body = letter.message.get_body(("plain",))
    lines = body.get_content().splitlines() if body is not None else []
    quoted = "\n".join(f"> {line}" for line in lines[:_QUOTED_LINES])
    return f"On {letter.taken:%d %B %Y}, {letter.answer_to} wrote:\n{quoted}\n"


# --- what they are made of -----------------------------------------------------------------------------------


def _head(mail: Message, letter: TakenLetter, to: str, subject: str) -> None:
    mail["To"] = to
    mail["Subject"] = " ".join(subject.split())
    mail["Date"] = format_datetime(letter.taken)
    mail["Message-ID"] = f"<{letter.digest}@{HOSTNAME}>"


def _head_of(letter: TakenLetter) -> str:
    head = letter.content.partition(b"\r\n\r\n")[0]
    return head.decode("ascii", "backslashreplace").replace("\r\n", "\n") + "\n"


def _plain(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("ascii")


def _subject(letter: TakenLetter) -> str:
    return str(letter.message.get("Subject", ""))


def _links(letter: TakenLetter) -> list[str]:
    listed = str(letter.message.get("List-Unsubscribe", "")).split(",")
    return [each.strip().removeprefix("<").removesuffix(">") for each in listed]


def _enhanced(reply: str) -> str:
    """Return the enhanced code of a reply (RFC 3463), or what its first digit says."""
    words = reply.split(" ")
    told = words[1] if len(words) > 1 else ""
    is_code = told.count(".") == 2 and told.replace(".", "").isdigit()  # noqa: PLR2004 -- class.subject.detail
    return told if is_code else f"{reply[:1]}.0.0"


def _number(letter: TakenLetter) -> int:
    told = f"{letter.recipient.lower()} {_subject(letter)}"  # not its Message-ID, which has a secret in it
    return int(blake2b(told.encode("utf-8", "replace"), digest_size=4).hexdigest(), 16)


def _form(letter: TakenLetter) -> int:
    return int(blake2b(letter.recipient.lower().encode(), digest_size=2).hexdigest(), 16) % _FORMS


_WRITERS: Final[Mapping[str, Callable[[TakenLetter, str], AnswerMail]]] = {
    "bounce": _bounce, "delay": _delay, "delivered": _delivered, "reply": _reply, "away": _away,
    "complaint": _complaint, "unsubscribe": _unsubscribe,
}  # fmt: skip
_EVENTS: Final = {"bounce": "FAILURE", "delay": "DELAY", "delivered": "SUCCESS"}
"""What a report tells of, in the words of NOTIFY."""

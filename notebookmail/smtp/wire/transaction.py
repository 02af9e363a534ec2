"""One mail transaction as decisions: which commands, and what their replies mean (RFC 5321, RFC 2920, RFC 3030).

`opening` is a generator: it yields groups of commands and is sent their replies. Every status is checked: DATA may
be answered 354 though every recipient was refused; then a lone dot ends the transaction and nobody gets anything.
It never writes and never waits, so the caller may put its first group behind the content of the message before it:
then a message costs one round trip.

A reply that arrived counts, also when the connection ends behind it: then `Unanswered` is thrown in with the
replies that came, and a refusal among them is the transaction's end.

Content goes one of two ways. By DATA the server is asked first and answers 354. By BDAT, where the server offers
CHUNKING and the caller wants it, the octets follow the command unasked: a server without working BDAT reads them
as commands, and a row's text may speak SMTP. So BDAT goes out only where a recipient was accepted, never on a
connection that may be gone, and after a refused chunk the connection is closed. That makes two round trips a
message, where DATA takes two alone and one on a busy connection: DATA is the rule. MAX_CHUNK_OCTETS is where it
begins again in any case.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from notebookmail.address import domain_of, has_control
from notebookmail.errors import (
    AddressError,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
    at,
)
from notebookmail.mail.message import Receipt
from notebookmail.response import SMTPResponse
from notebookmail.status import SMTPStatus

from . import commands
from .commands import DATA, LONE_DOT, RSET, Command
from .delivery_reports import mail_parameters, rcpt_parameters

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from notebookmail.mail.message import Mail

    from .extensions import Extensions

    Opening = Generator[tuple[Command, ...], Sequence[SMTPResponse], "Opened | Receipt"]

MAX_CHUNK_OCTETS = 65_536
"""Larger content goes by DATA: 5 ms on a 100 Mbit/s line, a small part of a round trip to a real server."""

_NOT_AN_ADDRESS = int(SMTPStatus.mailbox_name_invalid)


class Opened(NamedTuple):
    """The server waits for the content.

    Attributes:
        refused: The recipients that were refused, each with its reply.
    """

    refused: dict[str, SMTPResponse]


class Unanswered(Exception):
    """The connection ended before all of a group's commands were answered.

    Attributes:
        replies: Those that came, in order.
        error: What ended it.
    """

    def __init__(self, replies: Sequence[SMTPResponse], error: SMTPException) -> None:
        super().__init__(replies, error)
        self.replies = replies
        self.error = error


def is_accepted(reply: SMTPResponse) -> bool:
    """Tell a 2yz reply from a refusal."""
    return 200 <= reply.code < 300  # noqa: PLR2004 -- RFC 5321 4.2.1: positive completion


@dataclass(slots=True)
class _TransactionPlan:
    """The commands of a transaction, and the recipients refused without asking the server."""

    mail: Command
    recipients: dict[str, Command]
    refused: dict[str, SMTPResponse]
    last: Command


def goes_by_chunk(mail: Mail, extensions: Extensions) -> bool:
    """Decide between BDAT and DATA."""
    return extensions.can_chunk and 0 < mail.size <= MAX_CHUNK_OCTETS


def opening(mail: Mail, extensions: Extensions, *, reset_first: bool = False) -> Opening:
    """Open a transaction for a mail object, and where the content goes by BDAT, carry it out.

    Args:
        mail: Envelope and content; addresses are checked here once more and never repaired.
        extensions: What the server offers.
        reset_first: True when the transaction before was broken off.

    Yields:
        Groups of commands; the replies of each are to be sent in, in order, or `Unanswered` thrown in where some
        are missing.

    Returns:
        What to know before the content goes out by DATA, or the receipt when it went by BDAT.

    Raises:
        SMTPSenderRefused, SMTPRecipientsRefused, SMTPDataError, SMTPNotSupported: Nothing will be delivered.
        SMTPServerDisconnected: The server closed the session before it heard of the message.
        Unanswered: The replies that came decide nothing.
        ValueError: A control character in an address or option.
    """
    plan = _plan(mail, extensions)
    reset = (RSET,) if reset_first else ()
    return (_open_grouped if extensions.can_pipeline else _open_singly)(mail, plan, reset)


def _open_grouped(mail: Mail, plan: _TransactionPlan, reset: tuple[Command, ...]) -> Opening:
    last = () if plan.last.verb == "BDAT" else (plan.last,)
    try:
        replies = yield (*reset, plan.mail, *plan.recipients.values(), *last)
    except Unanswered as broken:
        raise _decided(mail, plan, broken.replies[len(reset) :]) or broken from broken.error
    if reset and replies[0].code == SMTPStatus.domain_unavailable:
        raise at("mail", SMTPServerDisconnected(f"the server closed the session: {replies[0]}"))
    to_mail, *to_rcpt = replies[len(reset) :]
    to_last = to_rcpt.pop() if last else None
    refused = _refusals(plan, to_rcpt)
    if not is_accepted(to_mail):
        error: SMTPException = at("mail", SMTPSenderRefused(*to_mail, mail.envelope.sender))
    elif len(refused) == len(mail.envelope.recipients):
        error = _all_refused(refused)
    else:
        if to_last is None:
            (to_last,) = yield (plan.last,)
        return _judge_last(plan, to_last, refused)
    if to_last is not None and to_last.code == SMTPStatus.start_input:
        with contextlib.suppress(Unanswered):  # whatever it is answered, and if nothing is: nobody gets anything
            yield (LONE_DOT,)  # RFC 2920 3.1: a lone dot
    raise error


def _decided(mail: Mail, plan: _TransactionPlan, replies: Sequence[SMTPResponse]) -> SMTPException | None:
    """Make the refusal that the replies which came amount to; None where somebody may still get the message."""
    if not replies:
        return None
    to_mail, *to_rcpt = replies
    if not is_accepted(to_mail):
        return at("mail", SMTPSenderRefused(*to_mail, mail.envelope.sender))
    answered = dict(zip(plan.recipients, to_rcpt, strict=False))
    if not answered or any(map(is_accepted, answered.values())):
        return None
    return _all_refused(plan.refused | answered)


def _open_singly(mail: Mail, plan: _TransactionPlan, reset: tuple[Command, ...]) -> Opening:
    for command in reset:
        yield (command,)
    (to_mail,) = yield (plan.mail,)
    if not is_accepted(to_mail):
        raise at("mail", SMTPSenderRefused(*to_mail, mail.envelope.sender))
    replies: list[SMTPResponse] = []
    for command in plan.recipients.values():
        replies += yield (command,)
    refused = _refusals(plan, replies)
    if len(refused) == len(mail.envelope.recipients):
        raise _all_refused(refused)
    (to_last,) = yield (plan.last,)
    return _judge_last(plan, to_last, refused)


def _judge_last(
    plan: _TransactionPlan, to_last: SMTPResponse, refused: dict[str, SMTPResponse]
) -> Opened | Receipt:
    opened = Opened(refused)
    if plan.last is not DATA:
        return judge_end_of_data(to_last, opened)
    if to_last.code != SMTPStatus.start_input:
        raise at("data", SMTPDataError(*to_last))
    return opened


def _refusals(plan: _TransactionPlan, replies: Sequence[SMTPResponse]) -> dict[str, SMTPResponse]:
    refused = plan.refused
    for recipient, reply in zip(plan.recipients, replies, strict=True):
        if not is_accepted(reply):
            refused[recipient] = reply
    return refused


def _all_refused(refused: dict[str, SMTPResponse]) -> SMTPException:
    errors = [at("rcpt", SMTPRecipientRefused(*reply, recipient)) for recipient, reply in refused.items()]
    return at("rcpt", SMTPRecipientsRefused(errors))


def judge_end_of_data(reply: SMTPResponse, opened: Opened) -> Receipt:
    """Read the reply to the end of data (RFC 5321 4.2.5).

    Raises:
        SMTPDataError: The server does not take responsibility.
    """
    if not is_accepted(reply):
        raise at("end_of_data", SMTPDataError(*reply))
    return Receipt(reply, opened.refused)


def _plan(mail: Mail, extensions: Extensions) -> _TransactionPlan:
    envelope = mail.envelope
    if not envelope.recipients:
        raise ValueError("a message needs at least one recipient")
    options = _mail_options(mail, extensions)
    try:
        mail_command = commands.mail(envelope.sender, options)
    except AddressError as problem:
        _forbid_control(envelope.sender)
        raise at("mail", SMTPSenderRefused(_NOT_AN_ADDRESS, f"5.1.7 {problem}", envelope.sender)) from problem
    reports = envelope.reports if envelope.reports is not None and "dsn" in extensions else None
    recipients: dict[str, Command] = {}
    refused: dict[str, SMTPResponse] = {}
    for recipient in envelope.recipients:
        try:
            parameters = envelope.rcpt_options
            if reports is not None:
                parameters += rcpt_parameters(reports, recipient)
            recipients[recipient] = commands.rcpt(recipient, parameters)
        except AddressError as problem:
            _forbid_control(recipient)
            refused[recipient] = SMTPResponse(_NOT_AN_ADDRESS, f"5.1.3 {problem}")
    if extensions.limits:
        _keep_within(extensions.limits, recipients, refused)
    if not recipients:
        raise _all_refused(refused)
    last = commands.bdat(mail.content) if goes_by_chunk(mail, extensions) else DATA
    return _TransactionPlan(mail_command, recipients, refused, last)


def _forbid_control(address: str) -> None:
    if has_control(address):
        raise ValueError("an address holds no control characters or line breaks")


def _keep_within(
    limits: Mapping[str, int], recipients: dict[str, Command], refused: dict[str, SMTPResponse]
) -> None:
    """Refuse here what the server has said it would refuse (RFC 9422 5), with the reply it would give."""
    most = limits.get("rcptmax", len(recipients))
    most_domains = limits.get("rcptdomainmax", len(recipients))
    domains: set[str] = set()
    excess = SMTPResponse(SMTPStatus.insufficient_storage, f"4.5.3 too many recipients: {_words(limits)}")
    taken = 0
    for recipient in list(recipients):
        domain = domain_of(recipient).lower()
        if taken >= most or (domain not in domains and len(domains) >= most_domains):
            del recipients[recipient]
            refused[recipient] = excess
        else:
            taken += 1
            domains.add(domain)


def _words(limits: Mapping[str, int]) -> str:
    return "the server's limits are " + " ".join(f"{name.upper()}={value}" for name, value in limits.items())


def _mail_options(mail: Mail, extensions: Extensions) -> tuple[str, ...]:
    envelope, offered = mail.envelope, extensions.parameters
    options = list(envelope.mail_options)
    if envelope.reports is not None and "dsn" in offered:
        options += mail_parameters(envelope.reports)
    named = {option.partition("=")[0].upper() for option in options} if options else ()
    needs_smtputf8 = (
        mail.needs_smtputf8
        or "SMTPUTF8" in named
        or not "".join((envelope.sender, *envelope.recipients)).isascii()
    )
    if needs_smtputf8:
        if "smtputf8" not in offered:
            reason = "an address or header is international, and SMTPUTF8 is not supported by the server"
            raise at("mail", SMTPNotSupported(reason))
        options += [] if "SMTPUTF8" in named else ["SMTPUTF8"]
    if (mail.needs_8bit or needs_smtputf8) and "8bitmime" in offered and "BODY" not in named:
        options.append("BODY=8BITMIME")
    if "size" in offered:
        size, most = mail.size, extensions.size
        if most is not None and size > most:
            reason = f"5.3.4 the message has {size} octets, the server takes at most {most}"
            raise at("mail", SMTPDataError(int(SMTPStatus.storage_exceeded), reason))
        if "SIZE" not in named:
            options.insert(0, f"SIZE={size}")  # programs and servers' logs look for it there
    return tuple(options)

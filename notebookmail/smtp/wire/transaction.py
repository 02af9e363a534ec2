"""One mail transaction as decisions: which commands, and what their replies mean (RFC 5321 3.3, RFC 2920).

`opening` is a generator: it yields groups of commands and is sent their replies; when it returns, the content may
go out. It never writes and never waits, so the caller may put its first group behind the content of the message
before: then a message costs one round trip. Every status is checked: DATA may be answered 354 although every
recipient was refused; then a lone dot ends the transaction and nobody gets anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookmail.address import has_control
from notebookmail.errors import (
    AddressError,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    at,
)
from notebookmail.mail import Receipt
from notebookmail.reply import SMTPResponse, SMTPStatus

from . import commands
from .commands import DATA, END_OF_DATA, RSET, Command

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from notebookmail.mail import Mail

    from .extensions import Extensions

    Opening = Generator[tuple[Command, ...], Sequence[SMTPResponse], "Opened"]

_NOT_AN_ADDRESS = int(SMTPStatus.mailbox_name_invalid)


@dataclass(frozen=True, slots=True)
class Opened:
    """The server waits for the content.

    Attributes:
        refused: The recipients that were refused, each with its reply.
    """

    refused: dict[str, SMTPResponse]


def is_accepted(reply: SMTPResponse) -> bool:
    """Tell a 2yz reply from a refusal."""
    return 200 <= reply.code < 300  # noqa: PLR2004 -- RFC 5321 4.2.1: positive completion


@dataclass(frozen=True, slots=True)
class _Plan:
    """The commands of a transaction, and the recipients refused without asking the server."""

    mail: Command
    recipients: dict[str, Command]
    refused: dict[str, SMTPResponse]


def opening(mail: Mail, extensions: Extensions, *, reset_first: bool = False) -> Opening:
    """Open a transaction for a mail object.

    Args:
        mail: Envelope and content; addresses are checked here once more and never repaired.
        extensions: What the server offers.
        reset_first: True when the transaction before was broken off.

    Yields:
        Groups of commands; the replies of each are to be sent in, in order.

    Returns:
        What to know before the content goes out.

    Raises:
        SMTPSenderRefused, SMTPRecipientsRefused, SMTPDataError, SMTPNotSupported: Nothing will be delivered.
        ValueError: A control character in an address or option.
    """
    plan = _plan(mail, extensions)
    reset = (RSET,) if reset_first else ()
    if extensions.can_pipeline:
        return (yield from _open_grouped(mail, plan, reset))
    return (yield from _open_singly(mail, plan, reset))


def _open_grouped(mail: Mail, plan: _Plan, reset: tuple[Command, ...]) -> Opening:
    replies = yield (*reset, plan.mail, *plan.recipients.values(), DATA)
    to_mail, *to_rcpt, to_data = replies[len(reset) :]
    refused = plan.refused | _refusals(plan, to_rcpt)
    error = _judge(mail, refused, to_mail, to_data)
    if error is not None:
        if to_data.code == SMTPStatus.start_input:
            yield (END_OF_DATA,)  # RFC 2920 3.1: a lone dot, whatever it is answered
        raise error
    return Opened(refused)


def _open_singly(mail: Mail, plan: _Plan, reset: tuple[Command, ...]) -> Opening:
    for command in reset:
        yield (command,)
    (to_mail,) = yield (plan.mail,)
    if not is_accepted(to_mail):
        raise at("mail", SMTPSenderRefused(*to_mail, mail.envelope.sender))
    replies: list[SMTPResponse] = []
    for command in plan.recipients.values():
        replies += yield (command,)
    refused = plan.refused | _refusals(plan, replies)
    if len(refused) == len(mail.envelope.recipients):
        raise _all_refused(refused)
    (to_data,) = yield (DATA,)
    error = _judge(mail, refused, to_mail, to_data)
    if error is not None:
        raise error
    return Opened(refused)


def _judge(
    mail: Mail, refused: dict[str, SMTPResponse], to_mail: SMTPResponse, to_data: SMTPResponse
) -> SMTPException | None:
    if not is_accepted(to_mail):
        return at("mail", SMTPSenderRefused(*to_mail, mail.envelope.sender))
    if len(refused) == len(mail.envelope.recipients):
        return _all_refused(refused)
    if to_data.code != SMTPStatus.start_input:
        return at("data", SMTPDataError(*to_data))
    return None


def _refusals(plan: _Plan, replies: Sequence[SMTPResponse]) -> dict[str, SMTPResponse]:
    answered = zip(plan.recipients, replies, strict=True)
    return {recipient: reply for recipient, reply in answered if not is_accepted(reply)}


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


def _plan(mail: Mail, extensions: Extensions) -> _Plan:
    envelope = mail.envelope
    if not envelope.recipients:
        raise ValueError("a message needs at least one recipient")
    needs_smtputf8 = mail.needs_smtputf8 or not all(map(str.isascii, (envelope.sender, *envelope.recipients)))
    options = _mail_options(mail, extensions, needs_smtputf8=needs_smtputf8)
    try:
        mail_command = commands.mail(_uncontrolled(envelope.sender), options)
    except AddressError as problem:
        raise at("mail", SMTPSenderRefused(_NOT_AN_ADDRESS, f"5.1.7 {problem}", envelope.sender)) from problem
    recipients: dict[str, Command] = {}
    refused: dict[str, SMTPResponse] = {}
    for recipient in envelope.recipients:
        try:
            recipients[recipient] = commands.rcpt(_uncontrolled(recipient), envelope.rcpt_options)
        except AddressError as problem:
            refused[recipient] = SMTPResponse(_NOT_AN_ADDRESS, f"5.1.3 {problem}")
    if not recipients:
        raise _all_refused(refused)
    return _Plan(mail_command, recipients, refused)


def _uncontrolled(address: str) -> str:
    if has_control(address):
        raise ValueError("an address holds no control characters or line breaks")
    return address


def _mail_options(mail: Mail, extensions: Extensions, *, needs_smtputf8: bool) -> tuple[str, ...]:
    options = list(mail.envelope.mail_options)
    named = {option.partition("=")[0].upper() for option in options}
    if needs_smtputf8:
        if "smtputf8" not in extensions:
            reason = "an address or header is international, and the server does not offer SMTPUTF8"
            raise at("mail", SMTPNotSupported(reason))
        options += [] if "SMTPUTF8" in named else ["SMTPUTF8"]
    if (mail.needs_8bit or needs_smtputf8) and "8bitmime" in extensions and "BODY" not in named:
        options.append("BODY=8BITMIME")
    if extensions.size is not None and mail.size > extensions.size:
        reason = f"5.3.4 the message has {mail.size} octets, the server takes at most {extensions.size}"
        raise at("mail", SMTPDataError(int(SMTPStatus.storage_exceeded), reason))
    if "size" in extensions and "SIZE" not in named:
        options.append(f"SIZE={mail.size}")
    return tuple(options)

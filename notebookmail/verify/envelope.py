"""Whether the server takes mail from this sender: a transaction is begun, and broken off before any content.

MAIL and RCPT, then RSET (RFC 5321 4.1.1.5): what is refused for its envelope shows, and no message exists at any
moment. What a server says only to the content, such as Exchange Online's SendAsDenied, does not.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from notebookmail.delivery.explain import explain
from notebookmail.errors import (
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    at,
)
from notebookmail.smtp.wire import commands
from notebookmail.smtp.wire.transaction import is_accepted

from . import failures
from .step_result import StepResult, said, warned

if TYPE_CHECKING:
    from notebookmail.smtp.connection import Connection

    from .target import Target

_NOT_KNOWN: Final = range(500, 505)
_NO_MAILBOX: Final = "answers and bounces to it would come back: check the address, or make the mailbox"
_BROKEN: Final = "the server offers CHUNKING, but does not know BDAT"
_NO_CHUNKS: Final = "leave chunking=True of the Server out: content then goes by DATA, which every server knows"


async def try_envelope(connection: Connection, target: Target, patience: float) -> StepResult:
    """Ask whether mail of the target's sender would be taken.

    Args:
        connection: Ready for commands, logged in.
        target: Who would send, and to whom.
        patience: Seconds for each reply.

    Raises:
        SMTPException: The connection is lost, or the server refuses for good.
    """
    sender, recipient = target.sender, target.recipient or target.sender
    options = ("SMTPUTF8",) if not f"{sender}{recipient}".isascii() else ()
    try:
        (reply,) = await connection.execute(commands.mail(sender, options), timeout=patience)
        if not is_accepted(reply):
            return _refused(at("mail", SMTPSenderRefused(*reply, sender)))
        (reply,) = await connection.execute(commands.rcpt(recipient), timeout=patience)
        if not is_accepted(reply):
            return _not_for(at("rcpt", SMTPRecipientRefused(*reply, recipient)), is_own=not target.recipient)
        taken = StepResult(f"mail from {sender} is taken, such as to {recipient}")
        if target.options.chunking and "chunking" in connection.extensions:
            return await _try_chunk(connection, taken, patience)
        return taken
    finally:
        with contextlib.suppress(SMTPException):
            await connection.execute(commands.RSET, timeout=patience)


def _refused(error: SMTPResponseException) -> StepResult:
    """Say why it is not taken: what the server takes later is a warning, for then mail goes."""
    result, why = failures.result_of(error), explain(error)
    return replace(result, status="warning") if why.is_transient and not why.stops_run else result


def _not_for(error: SMTPRecipientRefused, *, is_own: bool) -> StepResult:
    """Say why nobody is mailed: that the sender has no mailbox there need not keep it from sending."""
    result = _refused(error)
    if is_own and explain(error).category == "address":
        words = "the sender is taken, but it has no mailbox there"
        return warned(StepResult(words, result.facts), _NO_MAILBOX)
    return result


async def _try_chunk(connection: Connection, taken: StepResult, patience: float) -> StepResult:
    """Find out whether the server knows BDAT, which it offers, by a chunk of nothing (RFC 3030 2).

    Postfix refuses such a chunk, by a code that says it knows the command.
    """
    try:
        (reply,) = await connection.execute(commands.EMPTY_CHUNK, timeout=patience)
    except SMTPException as lost:
        return warned(StepResult(_BROKEN, failures.evidence(lost)), _NO_CHUNKS)
    if reply.code not in _NOT_KNOWN:
        return taken
    return warned(StepResult(_BROKEN, (f"the server says: {said(reply)}",)), _NO_CHUNKS)

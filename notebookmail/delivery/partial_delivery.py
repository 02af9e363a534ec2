"""A message that some of its addresses took and others did not: what becomes of its row, and who gets it later.

A row stands by those its message is for (To); who only gets a copy (cc, bcc) does not decide about it:

- everybody in To took it: sent, also where a copy was refused, which the results tell;
- somebody in To was refused for now: deferred, and a later try goes to the addresses that were refused alone;
- else, somebody in To was refused for good: failed; a later run tries those that were refused alone.

An address that took the message gets it no second time: not in this run, not by `retry()`, not by a later run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from notebookmail.errors import SMTPRecipientRefused, SMTPRecipientsRefused, at

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from notebookmail.mail.message import Mail
    from notebookmail.response import SMTPResponse


class Addresses(NamedTuple):
    """What the addresses of a row's message said, where they did not all say the same.

    Attributes:
        delivered: Those that took it, in earlier tries too.
        refused: Those that did not, each with its last reply.
        copies: Those of them all that only get a copy.
    """

    delivered: tuple[str, ...] = ()
    refused: Mapping[str, SMTPResponse] = {}
    copies: frozenset[str] = frozenset()


def refusal(mail: Mail, refused: Mapping[str, SMTPResponse]) -> SMTPRecipientsRefused | None:
    """Return what a row has to be judged by whose message some addresses refused; None if all in To took it."""
    errors = [
        at("rcpt", SMTPRecipientRefused(*reply, address))
        for address, reply in refused.items()
        if address not in mail.copies
    ]
    return at("rcpt", SMTPRecipientsRefused(errors)) if errors else None


def without_copies(error: Exception, mail: Mail) -> Exception:
    """Return what a row has to be judged by whose message all addresses refused."""
    if not isinstance(error, SMTPRecipientsRefused) or not mail.copies:
        return error
    return refusal(mail, refusals(error)) or error


def refusals(error: Exception) -> dict[str, SMTPResponse]:
    """Return the addresses an exception says were refused, each with its reply."""
    from notebookmail.response import SMTPResponse

    if not isinstance(error, SMTPRecipientsRefused):
        return {}
    return {each.recipient: SMTPResponse(each.code, each.message) for each in error.recipients}


def for_the_others(mail: Mail, delivered: Collection[str]) -> Mail | None:
    """Return a message with those of its addresses that have not taken it; None if everybody in To has."""
    if not delivered:
        return mail
    taken = {address.lower() for address in delivered}
    left = tuple(each for each in mail.envelope.recipients if each.lower() not in taken)
    if all(each in mail.copies for each in left):
        return None
    return mail._replace(envelope=mail.envelope._replace(recipients=left))

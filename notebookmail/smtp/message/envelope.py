"""Who a message is from and to, read from what a caller gave or from the message's headers.

Every address is judged here before anything is sent: one that cannot be written safely is a ValueError, and nobody
gets mail. What is safe is the server's to judge (wire/paths.py says where the line runs). The caller's own words
are kept beside each address: refusals come back under them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from notebookmail.address import cut_name_addr, has_control, is_ascii_domain, shown, to_ascii_domain
from notebookmail.errors import (
    AddressError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
)
from notebookmail.mail.message import Envelope
from notebookmail.smtp.wire.paths import check_path

from .address_fields import fields_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from email.message import EmailMessage, Message

    from notebookmail.response import SMTPResponse


class Addressing(NamedTuple):  # every message makes one, and a tuple is made fastest
    """Sender and recipients in the caller's words, and as they go into the envelope.

    Attributes:
        sender_text: The sender as given.
        sender: Its address; "" is the null sender.
        recipients: Each recipient as given, with its address; two texts may mean one address.
    """

    sender_text: str
    sender: str
    recipients: Mapping[str, str]

    def envelope(self, mail_options: Iterable[str] | None, rcpt_options: Iterable[str] | None) -> Envelope:
        """Make the envelope; who is named twice stands in it once."""
        unique = tuple(self.recipients.values())
        if len(unique) > 1:
            unique = tuple(dict.fromkeys(unique))
        return Envelope(self.sender, unique, tuple(mail_options or ()), tuple(rcpt_options or ()))

    def named(self, refused: Mapping[str, SMTPResponse]) -> dict[str, SMTPResponse]:
        """Key refusals by what the caller wrote."""
        if not refused:
            return {}
        return {text: refused[address] for text, address in self.recipients.items() if address in refused}

    def rename(self, error: SMTPException) -> None:
        """Let an error name sender and recipients as the caller wrote them."""
        if isinstance(error, SMTPSenderRefused):
            error.__init__(error.code, error.message, self.sender_text)  # type: ignore[misc] # its arguments anew
        elif isinstance(error, SMTPRecipientsRefused):
            replies = {each.recipient: each for each in error.recipients}
            renamed = [
                _for_text(replies[address], text)
                for text, address in self.recipients.items()
                if address in replies
            ]
            error.__init__(renamed)  # type: ignore[misc] # its argument anew


def _for_text(refusal: SMTPRecipientRefused, text: str) -> SMTPRecipientRefused:
    twin = SMTPRecipientRefused(refusal.code, refusal.message, text)
    twin.phase, twin.unconfirmed = refusal.phase, refusal.unconfirmed
    return twin


def address_message(sender: str, recipients: str | Iterable[str]) -> Addressing:
    """Judge all the addresses of a message.

    Args:
        sender: An address or `Name <address>`; "" is the null sender.
        recipients: One of them, or several; never "".

    Raises:
        ValueError: No recipients, or an address that cannot be written safely.
    """
    listed = [recipients] if isinstance(recipients, str) else list(recipients)
    if not listed:
        raise ValueError("a message needs at least one recipient")
    addresses = {text: read_address(text) for text in listed}
    if "" in addresses.values():
        raise AddressError("a recipient's address is empty", "")
    return Addressing(sender, read_address(sender), addresses)


@lru_cache(maxsize=4096)
def read_address(text: str) -> str:
    """Read the address out of `address`, `<address>` or `Name <address>`; its domain becomes ASCII where it can.

    Raises:
        AddressError: It cannot be written safely, or may be several mailboxes.
    """
    if has_control(text):
        raise AddressError("an address holds no control characters or line breaks", text)
    stripped = text.strip()
    if not stripped.endswith(">"):
        return to_ascii_form(check_path(stripped))
    parts = cut_name_addr(stripped)
    if parts is None or _may_be_several(parts[0]):
        raise AddressError(f"{shown(text)} is not one mailbox: write `Name <user@example.org>`", text)
    return to_ascii_form(check_path(parts[1]))


def _may_be_several(name: str) -> bool:
    """Tell whether what stands before the address is more than its name."""
    is_quoted = False
    place = 0
    while place < len(name):
        char = name[place]
        if char == '"':
            is_quoted = not is_quoted
        elif char == "\\" and is_quoted:
            place += 1
        elif char in ",;:@>" and not is_quoted:
            return True
        place += 1
    return is_quoted


def to_ascii_form(address: str) -> str:
    """Rewrite the domain as ASCII where that makes the address ASCII; else it needs SMTPUTF8 anyway (RFC 6531)."""
    if is_ascii_domain(address) or not address.rpartition("@")[0].isascii():
        return address
    try:
        return to_ascii_domain(address)
    except AddressError:  # a domain without an ASCII form: the server may know it in its own
        return address


# --- from headers ---------------------------------------------------------------------------------------------


def sender_of(message: EmailMessage | Message) -> str:
    """Read the envelope sender from the headers: Sender, else From; the Resent- ones where there are any.

    Raises:
        ValueError: There is none.
    """
    found = sender_in(message)
    if found is None:
        prefix = _resent_prefix(message)
        raise ValueError(f"the message has no {prefix}From header, and no sender was given")
    return found


def sender_in(message: EmailMessage | Message) -> str | None:
    """Read the envelope sender, if there is one."""
    prefix = _resent_prefix(message)
    found = addresses_in(message, f"{prefix}Sender") or addresses_in(message, f"{prefix}From")
    return found[0] if found else None


def recipients_of(message: EmailMessage | Message) -> list[str]:
    """Read the envelope recipients from To, Cc and Bcc; from the Resent- ones where there are any.

    Raises:
        ValueError: There are none.
    """
    found = recipients_in(message)
    if not found:
        prefix = _resent_prefix(message)
        raise ValueError(f"the message has no {prefix}To, Cc or Bcc header, and no recipients were given")
    return found


def recipients_in(message: EmailMessage | Message) -> list[str]:
    """Read the envelope recipients, if there are any."""
    prefix = _resent_prefix(message)
    return [each for name in ("To", "Cc", "Bcc") for each in addresses_in(message, f"{prefix}{name}")]


def _resent_prefix(message: EmailMessage | Message) -> str:
    blocks = len(message.get_all("Resent-Date", []))
    if blocks > 1:
        raise ValueError("the message was resent more than once: give sender and recipients yourself")
    return "Resent-" if blocks else ""


def addresses_in(message: EmailMessage | Message, name: str) -> list[str]:
    """Read the addresses of a header, of all its occurrences.

    Raises:
        ValueError: It is no list of mailboxes.
    """
    found: list[str] = []
    for field in fields_in(message, name):
        field.refuse_misread(name)
        found += [address.addr_spec for address in field.addresses]
    return found

"""From an email.message object, a text or bytes to a mail object.

The caller's message is never changed. Bcc is dropped on a copy, the envelope is read only from the headers that
say who it is for (RFC 5322 3.6.3, for resent messages 3.6.6), and only when the caller gave none.
"""

from __future__ import annotations

import copy
import email.policy
import io
from email.generator import BytesGenerator
from email.headerregistry import Address, AddressHeader, Group
from email.message import EmailMessage, Message
from email.utils import formataddr, getaddresses
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from notebookmail.address import has_control, is_ascii_domain, parse_address, parse_mailbox, to_ascii_domain
from notebookmail.errors import AddressError, SMTPNotSupported, at
from notebookmail.mail import Envelope, Mail

from .wire.payload import to_crlf

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .wire.extensions import Extensions

AnyMessage = EmailMessage | Message

_ADDRESS_HEADERS = tuple(
    f"{prefix}{name}" for prefix in ("", "Resent-") for name in ("From", "Sender", "Reply-To", "To", "Cc")
)


def mail_from_bytes(envelope: Envelope, message: str | bytes) -> Mail:
    """Make a mail object of finished content; a text is encoded as UTF-8."""
    octets = to_crlf(message.encode() if isinstance(message, str) else bytes(message))
    if octets.isascii():
        return Mail(envelope, (octets,))
    headers = octets.partition(b"\r\n\r\n")[0]
    return Mail(envelope, (octets,), needs_8bit=True, needs_smtputf8=not headers.isascii())


def mail_from_message(
    message: AnyMessage,
    extensions: Extensions,
    *,
    sender: str | None,
    recipients: str | Sequence[str] | None,
    mail_options: Iterable[str] | None,
    rcpt_options: Iterable[str] | None,
) -> Mail:
    """Make a mail object of an email.message object, as the server's extensions allow.

    Raises:
        ValueError: No sender or no recipients, or several Resent- blocks.
        SMTPNotSupported: An address needs SMTPUTF8 and the server does not offer it.
    """
    envelope = make_envelope(
        sender if sender is not None else sender_of(message),
        recipients if recipients is not None else recipients_of(message),
        mail_options,
        rcpt_options,
    )
    outgoing = _outgoing(message)
    addresses = (envelope.sender, *envelope.recipients, *_written_addresses(outgoing))
    needs_smtputf8 = not all(map(str.isascii, addresses))
    if needs_smtputf8 and "smtputf8" not in extensions:
        raise at("mail", SMTPNotSupported("an address is international, and the server does not offer SMTPUTF8"))
    octets = flatten(outgoing, utf8=needs_smtputf8, eight_bit="8bitmime" in extensions)
    return Mail(
        envelope,
        (to_crlf(octets),),
        message_id=str(message.get("Message-ID", "")),
        needs_8bit=not octets.isascii(),
        needs_smtputf8=needs_smtputf8,
    )


def _outgoing(message: AnyMessage) -> AnyMessage:
    """Copy a message's head for the wire: without Bcc, and with the ASCII form of international domains."""
    outgoing = copy.copy(message)  # changing a header gives the copy a header list of its own
    del outgoing["Bcc"]
    del outgoing["Resent-Bcc"]
    for name in _ADDRESS_HEADERS:
        found = _addresses(outgoing, name)
        if not all(is_ascii_domain(address) for address in found):
            outgoing.replace_header(name, _with_ascii_domains(outgoing[name]))
    return outgoing


def _written_addresses(message: AnyMessage) -> list[str]:
    return [address for name in _ADDRESS_HEADERS for address in _addresses(message, name)]


def _with_ascii_domains(value: Any) -> Any:
    if isinstance(value, AddressHeader):
        return [
            Group(group.display_name, [_with_ascii_domain(each) for each in group.addresses])
            for group in value.groups
        ]
    return ", ".join(formataddr((name, _ascii(address))) for name, address in getaddresses([str(value)]))


def _with_ascii_domain(address: Address) -> Address:
    return Address(address.display_name, addr_spec=_ascii(address.addr_spec))


def _ascii(address: str) -> str:
    """Rewrite the domain where that is enough; an international local part needs SMTPUTF8 anyway."""
    try:
        return to_ascii_domain(address) if address.rpartition("@")[0].isascii() else address
    except AddressError:
        return address


def make_envelope(
    sender: str,
    recipients: str | Sequence[str],
    mail_options: Iterable[str] | None,
    rcpt_options: Iterable[str] | None,
) -> Envelope:
    """Make an envelope of what a caller gave: addresses, or mailboxes with names.

    What cannot be read as one mailbox stays as it is: the transaction refuses it with a reply of its own. A domain
    in another script becomes its ASCII form where the part before the @ allows.

    Raises:
        ValueError: A control character, or no recipients.
    """
    listed = [recipients] if isinstance(recipients, str) else list(recipients)
    if not listed:
        raise ValueError("a message needs at least one recipient")
    unique = tuple(dict.fromkeys(map(_envelope_address, listed)))
    return Envelope(_envelope_address(sender), unique, tuple(mail_options or ()), tuple(rcpt_options or ()))


@lru_cache(maxsize=4096)
def _envelope_address(text: str) -> str:
    if not text or _is_plain(text):
        return text  # as the caller wrote it: that is how the refused ones are named
    try:
        return _ascii(parse_mailbox(text).address)
    except AddressError:
        if has_control(text):
            raise ValueError("an address holds no control characters or line breaks") from None
        return text


def _is_plain(text: str) -> bool:
    try:
        return text.isascii() and bool(parse_address(text))
    except AddressError:
        return False


def sender_of(message: AnyMessage) -> str:
    """Read the envelope sender from the headers: Sender, else From; the Resent- ones where there are any.

    Raises:
        ValueError: There is none.
    """
    prefix = _resent_prefix(message)
    for name in (f"{prefix}Sender", f"{prefix}From"):
        found = _addresses(message, name)
        if found:
            return found[0]
    raise ValueError(f"the message has no {prefix}From header, and no sender was given")


def recipients_of(message: AnyMessage) -> list[str]:
    """Read the envelope recipients from To, Cc and Bcc; from the Resent- ones where there are any.

    Raises:
        ValueError: There are none.
    """
    prefix = _resent_prefix(message)
    found = [each for name in ("To", "Cc", "Bcc") for each in _addresses(message, f"{prefix}{name}")]
    if not found:
        raise ValueError(f"the message has no {prefix}To, Cc or Bcc header, and no recipients were given")
    return found


def _resent_prefix(message: AnyMessage) -> str:
    blocks = len(message.get_all("Resent-Date", []))
    if blocks > 1:
        raise ValueError("the message was resent more than once: give sender and recipients yourself")
    return "Resent-" if blocks else ""


def _addresses(message: AnyMessage, name: str) -> list[str]:
    values: list[Any] = message.get_all(name, [])
    if all(isinstance(value, AddressHeader) for value in values):
        return [address.addr_spec for value in values for address in value.addresses]
    return [address for _, address in getaddresses([str(value) for value in values]) if address]


def flatten(message: AnyMessage, *, utf8: bool, eight_bit: bool) -> bytes:
    """Write a message out with CRLF line ends."""
    cte_type = "8bit" if eight_bit else "7bit"
    policy: email.policy.Policy
    if isinstance(message.policy, email.policy.EmailPolicy):
        policy = message.policy.clone(linesep="\r\n", utf8=utf8, cte_type=cte_type)
    else:
        policy = message.policy.clone(linesep="\r\n", cte_type=cte_type)
    buffer = io.BytesIO()
    BytesGenerator(buffer, mangle_from_=False, policy=policy).flatten(message)
    return buffer.getvalue()

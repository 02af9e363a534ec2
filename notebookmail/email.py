"""Functions of messages and addresses under the module name that programs written for aiosmtplib import.

smtp/README.md tells what such programs find here. The functions judge as sending does: an address that cannot be
written safely is a ValueError, and so is a header that is no list of mailboxes.
"""

from __future__ import annotations

from email.utils import formataddr as _formataddr
from typing import TYPE_CHECKING, Literal

from .smtp.message.address_fields import read_field
from .smtp.message.envelope import read_address, recipients_in, sender_in
from .smtp.message.mail_from_message import flatten, without_bcc

if TYPE_CHECKING:
    from email.header import Header
    from email.headerregistry import AddressHeader

    from .smtp.message.mail_from_message import AnyMessage

__all__ = [
    "extract_addresses",
    "extract_recipients",
    "extract_sender",
    "flatten_message",
    "formataddr",
    "parse_address",
    "quote_address",
]


def parse_address(address: str) -> str:
    """Read the address out of `address`, `<address>` or `Name <address>`.

    Raises:
        ValueError: It cannot be written safely.
    """
    return read_address(address)


def quote_address(address: str) -> str:
    """Write an address as commands do: `<user@example.org>`. Raises ValueError as `parse_address` does."""
    return f"<{read_address(address)}>"


def formataddr(pair: tuple[str, str]) -> str:
    """Write a name and an address for a header; the address may be an international one."""
    name, address = pair
    return f"{_formataddr((name, '@')).removesuffix('<@>')}<{address}>" if name else address


def flatten_message(
    message: AnyMessage, /, *, utf8: bool = False, cte_type: Literal["7bit", "8bit"] = "8bit"
) -> bytes:
    """Write a message out as it would be sent: with CRLF line ends and without Bcc.

    Args:
        message: Left as it is.
        utf8: True for a server that offers SMTPUTF8.
        cte_type: "7bit" for a server that does not offer 8BITMIME.

    Raises:
        ValueError: A header cannot be written.
    """
    return flatten(without_bcc(message), utf8=utf8, eight_bit=cte_type == "8bit")


def extract_addresses(header: str | AddressHeader | Header, /) -> list[str]:
    """Read the addresses of a header's value. Raises ValueError where it is no list of mailboxes."""
    field = read_field("value", header)
    field.refuse_misread("value")
    return [address.addr_spec for address in field.addresses]


def extract_sender(message: AnyMessage, /) -> str | None:
    """Read who a message is from, or None. Raises ValueError where a header is no list of mailboxes."""
    return sender_in(message)


def extract_recipients(message: AnyMessage, /) -> list[str]:
    """Read who a message is for: To, Cc, Bcc. Raises ValueError where a header is no list of mailboxes."""
    return recipients_in(message)

"""Modules that programs written for aiosmtplib import beside the client."""

from __future__ import annotations

from email.header import Header
from email.message import EmailMessage

import pytest

import notebookmail
from notebookmail.email import (
    extract_addresses,
    extract_recipients,
    extract_sender,
    flatten_message,
    formataddr,
    parse_address,
    quote_address,
)


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Bcc"] = "Ann <a@example.org>", "b@example.org", "c@example.org"
    message.set_content("J\u00f6rg\n", cte="8bit")
    return message


def test_the_modules_are_reached_by_the_package() -> None:
    assert notebookmail.email.parse_address is parse_address


def test_addresses_are_read_out_and_quoted() -> None:
    assert parse_address('"Ann" <a@example.org>') == "a@example.org"
    assert quote_address("Ann <a@example.org>") == "<a@example.org>"
    with pytest.raises(ValueError, match="cannot be written"):
        quote_address("a@example.org> AUTH=<b@example.org")


@pytest.mark.parametrize(
    ("pair", "text"),
    [
        (("Ann", "a@example.org"), "Ann <a@example.org>"),
        (("Doe, Ann", "\u00e4@example.org"), '"Doe, Ann" <\u00e4@example.org>'),
        (("J\u00f6rg", "j@example.org"), "=?utf-8?b?SsO2cmc=?= <j@example.org>"),
        (("", "a@example.org"), "a@example.org"),
    ],
)
def test_a_name_and_an_address_make_a_mailbox(pair: tuple[str, str], text: str) -> None:
    assert formataddr(pair) == text


def test_a_message_is_written_out_as_it_would_be_sent() -> None:
    message = letter()
    octets = flatten_message(message)
    assert octets.endswith(b"\r\n\r\nJ\xc3\xb6rg\r\n")
    assert b"Bcc" not in octets
    assert message["Bcc"] == "c@example.org"
    assert flatten_message(message, cte_type="7bit").isascii()


def test_sender_and_recipients_are_read_from_the_headers() -> None:
    assert extract_sender(letter()) == "a@example.org"
    assert extract_recipients(letter()) == ["b@example.org", "c@example.org"]
    assert (extract_sender(EmailMessage()), extract_recipients(EmailMessage())) == (None, [])
    assert extract_addresses("Ann <a@example.org>, b@example.org") == ["a@example.org", "b@example.org"]
    assert extract_addresses(Header("Ann <a@example.org>")) == ["a@example.org"]
    assert extract_addresses(letter()["To"]) == ["b@example.org"]
    with pytest.raises(ValueError, match="no list of mailboxes"):
        extract_addresses("Bob b@example.org")

"""Modules that programs written for aiosmtplib import beside the client."""

from __future__ import annotations

import base64
from email.header import Header
from email.message import EmailMessage

import pytest

import notebookmail
from notebookmail import SMTPAuthenticationError
from notebookmail.auth import auth_crammd5_verify, auth_login_encode, auth_plain_encode, auth_xoauth2_encode
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
    assert notebookmail.auth.auth_plain_encode is auth_plain_encode


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


def test_credentials_are_written_as_the_mechanisms_say_them() -> None:
    assert base64.b64decode(auth_plain_encode("me", b"pw")) == b"\0me\0pw"
    assert tuple(map(base64.b64decode, auth_login_encode("me", "pw"))) == (b"me", b"pw")
    assert base64.b64decode(auth_xoauth2_encode(b"me", "tok")) == b"user=me\x01auth=Bearer tok\x01\x01"
    challenge = base64.b64encode(b"<1896.697170952@postoffice.reston.mci.net>")  # RFC 2195 2
    answer = base64.b64decode(auth_crammd5_verify("tim", "tanstaaftanstaaf", challenge))
    assert answer == b"tim b913a602c7eda7a495b4e6e7334d3890"
    with pytest.raises(SMTPAuthenticationError, match="not base64"):
        auth_crammd5_verify("tim", "pw", "a")

"""The name that tells a provider that a message is the same as before."""

from __future__ import annotations

import pytest

from notebookmail.mail.idempotency import Idempotency, idempotency_of
from notebookmail.mail.message import Envelope, Mail

SAYS = Idempotency("X-Name", 60.0)


def mail(*recipients: str, message_id: str = "<1@x>") -> Mail:
    return Mail(Envelope("a@example.org", recipients), (b"Subject: hi\r\n\r\n", b"text\r\n"), message_id)


def name(of: Mail) -> bytes:
    line, _, rest = of.content.partition(b"\r\n")
    assert rest == b"Subject: hi\r\n\r\ntext\r\n"
    return line


def test_a_message_has_one_name_however_often_it_is_named() -> None:
    once = SAYS.named(mail("bo@example.org"))
    assert SAYS.named(once) == once
    assert name(once).startswith(b"X-Name: ")


def test_another_message_and_other_recipients_have_another_name() -> None:
    both = mail("bo@example.org", "cy@example.org")
    only_one = SAYS.named(both)._replace(envelope=Envelope("a@example.org", ("cy@example.org",)))
    names = {
        name(SAYS.named(each))
        for each in (both, only_one, mail("bo@example.org"), mail("bo@example.org", message_id="<2@x>"))
    }
    assert len(names) == 4
    assert name(SAYS.named(mail("cy@example.org", "bo@example.org"))) in names


def test_a_name_holds_no_address() -> None:
    assert b"bo" not in name(SAYS.named(mail("bo@example.org"))).removeprefix(b"X-Name: ")


@pytest.mark.parametrize("host", ["smtp.example.org", "", "resend.com"])
def test_of_other_servers_nothing_is_supposed(host: str) -> None:
    assert idempotency_of(host) is None
    assert idempotency_of("SMTP.Resend.com") is not None

"""Transactions as decisions: what goes out, and what the replies mean."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from notebookmail.errors import (
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
)
from notebookmail.mail.message import Envelope, Mail
from notebookmail.response import SMTPResponse
from notebookmail.smtp.wire.extensions import Extensions
from notebookmail.smtp.wire.transaction import Opened, judge_end_of_data, opening


def server(**parameters: str) -> Extensions:
    return Extensions(MappingProxyType({name.replace("_", ""): value for name, value in parameters.items()}))


PIPELINING = server(pipelining="")
SINGLY = server()


def letter(*recipients: str, sender: str = "a@example.org", **more: bool) -> Mail:
    return Mail(Envelope(sender, recipients or ("b@example.org",)), (b"Subject: x\r\n\r\nhello\r\n",), **more)


def play(mail: Mail, extensions: Extensions, answers: dict[str, int], **more: bool) -> tuple[list[str], Opened]:
    """Run an opening against a server that answers each command by the code of its longest known beginning."""
    said: list[str] = []
    steps = opening(mail, extensions, **more)
    group = next(steps)
    try:
        while True:
            lines = [command.line.decode().strip() for command in group]
            said.append(" | ".join(lines))
            codes = [next((answers[key] for key in answers if line.startswith(key)), 250) for line in lines]
            group = steps.send([SMTPResponse(code, "text") for code in codes])
    except StopIteration as done:
        return said, done.value
    except SMTPException as error:
        error.add_note("; ".join(said))
        raise


def test_a_pipelining_server_gets_one_group() -> None:
    said, opened = play(letter("b@example.org", "c@example.org"), PIPELINING, {"DATA": 354})
    assert said == ["MAIL FROM:<a@example.org> | RCPT TO:<b@example.org> | RCPT TO:<c@example.org> | DATA"]
    assert opened.refused == {}


def test_other_servers_get_one_command_at_a_time() -> None:
    said, _ = play(letter(), SINGLY, {"DATA": 354})
    assert said == ["MAIL FROM:<a@example.org>", "RCPT TO:<b@example.org>", "DATA"]


@pytest.mark.parametrize("extensions", [PIPELINING, SINGLY])
def test_one_refused_recipient_among_several_is_noted(extensions: Extensions) -> None:
    _, opened = play(letter("b@example.org", "c@example.org"), extensions, {"RCPT TO:<c": 550, "DATA": 354})
    assert opened.refused == {"c@example.org": SMTPResponse(550, "text")}


@pytest.mark.parametrize("extensions", [PIPELINING, SINGLY])
def test_when_all_recipients_are_refused_nothing_goes(extensions: Extensions) -> None:
    with pytest.raises(SMTPRecipientsRefused) as caught:
        play(letter("b@example.org", "c@example.org"), extensions, {"RCPT": 550, "DATA": 503})
    assert [each.recipient for each in caught.value.recipients] == ["b@example.org", "c@example.org"]
    assert caught.value.phase == "rcpt"


def test_a_354_in_spite_of_refused_recipients_is_ended_by_a_lone_dot() -> None:
    with pytest.raises(SMTPRecipientsRefused) as caught:
        play(letter(), PIPELINING, {"RCPT": 550, "DATA": 354})
    assert caught.value.__notes__[0].endswith("DATA; .")


@pytest.mark.parametrize("extensions", [PIPELINING, SINGLY])
def test_a_refused_sender_is_told_from_refused_recipients(extensions: Extensions) -> None:
    with pytest.raises(SMTPSenderRefused) as caught:
        play(letter(), extensions, {"MAIL": 550, "RCPT": 503, "DATA": 503})
    assert (caught.value.sender, caught.value.phase) == ("a@example.org", "mail")


@pytest.mark.parametrize("extensions", [PIPELINING, SINGLY])
@pytest.mark.parametrize("code", [250, 451, 554])
def test_data_goes_on_only_after_354(extensions: Extensions, code: int) -> None:
    with pytest.raises(SMTPDataError) as caught:
        play(letter(), extensions, {"DATA": code})
    assert (caught.value.code, caught.value.phase) == (code, "data")


def test_a_broken_transaction_is_reset_without_a_round_trip() -> None:
    said, _ = play(letter(), PIPELINING, {"DATA": 354}, reset_first=True)
    assert said[0].startswith("RSET | MAIL")


def test_an_unsafe_recipient_is_refused_without_asking_the_server() -> None:
    said, opened = play(letter("b@example.org", "no body"), PIPELINING, {"DATA": 354})
    assert "no body" not in said[0]
    assert opened.refused["no body"].code == 553
    assert opened.refused["no body"].enhanced_code == "5.1.3"


def test_an_unsafe_sender_is_refused_before_a_byte_is_written() -> None:
    with pytest.raises(SMTPSenderRefused, match=r"5\.1\.7"):
        next(opening(letter(sender="invalid sender"), PIPELINING))


def test_a_control_character_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="control"):
        next(opening(letter("b@example.org\r\nDATA"), PIPELINING))


def test_the_size_is_declared_and_kept() -> None:
    said, _ = play(letter(), server(size="1000", pipelining=""), {"DATA": 354})
    assert "MAIL FROM:<a@example.org> SIZE=21" in said[0]
    with pytest.raises(SMTPDataError, match=r"552 5\.3\.4 .* 21 octets.*at most 20"):
        next(opening(letter(), server(size="20")))


def test_smtputf8_is_asked_for_where_an_address_needs_it() -> None:
    said, _ = play(letter("ü@example.org"), server(smtputf8="", _8bitmime="", pipelining=""), {"DATA": 354})
    assert " SMTPUTF8 BODY=8BITMIME " in said[0]
    with pytest.raises(SMTPNotSupported, match="SMTPUTF8"):
        next(opening(letter("ü@example.org"), PIPELINING))


def test_8bitmime_is_declared_only_where_it_is_offered() -> None:
    assert "BODY" not in play(letter(needs_8bit=True), PIPELINING, {"DATA": 354})[0][0]
    assert (
        "BODY=8BITMIME" in play(letter(needs_8bit=True), server(_8bitmime="", pipelining=""), {"DATA": 354})[0][0]
    )


@pytest.mark.parametrize("code", [451, 554])
def test_only_a_2yz_after_the_end_of_data_is_a_receipt(code: int) -> None:
    assert judge_end_of_data(SMTPResponse(250, "queued"), Opened({})).reply.message == "queued"
    with pytest.raises(SMTPDataError) as caught:
        judge_end_of_data(SMTPResponse(code, "no"), Opened({}))
    assert (caught.value.phase, caught.value.unconfirmed) == ("end_of_data", False)

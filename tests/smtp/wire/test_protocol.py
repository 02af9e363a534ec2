"""The state machine: which command may come when, which reply is whose, and what poisons a session."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.errors import SMTPDataError, SMTPException, SMTPResponseException, SMTPServerDisconnected
from notebookmail.privacy.secret import Secret
from notebookmail.response import SMTPResponse
from notebookmail.smtp.wire import commands
from notebookmail.smtp.wire.commands import DATA, END_OF_DATA, NOOP, QUIT, RSET, STARTTLS
from notebookmail.smtp.wire.protocol import Protocol, State

MAIL = commands.mail("a@example.org")
RCPT = commands.rcpt("b@example.org")


def greeted() -> Protocol:
    protocol = Protocol()
    protocol.receive(b"220 ready\r\n")
    return protocol


def in_content() -> Protocol:
    protocol = greeted()
    protocol.write(MAIL, RCPT, DATA)
    protocol.receive(b"250 a\r\n250 b\r\n354 go\r\n")
    return protocol


def test_the_greeting_opens_the_session() -> None:
    protocol = Protocol()
    assert protocol.phase == "connect"
    assert protocol.receive(b"220 mx ready\r\n") == [SMTPResponse(220, "mx ready")]
    assert protocol.is_clean


def test_nothing_may_be_written_before_the_greeting() -> None:
    with pytest.raises(RuntimeError, match="speaks first"):
        Protocol().write(NOOP)


def test_replies_answer_commands_in_order() -> None:
    protocol = greeted()
    assert protocol.write(RSET, MAIL, RCPT, DATA).count(b"\r\n") == 4
    assert protocol.receive(b"250 r\r\n250 m\r\n") == [SMTPResponse(250, "r"), SMTPResponse(250, "m")]
    assert (protocol.awaited, protocol.phase) == (2, "rcpt")
    protocol.receive(b"550 no\r\n503 no\r\n")
    assert protocol.is_clean


@pytest.mark.parametrize("ending", [DATA, NOOP, QUIT, STARTTLS, commands.ehlo("x"), commands.vrfy("x")])
def test_a_command_that_ends_its_group_is_followed_by_none(ending: commands.Command) -> None:
    with pytest.raises(RuntimeError, match="ends its group"):
        greeted().write(ending, MAIL)
    protocol = greeted()
    protocol.write(ending)
    with pytest.raises(RuntimeError, match="ends its group"):
        protocol.write(MAIL)


def test_content_may_only_be_ended() -> None:
    protocol = in_content()
    assert (protocol.state, protocol.phase) == (State.CONTENT, "content")
    with pytest.raises(RuntimeError):
        protocol.write(NOOP)
    assert not protocol.is_unconfirmed
    assert protocol.write(END_OF_DATA, MAIL, RCPT, DATA).startswith(b".\r\nMAIL")
    assert (protocol.is_unconfirmed, protocol.phase) == (True, "end_of_data")


def test_the_end_of_data_without_content_is_a_mistake() -> None:
    with pytest.raises(RuntimeError):
        greeted().write(END_OF_DATA)


def test_a_message_is_unconfirmed_until_its_reply_is_complete() -> None:
    protocol = in_content()
    protocol.write(END_OF_DATA)
    assert protocol.receive(b"250-queued\r\n250 as 1") == []
    assert protocol.is_unconfirmed
    assert protocol.receive(b"23\r\n") == [SMTPResponse(250, "queued\nas 123")]
    assert not protocol.is_unconfirmed


def test_an_extra_reply_is_never_credited_to_the_next_command() -> None:
    protocol = greeted()
    protocol.write(MAIL)
    assert protocol.receive(b"250 ok\r\n250 extra\r\n") == [SMTPResponse(250, "ok")]
    with pytest.raises(SMTPResponseException, match="unsolicited"):
        protocol.write(RCPT)


def test_an_extra_reply_in_a_pipelined_group_stops_the_message() -> None:
    protocol = greeted()
    protocol.write(MAIL, RCPT, DATA)
    # The server refused the recipient; a reply too many would make it look accepted.
    codes = [reply.code for reply in protocol.receive(b"250 mail\r\n250 extra\r\n550 rcpt\r\n354 go\r\n")]
    assert codes[-1] == 550  # DATA's: not a 354, so no content goes out
    with pytest.raises(SMTPException):
        protocol.write(RSET)


def test_half_a_reply_before_a_command_poisons_the_session() -> None:
    protocol = greeted()
    protocol.receive(b"25")
    with pytest.raises(SMTPResponseException, match="before a command"):
        protocol.write(MAIL)


def test_a_fault_stays() -> None:
    protocol = greeted()
    with pytest.raises(SMTPResponseException):
        protocol.receive(b"nonsense\r\n")
    with pytest.raises(SMTPResponseException):
        protocol.receive(b"250 ok\r\n")
    with pytest.raises(SMTPResponseException):
        protocol.write(NOOP)


@pytest.mark.parametrize("code", [334, 354, 399])
def test_an_intermediate_reply_answers_only_what_asks_for_it(code: int) -> None:
    protocol = greeted()
    protocol.write(MAIL)
    with pytest.raises(SMTPResponseException):
        protocol.receive(b"%d go on\r\n" % code)


def test_421_answers_everything_awaited_and_closes() -> None:
    protocol = in_content()
    protocol.write(END_OF_DATA, MAIL, RCPT, DATA)
    assert protocol.receive(b"421 bye\r\n") == [SMTPResponse(421, "bye")] * 4
    assert not protocol.is_unconfirmed  # RFC 5321 4.2.5: after a 4yz the server must not deliver
    with pytest.raises(SMTPServerDisconnected, match="421 bye"):
        protocol.write(NOOP)


def test_421_in_the_middle_of_content_is_a_data_error_with_its_code() -> None:
    protocol = in_content()
    assert protocol.receive(b"421 4.3.2 bye\r\n") == []
    with pytest.raises(SMTPDataError) as caught:
        protocol.write(END_OF_DATA)
    assert (caught.value.args, caught.value.phase, protocol.is_unconfirmed) == (
        (421, "4.3.2 bye"),
        "content",
        False,
    )


def test_a_refusal_in_the_middle_of_content_is_a_data_error() -> None:
    protocol = in_content()
    with pytest.raises(SMTPDataError) as caught:
        protocol.receive(b"552 5.3.4 too big\r\n")
    assert (caught.value.code, caught.value.phase, caught.value.unconfirmed) == (552, "content", False)


def test_starttls_leftovers_are_an_attack() -> None:
    protocol = greeted()
    protocol.write(STARTTLS)
    protocol.receive(b"220 go\r\n250 X")
    with pytest.raises(SMTPResponseException):
        protocol.tls_started()


def test_tls_starts_only_after_a_220() -> None:
    protocol = greeted()
    protocol.write(STARTTLS)
    protocol.receive(b"454 not now\r\n")
    with pytest.raises(RuntimeError):
        protocol.tls_started()


def test_an_auth_exchange_alternates_until_its_verdict() -> None:
    protocol = greeted()
    protocol.write(commands.auth("LOGIN"))
    protocol.receive(b"334 VXNlcg==\r\n")
    assert protocol.state is State.CHALLENGE
    with pytest.raises(RuntimeError):
        protocol.write(NOOP)
    protocol.write(commands.auth_response(Secret(b"me")))
    protocol.receive(b"235 welcome\r\n")
    assert protocol.is_clean


def test_quit_closes_whatever_it_is_answered() -> None:
    protocol = greeted()
    protocol.write(QUIT)
    protocol.receive(b"500 what\r\n")
    assert protocol.state is State.CLOSED


SCRIPT: list[tuple[bytes, tuple[commands.Command, ...]]] = [
    (b"220 hi\r\n", (commands.ehlo("x"),)),
    (b"250-mx\r\n250 PIPELINING\r\n", (MAIL, RCPT, RCPT, DATA)),
    (b"250 m\r\n550-no\r\n550 such\r\n250 r\r\n354 go\r\n", (END_OF_DATA,)),
    (b"250 queued\r\n", (QUIT,)),
    (b"221 bye\r\n", ()),
]


@given(st.integers(1, 60))
def test_a_session_reads_the_same_in_steps_of_any_size(step: int) -> None:
    protocol = Protocol()
    codes = []
    for answer, group in SCRIPT:
        for start in range(0, len(answer), step):
            codes += [reply.code for reply in protocol.receive(answer[start : start + step])]
        if group:
            protocol.write(*group)
    assert codes == [220, 250, 250, 550, 250, 354, 250, 221]
    assert protocol.state is State.CLOSED

"""Every state, every command, every kind of reply: where a session goes next, written down a second time.

The grids below are the specification (RFC 5321 4.3.2, RFC 3207 4, RFC 4954 4, RFC 3030 2), not a reading of the
implementation's table. Only single steps stand here; whole dialogues are in test_protocol.py.
"""

from __future__ import annotations

import pytest

from notebookmail.errors import SMTPException
from notebookmail.privacy.secret import Secret
from notebookmail.smtp.wire import commands
from notebookmail.smtp.wire.commands import DATA, END_OF_DATA, NOOP, QUIT, RSET, STARTTLS, Command
from notebookmail.smtp.wire.protocol import Protocol, State

COMMANDS = {
    "EHLO": commands.ehlo("client"),
    "HELO": commands.helo("client"),
    "MAIL": commands.mail("a@example.org"),
    "RCPT": commands.rcpt("b@example.org"),
    "DATA": DATA,
    ".": END_OF_DATA,
    "BDAT": commands.bdat(b"Subject: x\r\n\r\n.\r\nQUIT\r\n"),
    "RSET": RSET,
    "VRFY": commands.vrfy("someone"),
    "EXPN": commands.expn("list"),
    "HELP": commands.help_(),
    "NOOP": NOOP,
    "QUIT": QUIT,
    "STARTTLS": STARTTLS,
    "AUTH": commands.auth("PLAIN", Secret(b"secret")),
    "XTRA": commands.raw(b"XTRA", b"something"),
}

STATES = {
    "g": State.GREETING,
    "c": State.COMMAND,
    "h": State.CHALLENGE,
    "d": State.CONTENT,
    "t": State.TLS,
    "x": State.CLOSED,
}
REFUSED = "!"
"""The session ends in an SMTPException, and nothing can be written or read any more."""

CODES = (150, 220, 235, 250, 334, 354, 421, 450, 535, 550, 599, 600)


def grid(text: str) -> dict[tuple[str, int], str]:
    """Read rows of a name and one letter for each of CODES."""
    rows = [line.split() for line in text.strip().splitlines()]
    return {(name, code): letter for name, *letters in rows for code, letter in zip(CODES, letters, strict=True)}


# In these states the command was written and its reply comes. 150 and 600 are no replies (RFC 5321 4.2.1).
ANSWERED = grid("""
    EHLO      !    c    c    c    !    !    x    c    c    c    c    !
    HELO      !    c    c    c    !    !    x    c    c    c    c    !
    MAIL      !    c    c    c    !    !    x    c    c    c    c    !
    RCPT      !    c    c    c    !    !    x    c    c    c    c    !
    DATA      !    c    c    c    !    d    x    c    c    c    c    !
    .         !    c    c    c    !    !    x    c    c    c    c    !
    BDAT      !    c    c    c    !    !    x    c    c    c    c    !
    RSET      !    c    c    c    !    !    x    c    c    c    c    !
    VRFY      !    c    c    c    !    !    x    c    c    c    c    !
    EXPN      !    c    c    c    !    !    x    c    c    c    c    !
    HELP      !    c    c    c    !    !    x    c    c    c    c    !
    NOOP      !    c    c    c    !    !    x    c    c    c    c    !
    QUIT      !    x    x    x    !    !    x    x    x    x    x    !
    STARTTLS  !    t    c    c    !    !    x    c    c    c    c    !
    AUTH      !    c    c    c    h    !    x    c    c    c    c    !
    XTRA      !    c    c    c    !    !    x    c    c    c    c    !
""")
# In these nothing was asked but the greeting (g) and the answer to a challenge (h).
UNASKED = grid("""
    g         !    c    c    c    !    !    x    c    c    c    c    !
    h         !    c    c    c    h    !    x    c    c    c    c    !
    c         !    !    !    !    !    !    x    !    !    !    !    !
    d         !    !    !    !    !    !    x    !    !    !    !    !
    t         !    !    !    !    !    !    !    !    !    !    !    !
    x         !    !    !    !    !    !    x    !    !    !    !    !
""")
WRITABLE = {"g": "", "c": "EHLO HELO MAIL RCPT DATA BDAT RSET VRFY EXPN HELP NOOP QUIT STARTTLS AUTH XTRA",
            "h": "AUTH", "d": ".", "t": "", "x": ""}  # fmt: skip


def in_state(letter: str) -> Protocol:
    """Bring a session to a state by the shortest way."""
    protocol = Protocol()
    ways: dict[str, list[tuple[Command, bytes]]] = {
        "g": [],
        "c": [],
        "h": [(commands.auth("LOGIN"), b"334 VXNlcm5hbWU6\r\n")],
        "d": [(DATA, b"354 go\r\n")],
        "t": [(STARTTLS, b"220 go\r\n")],
        "x": [(QUIT, b"221 bye\r\n")],
    }
    if letter != "g":
        protocol.receive(b"220 mx\r\n")
    for command, answer in ways[letter]:
        protocol.write(command)
        protocol.receive(answer)
    assert protocol.state is STATES[letter]
    return protocol


def answer(protocol: Protocol, code: int) -> str:
    """Let one reply arrive and tell the letter of what came of it."""
    try:
        protocol.receive(b"%d text\r\n" % code)
    except SMTPException:
        return REFUSED
    return next(letter for letter, state in STATES.items() if state is protocol.state)


@pytest.mark.parametrize("verb", COMMANDS)
@pytest.mark.parametrize("letter", STATES)
def test_a_command_may_be_written_where_it_belongs_and_nowhere_else(letter: str, verb: str) -> None:
    protocol = in_state(letter)
    command = COMMANDS[verb]
    if verb in WRITABLE[letter].split():
        assert protocol.write(command) == command.line
        assert protocol.awaited == 1
    else:
        awaited = protocol.awaited
        with pytest.raises(RuntimeError, match="may"):
            protocol.write(command)
        assert (protocol.state, protocol.awaited) == (STATES[letter], awaited)


@pytest.mark.parametrize(("verb", "code"), ANSWERED)
def test_a_reply_leads_to_the_next_state(verb: str, code: int) -> None:
    protocol = in_state("d" if verb == "." else "c")
    protocol.write(COMMANDS[verb])
    assert answer(protocol, code) == ANSWERED[verb, code]


@pytest.mark.parametrize(("letter", "code"), UNASKED)
def test_a_reply_that_answers_no_new_command_is_refused_but_where_one_is_due(letter: str, code: int) -> None:
    protocol = in_state(letter)
    if letter == "h":
        protocol.write(commands.auth_response(Secret(b"me")))
    assert answer(protocol, code) == UNASKED[letter, code]


@pytest.mark.parametrize(("verb", "code"), [step for step, letter in ANSWERED.items() if letter == REFUSED])
def test_after_a_refusal_nothing_is_written_or_read(verb: str, code: int) -> None:
    protocol = in_state("d" if verb == "." else "c")
    protocol.write(COMMANDS[verb])
    assert answer(protocol, code) == REFUSED
    assert not protocol.is_clean
    assert answer(protocol, 250) == REFUSED
    with pytest.raises(SMTPException):
        protocol.write(NOOP)


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_a_421_closes_whatever_it_answers(verb: str) -> None:
    protocol = in_state("d" if verb == "." else "c")
    protocol.write(COMMANDS[verb])
    assert [reply.code for reply in protocol.receive(b"421 bye\r\n")] == [421]
    assert protocol.awaited == 0
    with pytest.raises(SMTPException, match="421 bye"):
        protocol.receive(b"")


def test_a_421_is_the_last_word_however_the_bytes_are_cut() -> None:
    for further in (b"250 ok\r\n", b"nonsense\r\n", b"421 bye\r\n"):
        protocol = in_state("c")
        protocol.write(NOOP)
        assert [reply.code for reply in protocol.receive(b"421 bye\r\n" + further)] == [421]
        with pytest.raises(SMTPException, match="421 bye"):
            protocol.receive(b"")


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_only_what_hands_out_the_end_of_data_makes_a_message_unconfirmed(verb: str) -> None:
    protocol = in_state("d" if verb == "." else "c")
    assert not protocol.is_unconfirmed
    protocol.write(COMMANDS[verb])
    assert protocol.is_unconfirmed is (verb in {".", "BDAT"})
    protocol.receive(b"550 no\r\n")
    assert not protocol.is_unconfirmed


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_a_group_goes_on_only_after_what_rfc_2920_lets_it(verb: str) -> None:
    for following in set(COMMANDS) - {"."}:
        protocol = in_state("d" if verb == "." else "c")
        if verb in {"MAIL", "RCPT", "RSET", "."}:
            protocol.write(COMMANDS[verb], COMMANDS[following])
            assert protocol.awaited == 2
        else:
            with pytest.raises(RuntimeError, match="ends its group"):
                protocol.write(COMMANDS[verb], COMMANDS[following])
            assert protocol.awaited == 0

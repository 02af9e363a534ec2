"""Commands: the guard against injection, and secrets that stay unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.privacy.secret import Secret
from notebookmail.smtp.wire import commands

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTILE = [
    "a@b.org\r\nRCPT TO:<x@y.z>", "a@b.org\n", "a@b.org\r", "a@b.org\0", "a@b.org\x7f", "a@b.org NOTIFY=NEVER",
    "a@b.org> NOTIFY=NEVER", "<a@b.org>", "a@b.org,c@d.org", "a@b.org;c@d.org", "a b@c.org",
    "a@b.org> AUTH=<x@y.z", "a@b.org\u2028", "a@b.org\u0085", "\ud800@b.org", "a\u00a0b@c.org", "a\u3000b@c.org",
    'a"b@c.org', '"a"b@c.org',
    '"a@b.org', '"a\\"@b.org', '"a" @b.org', '"a"@b.org>', '"a"@"b"', '"',
]  # fmt: skip

SERVERS_TO_JUDGE = [
    "root", "user@mailhost", "a@b..org", ".a@b.org", "a.@b.org", "a@-b.org", "a@[1.2.3.4", "a@@b.org", "@b.org",
    "a@",
    f"{'x' * 65}@b.org", "a,b@c.org", "a(b)@c.org", "a@b.org.", "postmaster", '"root"', '"a> b"@c.org',
]  # fmt: skip


@pytest.mark.parametrize("address", HOSTILE)
@pytest.mark.parametrize("command", [commands.mail, commands.rcpt, commands.vrfy, commands.expn])
def test_what_is_not_safe_to_write_never_becomes_a_command(
    address: str, command: Callable[[str], commands.Command]
) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- every such error is one
        command(address)


@pytest.mark.parametrize("address", SERVERS_TO_JUDGE)
def test_what_is_safe_to_write_is_the_servers_to_judge(address: str) -> None:
    assert commands.mail(address).line == f"MAIL FROM:<{address}>\r\n".encode()
    assert commands.rcpt(address).line == f"RCPT TO:<{address}>\r\n".encode()
    assert commands.vrfy(address).line == f"VRFY {address}\r\n".encode()


def test_the_null_path_is_for_senders_only() -> None:
    with pytest.raises(ValueError, match="empty"):
        commands.rcpt("")


@given(st.text(max_size=30) | st.text('ab@<>"\\ ,;=.', max_size=12))
def test_every_command_is_one_line_with_one_path(address: str) -> None:
    try:
        command = commands.rcpt(address)
    except ValueError:
        return
    assert command.line == f"RCPT TO:<{address}>\r\n".encode()
    assert command.line.count(b"\r") == command.line.count(b"\n") == 1
    if '"' not in address:
        assert len(command.line.split()) == 2
        assert command.line.count(b"<") == command.line.count(b">") == 1


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("", b"MAIL FROM:<>\r\n"),
        ("a@example.org", b"MAIL FROM:<a@example.org>\r\n"),
        ('"a b"@example.org', b'MAIL FROM:<"a b"@example.org>\r\n'),
        ("a@[127.0.0.1]", b"MAIL FROM:<a@[127.0.0.1]>\r\n"),
        ("Postmaster", b"MAIL FROM:<Postmaster>\r\n"),
        ("ü@example.org", "MAIL FROM:<ü@example.org>\r\n".encode()),
    ],
)
def test_paths_are_written_as_rfc_5321_says(address: str, line: bytes) -> None:
    assert commands.mail(address).line == line


def test_options_follow_the_path() -> None:
    assert commands.mail("a@example.org", ("SIZE=9", "BODY=8BITMIME")).line.endswith(b"> SIZE=9 BODY=8BITMIME\r\n")


def test_an_empty_option_is_none() -> None:
    assert commands.mail("a@b.org", ("", "SMTPUTF8", "")).line == b"MAIL FROM:<a@b.org> SMTPUTF8\r\n"
    assert commands.rcpt("a@b.org", ("",)).line == b"RCPT TO:<a@b.org>\r\n"
    assert commands.vrfy("a", ("",)).line == b"VRFY a\r\n"


@pytest.mark.parametrize("option", ["SIZE=1 AUTH=<>", "RET=HDRS\r\nDATA", "X\0"])
def test_an_option_is_one_word(option: str) -> None:
    with pytest.raises(ValueError, match="argument"):
        commands.mail("a@example.org", (option,))


def test_credentials_have_no_readable_repr() -> None:
    for command in (commands.auth("PLAIN", Secret(b"\0me\0hunter2")), commands.auth_response(Secret(b"hunter2"))):
        assert repr(command) == "<AUTH ***>"


def test_an_empty_initial_response_is_an_equals_sign() -> None:
    assert commands.auth("XOAUTH2", Secret(b"")).line == b"AUTH XOAUTH2 =\r\n"
    assert commands.auth_response(None).line == b"*\r\n"


def test_a_raw_command_wants_words_without_control_characters() -> None:
    assert commands.raw(b"xfoo", b"bar baz").line == b"xfoo bar baz\r\n"
    with pytest.raises(ValueError, match="verb"):
        commands.raw()
    with pytest.raises(ValueError, match="control"):
        commands.raw(b"NOOP", b"a\r\nDATA")

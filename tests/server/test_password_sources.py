"""Where a password comes from: keyring, command, environment, prompt, in that order; and when it is saved."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.keyrings import MemoryKeyring, PlaintextKeyring, keyring_in_use
from support.local_server import CANARY, authenticator, real_server
from support.traceback_variables import variables_shown

from notebookmail import FrameError, OAuth, Server, Template, send_frame
from notebookmail.privacy.secret import Secret
from notebookmail.server import passwords, stored_secrets
from notebookmail.server.password_command import password_from
from notebookmail.server.passwords import service_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "127.0.0.1"


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryKeyring]:
    for kept in ("_known", "_refused"):
        monkeypatch.setattr(passwords, kept, {})
    monkeypatch.setattr(passwords, "_typed", set())
    for name in ("NOTEBOOKMAIL_URL", "NOTEBOOKMAIL_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    with keyring_in_use(MemoryKeyring()) as backend:
        yield backend


def typing(monkeypatch: pytest.MonkeyPatch, password: str) -> list[str]:
    """Let somebody sit there who types a password; returns what they are asked."""
    asked: list[str] = []

    def prompt(question: str) -> str:
        asked.append(question)
        return password

    monkeypatch.setattr(passwords, "_prompt", lambda: prompt)
    return asked


def printing(text: str) -> list[str]:
    return [sys.executable, "-c", f"print({text!r})"]


def password_of(server: Server) -> object:
    return server.with_password().password


def test_the_sources_are_asked_in_their_order(memory: MemoryKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = typing(monkeypatch, "typed")
    server = Server(HOST, username="me", password_command=printing("printed"))
    monkeypatch.setenv("NOTEBOOKMAIL_PASSWORD", "environment")
    memory.passwords[service_of(HOST), "me"] = "kept"
    assert password_of(server) == "kept"
    server.forget_password()  # refused, as those before in each line below
    assert password_of(server) == "printed"
    server.forget_password()
    memory.passwords.clear()
    assert password_of(Server(HOST, username="me")) == "environment"
    server.forget_password()
    assert password_of(Server(HOST, username="me")) == "typed"
    assert asked == ["Password for me at 127.0.0.1: "]


def test_the_password_in_the_environment_goes_to_the_host_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NOTEBOOKMAIL_PASSWORD", CANARY)
    monkeypatch.setenv("NOTEBOOKMAIL_URL", "smtps://me@smtp.example.org:465")
    assert password_of(Server("smtp.example.org", username="me")) == CANARY
    with pytest.raises(FrameError, match="the environment variable NOTEBOOKMAIL_PASSWORD has none"):
        Server("smtp.elsewhere.org", username="me").with_password()


# --- a command --------------------------------------------------------------------------------------------------


def test_a_command_is_a_list_or_one_text_and_its_first_line_counts_without_a_shell(tmp_path: Path) -> None:
    script = tmp_path / "a script.py"
    script.write_text(f"import sys; print({CANARY!r}); print('user: me'); sys.stderr.write('unlocked')")
    assert password_from([sys.executable, str(script)]) == CANARY
    assert password_from(shlex.join([sys.executable, str(script)])) == CANARY
    assert password_from([sys.executable, "-c", "import sys; print(sys.argv[1])", "$HOME;x"]) == "$HOME;x"


def test_blanks_around_a_printed_password_are_part_of_it() -> None:
    assert password_from(printing(" a b \r")) == " a b "


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["/nowhere/pass"], r"\(/nowhere/pass\) cannot be run \(No such file"),
        ([sys.executable, "-c", f"import sys; print({CANARY!r}); sys.exit({CANARY!r})"], "ended with code 1"),
        ([sys.executable, "-c", ""], "printed nothing"),
    ],
)
def test_a_command_that_fails_says_so_without_what_it_said(command: list[str], words: str) -> None:
    with pytest.raises(FrameError, match=words) as caught:
        password_from(command)
    assert CANARY not in str(caught.value)
    assert "run it by itself in a terminal" in str(caught.value)


def test_a_command_that_hangs_is_ended_and_what_it_printed_is_nowhere() -> None:
    command = [sys.executable, "-c", f"import time; print({CANARY[::-1]!r}[::-1], flush=True); time.sleep(60)"]
    with pytest.raises(FrameError, match="not done within 1 s") as caught:
        password_from(command, timeout_seconds=1)
    assert CANARY not in variables_shown(caught.value)


def test_no_process_shows_the_password_among_its_arguments(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(CANARY)
    listing = tmp_path / "processes"
    script = (
        "import pathlib\n"
        "processes = pathlib.Path('/proc').glob('[0-9]*/cmdline')\n"
        "seen = b'|'.join(each.read_bytes() for each in processes if each.exists())\n"
        f"pathlib.Path({str(listing)!r}).write_bytes(seen)\n"
        f"print(pathlib.Path({str(tmp_path / 'secret')!r}).read_text())\n"
    )
    (tmp_path / "script.py").write_text(script)
    server = Server(HOST, username="me", password_command=[sys.executable, str(tmp_path / "script.py")])
    assert password_of(server) == CANARY
    assert b"script.py" in listing.read_bytes()
    assert CANARY.encode() not in listing.read_bytes()
    assert CANARY not in repr(server.with_password())


def test_a_command_that_cannot_be_one_is_refused_when_the_server_is_made() -> None:
    for wrong in ([], "", "pass 'show", ["pass", 1]):
        with pytest.raises(FrameError, match="password_command="):
            Server(HOST, username="me", password_command=wrong)  # type: ignore[arg-type]


def test_ways_to_log_in_exclude_each_other() -> None:
    oauth = OAuth.microsoft("id")
    with pytest.raises(FrameError, match="password= and oauth= exclude each other"):
        Server(HOST, username="me", password="x", oauth=oauth)
    with pytest.raises(FrameError, match="oauth= wants username="):
        Server(HOST, oauth=oauth)


# --- saving -----------------------------------------------------------------------------------------------------


def test_a_password_is_saved_when_asked_and_found_again(memory: MemoryKeyring) -> None:
    Server(HOST, username="me", password=CANARY).save_password()
    assert memory.passwords == {(service_of(HOST), "me"): CANARY}
    assert password_of(Server(HOST, username="me")) == CANARY
    Server(HOST, username="me").sign_out()
    assert memory.passwords == {}


def test_a_password_that_is_not_there_yet_is_asked_for_and_saved(
    memory: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    typing(monkeypatch, CANARY)
    Server(HOST, username="me").save_password()
    assert memory.passwords == {(service_of(HOST), "me"): CANARY}


def test_nothing_is_written_where_the_keyring_would_keep_plain_text() -> None:
    with keyring_in_use(PlaintextKeyring()) as plain:
        with pytest.raises(FrameError, match="keeps secrets as plain text; it is written nowhere else"):
            Server(HOST, username="me", password=CANARY).save_password()
        assert plain.passwords == {}  # type: ignore[attr-defined]


def test_there_is_nothing_to_save_without_a_password() -> None:
    for server in (Server(HOST), Server(HOST, username="me", oauth=OAuth.microsoft("id"))):
        with pytest.raises(FrameError, match="there is no password to save"):
            server.save_password()


async def test_saving_is_offered_once_after_a_login_that_was_typed_and_good(
    memory: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = Template("Hi", text="x", sender="desk@example.org")
    df = pd.DataFrame({"email": ["ann@example.org"]})
    typing(monkeypatch, CANARY)
    async with real_server(authenticator=authenticator, auth_require_tls=False) as (port, _):
        server = Server(HOST, port, username="me")
        first = await send_frame(df, letter, server, journal=False, progress=False)
        again = await send_frame(df, letter, server, journal=False, progress=False)
    assert "server.save_password() puts it in the system's keyring" in first.notice
    assert "save_password" not in again.notice
    assert memory.passwords == {}


# --- the keyring itself -----------------------------------------------------------------------------------------


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20_000), st.booleans())
def test_a_secret_of_any_length_comes_back_whole_and_goes_whole(text: str, is_replaced: bool) -> None:
    with keyring_in_use(MemoryKeyring()) as backend:
        if is_replaced:
            stored_secrets.write("service", "me", Secret("y" * 5_000))
        stored_secrets.write("service", "me", Secret(text))
        assert stored_secrets.read("service", "me") == text
        stored_secrets.delete("service", "me")
        assert backend.passwords == {}  # type: ignore[attr-defined]
        assert stored_secrets.read("service", "me") is None

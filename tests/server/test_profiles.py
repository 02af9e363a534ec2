"""Servers by name: servers.toml in the user's configuration folder, which holds no secret."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.traceback_variables import variables_shown

from notebookmail import FrameError, OAuth, Server
from notebookmail.server.profiles import profile_names
from notebookmail.server.servers_file import add_table, profiles_path, read_tables

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "s3cret-canary"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "notebookmail"


def write(text: str) -> None:
    profiles_path().parent.mkdir(parents=True, exist_ok=True)
    profiles_path().write_text(text, encoding="utf-8")


def test_a_profile_is_a_preset_an_address_or_a_host() -> None:
    write(
        '[mine]\npreset = "gmail"\nusername = "me@gmail.com"\n\n'
        '[home]\naddress = "me@gmx.de"\nmax_connections = 2\n\n'
        '[work]\nhostname = "smtp.firm.test"\nport = 2525\nusername = "me"\n'
        'security = "starttls"\nrate = "30/min"\n\n'
        '[amazon]\npreset = "ses"\nregion = "eu-west-1"\nusername = "AKIA"\n'
    )
    assert Server.profile("mine") == Server.preset("gmail", username="me@gmail.com")
    assert Server.profile("home") == Server.for_address("me@gmx.de", max_connections=2)
    assert Server.profile("work") == Server(
        "smtp.firm.test", 2525, username="me", security="starttls", rate="30/min"
    )
    assert Server.profile("amazon").hostname == "email-smtp.eu-west-1.amazonaws.com"


def test_the_callers_own_options_come_first() -> None:
    write('[work]\nhostname = "smtp.firm.test"\nrate = 1\n')
    server = Server.profile("work", rate="2/s", username="me", password=CANARY)
    assert (server.rate, server.username, server.password) == ("2/s", "me", CANARY)


def test_a_profile_falls_back_on_others() -> None:
    write('[a]\nhostname = "a.test"\nfailover = ["b"]\n[b]\nhostname = "b.test"\nfailover = ["a"]\n')
    assert [each.hostname for each in Server.profile("a").failover] == ["b.test"]
    assert Server.profile("a", failover=()).failover == ()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", r'"gmail"'),
        ("[works]\nhostname = 'x.test'", "did you mean 'works'.*has: works"),
        ("[work]\nhost = 'x.test'", r"\[work\]: there is no key 'host'; did you mean 'hostname'"),
        ("[work]\nhostname = 'x.test'\nport = '25'", "port is a whole number, not a text"),
        ("[work]\nhostname = 'x.test'\nport = true", "port is a whole number, not true or false"),
        ("[work]\nhostname = 'x.test'\nquux = 1", "there is no key 'quux'; there are"),
        ("[work]\nport = 25", "names no server; one of preset, address, hostname"),
        ("[work]\nhostname = 'x.test'\npreset = 'gmail'", "says preset and hostname"),
        ("[work]\npreset = 'gmial'\nusername = 'me@gmail.com'", "did you mean 'gmail'"),
        ("[work]\nhostname = 'x.test'\nrate = 'fast'", "rate"),
        (
            "[work]\npreset = 'gmail'\n[work.oauth]\nprovider = 'google'",
            r"\[work\.oauth\]: it wants client_id, and provider",
        ),
        ("[work]\npreset = 'gmail'\n[work.oauth]\nprovider = 'yahoo'\nclient_id = 'x'", "'microsoft' or 'google'"),
        ("[work]\npreset = 'gmail'\n[work.oauth]\nclientid = 'x'", "did you mean 'client_id'"),
        (
            "[work]\npreset = 'gmail'\n[work.oauth]\ntoken_url = 'https://x.test/'\nclient_id = 'x'\ntenant = 'y'",
            "tenant is not for a sign-in with token_url",
        ),
        (
            "[work]\npreset = 'gmail'\n[work.oauth]\ntoken_url = 'http://x.test/'\nclient_id = 'x'",
            "token_url='http://x.test/': it is an address with https",
        ),
        (
            "[work]\npreset = 'gmail'\n[work.oauth]\ntoken_url = 'https://x.test/'\nclient_id = 'x'\nscopes = [1]",
            "scopes is a list of texts",
        ),
        (
            "[work]\npreset = 'gmail'\noauth = {provider='google', client_id='x', client_secret_command='no'}",
            r"client_secret_command= \(no\) cannot be run",
        ),
        (
            "[work]\npreset = 'gmail'\n[work.oauth]\nprovider = 'google'\nclient_id = 'x'\ntenant = 'y'",
            "tenant is not for google",
        ),
        ("[work]\npreset = 'gmail'\noauth = 'microsoft'", "oauth is a table"),
        ("[work]\nhostname = 'x.test'\nfailover = [1]", "failover is a list of other profiles' names"),
        ("work = 1", r"write|\[work\] on a line of its own"),
        ("[work\n", "is not TOML"),
    ],
)
def test_a_profile_that_cannot_be_used_says_why_and_where(text: str, answer: str) -> None:
    write(text)
    with pytest.raises(FrameError, match=answer):
        Server.profile("work")


def test_where_no_file_is_the_error_says_where_it_belongs() -> None:
    with pytest.raises(FrameError, match="has none yet: write one") as caught:
        Server.profile("work")
    assert str(profiles_path()) in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        f"password = '{CANARY}'",
        f"secret_key = '{CANARY}'",
        f"client-secret = '{CANARY}'",
        f"hostname = 'smtps://me:{CANARY}@x.test'",
        f"username = 'me:{CANARY}@x.test'",
        f"oauth = {{ refresh_token = '{CANARY}' }}",
        f"oauth = {{ token_url = 'https://me:{CANARY}@x.test/', client_id = 'x' }}",
    ],
)
def test_a_secret_in_the_file_is_refused_and_shown_by_nothing(line: str) -> None:
    write(f"[work]\nport = 465\n{line}\n")
    with pytest.raises(FrameError) as caught:
        Server.profile("work")
    assert CANARY not in variables_shown(caught.value)


def test_a_password_in_the_file_is_answered_with_where_it_belongs() -> None:
    write(f"[work]\nhostname = 'x.test'\npassword = '{CANARY}'\n")
    with pytest.raises(FrameError, match=r"password holds a secret.*keyring"):
        Server.profile("work")


def test_a_file_that_is_no_toml_is_not_shown() -> None:
    write(f"[work]\npassword = '{CANARY}\n")
    with pytest.raises(FrameError, match="is not TOML") as caught:
        Server.profile("work")
    assert CANARY not in variables_shown(caught.value)


def test_a_profile_says_how_to_sign_in() -> None:
    write(
        '[work]\npreset = "office365"\nusername = "me@firm.test"\n'
        '[work.oauth]\nprovider = "Microsoft"\nclient_id = "app"\ntenant = "firm"\n'
    )
    assert Server.profile("work").oauth == OAuth.microsoft("app", "firm")
    assert Server.profile("work", password=CANARY).oauth is None


def test_a_profile_names_the_command_that_prints_the_password() -> None:
    write('[work]\nhostname = "a.test"\nusername = "me"\npassword_command = ["pass", "show", "mail"]\n')
    assert Server.profile("work").password_command == ["pass", "show", "mail"]


def test_the_profiles_are_listed_in_the_order_of_the_file() -> None:
    assert profile_names() == []
    write('[b]\nhostname = "b.test"\n[a]\nhostname = "a.test"\n')
    assert profile_names() == ["b", "a"]


# --- saving ---------------------------------------------------------------------------------------------------


def test_a_profile_says_how_to_sign_in_anywhere() -> None:
    write(
        '[work]\nhostname = "smtp.firm.test"\nusername = "me@firm.test"\n'
        '[work.oauth]\nprovider = "Firm"\nclient_id = "app"\ntoken_url = "https://login.firm.test/token"\n'
        'device_url = "https://login.firm.test/device"\nscopes = ["mail"]\n'
    )
    at = "https://login.firm.test"
    firm = OAuth("app", token_url=f"{at}/token", device_url=f"{at}/device", scopes=("mail",), provider="Firm")
    assert Server.profile("work").oauth == firm


def test_a_client_secret_comes_from_another_program() -> None:
    program = [sys.executable, "-c", f"print({CANARY!r})"]
    write(
        f'[work]\npreset = "gmail"\nusername = "me@gmail.com"\n[work.oauth]\nprovider = "google"\n'
        f'client_id = "app"\nclient_secret_command = {json.dumps(program)}\n'
    )
    server = Server.profile("work")
    assert server.oauth == OAuth.google("app", CANARY)
    assert CANARY not in repr(server)


@pytest.mark.parametrize(
    "server",
    [
        Server("smtp.firm.test", 2525, username="me", security="tls", rate="30/min", pipelining=False),
        Server("smtp.firm.test", timeout=2.5, messages_per_connection=100, daily_quota=500),
        Server.preset("microsoft365", username="me@firm.test"),
        Server.preset("microsoft365", username="me@firm.test", oauth=OAuth.microsoft("app", "firm", mailbox=True)),
        Server.preset("gmail", username="me@gmail.com", oauth=OAuth.google("app")),
        Server("smtp.firm.test", username="me", password_command=["pass", "show", 'mail "one"']),
        Server("smtp.firm.test", username="me", password_command="pass show mail"),
        Server(
            "a.test", username="me", oauth=OAuth("app", token_url="https://a.test/", device_url="https://a.test/")
        ),
    ],
)
def test_a_saved_server_is_the_same_again(server: Server) -> None:
    assert server.save_profile("work") == profiles_path()
    assert Server.profile("work") == server


def test_what_stands_in_the_file_stays_as_it_is() -> None:
    before = "# mine\n[work]  # a comment\nhostname = 'x.test'"
    write(before)
    Server("smtp.firm.test").save_profile("büro 2")
    assert profiles_path().read_text(encoding="utf-8").startswith(before)
    assert Server.profile("büro 2").hostname == "smtp.firm.test"
    assert Server.profile("work").hostname == "x.test"


def test_a_password_is_not_saved() -> None:
    Server("smtp.firm.test", username="me", password=CANARY).save_profile("work")
    assert CANARY not in profiles_path().read_text(encoding="utf-8")


def test_a_profile_is_not_written_over() -> None:
    Server("a.test").save_profile("work")
    with pytest.raises(FrameError, match="already"):
        Server("b.test").save_profile("work")
    assert Server.profile("work").hostname == "a.test"


async def no_token() -> str:
    return ""


@pytest.mark.parametrize(
    "server",
    [
        Server("a.test", failover=[Server("b.test")]),
        Server("a.test", username="me", oauth_token_generator=no_token),
        Server("a.test", username="me", oauth=OAuth.google("app", CANARY)),
        Server("a.test", username="me", oauth=OAuth("app", token_url="https://a.test/", client_secret=CANARY)),
    ],
)
def test_what_a_file_cannot_hold_is_named(server: Server) -> None:
    with pytest.raises(FrameError, match=r"a profile cannot hold it.*Server\.profile\('work'"):
        server.save_profile("work")


def test_a_folder_that_cannot_be_written_shows_the_lines_to_paste(folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    with pytest.raises(FrameError, match=r'hostname = "a.test"|cannot be read'):
        Server("a.test").save_profile("work")


texts = st.text(st.characters(blacklist_categories=["Cs"]), max_size=20).filter(
    lambda text: "://" not in text and ":" not in text.rpartition("@")[0]
)


@settings(max_examples=50)
@given(texts.filter(bool), texts)
def test_any_text_is_read_back_as_it_was_written(name: str, username: str) -> None:
    profiles_path().unlink(missing_ok=True)
    saved: dict[str, Any] = {
        "hostname": "a.test",
        "timeout": 1e300,
        "pipelining": False,
        "oauth": {"tenant": username},
    }
    add_table(name, saved)
    assert read_tables() == {name: saved}

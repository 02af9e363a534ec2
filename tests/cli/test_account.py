"""Logging in once from a terminal: asked, tried, kept if its owner says so."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.command_line import run, run_in_a_terminal, without_steering
from support.local_server import CANARY, authenticator, real_server
from support.token_mail_server import token_mail_server
from support.token_server import CLIENT, SCOPES, provider_on_loopback

from notebookmail.cli import main

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEYRING = """
import json, os, pathlib
from keyring.backend import KeyringBackend

FILE = pathlib.Path(os.environ["KEYRING_OF_THIS_TEST"])


class OutlastingKeyring(KeyringBackend):
    priority = 1

    def _all(self):
        return json.loads(FILE.read_text()) if FILE.exists() else {}

    def get_password(self, service, username):
        return self._all().get(f"{service} {username}")

    def set_password(self, service, username, password):
        FILE.write_text(json.dumps({**self._all(), f"{service} {username}": password}))

    def delete_password(self, service, username):
        entries = self._all()
        del entries[f"{service} {username}"]
        FILE.write_text(json.dumps(entries))
"""
ASKED = "assword for me at 127.0.0.1"
OFFERED = "Keep the password"


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A server where `me` can log in."""
    async with real_server(authenticator=authenticator, auth_require_tls=False) as (port, _):
        yield f"smtp://me@127.0.0.1:{port}"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A keyring that outlasts a process."""
    (tmp_path / "keyring_of_this_test.py").write_text(KEYRING)
    return {
        "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}",
        "PYTHON_KEYRING_BACKEND": "keyring_of_this_test.OutlastingKeyring",
        "KEYRING_OF_THIS_TEST": str(tmp_path / "entries.json"),
    }


def entries(environment: dict[str, str]) -> dict[str, str] | None:
    """What the keyring holds; None if nothing was ever written to it."""
    file = Path(environment["KEYRING_OF_THIS_TEST"])
    found: dict[str, str] | None = json.loads(file.read_text()) if file.exists() else None
    return found


async def on_a_terminal(
    *words: str, answers: list[tuple[str, str]], environment: dict[str, str]
) -> tuple[int, str]:
    code, shown = await asyncio.to_thread(run_in_a_terminal, *words, answers=answers, environment=environment)
    return code, without_steering(shown)


async def test_a_password_is_asked_for_tried_kept_and_found_again(url: str, environment: dict[str, str]) -> None:
    login = ("login", "--server", url)
    answers = [(ASKED, CANARY), (OFFERED, "y")]
    code, shown = await on_a_terminal(*login, answers=answers, environment=environment)
    assert code == 0, shown
    assert "is ready for mail" in shown
    assert "The keyring keeps the password" in shown
    assert CANARY not in shown

    again = await asyncio.to_thread(run, "verify", "--server", url, "--json", **environment)
    assert json.loads(again.stdout)["ok"] is True
    assert CANARY not in again.stdout + again.stderr

    gone = await asyncio.to_thread(run, "logout", "--server", url, **environment)
    assert (gone.returncode, "Nothing is kept any more of me" in gone.stdout) == (0, True)
    assert entries(environment) == {}


async def test_who_says_no_has_nothing_kept(url: str, environment: dict[str, str]) -> None:
    answers = [(ASKED, CANARY), (OFFERED, "n")]
    code, _ = await on_a_terminal("login", "--server", url, answers=answers, environment=environment)
    assert code == 0
    assert entries(environment) is None


async def test_a_refused_password_is_not_offered_to_be_kept(url: str, environment: dict[str, str]) -> None:
    code, shown = await on_a_terminal(
        "login", "--server", url, answers=[(ASKED, "wrong")], environment=environment
    )
    assert code == 1
    assert OFFERED not in shown
    assert entries(environment) is None


async def test_another_program_gives_the_password(url: str) -> None:
    command = f"echo {CANARY}"
    shown = await asyncio.to_thread(run, "verify", "--server", url, "--password-command", command)
    assert shown.returncode == 0
    assert CANARY not in shown.stdout + shown.stderr


async def test_a_code_typed_elsewhere_signs_in_for_good(tmp_path: Path, environment: dict[str, str]) -> None:
    async with (
        provider_on_loopback(pending=1, interval_seconds=1) as provider,
        token_mail_server(provider) as (port, mail),
    ):
        written = tmp_path / "config" / "notebookmail" / "servers.toml"
        written.parent.mkdir(parents=True)
        written.write_text(
            f'[work]\nhostname = "127.0.0.1"\nport = {port}\nusername = "me@example.org"\n[work.oauth]\n'
            f'client_id = "{CLIENT}"\ntoken_url = "{provider.address}/token"\n'
            f'device_url = "{provider.address}/device"\nscopes = {json.dumps(SCOPES)}\n'
        )
        environment["XDG_CONFIG_HOME"] = str(tmp_path / "config")
        login = ("login", "--profile", "work", "--how", "device")
        code, shown = await on_a_terminal(*login, answers=[], environment=environment)
        assert code == 0, shown
        assert "WDJB-MJHT" in shown
        assert "is ready for mail" in shown

        again = await asyncio.to_thread(run, "verify", "--profile", "work", "--json", **environment)
        assert json.loads(again.stdout)["ok"] is True, again.stderr
        assert len(mail.logins) == 2
        assert "urn:ietf:params:oauth:grant-type:device_code" in provider.asked
        assert not [token for token in provider.all_tokens if token in shown + again.stdout + again.stderr]

        gone = await asyncio.to_thread(run, "logout", "--profile", "work", **environment)
        assert (gone.returncode, entries(environment)) == (0, {})


def test_a_login_wants_to_know_whose(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["login", "--server", "smtp://127.0.0.1:1"]) == 2
    assert "--username" in capsys.readouterr().err
    assert main(["login", "--server", "smtp://me@127.0.0.1:1", "--how", "device"]) == 2
    assert "by password" in capsys.readouterr().err


def test_where_nobody_can_be_asked_it_says_how_to_give_the_password() -> None:
    shown = run(
        "login", "--server", "smtp://me@127.0.0.1:1", PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring"
    )
    assert shown.returncode == 2
    assert "nobody to ask" in shown.stderr

"""Passwords that are not given: from a keyring, from a terminal, from a notebook's user, and from nobody."""

from __future__ import annotations

import asyncio
import os
import pickle
import pty
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import keyring
import pandas as pd
import pytest
from jupyter_client.manager import AsyncKernelManager
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked
from support.kernels import execute, new_notebook
from support.local_server import CANARY, authenticator, real_server

from notebookmail import FrameError, Server, SMTPAuthenticationError, Template, check_frame, send_frame
from notebookmail.privacy.secret import Secret
from notebookmail.server import passwords
from notebookmail.server.passwords import look_up, service_of

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"


class Memory(KeyringBackend):
    """A keyring in memory."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.passwords: dict[tuple[str, str], str] = {}
        self.asked = 0
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        if self.is_locked:
            raise KeyringLocked(CANARY)
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.passwords[service, username]


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    for kept in ("_known", "_refused"):
        monkeypatch.setattr(passwords, kept, {})
    before, backend = keyring.get_keyring(), Memory()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


def secured() -> Any:
    return real_server(authenticator=authenticator, auth_require_tls=False)


async def test_the_keyring_is_asked_once_and_what_it_gives_logs_in(memory: Memory) -> None:
    keyring.set_password("notebookmail:127.0.0.1", "me", CANARY)
    async with secured() as (port, _):
        server = Server(HOST, port, username="me")
        assert (await server.verify()).ok
        assert (await server.verify()).ok
    assert memory.asked == 1
    assert server.password is None


async def test_what_was_looked_up_is_in_no_repr_and_no_pickle(memory: Memory) -> None:
    keyring.set_password(service_of(HOST), "me", CANARY)
    server = Server(HOST, username="me", failover=[Server(HOST, 26, username="me")])
    ready = server.with_password()
    assert (ready.password, ready.failover[0].password) == (CANARY, CANARY)
    assert CANARY not in repr(ready) + repr(ready.options()) + repr(vars(passwords))
    assert CANARY.encode() not in pickle.dumps(ready)
    assert pickle.loads(pickle.dumps(ready)) == Server(
        HOST, username="me", failover=(Server(HOST, 26, username="me"),)
    )


async def test_a_run_looks_its_password_up_and_forgets_one_that_is_refused(memory: Memory) -> None:
    letter = Template("Hello", text="hello", sender="desk@example.org")
    df = pd.DataFrame({"email": ["ann@example.org"]})
    keyring.set_password("notebookmail:127.0.0.1", "me", "not-the-password")
    async with secured() as (port, _):
        server = Server(HOST, port, username="me")
        with pytest.raises(SMTPAuthenticationError):
            await send_frame(df, letter, server, journal=False, progress=False)
        keyring.set_password("notebookmail:127.0.0.1", "me", CANARY)
        results = await send_frame(df, letter, server, journal=False, progress=False)
    assert results.counts["sent"] == 1


async def test_after_a_refused_login_another_password_is_wanted(memory: Memory) -> None:
    keyring.set_password(service_of(HOST), "me", "wrong")
    async with secured() as (port, _):
        server = Server(HOST, port, username="me")
        assert not (await server.verify()).ok
        with pytest.raises(FrameError, match="the keyring has the one that was refused"):
            server.with_password()
        keyring.set_password(service_of(HOST), "me", CANARY)
        assert (await server.verify()).ok


@pytest.mark.parametrize("is_locked", [False, True])
async def test_where_nobody_can_be_asked_the_error_says_how_to_give_it(memory: Memory, is_locked: bool) -> None:
    memory.is_locked = is_locked
    server = Server(HOST, username="me")
    with pytest.raises(FrameError, match=r"give password=|Give password=") as caught:
        server.with_password()
    assert "server.save_password()" in str(caught.value)
    assert CANARY not in str(caught.value)
    with pytest.raises(FrameError, match="with_password"):
        server.options()


async def test_a_verification_without_a_password_goes_as_far_as_the_login(memory: Memory) -> None:
    async with secured() as (port, _):
        diagnosis = await Server(HOST, port, username="me").verify()
    assert diagnosis.failed is not None
    assert (diagnosis.failed.name, "Give password=" in diagnosis.failed.remedy) == ("AUTH", True)


def test_a_check_says_that_the_password_is_missing(memory: Memory) -> None:
    df = pd.DataFrame({"email": ["ann@shop.test"]})
    report = check_frame(df, Template("x", text="y", sender="a@b.test"), Server(HOST, 1, username="me"))
    assert report.frame["message"].str.contains("no password").any()


def test_what_is_given_is_not_looked_up(memory: Memory) -> None:
    server = Server(HOST, username="me", password="given")
    assert server.with_password() is server
    assert Server(HOST).with_password().password is None
    assert memory.asked == 0


def test_a_secret_is_a_text_that_does_not_show() -> None:
    assert (Secret("x") == "x", repr(Secret("x")), pickle.loads(pickle.dumps(Secret("x")))) == (
        True,
        "'***'",
        None,
    )


# --- somebody to ask ------------------------------------------------------------------------------------------

ASK = f"""
import keyring
from keyring.backends.null import Keyring
keyring.set_keyring(Keyring())
from notebookmail import Server
server = Server("{HOST}", username="me").with_password()
again = Server("{HOST}", 26, username="me").with_password()
print("as typed:", server.password == again.password == "{CANARY[::-1]}"[::-1], repr(server))
"""


def test_a_terminals_user_is_asked_once_and_nothing_is_echoed() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", ASK], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        seen = b""
        while b"Password for me at 127.0.0.1: " not in seen:
            seen += os.read(ours, 1024)
        os.write(ours, f"{CANARY}\n".encode())
        try:
            while piece := os.read(ours, 1024):
                seen += piece
        except OSError:  # Linux's way to say that the other end is closed
            pass
        assert process.wait(timeout=30) == 0, seen.decode()
    os.close(ours)
    assert b"as typed: True" in seen
    assert seen.count(b"Password for") == 1
    assert CANARY.encode() not in seen


def test_without_a_terminal_nobody_is_waited_for() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "FrameError" in done.stderr
    assert "Give password=" in done.stderr


async def test_a_notebooks_user_is_asked_by_the_front_end() -> None:
    manager = AsyncKernelManager(kernel_name="python3")
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    asked: list[dict[str, Any]] = []
    printed: list[str] = []

    def answer(message: dict[str, Any]) -> None:
        asked.append(message["content"])
        client.input(CANARY)

    try:
        await client.wait_for_ready(timeout=60)
        for cell in (ASK, ASK):
            reply = await asyncio.wait_for(
                client.execute_interactive(
                    cell,
                    allow_stdin=True,
                    stdin_hook=answer,
                    output_hook=lambda message: printed.append(str(message["content"])),
                ),
                60,
            )
            assert reply["content"]["status"] == "ok", reply
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
    assert asked == [{"prompt": "Password for me at 127.0.0.1: ", "password": True}]
    assert "as typed: True" in "".join(printed)
    assert CANARY not in "".join(printed)


def test_a_notebook_that_nobody_watches_is_told_how_to_give_it() -> None:
    from nbclient.exceptions import CellExecutionError  # it takes seconds: no matter of every collection

    with pytest.raises(CellExecutionError, match="Give password="):
        execute(new_notebook(ASK))


def test_another_account_is_another_password(memory: Memory) -> None:
    keyring.set_password(service_of(HOST), "me", "mine")
    keyring.set_password(service_of(HOST), "you", "yours")
    assert (look_up(HOST, "me"), look_up(HOST, "you")) == ("mine", "yours")

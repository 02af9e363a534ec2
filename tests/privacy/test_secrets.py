"""Secrets: what wraps them shows them to nobody, and nothing that takes one keeps its text in a frame."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.local_server import CANARY, authenticator, real_server
from support.traceback_variables import variables_shown

from notebookmail import DKIM, FrameError, NotebookmailError, Server, Template, check_frame, send_frame
from notebookmail.privacy.secret import Secret, seals, without

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclasses.dataclass
class Holder:
    secret: Secret


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        lambda each: f"{each} {each!r} {each!s:>40} {each:^40}",
        lambda each: "%s %r" % (each, each),  # noqa: UP031 -- one more way
        lambda each: repr(copy.copy(each)) + repr(copy.deepcopy(each)),
        lambda each: repr(dataclasses.asdict(Holder(each))) + repr(Holder(each)),
        lambda each: repr(pickle.dumps(each)),
        lambda each: repr([getattr(each, name) for name in dir(each)]),
        lambda each: repr(each.map(lambda octets: octets + b"!")),
    ],
)
def test_a_secret_is_shown_by_nothing(show: Callable[[Secret], str]) -> None:
    assert CANARY not in show(Secret(CANARY))


@given(st.text() | st.binary())
def test_a_secret_is_what_it_holds_and_gives_it_away_when_asked(value: str | bytes) -> None:
    secret = Secret(value)
    octets = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    assert secret.reveal() == octets
    assert secret == value == Secret(octets)
    assert hash(secret) == hash(Secret(octets))
    assert (len(secret), bool(secret)) == (len(octets), bool(octets))
    assert secret != octets + b"!"


def test_no_secret_is_changed_and_a_pickled_one_is_none() -> None:
    secret = Secret(CANARY)
    with pytest.raises(AttributeError):
        secret.reveal = lambda: b""  # type: ignore[method-assign]
    assert pickle.loads(pickle.dumps(secret)) is None


def test_what_fails_on_a_secret_has_no_frame_that_saw_it() -> None:
    def fail(octets: bytes) -> bytes:
        seen = octets.decode()
        raise KeyboardInterrupt(len(seen))

    with pytest.raises(KeyboardInterrupt) as caught:
        Secret(CANARY).map(fail)
    assert CANARY not in variables_shown(caught.value)


def test_a_sealed_argument_is_a_secret_however_it_is_given() -> None:
    @seals("password")
    def work(name: str, password: Any = None, **options: Any) -> tuple[Any, ...]:
        return name, password, options

    assert list(inspect.signature(work).parameters) == ["name", "password", "options"]
    for result in (work("a", CANARY), work("a", password=CANARY), work(password=CANARY, name="a")):
        assert isinstance(result[1], Secret)
        assert result == ("a", CANARY, {})
    assert work("a") == ("a", None, {})


@given(st.binary(min_size=1, max_size=30), st.binary(max_size=9), st.binary(max_size=9))
def test_what_a_server_echoes_is_struck_out(octets: bytes, before: bytes, behind: bytes) -> None:
    from base64 import b64encode

    secret = Secret(b"canary" + octets)
    whole = before + secret.reveal() + behind
    for form in (secret.reveal().hex(), b64encode(secret.reveal()).decode(), b64encode(whole).decode()):
        assert form not in without(f"no: {form}", [secret])


# --- where secrets come in --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda: Server.from_url(f"smtps://me:{CANARY}@host:abc"),
        lambda: Server.from_url(f"foo://me:{CANARY}@host"),
        lambda: Server.from_url(f"smtps://me:{CANARY}@"),
        lambda: Server.from_url(f"smtps://:{CANARY}@host"),
        lambda: Server("host", password=CANARY),
        lambda: Server("host", username="me", password=CANARY, security="what"),
        lambda: Server("host", username="me", password=CANARY, rate="often"),
        lambda: Server("host", username="me", password=CANARY, failover=[CANARY and 1]),
        lambda: Server.preset("gmail", username="me@gmail.com", password=CANARY, rate="often"),
        lambda: Server.preset("nobody", username="me", password=CANARY),
        lambda: DKIM("example.org", "s", f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----"),
        lambda: DKIM("example.org", "s", CANARY),
        lambda: DKIM("nowhere", "s", f"-----BEGIN {CANARY}"),
    ],
)  # fmt: skip
def test_a_call_that_is_refused_shows_no_secret(call: Callable[[], object]) -> None:
    with pytest.raises(FrameError) as caught:
        call()
    assert CANARY not in variables_shown(caught.value)


@pytest.mark.parametrize("url", [f"smtps://me:{CANARY}@host:abc", f"foo://me:{CANARY}@host"])
async def test_a_bad_url_in_the_environment_shows_no_secret(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTEBOOKMAIL_URL", url)
    df = pd.DataFrame({"email": ["ann@example.org"]})
    with pytest.raises(FrameError) as caught:
        await send_frame(df, Template("x", text="y", sender="a@example.org"), progress=False, journal=False)
    assert CANARY not in variables_shown(caught.value)


async def test_a_refused_login_of_a_run_shows_no_secret() -> None:
    df, letter = pd.DataFrame({"email": ["ann@example.org"]}), Template("x", text="y", sender="a@example.org")
    wrong = f"not {CANARY}"
    async with real_server(authenticator=authenticator, auth_require_tls=False) as (port, _):
        server = Server("127.0.0.1", port, username="me", password=wrong, security="none")
        check_frame(df, letter, server)
        with pytest.raises(NotebookmailError) as caught:
            await send_frame(df, letter, server, progress=False, journal=False)
    assert wrong not in variables_shown(caught.value)


def test_a_url_is_read_with_its_password() -> None:
    server = Server.from_url("smtps://me%40x:p%3Aw%C3%A9@host:465")
    assert (server.username, server.password, server.port) == ("me@x", "p:wé", 465)
    assert server == Server.from_url(Secret("smtps://me%40x:p%3Aw%C3%A9@host:465"))
    with pytest.raises(FrameError, match="is a text"):
        Server.from_url(7)  # type: ignore[arg-type]

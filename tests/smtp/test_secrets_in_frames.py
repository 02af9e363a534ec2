"""No frame of a traceback holds a secret, whichever step of a login fails, whichever tool shows variables."""

from __future__ import annotations

import asyncio
import base64
import inspect
import pickle
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from support.local_server import CANARY
from support.scripted_server import answering
from support.traceback_variables import variables_shown

from notebookmail import SMTP, Server, send
from notebookmail.smtp.options import ConnectionOptions
from notebookmail.smtp.wire import commands

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from contextlib import AbstractAsyncContextManager

    from support.scripted_sessions import Scripted, Session, Speaker

    Serve = Callable[[Speaker], AbstractAsyncContextManager[Scripted]]

USER = "me"
SECONDS = 0.3  # for a server that says nothing: here all the others answer at once
CHALLENGE = base64.b64encode(b"<1896.697170952@test>").decode()
TOKENS = {"XOAUTH2", "OAUTHBEARER"}
MECHANISMS = {"PLAIN": 1, "LOGIN": 3, "CRAM-MD5": 2, "SCRAM-SHA-256": 2, "XOAUTH2": 1, "OAUTHBEARER": 1}
"""Each with the number of the line, from EHLO on, that a password or token could be told from."""


async def token() -> str:
    return CANARY


async def first_challenges(session: Session, mechanism: str) -> None:
    """Hear AUTH and what belongs to it, up to the response that a password could be told from."""
    line = await session.hear()
    if mechanism == "LOGIN":
        for prompt in ("VXNlcm5hbWU6", "UGFzc3dvcmQ6"):
            await session.say(f"334 {prompt}")
            await session.hear()
    elif mechanism == "CRAM-MD5":
        await session.say(f"334 {CHALLENGE}")
        await session.hear()
    elif mechanism == "SCRAM-SHA-256":
        nonce = base64.b64decode(line.split()[-1]).rpartition(b"r=")[2].decode()
        await session.say(f"334 {base64.b64encode(f'r={nonce}x,s=c2FsdA==,i=16'.encode()).decode()}")
        await session.hear()


async def refuse(session: Session) -> None:
    await session.say("535 5.7.8 no")
    await session.hear()


async def refuse_and_echo(session: Session) -> None:
    await session.say(f"535 5.7.8 {session.heard[-1].decode().strip()} {CANARY} {CANARY.encode().hex()}")
    await session.hear()


async def talk_nonsense(session: Session) -> None:
    await session.say(f"nonsense {session.heard[-1].decode().strip()} {CANARY}")
    await session.hear()


async def answer_twice(session: Session) -> None:
    await session.say(f"535 5.7.8 {CANARY}", f"250 {CANARY}")
    await session.hear()


async def prove_nothing(session: Session) -> None:
    await session.say("235 ok")
    await session.hear()


async def go_on_for_ever(session: Session) -> None:
    while True:
        await session.say(f"334 {base64.b64encode(b'v=AAAA').decode()}")
        if not await session.hear():
            break


async def hang_up(session: Session) -> None:
    session.writer.transport.abort()


async def close(session: Session) -> None:
    await session.say(f"421 4.7.0 {CANARY}")


async def say_nothing(session: Session) -> None:
    await session.hear()


ENDS = (
    *(refuse, refuse_and_echo, talk_nonsense, answer_twice, prove_nothing, go_on_for_ever),
    *(hang_up, close, say_nothing),
)
SHOWN_BY_ALL = (refuse_and_echo, talk_nonsense)


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "a@example.org", "b@example.org"
    return message


def by_send(port: int, mechanism: str) -> Awaitable[object]:
    secret: dict[str, Any] = {"oauth_token_generator": token} if mechanism in TOKENS else {"password": CANARY}
    return send(letter(), hostname="127.0.0.1", port=port, username=USER, timeout=SECONDS, **secret)


async def by_hand(port: int, mechanism: str) -> object:
    methods = {"CRAM-MD5": "auth_crammd5", "SCRAM-SHA-256": "auth_scram_sha_256"}
    async with SMTP(hostname="127.0.0.1", port=port, timeout=SECONDS) as client:
        return await getattr(client, methods.get(mechanism, f"auth_{mechanism.lower()}"))(USER, CANARY)


def needles(session: Session, mechanism: str) -> set[str]:
    """The secret in all its forms, and what went over the wire that it could be told from."""
    octets = CANARY.encode()
    shifted = (base64.b64encode(b"x" * shift + octets).decode()[4:-4] for shift in range(3))
    last = session.heard[MECHANISMS[mechanism]]
    response = last.split()[-1].decode()
    digest = base64.b64decode(response).decode("utf-8", "replace").rpartition(" ")[2].rpartition("p=")[2]
    return {CANARY, octets.hex(), base64.b64encode(octets).decode(), *shifted, response, digest} - {"", "\1"}


@pytest.mark.parametrize("way", [by_send, by_hand])
@pytest.mark.parametrize("end", ENDS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_whatever_ends_a_login_no_variable_of_ours_holds_its_secret(
    serve: Serve, mechanism: str, end: Callable[[Session], Awaitable[None]], way: Callable[..., Awaitable[object]]
) -> None:
    async def speak(session: Session) -> None:
        await session.greet(f"AUTH {mechanism}")
        await first_challenges(session, mechanism)
        await end(session)

    async with serve(speak) as server:
        try:
            await asyncio.wait_for(way(server.port, mechanism), 20)
        except Exception as error:  # noqa: BLE001 -- which one it is, other tests say
            shown = variables_shown(error, by_all=way is by_send and end in SHOWN_BY_ALL)
            for needle in needles(server.sessions[0], mechanism):
                assert needle not in shown
        else:
            assert end is prove_nothing  # which only SCRAM minds


@pytest.mark.parametrize("way", [by_send, by_hand])
@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_a_login_that_is_cancelled_shows_no_secret(
    serve: Serve, mechanism: str, way: Callable[..., Awaitable[object]]
) -> None:
    heard = asyncio.Event()

    async def speak(session: Session) -> None:
        await session.greet(f"AUTH {mechanism}")
        await first_challenges(session, mechanism)
        heard.set()
        await session.hear()

    async with serve(speak) as server:
        task = asyncio.ensure_future(way(server.port, mechanism))
        await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        shown = variables_shown(caught.value)
        for needle in needles(server.sessions[0], mechanism):
            assert needle not in shown


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.login(USER, CANARY),
        lambda client: client.auth_plain(USER, CANARY),
        lambda client: client.auth_xoauth2(USER, CANARY),
        lambda client: client.connect(username=USER, password=CANARY),
        lambda client: client.execute_command(b"AUTH", b"PLAIN", CANARY.encode()),
        lambda _: send(b"", username=USER, password=CANARY),
        lambda _: Server("127.0.0.1", 1, username=USER, password=CANARY, security="none").verify(),
    ],
)
async def test_a_login_that_is_cancelled_before_it_begins_shows_no_secret(
    call: Callable[[SMTP], Coroutine[Any, Any, object]],
) -> None:
    task = asyncio.ensure_future(call(SMTP(hostname="127.0.0.1")))
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert CANARY not in variables_shown(caught.value)


async def test_an_auth_by_hand_is_not_shown(serve: Serve) -> None:
    response = base64.b64encode(f"\0{USER}\0{CANARY}".encode())
    async with (
        serve(answering("AUTH PLAIN", auth="hang up")) as server,
        SMTP(hostname="127.0.0.1", port=server.port) as client,
    ):
        with pytest.raises(ConnectionError) as caught:
            await client.execute_command(b"AUTH", b"PLAIN", response)
    assert response.decode() not in variables_shown(caught.value)
    assert response.decode() not in repr(commands.raw(b"AUTH", b"PLAIN", response))


async def test_a_response_by_hand_is_neither_shown_nor_logged(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    response = base64.b64encode(CANARY.encode())
    caplog.set_level("DEBUG")
    async with serve(answering("AUTH LOGIN", auth="334 UGFzc3dvcmQ6")) as server:
        client = SMTP(hostname="127.0.0.1", port=server.port)
        await client.connect()
        assert (await client.execute_command(b"AUTH", b"LOGIN")).code == 334
        with pytest.raises(RuntimeError, match="waits for an answer to its AUTH challenge") as caught:
            await client.execute_command(response)
        client.close()
    for said in (str(caught.value), variables_shown(caught.value), caplog.text):
        assert response.decode().upper() not in said.upper()


def test_a_function_that_seals_is_what_it_was() -> None:
    for function in (SMTP.login, SMTP.connect, SMTP.execute_command, send):
        assert inspect.iscoroutinefunction(function)
        assert inspect.isroutine(function)
        assert function.__doc__
        assert pickle.loads(pickle.dumps(function)) is function
    assert inspect.iscoroutinefunction(SMTP().login)
    assert list(inspect.signature(SMTP().login).parameters) == ["username", "password", "timeout"]


@pytest.mark.parametrize(
    "call",
    [
        lambda: ConnectionOptions(username=USER, password=CANARY, sock=1, port=2),
        lambda: ConnectionOptions(username=USER, password=CANARY, nothing=1),
        lambda: SMTP(password=CANARY),
        lambda: SMTP(username=USER, password=CANARY, timeout=-1),
        lambda: SMTP().login(USER, password=CANARY),
    ],
)
def test_options_that_contradict_each_other_show_no_secret(call: Callable[[], object]) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        asyncio.run(result) if inspect.iscoroutine(result := call()) else None
    assert CANARY not in variables_shown(caught.value)

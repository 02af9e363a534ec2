"""Connecting: where to, from where, over what, again, and what is known of the server at each step.

The servers are aiosmtpd and, for what that never does, a scripted one. TLS has a file of its own (test_tls.py).
"""

from __future__ import annotations

import asyncio
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest
from support.local_server import CANARY, authenticator, real_server
from support.scripted_server import SILENCE, answering

from notebookmail import (
    SMTP,
    SMTPConnectError,
    SMTPConnectTimeoutError,
    SMTPException,
    SMTPHeloError,
    SMTPServerDisconnected,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from support.scripted_sessions import Scripted, Session, Speaker

    Serve = Callable[[Speaker], AbstractAsyncContextManager[Scripted]]


async def deliver(smtp: SMTP) -> None:
    async with smtp:
        await smtp.sendmail("a@example.org", ["b@example.org"], "Subject: x\n\nhello")


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


# --- where to, and over what --------------------------------------------------------------------------------


async def test_without_a_host_the_server_is_on_this_machine() -> None:
    async with real_server() as (port, taking):
        await deliver(SMTP(port=port))
    assert len(taking.envelopes) == 1


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
async def test_a_server_is_reached_by_its_ipv6_address() -> None:
    async with real_server(host="::1") as (port, taking):
        await deliver(SMTP(hostname="::1", port=port))
    (peer,) = taking.peers
    assert peer[0] == "::1"


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
async def test_over_ipv6_we_say_an_ipv6_literal_or_our_full_name() -> None:
    async with real_server(host="::1") as (port, taking):
        await deliver(SMTP(hostname="::1", port=port))
    (name,) = taking.hosts
    assert re.fullmatch(r"\[IPv6:::1\]|[^.]+\..+", name)


@pytest.mark.parametrize(
    "form", [str, lambda path: str(path).encode(), lambda path: path], ids=["text", "bytes", "path"]
)
async def test_a_server_is_reached_over_a_unix_socket(tmp_path: Path, form: Callable[[Path], Any]) -> None:
    path = tmp_path / "smtp"
    async with real_server(path=path) as (_, taking):
        smtp = SMTP(socket_path=form(path))
        assert str(path) in repr(smtp)
        await deliver(smtp)
    assert len(taking.envelopes) == 1


async def test_credentials_go_in_clear_over_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "smtp"
    async with real_server(path=path, authenticator=authenticator, auth_require_tls=False) as (_, taking):
        await deliver(SMTP(socket_path=path, username="me", password=CANARY))
    assert len(taking.envelopes) == 1


async def test_a_missing_unix_socket_is_a_connect_error(tmp_path: Path) -> None:
    with pytest.raises(SMTPConnectError, match=re.escape(str(tmp_path / "nobody"))) as caught:
        await SMTP(socket_path=tmp_path / "nobody").connect()
    assert caught.value.phase == "connect"


async def test_a_given_socket_is_used_and_closed_with_the_client() -> None:
    async with real_server() as (port, taking):
        given = socket.create_connection(("127.0.0.1", port))
        await deliver(SMTP(sock=given))
        async with asyncio.timeout(5):
            while given.fileno() != -1:  # noqa: ASYNC110 -- asyncio closes it in the next round, untold
                await asyncio.sleep(0)
    assert len(taking.envelopes) == 1


async def test_a_connection_comes_from_the_address_asked_for() -> None:
    async with real_server() as (port, taking):
        await deliver(SMTP(hostname="127.0.0.1", port=port, source_address=("127.0.0.2", 0)))
    (peer,) = taking.peers
    assert peer[0] == "127.0.0.2"


async def test_an_address_that_is_not_ours_is_a_connect_error() -> None:
    async with real_server() as (port, _):
        with pytest.raises(SMTPConnectError) as caught:
            await SMTP(hostname="127.0.0.1", port=port, source_address=("192.0.2.1", 0)).connect()
    assert caught.value.phase == "connect"


@pytest.mark.parametrize("name", ["nowhere.invalid", f"{'x' * 64}.example.org", "two..dots"])
async def test_a_name_that_stands_for_nothing_is_a_connect_error(name: str) -> None:
    with pytest.raises(SMTPConnectError, match=re.escape(name)) as caught:
        await SMTP(hostname=name, port=25, timeout=10).connect()
    assert caught.value.phase == "connect"


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port whose queue is full: like behind a firewall, connecting gets no answer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for each in waiting:
            each.close()


async def test_where_nothing_answers_connecting_ends_with_the_timeout(full_port: int) -> None:
    smtp = SMTP(hostname="127.0.0.1", port=full_port, timeout=0.2)
    async with asyncio.timeout(5):
        with pytest.raises(SMTPConnectTimeoutError, match=r"0\.2 seconds"):
            await smtp.connect()
    assert not smtp.is_connected


async def test_the_timeout_of_connect_goes_before_that_of_the_client(serve: Serve) -> None:
    async with serve(answering(greeting=SILENCE)) as server, asyncio.timeout(5):
        with pytest.raises(SMTPConnectTimeoutError):
            await SMTP(hostname="127.0.0.1", port=server.port, timeout=None).connect(timeout=0.1)


# --- again --------------------------------------------------------------------------------------------------


async def test_what_connect_is_told_goes_before_the_clients_options_and_is_kept(serve: Serve) -> None:
    async with serve(answering()) as server:
        smtp = SMTP(hostname="nowhere.invalid", port=1, local_hostname="before.example.org")
        await smtp.connect(hostname="127.0.0.1", port=server.port, local_hostname="after.example.org")
        await smtp.quit()
        await smtp.connect()
        await smtp.quit()
        greetings = [session.heard[0] for session in server.sessions]
    assert greetings == [b"EHLO after.example.org\r\n"] * 2


async def test_what_connect_is_not_told_stays_as_it_was(serve: Serve) -> None:
    async with serve(answering("AUTH PLAIN", tls=None)) as server:
        smtp = SMTP(
            hostname="127.0.0.1",
            port=1,
            username="me",
            password=CANARY,
            local_hostname="me.example.org",
            start_tls=False,
        )
        await smtp.connect(port=server.port)
        await smtp.quit()
        (session,) = server.sessions
    assert [line.split()[:2] for line in session.heard[:2]] == [[b"EHLO", b"me.example.org"], [b"AUTH", b"PLAIN"]]


async def test_connecting_twice_at_once_makes_one_connection(serve: Serve) -> None:
    async with serve(answering()) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port)
        outcomes = await asyncio.gather(smtp.connect(), smtp.connect(), return_exceptions=True)
        await smtp.quit()
        assert len(server.sessions) == 1
    assert [type(each).__name__ for each in outcomes] == ["SMTPResponse", "SMTPException"]


@pytest.mark.parametrize(
    "failure", [{"greeting": "554 no"}, {"ehlo": "550 no", "helo": "550 no"}, {"auth": "535 no"}]
)
async def test_after_a_failed_connect_a_client_connects_again(serve: Serve, failure: dict[str, str]) -> None:
    async with serve(answering("AUTH PLAIN", **failure)) as failing, serve(answering("AUTH PLAIN")) as good:
        smtp = SMTP(hostname="127.0.0.1", username="me", password=CANARY)
        with pytest.raises(SMTPException):
            await smtp.connect(port=failing.port)
        assert not smtp.is_connected
        await smtp.connect(port=good.port)
        assert smtp.is_connected
        await smtp.quit()


async def test_a_connected_client_enters_its_context_as_it_is(serve: Serve) -> None:
    async with serve(answering()) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port)
        await smtp.connect()
        async with smtp as same:
            assert same is smtp
        assert len(server.sessions) == 1
        assert not smtp.is_connected


@pytest.mark.parametrize(
    ("error", "is_polite"), [(KeyError, True), (ConnectionError, False), (TimeoutError, False)]
)
async def test_leaving_the_context_says_goodbye_where_the_server_may_still_listen(
    serve: Serve, error: type[Exception], is_polite: bool
) -> None:
    left = asyncio.Event()

    async def speak(session: Session) -> None:
        await answering()(session)
        left.set()

    async with serve(speak) as server:
        with pytest.raises(error):
            async with SMTP(hostname="127.0.0.1", port=server.port):
                raise error
        await left.wait()
        (session,) = server.sessions
    assert (b"QUIT\r\n" in session.heard) is is_polite


async def test_cancelling_connect_closes_the_connection(serve: Serve) -> None:
    arrived, left = asyncio.Event(), asyncio.Event()

    async def speak(session: Session) -> None:
        arrived.set()
        assert await session.reader.read() == b""
        left.set()

    async with serve(speak) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port)
        connecting = asyncio.create_task(smtp.connect())
        await arrived.wait()
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        async with asyncio.timeout(5):
            await left.wait()
        assert not smtp.is_connected


# --- what is known ------------------------------------------------------------------------------------------


async def test_the_transport_is_told_about_while_connected(serve: Serve) -> None:
    async with serve(answering()) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port)
        with pytest.raises(SMTPServerDisconnected):
            smtp.get_transport_info("peername")
        assert smtp.transport is None
        await smtp.connect()
        assert smtp.get_transport_info("peername") == ("127.0.0.1", server.port)
        assert smtp.transport is not None
        assert smtp.transport.get_extra_info("peername") == ("127.0.0.1", server.port)
        assert smtp.get_transport_info("sockname")[0] == "127.0.0.1"
        assert smtp.get_transport_info("socket").family == socket.AF_INET
        assert smtp.get_transport_info("cipher") is None
        assert smtp.get_transport_info("no such thing") is None
        await smtp.quit()
        assert smtp.transport is None
        with pytest.raises(SMTPServerDisconnected):
            smtp.get_transport_info("peername")


async def test_a_greeting_is_needed_until_one_has_succeeded_and_after_closing(serve: Serve) -> None:
    async with serve(answering("AUTH PLAIN LOGIN", "SIZE 1000")) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, start_tls=False)
        assert smtp.is_ehlo_or_helo_needed
        await smtp.connect()
        assert smtp.is_ehlo_or_helo_needed
        await smtp.noop()
        assert not smtp.is_ehlo_or_helo_needed
        assert smtp.supports_esmtp
        assert smtp.supports_extension("size")
        assert smtp.esmtp_extensions["size"] == "1000"
        assert smtp.server_auth_methods == ["plain", "login"]
        assert smtp.last_ehlo_response is not None
        smtp.close()
        assert smtp.is_ehlo_or_helo_needed
        assert (smtp.last_ehlo_response, smtp.esmtp_extensions, smtp.server_auth_methods) == (None, {}, [])
        assert not smtp.supports_extension("size")


async def test_a_server_without_ehlo_is_greeted_by_helo(serve: Serve) -> None:
    async with serve(answering(ehlo="502 what", helo="250 hello")) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port)
        await smtp.connect()
        assert smtp.last_helo_response == (250, "hello")
        assert (smtp.supports_esmtp, smtp.esmtp_extensions) == (False, {})
        assert not smtp.is_ehlo_or_helo_needed
        await smtp.sendmail("a@example.org", "b@example.org", "x")
        await smtp.quit()
        assert [line.split()[0] for line in server.sessions[0].heard[:2]] == [b"EHLO", b"HELO"]


@pytest.mark.parametrize("command", ["ehlo", "helo"])
async def test_a_refused_greeting_leaves_the_connection_open(serve: Serve, command: str) -> None:
    async with serve(answering(**{command: "502 5.5.1 who?"})) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, start_tls=False)
        await smtp.connect()
        with pytest.raises(SMTPHeloError) as caught:
            await getattr(smtp, command)()
        assert (caught.value.code, caught.value.enhanced_code) == (502, "5.5.1")
        assert smtp.is_ehlo_or_helo_needed
        assert smtp.is_connected
        assert (await smtp.noop()).code == 250
        await smtp.quit()


@pytest.mark.parametrize("command", ["ehlo", "helo"])
async def test_a_greeting_says_the_name_it_is_given(serve: Serve, command: str) -> None:
    async with serve(answering()) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, start_tls=False, local_hostname="usual.example.org")
        await smtp.connect()
        await getattr(smtp, command)(hostname="other.example.org")
        await getattr(smtp, command)()
        await smtp.quit()
        said = [line.decode().strip() for line in server.sessions[0].heard[:2]]
    assert said == [f"{command.upper()} {name}.example.org" for name in ("other", "usual")]


async def test_without_a_name_of_ours_the_greeting_says_our_address_or_full_name(serve: Serve) -> None:
    async with serve(answering()) as server:
        async with SMTP(hostname="127.0.0.1", port=server.port):
            pass
        assert re.fullmatch(rb"EHLO (\[127\.0\.0\.1\]|[^. ]+\.[^ ]+)\r\n", server.sessions[0].heard[0])

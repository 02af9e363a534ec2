"""A connection against a scripted server: round trips, drops, late replies, cancellation."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from notebookmail.errors import (
    SMTPConnectError,
    SMTPConnectTimeoutError,
    SMTPDataError,
    SMTPReadTimeoutError,
    SMTPRecipientsRefused,
    SMTPResponseException,
)
from notebookmail.mail.message import Envelope, Mail
from notebookmail.smtp.connection import Connection
from notebookmail.smtp.handshake import establish
from notebookmail.smtp.wire.commands import NOOP

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from support.scripted_sessions import Scripted, Session, Speaker

    Serve = Callable[[Speaker], AbstractAsyncContextManager[Scripted]]

LETTER = Mail(Envelope("a@example.org", ("b@example.org",)), (b"Subject: x\r\n\r\n.dot\r\n",))
OTHER = Mail(Envelope("a@example.org", ("c@example.org",)), (b"Subject: y\r\n\r\nother\r\n",))
BIG = Mail(Envelope("a@example.org", ("b@example.org",)), (b"x" * 998 + b"\r\n",) * 40_000)


async def deliver(connection: Connection, mail: Mail = LETTER, *, following: Mail | None = None) -> object:
    return await connection.deliver(mail, timeout=5, end_of_data_timeout=5, next_mail=lambda: following)


async def test_a_message_goes_out_with_its_dots_stuffed(serve: Serve) -> None:
    contents: list[bytes] = []

    async def speak(session: Session) -> None:
        await session.greet("PIPELINING")
        await session.open_transaction()
        contents.append(await session.content())
        await session.say("250 queued")

    async with serve(speak) as server:
        connection = await establish(server.options())
        await deliver(connection)
        connection.abort()
    assert contents == [b"Subject: x\r\n\r\n..dot\r\n.\r\n"]


async def test_on_a_busy_pipelining_connection_a_message_costs_one_round_trip(serve: Serve) -> None:
    groups: list[int] = []

    async def speak(session: Session) -> None:
        await session.greet("PIPELINING")
        while data := await session.reader.read(65_536):
            groups.append(data.count(b"MAIL"))
            replies = ["250 queued"] if b"\r\n.\r\n" in data else []
            replies += ["250 m", "250 r", "354 go"] if b"MAIL" in data else []
            await session.say(*replies)

    async with serve(speak) as server:
        connection = await establish(server.options())
        letters = [LETTER, OTHER, LETTER, OTHER, LETTER]
        for mail, following in zip(letters, [*letters[1:], None], strict=True):
            await deliver(connection, mail, following=following)
        connection.abort()
    assert groups == [1, 1, 1, 1, 1, 0]  # one opening, then content with the next opening behind it


async def test_without_pipelining_commands_go_one_at_a_time(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await session.greet("8BITMIME")
        for reply in ("250 m", "250 r", "354 go"):
            data = await session.reader.read(65_536)
            assert data.count(b"\r\n") == 1
            await session.say(reply)
        await session.content()
        await session.say("250 queued")

    async with serve(speak) as server:
        connection = await establish(server.options())
        await deliver(connection, following=OTHER)
        assert connection.is_idle
        connection.abort()


async def test_the_next_message_after_a_refused_one_gets_a_clean_transaction(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await session.greet("PIPELINING")
        await session.reader.read(65_536)
        await session.say("250 m", "550 5.1.1 no", "503 no")
        assert (await session.hear()) == "RSET"
        await session.say("250 reset", "250 m", "250 r", "354 go")
        await session.content()
        await session.say("250 queued")

    async with serve(speak) as server:
        connection = await establish(server.options())
        with pytest.raises(SMTPRecipientsRefused):
            await deliver(connection)
        await deliver(connection, OTHER)
        connection.abort()


async def test_a_server_that_stops_reading_is_timed_out(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await session.greet("PIPELINING")
        await session.open_transaction()
        session.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    async with serve(speak) as server:
        connection = await establish(server.options())
        with pytest.raises(SMTPReadTimeoutError, match="did not take more content") as caught:
            await connection.deliver(BIG, timeout=0.3, end_of_data_timeout=5)
    assert not caught.value.unconfirmed


async def test_a_refusal_while_content_goes_out_is_heard(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await session.greet("PIPELINING")
        await session.open_transaction()
        await session.reader.read(100_000)
        await session.say("552 5.3.4 too big")
        while await session.reader.read(65_536):
            pass

    async with serve(speak) as server:
        connection = await establish(server.options())
        with pytest.raises(SMTPDataError) as caught:
            await deliver(connection, BIG)
    assert (caught.value.code, caught.value.enhanced_code, caught.value.unconfirmed) == (552, "5.3.4", False)


async def test_a_server_that_floods_is_cut_off_at_once(serve: Serve) -> None:
    is_cut_off = asyncio.Event()

    async def speak(session: Session) -> None:
        await session.greet("PIPELINING")
        try:
            while True:
                session.writer.write(b"250 x\r\n" * 10_000)
                await session.writer.drain()
        except ConnectionError:
            is_cut_off.set()

    async with serve(speak) as server:
        connection = await establish(server.options())
        await asyncio.wait_for(is_cut_off.wait(), 10)
        assert not connection.is_open
        with pytest.raises(SMTPResponseException, match="unsolicited"):
            await connection.execute(NOOP, timeout=5)


async def test_silence_after_connecting_is_a_connect_timeout(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await session.hear()

    async with serve(speak) as server:
        with pytest.raises(SMTPConnectTimeoutError, match="no greeting"):
            await Connection.open(server.options(timeout=0.5))


async def test_a_closed_port_is_a_connect_error(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        pass

    async with serve(speak) as server:
        options = server.options()
    with pytest.raises(SMTPConnectError, match=r"connecting to 127\.0\.0\.1"):
        await Connection.open(options)


async def test_helo_is_said_where_ehlo_is_unknown(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await session.say("220 old")
        assert (await session.hear()).startswith("EHLO [127.0.0.1]")
        await session.say("502 what")
        assert (await session.hear()).startswith("HELO [127.0.0.1]")
        await session.say("250 hello")

    async with serve(speak) as server:
        connection = await establish(server.options(local_hostname="[127.0.0.1]"))
        assert dict(connection.extensions.parameters) == {}
        connection.abort()


async def test_bytes_injected_before_tls_close_the_connection(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await session.greet("STARTTLS")
        await session.hear()
        session.writer.write(b"220 go\r\n250 injected\r\n")
        await session.reader.read()

    async with serve(speak) as server:
        with pytest.raises(SMTPResponseException) as caught:
            await establish(server.options(start_tls=True))
    assert caught.value.phase == "tls"

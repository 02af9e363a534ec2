"""Connections lost in ways the protocol does not see coming: between commands, in TLS's records, in long content.

The judge is the server's own account. Where it can only know one half (what it heard, not what was handed out),
only that half is demanded.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.cutting_proxy import Direction, Harm, proxied
from support.faulty_server import Fault, FaultySession, Offer, Way, faulty, until
from support.recorded_session import FIRST, SECOND, SETTINGS, Told, hold

from notebookmail import (
    SMTP,
    SMTPConnectError,
    SMTPDataError,
    SMTPException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)
from notebookmail.mail.message import Envelope, Mail
from notebookmail.smtp.handshake import establish
from notebookmail.smtp.options import ConnectionOptions

if TYPE_CHECKING:
    from conftest import Certificates

LETTER = Mail(Envelope("a@example.org", ("b@example.org",)), (b"Subject: x\r\n\r\nhello\r\n",))
BIG = Mail(Envelope("a@example.org", ("b@example.org",)), (b"x" * 998 + b"\r\n",) * 400)
PIECE = 65_536


# --- between commands -------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [b"", b"421 4.3.2 going down\r\n"])
@pytest.mark.parametrize("way", ["fin", "rst"])
async def test_a_connection_lost_between_messages_is_told_at_the_next_ones_first_step(
    way: Way, words: bytes
) -> None:
    async with faulty(Offer(extensions=("PIPELINING",))) as server:
        connection = await establish(ConnectionOptions(hostname="127.0.0.1", port=server.port, timeout=5))
        await connection.deliver(LETTER, timeout=5, end_of_data_timeout=5)
        server.sessions[0].interrupt(words, way)
        await until(lambda: not connection.is_open)
        with pytest.raises(SMTPServerDisconnected) as caught:
            await connection.deliver(LETTER, timeout=5, end_of_data_timeout=5)
    assert (caught.value.phase, caught.value.unconfirmed) == ("mail", False)
    assert words[:3].decode() in str(caught.value)


async def test_a_client_whose_idle_connection_was_lost_is_not_connected_and_connects_again() -> None:
    async with faulty(Offer()) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, timeout=5)
        await smtp.connect()
        server.sessions[0].interrupt(b"", "fin")
        await until(lambda: not smtp.is_connected)
        with pytest.raises(SMTPServerDisconnected):
            await smtp.noop()
        await smtp.connect()
        assert (await smtp.noop()).code == 250
        await smtp.quit()


# --- under TLS's records ------------------------------------------------------------------------------------


def untruths(told: Told, account: FaultySession | None) -> list[str]:
    """List what the caller was told that the server's account denies."""
    deliveries = account.deliveries if account is not None else []
    confirmed = {each.recipients[0] for each in deliveries if each.is_confirmed}
    ended = {each.recipients[0] for each in deliveries}
    first_words = {"first": FIRST[0], "second": SECOND[0]}
    wrong = [f"{step}: success" for step, to in first_words.items() if step in told.done and to not in confirmed]
    error = told.error
    if error is None:
        return wrong
    if not isinstance(error, SMTPServerDisconnected | SMTPConnectError | SMTPTimeoutError):
        return [*wrong, f"{told.failed}: {error!r}"]
    if first_words.get(told.failed) in ended and not error.unconfirmed:
        wrong.append(f"{told.failed}: the server has it, and unconfirmed is False")
    asked = sum(phase == "data" for phase, _ in account.replies) if account is not None else 0
    if error.unconfirmed and asked < 1 + ("first" in told.done):
        wrong.append(f"{told.failed}: unconfirmed, though the content was never asked for")
    if error.phase is None or told.is_connected:
        wrong.append(f"{told.failed}: phase {error.phase}, connected {told.is_connected}")
    return wrong


@pytest.mark.parametrize("direction", ["to client", "to server"])
@pytest.mark.parametrize(("name", "ways"), [("tls", ("fin", "rst", "flip")), ("starttls", ("fin", "rst"))])
async def test_harm_to_the_encrypted_bytes_is_told_as_it_was(
    certificates: Certificates, name: str, ways: tuple[Any, ...], direction: Direction
) -> None:
    setting = SETTINGS[name]
    offer = setting.offer(certificates)
    trust = ssl.create_default_context(cafile=str(certificates.authority))
    async with faulty(offer) as server, proxied(server.port) as proxy:
        told = await hold(setting, proxy.port, trust, 5)
        assert told.error is None
        octets = proxy.passed[direction]
    gate = asyncio.Semaphore(25)

    async def one(harm: Harm) -> list[str]:
        async with gate, faulty(offer) as server, proxied(server.port, harm) as proxy:
            told = await hold(setting, proxy.port, trust, 1)
            account = next((each for each in server.sessions if each.is_made), None)
            return [f"{harm}: {each}" for each in untruths(told, account)]

    harms = [Harm(way, direction, at) for at in range(1, octets, octets // 40) for way in ways]
    found = [each for wrong in await asyncio.gather(*map(one, harms)) for each in wrong]
    assert not found, "\n".join(found)


# --- in long content ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("extensions", [("PIPELINING",), ("PIPELINING", "CHUNKING")])
@pytest.mark.parametrize("way", ["fin", "rst", "stall"])
async def test_a_break_in_long_content_is_unconfirmed_where_the_server_has_it_all(
    way: Way, extensions: tuple[str, ...]
) -> None:
    async def deliver(port: int, seconds: float) -> SMTPException | None:
        connection = await establish(ConnectionOptions(hostname="127.0.0.1", port=port, timeout=5))
        try:
            await connection.deliver(BIG, timeout=seconds, end_of_data_timeout=seconds)
        except SMTPException as error:
            assert not connection.is_open
            return error
        else:
            return None
        finally:
            connection.abort()

    offer = Offer(extensions=extensions)
    async with faulty(offer) as server:
        assert await deliver(server.port, 5) is None
        await server.all_gone()
        model = server.sessions[0]
    content = next(end for phase, end in model.commands if phase in {"data", "rcpt"} and end < model.heard)

    async def one(after: int) -> str:
        async with faulty(offer, Fault(way=way, after_heard=after)) as server:
            error = await deliver(server.port, 0.8 if way == "stall" else 10)
            await server.all_gone()
            has_all = bool(server.sessions[0].deliveries)
        is_true = error is not None and error.unconfirmed >= has_all and error.phase in {"content", "end_of_data"}
        return "" if is_true else f"{after}: {error!r}, {has_all}"

    edges = range(content + PIECE, model.heard, PIECE)
    places = [edge + shift for edge in edges for shift in (-1, 0, 1)] + [model.heard - 1, model.heard]
    assert [wrong for wrong in await asyncio.gather(*map(one, places)) if wrong] == []


async def test_content_that_meets_a_reset_connection_goes_no_further_and_is_not_unconfirmed() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx.example.org\r\n")
        while line := await reader.readline():
            if line.startswith(b"DATA"):
                writer.write(b"354 go on\r\n")
                reset = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                writer.transport.abort()  # what was said and the reset are both there when the client looks
                return
            writer.write(b"250 ok\r\n")

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, SMTP(hostname="127.0.0.1", port=server.sockets[0].getsockname()[1], timeout=5) as smtp:
        with pytest.raises(SMTPServerDisconnected) as caught:
            await smtp.sendmail("a@example.org", ["b@example.org"], b"x" * 998 + b"\r\n" + b"y" * 40 * PIECE)
    assert (caught.value.phase, caught.value.unconfirmed) == ("content", False)


@pytest.mark.parametrize("is_tls", [False, True])
@pytest.mark.parametrize("reply", ["421 4.3.2 going down", "552 5.3.4 too much"])
async def test_what_a_server_says_within_content_is_told_though_it_resets_the_connection_at_once(
    certificates: Certificates, reply: str, is_tls: bool
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.chain, certificates.key)
    is_due, is_gone = threading.Event(), threading.Event()

    def serve() -> None:
        made, _ = listener.accept()
        with context.wrap_socket(made, server_side=True) if is_tls else made as session:
            for words in ("220 t", "250 t", "250 m", "250 r", "354 go"):
                session.sendall(f"{words}\r\n".encode())
                session.recv(1000)
            is_due.wait()
            session.sendall(f"{reply}\r\n".encode())
            session.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        is_gone.set()

    def refuse_now(_: object) -> bool:
        """Stand between the content and its end, without a turn of the event loop."""
        is_due.set()
        is_gone.wait()
        return True

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        connection = await establish(
            ConnectionOptions(
                hostname="localhost", port=listener.getsockname()[1], use_tls=is_tls, start_tls=False,
                cert_bundle=certificates.authority, timeout=20,
            )
        )  # fmt: skip
        with pytest.raises(SMTPDataError) as caught:
            await connection.follow(connection.delivery(BIG, lambda: None, refuse_now), 20)
        thread.join()
    assert (str(caught.value), caught.value.phase, caught.value.unconfirmed) == (reply, "content", False)

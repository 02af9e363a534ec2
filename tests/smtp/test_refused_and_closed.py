"""What a server said counts though it closes behind it, and what was never begun is nobody's failure."""

from __future__ import annotations

import asyncio
import ssl
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from support.faulty_server import Fault, Offer, faulty
from support.queued_source import Queued
from support.scripted_server import answering

from notebookmail import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from notebookmail.mail.message import Envelope, Mail
from notebookmail.response import SMTPResponse
from notebookmail.smtp.handshake import establish
from notebookmail.smtp.options import ConnectionOptions
from notebookmail.smtp.wire.extensions import Extensions
from notebookmail.smtp.wire.transaction import Unanswered, opening

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from conftest import Certificates
    from support.faulty_server import Way
    from support.scripted_sessions import Scripted, Session, Speaker

    Serve = Callable[[Speaker], AbstractAsyncContextManager[Scripted]]

LOST = SMTPServerDisconnected("the connection was lost")
WAYS = {"DATA": ("PIPELINING",), "BDAT": ("PIPELINING", "CHUNKING")}


def letter(*recipients: str) -> Mail:
    return Mail(Envelope("a@example.org", recipients or ("b@example.org",)), (b"Subject: x\r\n\r\nhello\r\n",))


# --- on the wire ------------------------------------------------------------------------------------------------


def cut_after(extensions: tuple[str, ...], *codes: int, reset_first: bool = False) -> Exception:
    """Let the connection end behind these replies to the first group; return what is told of two recipients."""
    offered = Extensions(MappingProxyType({name.lower(): "" for name in extensions}))
    steps = opening(letter("b@example.org", "c@example.org"), offered, reset_first=reset_first)
    next(steps)
    with pytest.raises((SMTPException, Unanswered)) as caught:
        steps.throw(Unanswered([SMTPResponse(code, "words") for code in codes], LOST))
    return caught.value


@pytest.mark.parametrize("extensions", WAYS.values(), ids=WAYS)
def test_of_a_group_that_was_cut_short_the_refusals_that_came_are_told(extensions: tuple[str, ...]) -> None:
    sender = cut_after(extensions, 550)
    assert (type(sender), sender.code, sender.unconfirmed) == (SMTPSenderRefused, 550, False)
    assert isinstance(cut_after(extensions, 250, 553, reset_first=True), SMTPSenderRefused)
    for codes, told in (((250, 550), [550]), ((250, 550, 450), [550, 450])):
        refused = cut_after(extensions, *codes)
        assert isinstance(refused, SMTPRecipientsRefused)
        assert [each.code for each in refused.recipients] == told


@pytest.mark.parametrize("codes", [(), (250,), (250, 250), (250, 250, 550), (250, 550, 250)])
@pytest.mark.parametrize("extensions", WAYS.values(), ids=WAYS)
def test_where_somebody_may_still_get_the_message_the_loss_is_told(
    extensions: tuple[str, ...], codes: tuple[int, ...]
) -> None:
    assert isinstance(cut_after(extensions, *codes), Unanswered)


def test_a_421_to_rset_says_nothing_about_the_message() -> None:
    steps = opening(letter(), Extensions(MappingProxyType({"pipelining": ""})), reset_first=True)
    next(steps)
    with pytest.raises(SMTPServerDisconnected, match="421 enough"):
        steps.send([SMTPResponse(421, "enough")] * 4)


# --- over a socket ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["fin", "rst", "goodbye"])
@pytest.mark.parametrize("extensions", [(), *WAYS.values()])
@pytest.mark.parametrize(("verb", "error"), [("MAIL", SMTPSenderRefused), ("RCPT", SMTPRecipientsRefused),
                                             (".", SMTPDataError), ("BDAT", SMTPDataError)])  # fmt: skip
async def test_a_refusal_and_then_a_close_is_that_refusal(
    verb: str, error: type[SMTPException], extensions: tuple[str, ...], way: Way
) -> None:
    if verb == "BDAT" and "CHUNKING" not in extensions:
        return
    chunking = verb == "BDAT" or ("CHUNKING" in extensions and verb != ".")
    answers = {verb: b"571 5.7.1 client host blocked\r\n"}
    offer = Offer(extensions=extensions, answers=answers)
    options = {"hostname": "127.0.0.1", "timeout": 20, "chunking": chunking, "local_hostname": "x.y"}
    said = len(b"220 t ready\r\n") + sum(len(each) + 6 for each in ("t", *extensions)) + len(answers[verb])
    before = {"MAIL": (), "RCPT": ("250 m",), ".": ("250 m", "250 r", "354 go"), "BDAT": ("250 m", "250 r")}[verb]
    said += sum(len(each) + 2 for each in before)
    async with faulty(offer, Fault(way=way, after_said=said)) as server:
        connection = await establish(ConnectionOptions(port=server.port, **options))  # type: ignore[arg-type]
        with pytest.raises(error, match=r"571 5\.7\.1 client host blocked") as caught:
            await connection.deliver(letter(), timeout=20, end_of_data_timeout=20)
        connection.abort()
    assert not caught.value.unconfirmed


async def closing_after(session: Session, most: int, *, at_rset: bool = False) -> None:
    """Take so many messages and close without a word, or refuse some and close at RSET."""
    await session.greet("PIPELINING")
    taken = 0
    recipients = 0
    while line := await session.hear():
        if line == "RSET" and at_rset:
            break
        if line == "DATA" and recipients:
            await session.say("354 go")
            await session.content()
            await session.say("250 queued")
            taken, recipients = taken + 1, 0
            if taken == most:
                await asyncio.sleep(0.005)
                break
            continue
        refused = line == "DATA" or (at_rset and line.startswith("RCPT") and "<no" in line)
        recipients += line.startswith("RCPT") and not refused
        await session.say("550 no" if refused else "221 bye" if line == "QUIT" else "250 ok")
    session.writer.close()


async def test_a_server_that_closes_after_so_many_messages_costs_no_row_a_try(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await closing_after(session, 3)

    async with serve(speak) as server, Queued.to(server.options(), connections=2) as queue:
        receipts = await asyncio.gather(*(queue.deliver(letter()) for _ in range(20)))
    assert [receipt.reply.code for receipt in receipts] == [250] * 20


async def test_a_server_that_closes_at_rset_costs_the_next_row_no_try(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await closing_after(session, 100, at_rset=True)

    async with serve(speak) as server, Queued.to(server.options(), connections=1) as queue:
        refused, *taken = await asyncio.gather(
            queue.deliver(letter("no@example.org")), *(queue.deliver(letter()) for _ in range(3)),
            return_exceptions=True,
        )  # fmt: skip
        assert isinstance(refused, SMTPRecipientsRefused)
        assert not any(isinstance(each, BaseException) for each in taken)
        assert len(server.sessions) == 2


async def test_a_server_that_drops_what_comes_in_one_piece_is_met_one_command_at_a_time(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await session.greet("PIPELINING")
        while data := await session.reader.read(4096):
            first = data.split(b"\r\n")[0]  # the rest of the piece is lost
            if first == b"DATA":
                await session.say("354 go")
                await session.content()
            await session.say("221 bye" if first == b"QUIT" else "250 ok")

    async with (
        serve(speak) as server,
        Queued.to(server.options(timeout=0.5), connections=1) as queue,
        asyncio.timeout(60),
    ):
        await asyncio.gather(*(queue.deliver(letter()) for _ in range(4)))
        assert len(server.sessions) == 2


async def test_a_server_that_hangs_up_on_groups_is_met_one_command_at_a_time(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await session.greet("PIPELINING")
        while data := await session.reader.read(4096):
            lines = data.split(b"\r\n")
            session.heard.append(data)
            if len(lines) > 2 and b"MAIL" in data:
                break
            if lines[0] == b"DATA":
                await session.say("354 go")
                await session.content()
            await session.say("221 bye" if lines[0] == b"QUIT" else "250 ok")
        session.writer.close()

    async with serve(speak) as server, Queued.to(server.options(), connections=1) as queue:
        await asyncio.gather(*(queue.deliver(letter()) for _ in range(5)))
        assert len(server.sessions) == 2
        smtp = SMTP(hostname="127.0.0.1", port=server.port, timeout=20)
        await smtp.connect()
        with pytest.raises(SMTPServerDisconnected):
            await smtp.sendmail("a@example.org", ["b@example.org"], "x")
        await smtp.connect()
        await smtp.sendmail("a@example.org", ["b@example.org"], "x")
        await smtp.quit()
        async with SMTP(hostname="127.0.0.1", port=server.port, timeout=20, pipelining=False) as smtp:
            await smtp.sendmail("a@example.org", ["b@example.org"], "x")


@pytest.mark.parametrize("code", [500, 502, 504])
async def test_a_server_without_working_bdat_gets_every_message_by_data_and_obeys_no_text(code: int) -> None:
    offer = Offer(extensions=("PIPELINING", "CHUNKING"), answers={"BDAT": b"%d what\r\n" % code})
    async with faulty(offer) as server:
        options = ConnectionOptions(hostname="127.0.0.1", port=server.port, timeout=20, chunking=True)
        async with Queued.to(options, connections=1) as queue:
            await asyncio.gather(*(queue.deliver(letter()) for _ in range(5)))
        lines = [line for session in server.sessions for line in session.lines]
    assert sum(line.startswith("BDAT") for line in lines) == 1
    assert sum(line == "DATA" for line in lines) == 5
    assert server.sessions[0].lines[-1].startswith("BDAT")  # nothing is said behind the refused chunk


@pytest.mark.parametrize("code", [500, 502, 504])
async def test_a_client_whose_first_bdat_is_not_known_sends_its_message_by_data_on_a_new_connection(
    code: int,
) -> None:
    offer = Offer(extensions=("PIPELINING", "CHUNKING"), answers={"BDAT": b"%d what\r\n" % code})
    async with faulty(offer) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, timeout=20, chunking=True)
        await smtp.connect()
        sent = [smtp.sendmail("a@example.org", ["b@example.org"], f"Subject: {n}\n\nx") for n in range(3)]
        assert [refused for refused, _ in await asyncio.gather(*sent)] == [{}] * 3
        await smtp.quit()
        first, second = (session.lines for session in server.sessions)
        delivered = [each.content for each in server.sessions[1].deliveries]
    assert first[-1].startswith("BDAT")  # nothing is said behind the refused chunk
    assert sum(line == "DATA" for line in second) == 3
    assert delivered == [b"Subject: %d\r\n\r\nx\r\n" % n for n in range(3)]


async def test_a_session_made_by_hand_is_not_made_again_in_the_clear(
    serve: Serve, certificates: Certificates
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.chain, certificates.key)
    async with serve(answering("CHUNKING", tls=context, bdat="502 what")) as server:
        smtp = SMTP(
            hostname="localhost", port=server.port, timeout=20, chunking=True, start_tls=False,
            cert_bundle=certificates.authority,
        )  # fmt: skip
        await smtp.connect()
        await smtp.starttls()
        with pytest.raises(SMTPDataError, match="502"):
            await smtp.sendmail("a@example.org", ["b@example.org"], "x")
        assert (len(server.sessions), smtp.is_connected) == (1, False)


async def test_a_session_with_a_login_is_made_again_where_the_options_hold_its_credentials(
    serve: Serve,
) -> None:
    async with serve(answering("CHUNKING", "AUTH PLAIN", bdat="502 what")) as server:
        options = {"hostname": "127.0.0.1", "port": server.port, "timeout": 20, "chunking": True}
        async with SMTP(**options, username="ann", password="pw") as smtp:  # type: ignore[arg-type]
            await smtp.sendmail("a@example.org", ["b@example.org"], "x")
        assert [any(line.startswith(b"AUTH") for line in each.heard) for each in server.sessions] == [True, True]
        smtp = SMTP(**options)  # type: ignore[arg-type]
        await smtp.connect()
        await smtp.login("ann", "pw")
        with pytest.raises(SMTPDataError, match="502"):
            await smtp.sendmail("a@example.org", ["b@example.org"], "x")
        assert len(server.sessions) == 3


async def test_content_goes_by_data_unless_the_caller_wants_bdat() -> None:
    for chunking, verb in ((False, "DATA"), (True, "BDAT")):
        async with faulty(Offer(extensions=("PIPELINING", "CHUNKING"))) as server:
            async with SMTP(hostname="127.0.0.1", port=server.port, timeout=20, chunking=chunking) as smtp:
                await smtp.sendmail("a@example.org", ["b@example.org"], "x")
            assert any(line.startswith(verb) for line in server.sessions[0].lines)


@pytest.mark.parametrize(("extensions", "in_doubt"), [(("PIPELINING",), 1), (("PIPELINING", "BURL imap"), 0)])
async def test_a_server_that_dies_of_a_transaction_opened_behind_content_leaves_one_message_in_doubt(
    serve: Serve, extensions: tuple[str, ...], in_doubt: int
) -> None:
    async def speak(session: Session) -> None:
        await session.greet(*extensions)
        while line := await session.hear():
            await session.say("354 go" if line == "DATA" else "221 bye" if line == "QUIT" else "250 ok")
            if line == "DATA":
                content = b""
                while b"\r\n.\r\n" not in content:
                    content += await session.reader.read(4096)
                if not content.endswith(b"\r\n.\r\n"):
                    break
                await session.say("250 queued")
        session.writer.close()

    async with serve(speak) as server, Queued.to(server.options(), connections=1) as queue:
        ends = await asyncio.gather(*(queue.deliver(letter()) for _ in range(6)), return_exceptions=True)
    lost = [each for each in ends if isinstance(each, BaseException)]
    assert [isinstance(each, SMTPServerDisconnected) and each.unconfirmed for each in lost] == [True] * in_doubt

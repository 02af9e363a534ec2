"""Cancelling anything at every await: afterwards a client is closed or clean, and never hears a late reply.

A coroutine is run in a task that is cancelled at its k-th suspension, for k = 1, 2, 3, ... until it ends by
itself; once as it begins to wait, and once when what it waited for has come in the same turn of the loop. The
server is a real one, and its own account tells what was delivered. What happened to a message that was cancelled
is nobody's promise; that the next one is right is.
"""

from __future__ import annotations

import asyncio
import gc
import ssl
from email.message import EmailMessage
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import pytest
from support.faulty_server import PATIENCE_SECONDS, FaultyServer, Offer, faulty, until

from notebookmail import SMTP, SMTPServerDisconnected, send

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator

    from conftest import Certificates

    Work = Callable[[SMTP], Coroutine[Any, Any, object]]

Moment = Literal["as it begins to wait", "as its wait is over"]
CONTENT = b"Subject: x\r\n\r\nhello\r\n"
LONG = b"Subject: x\r\n\r\n" + b"y" * 998 * 400


class CancelledAt:
    """Awaits a coroutine, and cancels the task it runs in at one of its suspensions."""

    def __init__(self, work: Awaitable[object], suspension: int, moment: Moment) -> None:
        self._work = work
        self._suspension = suspension
        self._moment = moment
        self.was_cancelled = False

    def __await__(self) -> Generator[Any, Any, object]:
        inner = self._work.__await__()
        step: Callable[[], Any] = partial(next, inner)
        count = 0
        while True:
            try:
                waited = step()
            except StopIteration as done:
                return done.value
            count += 1
            if count == self._suspension:
                self._cancel(waited)
            try:
                yield waited
            except BaseException as error:  # noqa: BLE001 -- handed in where it belongs
                step = partial(inner.throw, error)
            else:
                step = partial(next, inner)

    def _cancel(self, waited: asyncio.Future[Any] | None) -> None:
        self.was_cancelled = True
        task = asyncio.current_task()
        assert task is not None
        if self._moment == "as it begins to wait":
            task.cancel()
        elif waited is None:
            asyncio.get_running_loop().call_soon(task.cancel)
        else:
            # Called before the task's own wake-up, which was not yet added: the result is there, and so is this.
            waited.add_done_callback(lambda _: task.cancel())


def message() -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "a@example.org", "b@example.org", "x"
    made.set_content("hello\n")
    return made


async def connected(smtp: SMTP) -> None:
    await smtp.connect()


async def in_transaction(smtp: SMTP) -> None:
    await smtp.connect()
    await smtp.mail("a@example.org")
    await smtp.rcpt("b@example.org")


async def not_connected(_: SMTP) -> None:
    pass


async def sent_in_one_call(smtp: SMTP) -> None:
    options = smtp._options
    await send(message(), hostname=options.hostname, port=options.port, timeout=PATIENCE_SECONDS, start_tls=False)


async def in_a_context(smtp: SMTP) -> None:
    async with smtp:
        await smtp.send_message(message())


WORKS: dict[str, tuple[Work, Work]] = {
    "connect": (not_connected, lambda smtp: smtp.connect()),
    "connect and log in": (not_connected, lambda smtp: smtp.connect(username="me", password="pw")),
    "ehlo": (connected, lambda smtp: smtp.ehlo()),
    "login": (connected, lambda smtp: smtp.login("me", "pw")),
    "noop": (connected, lambda smtp: smtp.noop()),
    "rset": (connected, lambda smtp: smtp.rset()),
    "vrfy": (connected, lambda smtp: smtp.vrfy("b@example.org")),
    "mail": (connected, lambda smtp: smtp.mail("a@example.org")),
    "data": (in_transaction, lambda smtp: smtp.data(CONTENT)),
    "sendmail": (connected, lambda smtp: smtp.sendmail("a@example.org", ["b@example.org", "no@x.org"], CONTENT)),
    "long sendmail": (connected, lambda smtp: smtp.sendmail("a@example.org", ["b@example.org"], LONG)),
    "send_message": (connected, lambda smtp: smtp.send_message(message())),
    "send": (not_connected, sent_in_one_call),
    "async with": (not_connected, in_a_context),
    "quit": (connected, lambda smtp: smtp.quit()),
}
EXTENSIONS = {
    "plain": ("AUTH LOGIN",),
    "pipelined": ("AUTH LOGIN", "PIPELINING"),
    "chunked": ("AUTH PLAIN", "PIPELINING", "CHUNKING"),
}
MOMENTS = ("as it begins to wait", "as its wait is over")


@pytest.fixture
def complaints() -> list[dict[str, Any]]:
    """What the loop would only have logged."""
    return []


async def cancel_everywhere(
    offer: Offer, options: dict[str, Any], prepare: Work, work: Work, moment: Moment
) -> int:
    """Cancel at every suspension; return how many there are."""
    suspension = 0
    while True:
        suspension += 1
        async with faulty(offer) as server:
            smtp = SMTP(hostname="127.0.0.1", port=server.port, timeout=PATIENCE_SECONDS, **options)
            await prepare(smtp)
            driven = CancelledAt(work(smtp), suspension, moment)
            task = asyncio.ensure_future(_driven(driven))
            await asyncio.wait([task], timeout=PATIENCE_SECONDS)
            if not driven.was_cancelled:
                task.result()
            else:
                assert task.cancelled(), (suspension, task)
            await is_as_good_as_new(smtp, server, suspension)
            if not driven.was_cancelled:
                return suspension - 1


async def _driven(work: CancelledAt) -> None:
    await work


async def is_as_good_as_new(smtp: SMTP, server: FaultyServer, suspension: int) -> None:
    """The next replies are those to the next commands; the next message arrives once; nothing stays open."""
    if not smtp.is_connected:
        await smtp.connect()
    probe = await smtp.execute_command(b"NOOP", b"probe-%d" % suspension)
    assert probe.message == f"probe-{suspension}"
    # In the same breath a message, which a reply too many would credit wrongly.
    refused, text = await smtp.sendmail("a@example.org", ["probe@example.org", "no@example.org"], CONTENT)
    assert (list(refused), text) == (["no@example.org"], "2.0.0 queued")
    smtp.close()
    await server.all_gone()
    delivered = [each.recipients for session in server.sessions for each in session.deliveries]
    assert delivered.count(("probe@example.org",)) == 1
    assert len(delivered) <= 2


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("extensions", EXTENSIONS)
@pytest.mark.parametrize("name", WORKS)
async def test_a_client_cancelled_at_any_await_is_closed_or_clean(
    name: str, extensions: str, moment: Moment, complaints: list[dict[str, Any]]
) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    offer = Offer(extensions=EXTENSIONS[extensions])
    count = await cancel_everywhere(offer, {"start_tls": False}, *WORKS[name], moment)
    gc.collect(1)  # what is young; the whole heap takes a quarter of a second
    assert count > 0
    assert complaints == []


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("name", ["connect", "starttls", "connect with STARTTLS"])
async def test_a_client_cancelled_in_a_handshake_is_closed_or_clean(
    certificates: Certificates, name: str, moment: Moment, complaints: list[dict[str, Any]]
) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.chain, certificates.key)
    trust = ssl.create_default_context(cafile=str(certificates.authority))
    is_tls = name == "connect"
    offer = Offer(extensions=("PIPELINING",), context=context, is_tls=is_tls)
    options = {"tls_context": trust, "use_tls": is_tls, "start_tls": name.endswith("TLS")}
    prepare, work = (connected, lambda smtp: smtp.starttls()) if name == "starttls" else WORKS["connect"]
    count = await cancel_everywhere(offer, options, prepare, work, moment)
    gc.collect(1)  # what is young; the whole heap takes a quarter of a second
    assert count > 2
    assert complaints == []


# --- tasks that share a client ------------------------------------------------------------------------------


async def three(smtp: SMTP, server: FaultyServer) -> list[asyncio.Task[Any]]:
    """Three commands on one client: the first under way without an answer, the others waiting for their turn."""
    tasks = [
        asyncio.ensure_future(smtp.execute_command(b"NOOP", name)) for name in (b"first", b"second", b"third")
    ]
    await until(lambda: server.sessions[0].lines == ["NOOP first"])
    return tasks


async def test_cancelling_a_task_that_waits_for_its_turn_leaves_the_others_their_replies() -> None:
    async with faulty(Offer(silent_at=("NOOP 1",))) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, timeout=PATIENCE_SECONDS, start_tls=False)
        await smtp.connect()
        first, second, third = await three(smtp, server)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        server.sessions[0].say(b"250 first\r\n")
        assert [(await task).message for task in (first, third)] == ["first", "third"]
        assert server.sessions[0].lines == ["NOOP first", "NOOP third"]
        smtp.close()


async def test_cancelling_the_task_under_way_tells_the_others_that_the_connection_is_gone() -> None:
    async with faulty(Offer(silent_at=("NOOP 1",))) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, timeout=PATIENCE_SECONDS, start_tls=False)
        await smtp.connect()
        first, second, third = await three(smtp, server)
        first.cancel()
        ends = await asyncio.gather(first, second, third, return_exceptions=True)
        assert [type(end) for end in ends] == [
            asyncio.CancelledError,
            SMTPServerDisconnected,
            SMTPServerDisconnected,
        ]
        assert server.sessions[0].lines == ["NOOP first"]
        await is_as_good_as_new_after_silence(smtp)


async def is_as_good_as_new_after_silence(smtp: SMTP) -> None:
    await smtp.connect()
    assert (await smtp.execute_command(b"HELP")).code == 214
    smtp.close()


async def test_closing_a_client_wakes_the_task_under_way_and_those_that_wait() -> None:
    async with faulty(Offer(silent_at=("NOOP 1",))) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, timeout=None, start_tls=False)
        await smtp.connect()
        tasks = await three(smtp, server)
        smtp.close()
        async with asyncio.timeout(PATIENCE_SECONDS):
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(end) for end in ends] == [SMTPServerDisconnected] * 3


async def untruths(extensions: tuple[str, ...], victim: int, turns: int) -> list[str]:
    """Four messages on one client, one cancelled after so many turns of the loop; list what is not true then."""
    async with faulty(Offer(extensions=extensions)) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, timeout=PATIENCE_SECONDS, start_tls=False)
        await smtp.connect()
        contents = [b"Subject: %d\r\n\r\nhello\r\n" % number for number in range(4)]
        recipients = [f"{number}@example.org" for number in range(4)]
        pairs = zip(recipients, contents, strict=True)
        tasks = [asyncio.ensure_future(smtp.sendmail("a@example.org", [to], content)) for to, content in pairs]
        for _ in range(turns):
            await asyncio.sleep(0)
        tasks[victim].cancel()
        async with asyncio.timeout(PATIENCE_SECONDS):
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        smtp.close()
        await server.all_gone()
        delivered = [(each.recipients[0], each.content) for each in server.sessions[0].deliveries]
        wrong = [] if len(delivered) == len(set(delivered)) <= 4 else [f"delivered {delivered}"]
        for number, end in enumerate(ends):
            arrived = delivered.count((recipients[number], contents[number]))
            is_true = end == ({}, "2.0.0 queued") and arrived == 1
            is_true |= isinstance(end, SMTPServerDisconnected) and (end.unconfirmed or not arrived)
            is_true |= isinstance(end, asyncio.CancelledError) and number == victim
            wrong += [] if is_true else [f"{number}: {end!r}, arrived {arrived}"]
        return [f"{victim} cancelled after {turns}: {each}" for each in wrong]


@pytest.mark.parametrize("extensions", [(), ("PIPELINING",), ("PIPELINING", "CHUNKING")])
async def test_of_messages_that_share_a_client_each_is_told_its_own_end_when_one_is_cancelled(
    extensions: tuple[str, ...],
) -> None:
    at_once = [
        asyncio.gather(*(untruths(extensions, victim, turns) for victim in range(4))) for turns in range(60)
    ]
    found = [each for group in at_once for wrong in await group for each in wrong]
    assert not found, "\n".join(found)

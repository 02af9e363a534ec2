"""The ways of sending that the benchmarks compare: the same bytes from one client over one connection.

A way is connected before it is driven, so that what is measured is messages, not connecting. Every way gets the
content as finished bytes and one recipient a message; every reply is checked, because a way that loses messages
would be fast.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import aiosmtplib
from support.queued_source import Queued

import notebookmail
from notebookmail.mail.message import Envelope, Mail
from notebookmail.smtp.options import ConnectionOptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    Send = Callable[[], Awaitable[None]]
    Connect = Callable[[int, bytes], AbstractAsyncContextManager[Send]]
    Drive = Callable[[Send, int], Awaitable[None]]

SENDER = "analyst@example.com"
RECIPIENT = "ann@example.org"
TASKS = 4
"""How many callers keep a shared client or pool busy: one on its way, one behind it, and always one waiting."""

_LINE = b"The figures of the quarter, line by line, as they stand in the frame.\r\n"
_HEADERS = b"From: analyst@example.com\r\nTo: ann@example.org\r\nSubject: Figures\r\nMIME-Version: 1.0\r\n\r\n"


def message_of(octets: int) -> bytes:
    """Make a message of about so many octets, in lines of 70."""
    return _HEADERS + _LINE * max(1, (octets - len(_HEADERS)) // len(_LINE))


@asynccontextmanager
async def one_client(
    kind: type[aiosmtplib.SMTP | notebookmail.SMTP], port: int, content: bytes
) -> AsyncIterator[Send]:
    """One client of either library; they have the same face."""
    async with kind(hostname="127.0.0.1", port=port, start_tls=False) as client:
        await client.ehlo()

        async def send() -> None:
            refused, _ = await client.sendmail(SENDER, [RECIPIENT], content)
            assert not refused

        yield send


aiosmtplib_client = partial(one_client, aiosmtplib.SMTP)
notebookmail_client = partial(one_client, notebookmail.SMTP)


@asynccontextmanager
async def notebookmail_pool(port: int, content: bytes) -> AsyncIterator[Send]:
    """notebookmail's pool, as send_frame uses it, with one connection."""
    options = ConnectionOptions(hostname="127.0.0.1", port=port, start_tls=False, timeout=60)
    async with Queued.to(options, connections=1) as queue:

        async def send() -> None:
            receipt = await queue.deliver(Mail(Envelope(SENDER, (RECIPIENT,)), (content,)))
            assert not receipt.refused

        yield send


async def one_after_another(send: Send, messages: int) -> None:
    """Send each message when the one before is confirmed."""
    for _ in range(messages):
        await send()


async def as_a_stream(send: Send, messages: int) -> None:
    """Send from several tasks that share the way, so that there is always a message waiting."""
    left = iter(range(messages))

    async def work() -> None:
        for _ in left:
            await send()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(min(TASKS, messages)):
            tasks.create_task(work())


@dataclass(frozen=True, slots=True)
class Way:
    """A way of sending, as the tables name it."""

    name: str
    connect: Connect
    drive: Drive


AIOSMTPLIB = Way("aiosmtplib, one after another", aiosmtplib_client, one_after_another)
WAYS = (
    AIOSMTPLIB,
    Way("notebookmail SMTP, one after another", notebookmail_client, one_after_another),
    Way("notebookmail SMTP, shared by tasks", notebookmail_client, as_a_stream),
    Way("notebookmail pool, one connection", notebookmail_pool, as_a_stream),
)

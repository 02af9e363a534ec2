"""An SMTP server on a loopback port, inside the caller's event loop (aiosmtpd).

It accepts mail and keeps it in memory for looking at; it relays nothing. Faults make it refuse or drop on purpose,
by a seeded chance, so that a rehearsal of failure can be repeated.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any, Self, cast

import aiosmtpd.smtp

from notebookmail.errors import FrameError
from notebookmail.server import Server

from .listening import some_turns, stop_listening

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import EmailMessage
    from types import TracebackType

HOSTNAME = "sandbox.notebookmail.example"
_MAX_MESSAGE_OCTETS = 64 * 1024 * 1024
_REPLIES = {
    "421": "421 4.3.2 The sandbox closes the session, as asked",
    "450": "450 4.2.0 The sandbox greylists, as asked: try again later",
    "451": "451 4.3.0 The sandbox has a passing trouble, as asked",
    "452": "452 4.3.1 The sandbox has no room, as asked",
    "550": "550 5.1.1 The sandbox knows no such mailbox, as asked",
    "552": "552 5.2.2 The sandbox's mailbox is full, as asked",
    "554": "554 5.7.1 The sandbox refuses by policy, as asked",
}


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it arrived.

    Attributes:
        mail_from: The envelope sender.
        rcpt_to: The envelope recipients.
        message: The parsed message.
        content: The content as transmitted, dots unstuffed.
    """

    mail_from: str
    rcpt_to: tuple[str, ...]
    message: EmailMessage = field(repr=False)
    content: bytes = field(repr=False)

    def _repr_html_(self) -> str:
        from notebookmail.view.message import message_html

        return message_html(self.message)


class Sandbox:
    """An SMTP server of one's own, as an async context manager.

    Args:
        faults: What shall go wrong. A key is an address, with the reply its RCPT gets ("550 5.1.1 No such user");
            or a reply code such as "451", with the share of recipients that get it; or "drop", with the share of
            messages at which the connection is cut before an answer.
        seed: Makes the chances repeatable.
        delay_seconds: How long the server takes over each message before it answers.
        port: The loopback port; 0 takes any free one.

    Raises:
        FrameError: A fault that is none of these.

    Example:
        >>> async with Sandbox(faults={"nobody@example.org": "550 5.1.1 No such user"}) as box:
        ...     results = await send_frame(df, template, box.server)
        >>> box.received[0].rcpt_to
    """

    def __init__(
        self,
        faults: Mapping[str, float | str] | None = None,
        *,
        seed: int = 0,
        delay_seconds: float = 0.0,
        port: int = 0,
    ) -> None:
        self.received: list[Received] = []
        self._delay_seconds = delay_seconds
        self._port = port
        self._arrival = asyncio.Condition()
        self._replies, self._shares = _read_faults(faults or {})
        self._chance = random.Random(seed)  # noqa: S311 -- rehearsed faults, not secrets
        self._listener: asyncio.Server | None = None
        self._sessions: set[asyncio.BaseTransport] = set()

    @property
    def messages(self) -> list[EmailMessage]:
        """The messages alone, in the order of arrival."""
        return [each.message for each in self.received]

    @property
    def server(self) -> Server:
        """The running sandbox as a Server.

        Raises:
            RuntimeError: It is not running.
        """
        if self._listener is None:
            raise RuntimeError("the sandbox is not running: use `async with Sandbox() as box:`")
        host, port = self._listener.sockets[0].getsockname()[:2]
        return Server(host, port, security="none")

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._make_session, "127.0.0.1", self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            try:
                await stop_listening(self._listener)
            finally:
                for transport in list(self._sessions):
                    transport.close()
            await some_turns()
            await self._listener.wait_closed()
        self._listener = None

    async def arrival(self, known: int) -> None:
        """Wait until more messages than the known number have arrived."""
        async with self._arrival:
            await self._arrival.wait_for(lambda: len(self.received) > known)

    def __repr__(self) -> str:
        where = self.server.endpoint if self._listener is not None else "not running"
        return f"<Sandbox {where}, {len(self.received)} received>"

    def _make_session(self) -> aiosmtpd.smtp.SMTP:
        return _Session(self, self._sessions)

    # --- aiosmtpd's hooks: their names and arguments are its own ---------------------------------------------

    async def handle_RCPT(  # noqa: N802
        self, _server: aiosmtpd.smtp.SMTP, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """Answer a RCPT: by the faults for this address, then by chance."""
        reply = self._replies.get(address.lower())
        for code, share in self._shares.items():
            if reply is None and code != "drop" and self._chance.random() < share:
                reply = _REPLIES.get(code, f"{code} as asked")
        if reply is not None:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, server: aiosmtpd.smtp.SMTP, _session: Any, envelope: Any
    ) -> str:
        """Keep a message, or cut the connection where a fault says so."""
        if self._chance.random() < self._shares.get("drop", 0.0):
            cast("asyncio.Transport", server.transport).abort()
        if self._delay_seconds:
            await asyncio.sleep(self._delay_seconds)
        content = cast("bytes", envelope.original_content)
        message = message_from_bytes(content, policy=policy.default)
        self.received.append(Received(envelope.mail_from or "", tuple(envelope.rcpt_tos), message, content))
        async with self._arrival:
            self._arrival.notify_all()
        return f"250 2.0.0 OK, message {len(self.received)} is in the sandbox"


class _Session(aiosmtpd.smtp.SMTP):
    """One client's session; remembered so that closing the sandbox closes it."""

    def __init__(self, handler: Sandbox, sessions: set[asyncio.BaseTransport]) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            handler, data_size_limit=_MAX_MESSAGE_OCTETS, enable_SMTPUTF8=True, hostname=HOSTNAME, loop=loop
        )
        self._sessions = sessions

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sessions.add(transport)
        self._mine = transport
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._sessions.discard(self._mine)
        super().connection_lost(error)


def _read_faults(faults: Mapping[str, float | str]) -> tuple[dict[str, str], dict[str, float]]:
    replies: dict[str, str] = {}
    shares: dict[str, float] = {}
    for key, value in faults.items():
        if "@" in key and isinstance(value, str) and value[:3].isdigit():
            replies[key.lower()] = value
        elif not isinstance(value, str) and 0 <= value <= 1 and (key == "drop" or _is_refusal(key)):
            shares[key] = value
        else:
            raise FrameError(
                f"the fault {key!r}: {value!r} is not known: write an address and its reply, "
                "or a code from 400 to 599 or 'drop' and a share from 0 to 1"
            )
    return replies, shares


def _is_refusal(key: str) -> bool:
    return len(key) == 3 and key.isdigit() and key[0] in "45"  # noqa: PLR2004 -- a reply code's length

"""A whole session with a server, held by a caller who writes down what it was told.

Two callers: a user of SMTP, and the pool's way with a connection. Both send two messages, the first to two
recipients of whom one is refused. Nothing is judged here.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from notebookmail import SMTP
from notebookmail.mail.message import Envelope, Mail
from notebookmail.smtp.handshake import establish
from notebookmail.smtp.options import ConnectionOptions
from notebookmail.smtp.wire.commands import QUIT
from support.faulty_server import Offer, Way

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from conftest import Certificates

    from notebookmail.smtp.connection import Connection

CONTENT = b"S: 1\r\n\r\n.\r\nx\r\n"  # with a lone dot, which is not its end
FIRST = ("b@c.de", "no@c.de")
SECOND = ("d@c.de",)


class ByClient:
    """The session as a user of SMTP holds it."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._client = SMTP(**settings)

    async def connect(self, **changes: Any) -> None:
        await self._client.connect(**changes)
        if self._client.is_ehlo_or_helo_needed:
            await self._client.ehlo()

    async def send(self, recipients: tuple[str, ...], _following: tuple[str, ...] | None) -> None:
        await self._client.sendmail("a@b.cd", recipients, CONTENT)

    async def quit(self) -> None:
        await self._client.quit()

    @property
    def is_connected(self) -> bool:
        return self._client.is_connected


class ByConnection:
    """The session as the pool holds it: the next transaction is opened behind the content of the one before."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._options = ConnectionOptions(**settings)
        self._connection: Connection | None = None
        self._mails: dict[tuple[str, ...], Mail] = {}

    async def connect(self, **changes: Any) -> None:
        self._connection = await establish(replace(self._options, **changes))

    async def send(self, recipients: tuple[str, ...], following: tuple[str, ...] | None) -> None:
        assert self._connection is not None
        seconds = self._options.timeout
        after = self._mail(following) if following else None
        await self._connection.deliver(
            self._mail(recipients), timeout=seconds, end_of_data_timeout=seconds, next_mail=lambda: after
        )

    def _mail(self, recipients: tuple[str, ...]) -> Mail:
        return self._mails.setdefault(recipients, Mail(Envelope("a@b.cd", recipients), (CONTENT,)))

    async def quit(self) -> None:
        assert self._connection is not None
        await self._connection.execute(QUIT, timeout=self._options.timeout)

    @property
    def is_connected(self) -> bool:
        return self._connection is not None and self._connection.is_open


Caller = ByClient | ByConnection


@dataclass(frozen=True, slots=True)
class Setting:
    """How a session is held."""

    caller: type[Caller]
    extensions: tuple[str, ...] = ()
    tls: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    ways: tuple[Way, ...] = ("fin", "rst", "stall")

    def offer(self, certificates: Certificates) -> Offer:
        if not self.tls:
            return Offer(extensions=self.extensions)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates.chain, certificates.key)
        return Offer(extensions=self.extensions, context=context, is_tls=self.tls == "implicit")

    @property
    def reconnects(self) -> bool:
        """Connecting again is worth its time where a client is used again, and a handshake is dear."""
        return self.caller is ByClient and not self.tls

    @property
    def stall_seconds(self) -> float:
        """Many times what the steps of as many sessions take side by side, handshakes included."""
        return 0.8 if self.tls else 0.4


LOGIN = {"username": "me", "password": "pw"}
SETTINGS = {
    "one by one": Setting(ByClient, ("AUTH LOGIN",), options=LOGIN),
    "pipelined": Setting(ByConnection, ("PIPELINING", "AUTH PLAIN"), options=LOGIN),
    "chunked": Setting(ByClient, ("CHUNKING",), options={"chunking": True}, ways=("fin", "stall")),
    "chunked and pipelined": Setting(ByConnection, ("PIPELINING", "CHUNKING"), options={"chunking": True}),
    "starttls": Setting(ByClient, ("PIPELINING",), tls="upgrade", options={"start_tls": True}, ways=("fin",)),
    "tls": Setting(
        ByConnection, ("PIPELINING",), tls="implicit", options={"use_tls": True}, ways=("rst", "goodbye", "stall")
    ),
}


@dataclass
class Told:
    """What the caller was told: the steps that succeeded, and the error that ended it."""

    done: list[str] = field(default_factory=list)
    failed: str = ""
    error: BaseException | None = None
    timeout: float = 0.0
    seconds: float = 0.0
    was_connected: bool = False
    is_connected: bool = False
    connects_again: bool = True


async def hold(setting: Setting, port: int, trust: ssl.SSLContext, timeout: float) -> Told:
    settings = {"hostname": "127.0.0.1", "port": port, "timeout": timeout, "local_hostname": "x.y"}
    settings |= setting.options | ({"tls_context": trust} if setting.tls else {"start_tls": False})
    caller = setting.caller(settings)
    steps: dict[str, Callable[[], Awaitable[None]]] = {
        "connect": caller.connect,
        "first": lambda: caller.send(FIRST, SECOND),
        "second": lambda: caller.send(SECOND, None),
        "quit": caller.quit,
    }
    told = Told(timeout=timeout)
    clock = asyncio.get_running_loop().time
    for name, step in steps.items():
        begun, told.was_connected = clock(), caller.is_connected
        try:
            await step()
        except Exception as error:  # noqa: BLE001 -- judged below
            told.failed, told.error, told.seconds = name, error, clock() - begun
            told.is_connected = caller.is_connected
            told.connects_again = await connects_again(caller) if setting.reconnects else True
            break
        told.done.append(name)
    return told


async def connects_again(caller: Caller) -> bool:
    """Connect once more, to a server that is well by now, and say goodbye."""
    await caller.connect(timeout=30)
    is_connected = caller.is_connected
    await caller.quit()
    return is_connected

"""An SMTP server on a loopback port, inside the caller's event loop (aiosmtpd).

It accepts mail and keeps it in memory for looking at; it relays nothing. Faults make it refuse, drop, stall or go
away on purpose, by limits and by seeded chances, so that a failure can be repeated. It goes by the
loop's clock.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Final, Self
from weakref import WeakValueDictionary

from notebookmail.server.server import Server
from notebookmail.sync import OpenedInThread
from notebookmail.view.words.message import arrived_text

from .answers import TakenLetter, answer
from .fault_injector import FaultInjector
from .faults import read_faults
from .listener import HOST, LoopbackListener, some_turns
from .mailbox import SandboxMailbox
from .session import CREDENTIALS, Hooks, SandboxSession

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping
    from email.message import EmailMessage
    from types import TracebackType

    import aiosmtpd.smtp

    from notebookmail.view.widgets.inbox import Inbox

    from .delivery_requests import DeliveryRequests
    from .faults import FaultValue


_RUNNING: Final[WeakValueDictionary[str, Sandbox]] = WeakValueDictionary()
"""The sandboxes of this process, by endpoint."""


def running_sandbox(endpoint: str) -> Sandbox | None:
    """Return the sandbox of this process at an endpoint, if it runs."""
    return _RUNNING.get(endpoint)


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

    def show(self, *, save: bool = False) -> None:
        """Show the message in a notebook, as a mail program would: letter, text, headers, source, attachments.

        Args:
            save: Show a static page in place of the live view, with the letter and its addresses in full: it is
                saved with the notebook, and whoever gets the notebook reads it. Otherwise what is saved names no
                one and holds no letter.
        """
        from notebookmail.view.widgets.message_reader import save_message, show_message

        (save_message if save else show_message)(self)

    def _ipython_display_(self) -> None:
        self.show()

    def _repr_html_(self) -> str:
        """Whom the message is for, where no widget can be shown."""
        from notebookmail.view.html.stand_in import without_jupyter
        from notebookmail.view.words.message import masked_words

        return without_jupyter(f"{masked_words(self)}. .message holds it; .show(save=True) shows all of it.")

    def __repr__(self) -> str:
        from notebookmail.view.words.message import masked_words

        return f"<Received: {masked_words(self)}>"


class Sandbox:
    """An SMTP server of one's own, as a context manager: `async with` in notebooks, `with` in scripts.

    A fault is a name and how much of it. A share is from 0 to 1. Where a fault says something, another reply can
    be put beside the amount: `(0.1, "550 5.7.1 No")`, `("30/min", "421 4.7.28 Slow down")`; a reply in place of a
    share is given always. Whatever the fault, a 421 closes the connection.

    Recipients:
        "nobody@example.org": "550 5.1.1 No such user": this address gets the reply.
        "*@example.net": (0.1, "550 5.1.1 No such user"): a share of tries at such addresses; * is any text.
        "451": 0.1, or "450 4.2.1 Too fast": 0.1: a share of all tries gets this code or reply.
        "greylist": 300: 451 4.7.1 at the first try of a sender and recipient, and at others until so many seconds
            after that; with 0 the second try is taken.
    Limits:
        "rate": "30/min": MAIL gets 451 4.7.28 while so many were begun in the last second (s), min, h or day.
        "quota": 500: a message gets 550 5.4.5 while so many were taken in the last 24 hours.
        "connections": 3: one more at once is greeted with 421 4.7.0.
        "messages_per_connection": 100: then MAIL gets 452 4.5.3 on that connection.
    Refusals:
        "refuse_connect": 0.1: a share of connections is greeted with 554 and closed.
        "refuse_login": "535 5.7.8 Wrong password": `box.server` then has a user name, and one must log in.
        "refuse_sender": "550 5.7.60 Not your address": MAIL gets this reply.
        "refuse_message": 0.01: a share of messages gets 554 5.7.1 after the end of data.
    Connections that break:
        "drop_connect": 0.1, "drop_rcpt": 0.1: cut before the greeting, or in place of the reply to RCPT.
        "drop": 0.01: cut in place of the reply to the end of data; the message is not kept.
        "drop_after": 0.01: the same, but the message is kept. The client cannot tell which of the two it was.
        "stall": 0.01, "stall_after": 0.01: as these two, but the connection stays open and nothing is ever said.
    The server:
        "latency": 0.05: each reply takes so many seconds.
        "down": (10, 60): from 10 to 60 seconds after the start, connections are cut and refused; 60: until then.

    What comes back later, to `box.mailbox`, of letters that were taken; each gets one of these at most:
        "bounce": 0.05, or (0.05, "452 4.2.2 Mailbox full"): a report that it could not be delivered (RFC 3464; of
            some as qmail writes it), with the reply of the server behind.
        "delay": 0.01: a report that it is still tried.
        "complaint": 0.01: what a provider sends when somebody presses "spam" (RFC 5965).
        "unsubscribe": 0.01: a mail to the address in List-Unsubscribe, or an answer that says no more.
        "away": 0.03: an answer of a vacation responder.
        "reply": 0.1: an answer of a person.

    Chances follow from the seed, the fault, the recipient and how often that one was tried: the same rows meet the
    same fates in any order and over any number of connections. (At connecting, login and MAIL no recipient is
    known: there it counts how often anybody connected, this user logged in, this sender began.)

    Args:
        faults: What shall go wrong.
        seed: Another seed, other chances.
        delay_seconds: How long the server takes over each message before it answers.
        port: The loopback port; 0 takes any free one.

    Attributes:
        received: What it accepted, in order; a message that was sent twice is there twice.
        mailbox: What came back of it; `read_feedback(box.mailbox, results)` reads it.

    Raises:
        FrameError: A fault that is none of these; lists those there are.

    Example:
        >>> async with Sandbox(faults={"nobody@example.org": "550 5.1.1 No such user"}) as box:
        ...     results = await send_frame(df, template, box.server)
        >>> box.received[0].rcpt_to

        Without `await` the server runs in a thread:

        >>> with Sandbox() as box:
        ...     results = send_frame_sync(df, template, box.server)
        >>> len(box), box.find("ann@example.org")
    """

    def __init__(
        self,
        faults: Mapping[str, FaultValue] | None = None,
        *,
        seed: int = 0,
        delay_seconds: float = 0.0,
        port: int = 0,
    ) -> None:
        self.received: list[Received] = []
        self.mailbox = SandboxMailbox()
        self._port = port
        self._arrival = asyncio.Condition()
        self._injector = FaultInjector(read_faults(faults or {}), seed)
        self._hooks = Hooks(self._injector, self._keep, delay_seconds)
        self._listener: LoopbackListener | None = None
        self._outage: asyncio.Task[None] | None = None
        self._inboxes: list[Inbox] = []
        self._opened: OpenedInThread | None = None

    def __len__(self) -> int:
        """Count the messages that arrived."""
        return len(self.received)

    def __bool__(self) -> bool:
        """Count as true also when nothing has arrived."""
        return True

    def __iter__(self) -> Iterator[Received]:
        """Walk what arrived, in order."""
        return iter(self.received)

    def __getitem__(self, place: int) -> Received:
        """Return a message by its place in the order of arrival; -1 is the newest.

        Raises:
            IndexError: There are not so many.
        """
        return self.received[place]

    def find(self, text: str) -> list[Received]:
        """Find messages whose addresses, subject or text hold a text, in any case, in the order of arrival.

        Args:
            text: What to look for, such as "ann@example.org" or "Invoice 7".
        """
        wanted = text.casefold()
        return [each for each in self.received if wanted in arrived_text(each).casefold()]

    @property
    def messages(self) -> list[EmailMessage]:
        """The messages alone, in the order of arrival."""
        return [each.message for each in self.received]

    @property
    def counts(self) -> Counter[str]:
        """How often each fault has struck, by the name it was given: a run in which none has struck shows nothing.

        The settings `"latency"` and `"down"` are not counted.
        """
        return self._injector.counts.copy()

    @property
    def server(self) -> Server:
        """The running sandbox as a Server; with a login where `"refuse_login"` is set.

        Raises:
            RuntimeError: It is not running.
        """
        if self._listener is None:
            raise RuntimeError("the sandbox is not running: use `async with Sandbox() as box:`, or `with`")
        username, password = CREDENTIALS if self._injector.faults.at.get("login") else (None, None)
        return Server(
            HOST, self._listener.port, username=username, password=password, security="none", is_sandbox=True
        )

    async def start(self) -> Self:
        """Start the server where `async with` would not do, for several cells of a notebook; `close` ends it."""
        return await self.__aenter__()

    async def close(self) -> None:
        """End the server; what it received stays. A second call does nothing."""
        await self.__aexit__(None, None, None)

    async def __aenter__(self) -> Self:
        listener = LoopbackListener(lambda: SandboxSession(self._hooks), self._port)
        outage = self._injector.faults.outage
        if outage is None or outage[0] > 0:
            await listener.open()
        self._listener = listener
        _RUNNING[self.server.endpoint] = self
        if outage is not None:
            self._outage = asyncio.create_task(self._go_away(listener, *outage))
        return self

    def __enter__(self) -> Self:
        self._opened = opened = OpenedInThread(self)
        opened.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        listener, self._listener = self._listener, None
        if listener is None:
            return
        _RUNNING.pop(f"{HOST}:{listener.port}", None)
        try:
            await self._end_outage()
            await listener.give_up()
        finally:
            inboxes, self._inboxes = self._inboxes, []
            for inbox in inboxes:
                await inbox.end()
            for transport in list(self._hooks.sessions):
                transport.close()
        await some_turns()

    def inbox(self) -> Inbox:
        """Show what arrived, in a notebook, as a mail program would; while the sandbox runs, it follows.

        It is shown when it ends a cell, or by `display(box.inbox())`. What is saved with the notebook is how many
        messages there were.
        """
        from notebookmail.view.widgets.inbox import Inbox

        inbox = Inbox(self.received, is_running=self._listener is not None)
        if self._listener is not None:
            self._inboxes.append(inbox)
        return inbox

    async def arrival(self, known: int) -> None:
        """Wait until more messages than the known number have arrived."""
        async with self._arrival:
            await self._arrival.wait_for(lambda: len(self.received) > known)

    def __repr__(self) -> str:
        where = self.server.endpoint if self._listener is not None else "not running"
        return f"<Sandbox {where}, {len(self.received)} received>"

    async def _keep(self, envelope: aiosmtpd.smtp.Envelope, requests: DeliveryRequests) -> str:
        content = envelope.original_content or b""
        message = message_from_bytes(content, policy=policy.default)
        self.received.append(Received(envelope.mail_from or "", tuple(envelope.rcpt_tos), message, content))
        sender = "" if envelope.mail_from in {None, "<>"} else str(envelope.mail_from)
        for recipient in envelope.rcpt_tos:
            self._answer(TakenLetter(sender, recipient, message, content, requests, datetime.now().astimezone()))
        number = len(self.received)
        async with self._arrival:
            self._arrival.notify_all()
        return f"250 2.0.0 OK, message {number} is in the sandbox"

    def _answer(self, letter: TakenLetter) -> None:
        """Put into the mailbox what comes back of a letter, if anything does."""
        now = asyncio.get_running_loop().time()
        fault = self._injector.fault_at("answer", letter.recipient, now, sender=letter.sender)
        told = [] if fault is None else [(fault.key, fault.reply)]
        if fault is None or fault.key != "bounce":
            told.append(("delivered", "250 2.1.5 Delivered"))  # sent only where it was asked for
        for kind, reply in told:
            mail = answer(kind, letter, reply)
            if mail is not None:
                self.mailbox.deliver(mail.content, mail.to)

    async def _go_away(self, listener: LoopbackListener, start: float, end: float) -> None:
        """Cut and refuse connections from the start to the end, in seconds from now."""
        if start > 0:
            await asyncio.sleep(start)
            await listener.shut()
            for transport in list(self._hooks.sessions):
                transport.abort()
        await asyncio.sleep(end - start)
        await listener.open()

    async def _end_outage(self) -> None:
        outage, self._outage = self._outage, None
        if outage is not None:
            outage.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await outage

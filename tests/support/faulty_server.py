"""A small complete SMTP server that breaks where it is told to, and keeps its own account of what happened.

It keeps to the protocol (PIPELINING or not, DATA and BDAT, STARTTLS and implicit TLS, AUTH), but can answer any
step with other bytes, and can break the first connection after so many bytes said or heard. What it heard and said
to the end stands in `deliveries`, so that a client's own flags are never the only witness. After FIN, and when it
stalls, it goes on listening without a word: then it knows all that the client handed out. It keeps no queue and is
no example of a server.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from peers.process import socket_of_its_own

from notebookmail.sandbox.listener import some_turns, stop_listening

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Mapping

Way = Literal["fin", "rst", "stall", "goodbye"]
"""How to break: half-close, reset, fall silent, close both directions (under TLS with a close_notify)."""

_PHASES = {"EHLO": "connect", "HELO": "connect", "STARTTLS": "tls", "AUTH": "auth", "BDAT": "end_of_data"}
PATIENCE_SECONDS = 120
"""How long what must happen may take: only a bug takes longer, however busy the machine is."""

_RESET_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Where the first connection breaks, in plaintext bytes, and how."""

    way: Way
    after_said: int | None = None
    after_heard: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the server offers.

    Attributes:
        extensions: The keywords of its EHLO reply; STARTTLS comes by itself with a context.
        context: For TLS.
        is_tls: TLS from the first byte instead of STARTTLS.
        answers: Other bytes for a step: a verb ("" is the greeting, "." the end of data), or a verb and its
            number in the session ("RCPT 2"; a response to an AUTH challenge counts as an AUTH).
        silent_at: The server falls silent at these steps, in the same words.
        refusals: What these recipients are answered; may be changed while it runs.
    """

    extensions: tuple[str, ...] = ()
    context: ssl.SSLContext | None = None
    is_tls: bool = False
    answers: Mapping[str, bytes] = field(default_factory=dict)
    silent_at: tuple[str, ...] = ()
    refusals: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Delivery:
    """A message whose end of data was heard; confirmed when the 2yz reply to it was said to its last byte."""

    recipients: tuple[str, ...]
    content: bytes
    is_confirmed: bool = False


class FaultySession(asyncio.Protocol):
    """One connection.

    Attributes:
        said: Plaintext bytes said, each reply with the phase it belongs to and where it ends.
        heard: The same for the commands; a whole content is one.
    """

    def __init__(self, offer: Offer, fault: Fault | None) -> None:
        self.deliveries: list[Delivery] = []
        self.replies: list[tuple[str, int]] = []
        self.commands: list[tuple[str, int]] = []
        self.lines: list[str] = []
        self.said = self.heard = 0
        self.gone = asyncio.Event()
        self.broken = asyncio.Event()
        self._offer = offer
        self._fault = fault or Fault(way="stall")
        self._buffer = bytearray()
        self._is_mute = False
        self._counts: dict[str, int] = {}
        self._recipients: list[str] = []
        self._chunks = bytearray()
        self._take: Callable[[], bool] = self._take_command
        self._is_secure = False
        self._upgrade: asyncio.Task[None] | None = None
        self._is_upgrading = False
        self._early = bytearray()
        self._transport: asyncio.Transport | None = None

    @property
    def is_made(self) -> bool:
        """False for a connection whose TLS handshake never came to an end."""
        return self._transport is not None

    # --- asyncio's side -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if not self._is_secure:
            self._is_secure = self._offer.is_tls
            self._answer("", "220 t ready", "connect")

    def data_received(self, data: bytes) -> None:
        if self._is_upgrading:
            self._early += data  # asyncio hands out the first bytes under TLS before the transport to answer on
            return
        last = (self._fault.after_heard or 0) - self.heard
        if self._is_mute or not 0 < last <= len(data):
            self._hear(data)
            return
        self._hear(data[: last - 1])
        self._is_mute = True  # the command which the last byte completes stays unanswered
        self._hear(data[last - 1 : last])
        self._break()
        self._hear(data[last:])

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()

    def abort(self) -> None:
        self._transport.abort()

    # --- speaking and breaking ------------------------------------------------------------------------------

    def _answer(self, verb: str, usual: str, phase: str) -> bool:
        """Say a reply; True when it went out whole."""
        self._counts[verb] = number = self._counts.get(verb, 0) + 1
        names = (f"{verb} {number}", verb)
        self._is_mute |= any(name in self._offer.silent_at for name in names)
        if self._is_mute:
            return False
        octets = next((self._offer.answers[name] for name in names if name in self._offer.answers), None)
        octets = f"{usual}\r\n".encode() if octets is None else octets
        limit = self._fault.after_said
        part = octets if limit is None else octets[: limit - self.said]
        self._transport.write(part)
        self.said += len(part)
        self.replies.append((phase, self.said))
        if self.said == limit:
            self._is_mute = True
            self._break()
        return part == octets and octets[:1] in b"23"

    def say(self, words: bytes) -> None:
        """Say something by hand: late, unasked or in pieces; silence is over."""
        assert self._transport is not None
        self._is_mute = False
        self._transport.write(words)

    def interrupt(self, words: bytes, way: Way) -> None:
        """Say something unasked and break."""
        self.say(words)
        self._fault, self._is_mute = Fault(way=way), True
        self._break()

    def _break(self) -> None:
        if self._fault.way == "fin":
            # Below TLS, too: no close_notify, as when a middlebox gives up.
            self._transport.get_extra_info("socket").shutdown(socket.SHUT_WR)
        elif self._fault.way == "goodbye":
            self._transport.close()
        elif self._fault.way == "rst":
            raw = self._transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
            self._transport.abort()
        self.broken.set()

    # --- hearing --------------------------------------------------------------------------------------------

    def _hear(self, data: bytes) -> None:
        self.heard += len(data)
        self._buffer += data
        while self._take():
            pass

    def _cut(self, octets: int) -> bytes:
        piece = bytes(self._buffer[:octets])
        del self._buffer[:octets]
        return piece

    def _note(self, phase: str) -> None:
        self.commands.append((phase, self.heard - len(self._buffer)))

    def _take_command(self) -> bool:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        line = self._cut(end + 2)[:-2].decode("utf-8", "replace")
        self.lines.append(line)
        verb, _, rest = line.partition(" ")
        verb = verb.upper()
        phase = _PHASES.get(verb, verb.lower())
        if verb != "BDAT":
            self._note(phase)
        handler = getattr(self, f"_on_{verb.lower()}", None)
        if handler is not None:
            handler(rest)
        else:
            usual = {"NOOP": f"250 {rest or 'ok'}", "VRFY": "252 perhaps", "HELP": "214 none", "EXPN": "250 x"}
            self._answer(verb, usual.get(verb, "500 5.5.1 what"), phase)
        return True

    def _on_ehlo(self, _: str) -> None:
        can_upgrade = self._offer.context is not None and not self._is_secure
        lines = ["t", *self._offer.extensions, *(["STARTTLS"] if can_upgrade else [])]
        marks = ["-"] * (len(lines) - 1) + [" "]
        usual = "\r\n".join(f"250{mark}{line}" for mark, line in zip(marks, lines, strict=True))
        self._answer("EHLO", usual, "connect")

    def _on_helo(self, _: str) -> None:
        self._answer("HELO", "250 t", "connect")

    def _on_starttls(self, _: str) -> None:
        if self._answer("STARTTLS", "220 go", "tls") and not self._is_mute and self._offer.context is not None:
            self._transport.pause_reading()  # what comes next is the handshake's
            self._is_upgrading = True
            self._upgrade = asyncio.ensure_future(self._start_tls(self._offer.context))

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        self._is_secure = True
        loop = asyncio.get_running_loop()
        try:
            transport = await loop.start_tls(self._transport, self, context, server_side=True)
        except OSError:
            self._transport.abort()
            self.gone.set()  # asyncio tells nobody else of a connection lost in its handshake
            return
        self._is_upgrading = False
        if transport is not None:
            self._transport = transport
            self.data_received(bytes(self._early))

    def _on_auth(self, rest: str) -> None:
        if rest.upper() != "LOGIN":
            self._answer("AUTH", "235 2.7.0 welcome", "auth")
        elif self._answer("AUTH", "334 VXNlcg==", "auth"):
            self._take = self._take_username

    def _take_username(self) -> bool:
        return self._take_response(self._take_password, "334 UGFzcw==")

    def _take_password(self) -> bool:
        return self._take_response(self._take_command, "235 2.7.0 welcome")

    def _take_response(self, following: Callable[[], bool], usual: str) -> bool:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        is_cancelled = self._cut(end + 2) == b"*\r\n"
        self._note("auth")
        self._take = self._take_command
        if self._answer("AUTH", "501 5.7.0 cancelled" if is_cancelled else usual, "auth") and not is_cancelled:
            self._take = following
        return True

    def _on_mail(self, _: str) -> None:
        self._reset()
        self._answer("MAIL", "250 m", "mail")

    def _on_rcpt(self, rest: str) -> None:
        recipient = rest.partition("<")[2].partition(">")[0]
        usual = self._offer.refusals.get(recipient, "550 5.1.1 no" if recipient.startswith("no@") else "250 r")
        # A broken server that could still hear may still take the message: its silence refuses nobody.
        if (self._answer("RCPT", usual, "rcpt") or self._is_mute) and usual == "250 r":
            self._recipients.append(recipient)

    def _on_data(self, _: str) -> None:
        is_wanted = self._answer("DATA", "354 go" if self._recipients else "503 5.5.1 no", "data")
        if is_wanted and self._offer.answers.get("DATA", b"354").startswith(b"354"):
            self._take = self._take_content

    def _take_content(self) -> bool:
        if self._buffer.startswith(b".\r\n"):
            content = self._cut(3)[:0]
        elif (end := self._buffer.find(b"\r\n.\r\n")) >= 0:
            content = self._cut(end + 5)[:-3]
        else:
            return False
        self._note("end_of_data")
        self._take = self._take_command
        self._end(content.replace(b"\r\n..", b"\r\n."), ".")
        return True

    def _on_bdat(self, rest: str) -> None:
        octets, _, last = rest.partition(" ")
        self._wanted, self._is_last = int(octets), last.upper() == "LAST"
        self._take = self._take_chunk

    def _take_chunk(self) -> bool:
        if len(self._buffer) < self._wanted:
            return False
        self._chunks += self._cut(self._wanted)
        self._note("end_of_data" if self._is_last else "content")
        self._take = self._take_command
        if self._is_last:
            self._end(bytes(self._chunks), "BDAT")
        else:
            self._answer("BDAT", "250 more", "content")
        return True

    def _end(self, content: bytes, verb: str) -> None:
        delivery = Delivery(tuple(self._recipients), content)
        usual = "250 2.0.0 queued" if self._recipients else "554 5.5.1 nobody"
        if self._recipients:
            self.deliveries.append(delivery)
        self._reset()
        delivery.is_confirmed = self._answer(verb, usual, "end_of_data")

    def _on_rset(self, _: str) -> None:
        self._reset()
        self._answer("RSET", "250 reset", "rset")

    def _on_quit(self, _: str) -> None:
        if self._answer("QUIT", "221 bye", "quit") and not self._is_mute:
            self._transport.close()

    def _reset(self) -> None:
        self._recipients = []
        self._chunks.clear()


async def until(is_true: Callable[[], bool]) -> None:
    """Wait for what has no event."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_true():  # noqa: ASYNC110 -- see above
            await asyncio.sleep(0)


@dataclass
class FaultyServer:
    """A listening server; its first connection is the one that breaks."""

    port: int
    sessions: list[FaultySession]

    async def all_gone(self) -> None:
        """Wait until every client has closed its connections."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            for session in self.sessions:
                if session.is_made:
                    await session.gone.wait()


@asynccontextmanager
async def faulty(offer: Offer, fault: Fault | None = None) -> AsyncIterator[FaultyServer]:
    sessions: list[FaultySession] = []

    def make() -> FaultySession:
        sessions.append(FaultySession(offer, None if sessions else fault))
        return sessions[-1]

    context = offer.context if offer.is_tls else None
    listener = await asyncio.get_running_loop().create_server(make, sock=socket_of_its_own(), ssl=context)
    try:
        yield FaultyServer(listener.sockets[0].getsockname()[1], sessions)
    finally:
        await stop_listening(listener)
        for session in sessions:
            if session.is_made and not session.gone.is_set():
                session.abort()
        await some_turns()

"""An SMTP server, in a process of its own, that remembers what it accepted and drops its clients at random.

Its memory is the truth that a run's claims are held against: a message stands in it before the reply to it is
written. At an end of data it accepts and answers, accepts and hangs up without an answer, or hangs up without
accepting: the client cannot tell the last two apart. It also hangs up in the middle of a transaction, puts rows
off, and takes its time. It listens on two ports, with and without PIPELINING.

Who wants to know what happened to a domain's recipients connects like a client, once the clients are dead, and
says XACCOUNT: the answer waits until every connection accepted before is gone, so that what a dead client left
in the sockets has been read.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
import subprocess
import sys
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"
_MESSAGE_ID = re.compile(rb"(?im)^Message-ID:\s*(<[^>]*>)")
_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Temper:
    """How often, of all the times it could, the server does what a client does not like.

    Attributes:
        silent: Accepts a message and hangs up without an answer.
        drops: Hangs up at an end of data without accepting.
        hangs_up: Hangs up at a RCPT.
        puts_off: Answers an end of data with 451.
        slow_seconds: The longest that a reply to an end of data takes; every length to it is as likely.
    """

    silent: float = 0.0
    drops: float = 0.0
    hangs_up: float = 0.0
    puts_off: float = 0.0
    slow_seconds: float = 0.0


@dataclass(slots=True)
class Account:
    """What happened to the recipients of one domain, and to all connections.

    Attributes:
        accepted: The recipients of accepted messages, in order; one who got two stands there twice.
        message_ids: Every Message-ID that was offered to a recipient, accepted or not.
        broken: Connections that ended without QUIT since the last account, whoever ended them. Each can leave one
            row in doubt: also one that was answered, if its client died before it could note that.
    """

    accepted: list[str] = field(default_factory=list)
    message_ids: dict[str, list[str]] = field(default_factory=dict)
    broken: int = 0


class _Memory:
    """What all connections share."""

    def __init__(self, temper: Temper, seed: int) -> None:
        self.temper = temper
        self.chance = random.Random(seed)
        self.accounts: defaultdict[str, Account] = defaultdict(Account)
        self.broken = 0
        self.open: set[_Session] = set()
        self.asking: list[tuple[_Session, str]] = []

    def happens(self, probability: float) -> bool:
        return self.chance.random() < probability

    def answer_who_asks(self) -> None:
        """Tell the account once nobody but those who ask is connected; what is counted begins anew."""
        if self.open:
            return
        for session, domain in self.asking:
            session.say(json.dumps(asdict(self.accounts[domain]) | {"broken": self.broken}))
            self.broken = 0
        self.asking.clear()

    def account_of(self, recipient: str) -> Account:
        return self.accounts[recipient.rpartition("@")[2]]


class _Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, memory: _Memory, *, pipelines: bool) -> None:
        self._memory = memory
        self._pipelines = pipelines
        self._buffer = bytearray()
        self._recipients: list[str] = []
        self._takes_data = False
        self._said_goodbye = False
        self._is_waiting = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._memory.open.add(self)
        self.say("220 truth")

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self._memory.open:
            self._memory.broken += not self._said_goodbye
            self._memory.open.discard(self)
            self._memory.answer_who_asks()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._go_on()

    def say(self, line: str) -> None:
        assert self._transport is not None
        self._transport.write(f"{line}\r\n".encode())

    def _go_on(self) -> None:
        """Take line after line; while an answer is due nothing is read, as one thread a client would."""
        while not self._is_waiting and not self._transport.is_closing():
            mark = b"\r\n.\r\n" if self._takes_data else b"\r\n"
            end = self._buffer.find(mark)
            if end < 0:
                return
            piece = bytes(self._buffer[:end])
            del self._buffer[: end + len(mark)]
            self._take_content(piece) if self._takes_data else self._take_command(piece.decode())

    def _take_command(self, line: str) -> None:
        verb = line.split(" ", 1)[0].upper()
        if verb == "EHLO":
            self.say("250-truth\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES" if self._pipelines else "250 truth")
        elif verb == "RCPT":
            self._take_recipient(line)
        elif verb == "DATA":
            self._takes_data = bool(self._recipients)
            self.say("354 go on" if self._recipients else "503 5.5.1 nobody to send it to")
        elif verb == "QUIT":
            self._said_goodbye = True
            self.say("221 2.0.0 goodbye")
            self._leave()
        elif verb == "XACCOUNT":
            self._memory.open.discard(self)
            self._memory.asking.append((self, line.partition(" ")[2]))
            self._memory.answer_who_asks()
        else:
            if verb in {"MAIL", "RSET"}:
                self._recipients.clear()
            self.say("250 2.0.0 fine")

    def _take_recipient(self, line: str) -> None:
        if self._memory.happens(self._memory.temper.hangs_up):
            self._leave()
            return
        self._recipients.append(line[line.index("<") + 1 : line.index(">")])
        self.say("250 2.1.5 fine")

    def _take_content(self, content: bytes) -> None:
        self._takes_data = False
        memory, temper = self._memory, self._memory.temper
        found = _MESSAGE_ID.search(content)
        for recipient in self._recipients:
            message_ids = memory.account_of(recipient).message_ids
            message_ids.setdefault(recipient, []).append(found[1].decode() if found else "")
        if memory.happens(temper.puts_off):
            self._answer_in_time("451 4.7.1 later")
        elif memory.happens(temper.drops):
            self._leave()
        else:
            for recipient in self._recipients:  # before any reply
                memory.account_of(recipient).accepted.append(recipient)
            if memory.happens(temper.silent):
                self._leave()
            else:
                self._answer_in_time("250 2.0.0 accepted")

    def _answer_in_time(self, line: str) -> None:
        def answer() -> None:
            self._is_waiting = False
            if self._transport.is_closing():
                return
            self.say(line)
            self._go_on()

        self._recipients.clear()
        self._is_waiting = True
        seconds = self._memory.chance.random() * self._memory.temper.slow_seconds
        asyncio.get_running_loop().call_later(seconds, answer)

    def _leave(self) -> None:
        assert self._transport is not None
        self._transport.close()


def _ask(port: int, command: bytes) -> bytes:
    with socket.create_connection((HOST, port), timeout=_SECONDS) as connection:
        connection.sendall(command + b"\r\nQUIT\r\n")
        with connection.makefile("rb") as replies:
            _, reply, *_ = list(replies)
    return reply


class Truth:
    """A running server.

    Attributes:
        port: Where it announces PIPELINING.
        plain_port: Where it does not.
    """

    def __init__(self, port: int, plain_port: int) -> None:
        self.port = port
        self.plain_port = plain_port

    def account(self, domain: str) -> Account:
        """Ask what happened; all clients must be dead or done."""
        _ask(self.plain_port, b"NOOP")  # it was greeted, so every connection before it was, too
        return Account(**json.loads(_ask(self.port, f"XACCOUNT {domain}".encode())))


@contextmanager
def truth(temper: Temper, seed: int) -> Iterator[Truth]:
    """Run the server until the block ends.

    Args:
        temper: What it does to its clients.
        seed: Of its dice.
    """
    command = [sys.executable, str(Path(__file__).resolve()), json.dumps(asdict(temper)), str(seed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield Truth(*json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()  # it ends with its input, also when the test run is killed
            process.wait(_SECONDS)


async def _serve(temper: Temper, seed: int) -> None:
    loop = asyncio.get_running_loop()
    memory = _Memory(temper, seed)
    ports = []
    for pipelines in (True, False):
        server = await loop.create_server(lambda p=pipelines: _Session(memory, pipelines=p), HOST, 0, backlog=1000)
        ports.append(server.sockets[0].getsockname()[1])
    print(json.dumps(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(Temper(**json.loads(sys.argv[1])), int(sys.argv[2])))

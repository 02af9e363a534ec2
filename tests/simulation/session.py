"""A server's end of a wire: it keeps the truth of what it took responsibility for, and what it said about it.

A session does one thing at a time, in the order it was asked. Whatever the weather does to a step, the rule is
RFC 5321's: an answer 2yz to the end of the data means that the message was taken, 4yz and 5yz that it was not; a
session that breaks in between leaves what it had done.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .weather import DELAYS, LOSSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from .network import Wire
    from .server import Server

_MESSAGE_ID = re.compile(rb"Message-ID: <([0-9a-f]{16})@")
_ENVELOPE_ID = re.compile(rb"ENVID=([0-9a-f]{16})")
_TO = re.compile(rb"RCPT TO:<([^>]*)>")
_DOTS = re.compile(rb"^\.\.", re.MULTILINE)


class Session:
    """A server's end of a wire."""

    def __init__(self, server: Server, wire: Wire) -> None:
        self._server, self._world, self._wire = server, server.world, wire
        self._loop = wire._loop
        self._buffer = bytearray()
        self._mode = "command"
        self._is_busy = True
        self._pending: Callable[[], object] | None = None
        self._envelope_id = ""
        self._has_sender = False
        self._recipients: list[str] = []
        self._chunk = self._taken = 0
        self._steps = 0
        self.is_gone = False
        self._verbs: dict[bytes, Callable[[bytes], None]] = {
            b"EHLO": self._ehlo,
            b"HELO": self._helo,
            b"AUTH": self._auth,
            b"MAIL": self._mail,
            b"RCPT": self._rcpt,
            b"DATA": self._data,
            b"BDAT": self._bdat,
            b"RSET": self._rset,
            b"QUIT": self._quit,
        }

    # --- what the wire tells ---------------------------------------------------------------------------------

    def greet(self) -> None:
        self._is_busy = False
        if len(self._server.sessions) > self._server.manner.most_connections:
            self._world.tally["server: too many connections"] += 1
            self._wire.reply(b"421 4.7.0 too many connections\r\n")
            self.hang_up()
            return
        self._carry_out("greeting", b"220 sim ESMTP")
        self._watch_idle(-1)

    def receive(self, data: bytes) -> None:
        if not self.is_gone:
            self._buffer += data
            self._go_on()

    def lost(self, *, for_good: bool = False) -> None:
        """The other end is gone. What was being done may still be done."""
        if self._pending is not None and for_good:
            pending, self._pending = self._pending, None
            if self._world.rng.random() < 0.5:
                pending()
        self.is_gone = True

    def hang_up(self, *, is_reset: bool = False) -> None:
        if not self.is_gone:
            self.is_gone = True
            self._wire.drop(is_reset=is_reset)

    def _watch_idle(self, steps: int) -> None:
        """Close with an unasked 421 what nobody uses."""
        if self.is_gone:
            return
        if steps == self._steps and not self._is_busy:
            self._world.tally["server: idle 421"] += 1
            self._wire.reply(b"421 4.4.2 idle for too long\r\n")
            self.hang_up()
            return
        self._loop.call_later(self._server.manner.idle_seconds, self._watch_idle, self._steps)

    # --- one thing after the other ---------------------------------------------------------------------------

    def _go_on(self) -> None:
        while not self._is_busy and not self.is_gone and self._take_one():
            self._steps += 1

    def _take_one(self) -> bool:
        if self._mode == "content":
            return self._take_content()
        if self._mode == "chunk":
            return self._take_chunk()
        line, found, rest = self._buffer.partition(b"\r\n")
        if not found:
            return False
        self._buffer = rest
        verb = bytes(line[:4]).upper()
        known = self._verbs.get(verb)
        if known is None:
            self._world.complain(f"the server was told {bytes(line[:40])!r}")
            self._wire.reply(b"500 5.5.1 what\r\n")
        else:
            known(bytes(line))
        return True

    def _carry_out(self, step: str, reply: bytes, act: Callable[[], object] | None = None, mid: str = "") -> None:
        """Do a step and say so, unless the weather has something against it."""
        kind = self._world.weather.strike(step)
        if not kind:
            self._done(reply, act, mid)
        elif kind in {"temporary", "permanent", "closing"}:
            self._refuse(step, kind, mid)
        elif kind in DELAYS:
            self._take_time(self._world.weather.delay(kind, step), reply, act, mid)
        elif kind == "garbage":
            self._wire.is_garbled = True
            self._wire.reply(
                self._world.rng.choice((b"\xff\x00\xfe\r\n", b"hello\r\n", b"99 no\r\n", b"250-x\r\n251 y\r\n"))
            )
            self.hang_up()
        elif kind in LOSSES:
            self._lose(kind, reply, act)
        elif kind == "silence before":
            self._is_busy = True
        else:
            self.hang_up(is_reset=kind.startswith("reset"))

    def _done(self, reply: bytes, act: Callable[[], object] | None, mid: str) -> None:
        if act is not None:
            act()
        self._say(reply, mid)

    def _say(self, reply: bytes, mid: str) -> None:
        truth = self._world.truth
        if mid:
            truth.answered(mid, reply)
            self._wire.reply(reply + b"\r\n", lambda: self._heard(mid, reply))
        else:
            self._wire.reply(reply + b"\r\n")

    def _heard(self, mid: str, reply: bytes) -> None:
        self._wire.unanswered -= 1
        self._world.truth.heard(mid, reply)

    def _refuse(self, step: str, kind: str, mid: str) -> None:
        text = self._world.weather.refusal(kind, step)
        if self._envelope_id:
            self._world.truth.answered(self._envelope_id, text)
        self._say(text, mid)
        if text.startswith(b"421") or step == "greeting":
            self.hang_up()

    def _take_time(self, seconds: float, reply: bytes, act: Callable[[], object] | None, mid: str) -> None:
        self._is_busy, self._pending = True, act

        def finish() -> None:
            pending, self._pending = self._pending, None
            if pending is not None:
                pending()  # also when nobody listens any more
            if not self.is_gone:
                self._is_busy = False
                self._say(reply, mid)
                self._go_on()

        self._loop.call_later(seconds, finish)

    def _lose(self, kind: str, reply: bytes, act: Callable[[], object] | None) -> None:
        if act is not None:
            act()
        if kind == "silence after":
            self._is_busy = True
            return
        if kind.startswith("torn"):
            line = reply + b"\r\n"
            self._wire.reply(line[: self._world.rng.randint(1, len(line) - 1)])
        self.hang_up(is_reset=kind.endswith(("reset", "reset after")) or kind.startswith("reset"))

    # --- commands --------------------------------------------------------------------------------------------

    def _ehlo(self, _: bytes) -> None:
        lines = (b"sim", *self._server.manner.offers)
        self._carry_out("EHLO", b"\r\n".join([b"250-" + each for each in lines[:-1]] + [b"250 " + lines[-1]]))

    def _helo(self, _: bytes) -> None:
        self._carry_out("EHLO", b"250 sim")

    def _auth(self, _: bytes) -> None:
        self._carry_out("AUTH", b"235 2.7.0 welcome")

    def _rset(self, _: bytes) -> None:
        self._forget()
        self._carry_out("RSET", b"250 2.0.0 forgotten")

    def _quit(self, _: bytes) -> None:
        self._carry_out("QUIT", b"221 2.0.0 bye")
        self.hang_up()

    def _forget(self) -> None:
        self._has_sender, self._envelope_id = False, ""
        self._recipients = []

    def _mail(self, line: bytes) -> None:
        if self._has_sender:
            self._world.complain("MAIL inside a transaction")
        self._forget()
        found = _ENVELOPE_ID.search(line)
        self._envelope_id = found[1].decode() if found else ""
        if self._taken >= self._server.manner.most_messages:
            self._world.tally["server: connection used up"] += 1
            self._wire.reply(b"452 4.5.3 Too many messages sent\r\n")
            return
        self._carry_out("MAIL", b"250 2.1.0 ok", self._begin)

    def _begin(self) -> None:
        self._has_sender = True

    def _rcpt(self, line: bytes) -> None:
        found = _TO.match(line)
        to = found[1].decode() if found else ""
        if not self._has_sender:
            self._wire.reply(b"503 5.5.1 MAIL first\r\n")
            return
        row = self._world.truth.row(self._envelope_id)
        if row is not None and row.to != to:
            self._world.complain(f"the envelope of {self._envelope_id} names {to}")
        if row is not None and row.manner == "unknown":
            self._world.truth.answered(self._envelope_id, b"550")
            self._wire.reply(b"550 5.1.1 no such user\r\n")
            return
        self._carry_out("RCPT", b"250 2.1.5 ok", lambda: self._recipients.append(to))

    def _data(self, _: bytes) -> None:
        if not self._recipients and not (self._server.manner.is_eager and self._has_sender):
            self._wire.reply(b"503 5.5.1 no valid recipients\r\n")
            return
        self._carry_out("DATA", b"354 go on", self._open_content)

    def _open_content(self) -> None:
        self._mode = "content"

    def _bdat(self, line: bytes) -> None:
        self._chunk = int(line.split()[1])
        self._mode = "chunk"

    # --- content ---------------------------------------------------------------------------------------------

    def _take_content(self) -> bool:
        if self._buffer and self._is_cut_off():
            return False
        if self._buffer.startswith(b".\r\n"):
            content, size = b"", 3
        else:
            at = self._buffer.find(b"\r\n.\r\n")
            if at < 0:
                return False
            content, size = _DOTS.sub(b".", bytes(self._buffer[: at + 2])), at + 5
        del self._buffer[:size]
        self._end(content)
        return True

    def _take_chunk(self) -> bool:
        if self._buffer and self._is_cut_off():
            return False
        if len(self._buffer) < self._chunk:
            return False
        content = bytes(self._buffer[: self._chunk])
        del self._buffer[: self._chunk]
        self._end(content)
        return True

    def _is_cut_off(self) -> bool:
        """Something happens in the middle of the content."""
        kind = self._world.weather.strike("content")
        if kind == "silence before":
            self._is_busy = True
            self._wire.stop_reading()
        elif kind == "closing":
            self._wire.reply(self._world.weather.refusal(kind, "content") + b"\r\n")
            self.hang_up()
        elif kind:
            self.hang_up(is_reset=kind.startswith("reset"))
        return bool(kind)

    def _end(self, content: bytes) -> None:
        self._mode = "command"
        recipients, has_sender = self._recipients, self._has_sender
        envelope_id = self._envelope_id
        found = _MESSAGE_ID.search(content)
        mid = found[1].decode() if found else ""
        if not recipients:
            self._forget()
            self._say(b"554 5.5.1 no valid recipients" if has_sender else b"503 5.5.1 MAIL first", mid)
            return
        truth = self._world.truth
        truth.examine(mid, envelope_id, recipients, content)
        row = truth.row(mid)

        def accept() -> None:
            self._taken += 1
            truth.accept(mid)

        if row is not None and row.manner == "spam":
            self._say(b"554 5.7.1 looks like spam", mid)
        else:
            self._carry_out("END", b"250 2.0.0 taken as " + mid.encode(), accept, mid)
        self._forget()

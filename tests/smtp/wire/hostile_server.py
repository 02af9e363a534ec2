"""A server model for the fuzzer: it answers every command as a server might, and then not quite.

Seeded, so that a session can be held again. An answer fits its commands; then its bytes are flipped, put in,
doubled, left out or cut off, lines lose their end, and replies come that nobody asked for. It knows no state:
whether an answer was allowed is what the wire has to find out.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from notebookmail.smtp.wire.commands import Command

_STRANGE = (
    b"\r", b"\n", b"\r\n", b"\0", b"\x1b[2J", b"-", b" ", b"0", b"5", b"\xff", b"\xe2\x80\xa8", b"250-", b".\r\n",
    b"250 ok\r\n", b"550-no\r\n", b"354 go\r\n", b"334 \r\n", b"421 bye\r\n", b"220 go\r\n", b"199 x\r\n",
)  # fmt: skip
_FURTHER = (b"250 extra\r\n", b"25", b"354 go\r\n", b"421 bye\r\n", b"421 bye\r\n250 x\r\n", b"\r")
_REFUSALS = (b"550-5.1.1 no\r\n550 5.1.1 such\r\n", b"451 later\r\n", b"250\r\n", b"503 what\r\n")
_CHALLENGES = (b"", b"Username:", b"<1.2@mx>", b"r=nonceX,s=c2FsdA==,i=3", b"v=AAAA", b"e=no")
_KEYWORDS = (
    "PIPELINING", "SIZE 1000", "SIZE", "SIZE 10", "8BITMIME", "SMTPUTF8", "AUTH PLAIN LOGIN", "AUTH=LOGIN",
    "STARTTLS", "CHUNKING", "<b>X</b>", "X" * 60, f"SIZE {10**29}", "LIMITS RCPTMAX=1 MAILMAX=x", "",
)  # fmt: skip
_ACCEPTED = {
    "": b"220 mx\r\n",
    "DATA": b"354 go\r\n",
    "STARTTLS": b"220 go\r\n",
    "AUTH": b"235 ok\r\n",
    "QUIT": b"221 bye\r\n",
}


class HostileServer:
    """Answers each command as a server might, and damages some of its answers."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._hostility = chance.choice((0.0, 0.1, 0.3, 0.6))

    def answer(self, group: tuple[Command, ...]) -> bytes:
        """Make the bytes that come after a group of commands."""
        turn = b"".join(map(self._reply, group))
        while self._chance.random() < self._hostility:
            turn = _DAMAGES[self._chance.randrange(len(_DAMAGES))](turn, self._chance)
        return turn

    def _reply(self, command: Command) -> bytes:
        chance = self._chance
        if command.verb == "EHLO":
            count = chance.randrange(5)
            lines = ["mx", *(chance.choice(_KEYWORDS) for _ in range(count))]
            return "".join(f"250{'-' if n < count else ' '}{line}\r\n" for n, line in enumerate(lines)).encode()
        if command.verb == "AUTH" and chance.random() < 0.6:
            challenge = chance.choice(_CHALLENGES)
            return b"334 " + base64.b64encode(challenge) + b"\r\n"
        if chance.random() < 0.12:
            return chance.choice(_REFUSALS)
        return _ACCEPTED.get(command.verb, b"250 ok\r\n")


def _flip(turn: bytes, chance: Random) -> bytes:
    octets = bytearray(turn)
    for _ in range(chance.randrange(1, 4)):
        if octets:
            octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
    return bytes(octets)


def _insert(turn: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(turn) + 1)
    return turn[:at] + chance.choice(_STRANGE) + turn[at:]


def _span(turn: bytes, chance: Random) -> tuple[int, int]:
    start = chance.randrange(len(turn) + 1)
    return start, min(len(turn), start + chance.randrange(1, 12))


def _leave_out(turn: bytes, chance: Random) -> bytes:
    start, end = _span(turn, chance)
    return turn[:start] + turn[end:]


def _double(turn: bytes, chance: Random) -> bytes:
    start, end = _span(turn, chance)
    return turn[:end] + turn[start:end] * chance.randrange(1, 4) + turn[end:]


def _break_off(turn: bytes, chance: Random) -> bytes:
    return turn[: chance.randrange(len(turn) + 1)]


def _say_more(turn: bytes, chance: Random) -> bytes:
    return turn + chance.choice(_FURTHER)


def _shuffle(turn: bytes, chance: Random) -> bytes:
    lines = turn.splitlines(keepends=True)
    chance.shuffle(lines)
    return b"".join(lines)


def _noise(_: bytes, chance: Random) -> bytes:
    return chance.randbytes(chance.randrange(40))


def _flood(turn: bytes, chance: Random) -> bytes:
    if chance.random() > 0.04:  # rare, because it is slow
        return turn.replace(b"\r\n", b"\r\n" + chance.choice((b"250-more\r\n" * 3, b"x" * 700)), 1)
    line = chance.choice((b"250-" + b"x" * 300 + b"\r\n", b"250 " + b"y" * 70_000, b"250-\r\n"))
    return line * (100_000 // len(line)) + turn


_DAMAGES = (_flip, _insert, _insert, _leave_out, _double, _break_off, _say_more, _shuffle, _noise, _flood)

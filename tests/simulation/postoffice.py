"""Servers that know letters by what stands in them, and mailboxes by their addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from .people import ARCHIVE
from .session import Session

if TYPE_CHECKING:
    from .cell import Cell
    from .cells import CellWorld
    from .people import PeopleTruth

_TO = re.compile(rb"RCPT TO:<([^>]*)>")
_END = re.compile(rb"END ([0-9a-f]{16})\r\n\Z")
_MESSAGE_ID = re.compile(rb"^Message-ID: <([^>]+)>", re.MULTILINE)
_REFUSALS = {"refused": b"550 5.1.1 no such archive", "greylisted": b"450 4.2.0 Greylisted"}


class PostSession(Session):
    """A server's end of a wire, in a world of cells."""

    @property
    def _truth(self) -> PeopleTruth:
        return cast("PeopleTruth", self._world.truth)

    def _rcpt(self, line: bytes) -> None:
        found = _TO.match(line)
        to = found[1].decode().lower() if found else ""
        if not self._has_sender:
            self._wire.reply(b"503 5.5.1 MAIL first\r\n")
            return
        world = cast("CellWorld", self._world)
        if to == ARCHIVE:
            world.tally[f"copy: {world.copies}"] += 1
            if world.copies in _REFUSALS:
                self._wire.reply(_REFUSALS[world.copies] + b"\r\n")
                return
        elif to in world.unknown:
            self._wire.reply(b"550 5.1.1 no such user\r\n")
            return
        self._carry_out("RCPT", b"250 2.1.5 ok", lambda: self._recipients.append(to))

    def _end(self, content: bytes) -> None:
        self._mode = "command"
        recipients, has_sender = self._recipients, self._has_sender
        if not recipients:
            self._forget()
            self._say(b"554 5.5.1 no valid recipients" if has_sender else b"503 5.5.1 MAIL first", "")
            return
        found, message_id = _END.search(content), _MESSAGE_ID.search(content)
        token = found[1].decode() if found else ""
        self._truth.examine_letter(token, content, recipients)
        cell = cast("Cell", self._wire.process)
        generation = cell.generation_of(token)

        def accept() -> None:
            self._taken += 1
            self._truth.take(token, generation, message_id[1].decode() if message_id else "", recipients)

        self._places = [(token, generation, address) for address in recipients]
        self._carry_out("END", b"250 2.0.0 taken as " + token.encode(), accept, token)
        self._forget()

    def _say(self, reply: bytes, mid: str) -> None:
        if not mid:
            self._wire.reply(reply + b"\r\n")
            return
        places, run = self._places, self._world.run

        def heard() -> None:
            self._wire.unanswered -= 1
            self._truth.answered_ends[mid, run] += 1
            for place in places if reply.startswith(b"2") else ():
                self._truth.at(*place).heard[run] += 1

        self._wire.reply(reply + b"\r\n", heard)

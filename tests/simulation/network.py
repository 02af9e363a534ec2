"""The network between the engine and a server: late, in pieces, cut off anywhere, or silent.

A wire is the engine's transport. What is written flies for a while; when an end closes or the process dies, any
part of what flies may still arrive. A wire may be doomed from its beginning to break, or to fall silent, after
so many bytes in either direction.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from .clockwork import VirtualLoop
    from .process import Process
    from .server import Server
    from .session import Session
    from .world import World

CURRENT: ContextVar[Process] = ContextVar("process")
"""Whose code runs: a wire belongs to the process that opened it."""

_MOST_OCTETS = 16_384  # what the engine's buffer takes at once
_HIGH_WATER = 40_000
_ENDS = re.compile(rb"END ([0-9a-f]{16})\r\n(\.\r\n)?")


class Pipe:
    """One direction of a wire.

    Args:
        loop: Its time.
        world: Its chance.
        latency: Seconds that a piece flies, about.
        arrive: Told every piece.
        end: Told when nothing more comes, after all that was sent before.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        world: World,
        latency: float,
        arrive: Callable[[bytes], None],
        end: Callable[[Exception | None], None],
    ) -> None:
        self._loop, self._rng, self._latency = loop, world.rng, latency
        self._is_shredding = world.is_shredding
        self._arrive_there, self._end_there = arrive, end
        self._flying: deque[bytes | Exception | None] = deque()
        self._due = 0.0
        self.octets_flying = 0
        self.is_silent = False

    def send(self, data: bytes) -> None:
        for piece in self._pieces(data):
            self._launch(piece)
            self.octets_flying += len(piece)

    def end(self, error: Exception | None = None) -> None:
        """Say, behind what flies, that nothing more comes."""
        self._launch(error)

    def _launch(self, item: bytes | Exception | None) -> None:
        self._due = max(self._due, self._loop.time() + self._latency * (0.5 + self._rng.random()))
        self._flying.append(item)
        self._loop.call_at(self._due, self._land)

    def _pieces(self, data: bytes) -> list[bytes]:
        size = len(data)
        if self._is_shredding and 1 < size < 4_000:
            cuts = sorted(self._rng.sample(range(1, size), min(size - 1, self._rng.choice((1, 1, 2, 5, 20)))))
            return [data[start:end] for start, end in zip([0, *cuts], [*cuts, size], strict=True)]
        if size <= _MOST_OCTETS:
            return [data]
        return [data[start : start + _MOST_OCTETS] for start in range(0, size, _MOST_OCTETS)]

    def _land(self) -> None:
        if not self._flying or self.is_silent:
            return
        item = self._flying.popleft()
        if isinstance(item, bytes):
            self.octets_flying -= len(item)
            self._arrive_there(item)
        else:
            self._flying.clear()
            self._end_there(item)

    def lose_some(self) -> list[bytes]:
        """Lose the tail of what flies: any part of it, perhaps all or nothing. Return what still arrives."""
        data = b"".join(item for item in self._flying if isinstance(item, bytes))
        keep = self._rng.choice((0, len(data), self._rng.randint(0, len(data))))
        self._flying.clear()
        self.octets_flying = 0
        return [data[:keep]] if keep and not self.is_silent else []


class Wire(asyncio.Transport):
    """One connection, seen from the engine; `session` is the server's end."""

    def __init__(self, world: World, loop: VirtualLoop, protocol: Any, server: Server) -> None:
        super().__init__()
        self._world, self._loop, self._protocol = world, loop, protocol
        self.number = world.next_wire()
        self._up = Pipe(loop, world, server.latency, self._arrived_up, self._ended_up)
        self._down = Pipe(loop, world, server.latency, self._arrived_down, self._ended_down)
        self._doom, self._up_left, self._down_left = world.weather.doom()
        self._is_paused = False
        self.is_closed = False  # at the engine's end
        self.ended_at = 0.0
        self.unanswered = 0
        """How many ends of data went out here and were not answered."""
        self.is_garbled = False
        """True once something arrived that is no whole reply: then there is nothing to wait for."""
        self.process: Process = CURRENT.get()
        self.reply_marks: deque[tuple[int, Callable[[], None]]] = (
            deque()
        )  # octets still to come, and who wants to know
        self._sent_down = self._came_down = 0
        self.session: Session = server.session(self)

    # --- the engine's end ------------------------------------------------------------------------------------

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"sockname": ("127.0.0.1", 40_000 + self.number), "peername": ("127.0.0.1", 25)}.get(name, default)

    @property
    def is_waited_for(self) -> bool:
        """True while the engine may learn what became of a message."""
        return self.unanswered > 0 and not self.is_garbled and not self.session.is_gone

    def is_closing(self) -> bool:
        return self.is_closed

    def write(self, data: bytes | bytearray | memoryview) -> None:
        data = bytes(data)
        if self.process.may_die("before a write"):
            return
        self._world.note(self.number, ")" if self.is_closed else ">", data)
        for match in _ENDS.finditer(data):
            if match[2] or b"BDAT " in data:
                self.process.handed_out(match[1].decode(), self)
        if self.is_closed:  # and the engine has not been told yet
            return
        self._up.send(data)
        if self._up.octets_flying > _HIGH_WATER and not self._is_paused:
            self._is_paused = True
            self._protocol.pause_writing()
        self.process.may_die("after a write")

    def abort(self) -> None:
        if self.is_closed:
            return
        self._world.note(self.number, "x", b"closed by the engine")
        self.process.gave_up(self)
        for rest in self._up.lose_some():
            self._up.send(rest)
        self._up.end()
        self._close(None)

    close = abort

    def _close(self, error: Exception | None) -> None:
        self.is_closed = True
        self.process.lost(self)
        self._down.is_silent = True
        self._loop.call_soon(self._protocol.connection_lost, error)

    def die(self) -> None:
        """The process is gone: the server may still get a part of what flies, and then sees the end."""
        self.is_closed = True
        for rest in self._up.lose_some():
            self.session.receive(rest)
        self.session.lost(for_good=True)

    # --- the server's end ------------------------------------------------------------------------------------

    def reply(self, data: bytes, arrived: Callable[[], None] | None = None) -> None:
        """Send what the server says; `arrived` is called once all of it has reached the engine."""
        self._world.note(self.number, "<", data)
        self._sent_down += len(data)
        if arrived is not None:
            self.reply_marks.append((self._sent_down, arrived))
        self._down.send(data)

    def drop(self, *, is_reset: bool) -> None:
        """The server closes: in order, or with a reset that may overtake what it said."""
        self._world.note(self.number, "x", b"reset by the server" if is_reset else b"closed by the server")
        if is_reset:
            for rest in self._down.lose_some():
                self._down.send(rest)
        self._down.end(ConnectionResetError(104, "Connection reset by peer") if is_reset else None)

    def stop_reading(self) -> None:
        """The server takes nothing more from the wire; what is written piles up."""
        self._up.is_silent = True

    # --- what lands ------------------------------------------------------------------------------------------

    def _arrived_up(self, data: bytes) -> None:
        self._up_left -= len(data)
        if self._up_left < 0:
            data = data[: self._up_left]
        if data:
            self.session.receive(data)
        if self._up_left < 0:
            self._break()
        elif self._is_paused and self._up.octets_flying <= _HIGH_WATER // 2:
            self._is_paused = False
            if not self.is_closed:
                self._protocol.resume_writing()

    def _ended_up(self, _: Exception | None) -> None:
        self.session.lost()

    def _arrived_down(self, data: bytes) -> None:
        self._down_left -= len(data)
        if self._down_left < 0:
            data = data[: self._down_left]
        if data:
            self._hand_over(data)
        if self._down_left < 0:
            self._break()

    def _hand_over(self, data: bytes) -> None:
        self._came_down += len(data)
        while self.reply_marks and self.reply_marks[0][0] <= self._came_down:
            self.reply_marks.popleft()[1]()
        self._protocol.get_buffer(-1)[: len(data)] = data
        self._protocol.buffer_updated(len(data))

    def _ended_down(self, error: Exception | None) -> None:
        if self.is_closed:
            return
        if error is None:
            self._protocol.eof_received()
        if not self.is_closed:
            self._close(error)

    def _break(self) -> None:
        """What the wire was doomed to: it breaks, or falls silent."""
        self._up_left = self._down_left = 1 << 60
        self._world.note(self.number, "x", self._doom.encode())
        if self._doom == "silence":
            self._up.is_silent = self._down.is_silent = True
            return
        self.session.lost()
        if not self.is_closed:
            self._close(ConnectionResetError(104, "Connection reset by peer"))


class Network:
    """Brings the engine to the servers of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def connect(self, loop: VirtualLoop, factory: Callable[[], Any], port: int) -> tuple[Wire, Any]:
        world = self._world
        server = world.servers[port]
        await asyncio.sleep(server.latency * (0.5 + world.rng.random()))
        trouble = server.refuses(loop.time())
        if trouble == "nobody answers":
            await loop.create_future()
        if trouble:
            world.note(0, "x", f"{port}: {trouble}".encode())
            raise ConnectionRefusedError(111, "Connection refused")
        protocol = factory()
        wire = Wire(world, loop, protocol, server)
        world.wires.append(wire)
        wire.process.opened(wire)
        protocol.connection_made(wire)
        wire.session.greet()
        return wire, protocol

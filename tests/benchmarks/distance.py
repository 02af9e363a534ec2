"""A loopback TCP proxy that puts a server far away, and counts how often its client has to wait for it.

Every chunk is handed on after the same delay, in order, and nothing limits how much is under way: distance, not a
narrow line. Only order is looked at for the count, so it is the same on a fast machine and a slow one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Distance:
    """What the proxy has seen.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        delay_seconds: One way.
        round_trips: How often a client spoke after its server had: each time it had waited.
    """

    def __init__(self, delay_seconds: float) -> None:
        self.port = 0
        self.delay_seconds = delay_seconds
        self.round_trips = 0
        self._server_spoke = False

    def note(self, *, from_client: bool) -> None:
        """Take note of a chunk, in the order of arrival."""
        if from_client and self._server_spoke:
            self.round_trips += 1
        self._server_spoke = not from_client


class _Way(asyncio.Protocol):
    """One direction of a connection: hands on what arrives to its peer, later."""

    def __init__(self, distance: Distance, *, is_client: bool) -> None:
        self._distance = distance
        self._is_client = is_client
        self._under_way: deque[bytes | None] = deque()
        self._transport: asyncio.Transport | None = None
        self._is_lost = asyncio.Event()
        self.peer: _Way | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._distance.note(from_client=self._is_client)
        self._hand_on_later(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._hand_on_later(None)
        self._is_lost.set()

    async def closed(self) -> None:
        """Close, and wait until it is."""
        if self._transport is not None:
            self._transport.abort()
            await self._is_lost.wait()

    def _hand_on_later(self, data: bytes | None) -> None:
        # Timers of the same moment may ring in any order: each takes the oldest chunk, not its own.
        self._under_way.append(data)
        asyncio.get_running_loop().call_later(self._distance.delay_seconds, self._hand_on)

    def _hand_on(self) -> None:
        data = self._under_way.popleft()
        if self.peer is not None and self.peer._transport is not None:
            self.peer._transport.close() if data is None else self.peer._transport.write(data)


@asynccontextmanager
async def far_away(port: int, delay_seconds: float) -> AsyncIterator[Distance]:
    """Put the server on a port of 127.0.0.1 behind a proxy with a delay each way."""
    loop = asyncio.get_running_loop()
    distance = Distance(delay_seconds)
    connecting: set[asyncio.Task[None]] = set()
    ways: list[_Way] = []

    async def connect(near: _Way) -> None:
        _, far = await loop.create_connection(lambda: _Way(distance, is_client=False), "127.0.0.1", port)
        near.peer, far.peer = far, near
        ways.extend((near, far))

    def accept() -> _Way:
        near = _Way(distance, is_client=True)
        connecting.add(loop.create_task(connect(near)))
        return near

    server = await loop.create_server(accept, "127.0.0.1", 0)
    distance.port = server.sockets[0].getsockname()[1]
    try:
        yield distance
    finally:
        server.close()
        await asyncio.gather(*connecting)
        await asyncio.gather(*(way.closed() for way in ways))
        await server.wait_closed()

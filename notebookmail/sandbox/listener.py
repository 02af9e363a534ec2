"""Listening on loopback, and ending it without losing a connection that was accepted at the last moment.

A port can also be closed for a while without being given away.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"
_TURNS = 10


class LoopbackListener:
    """A loopback port that can be closed to callers and opened again; it stays ours until it is given up.

    Args:
        make_session: Makes the protocol of a connection.
        port: The port; 0 takes any free one.

    Raises:
        OSError: The port is taken.
    """

    def __init__(self, make_session: Callable[[], asyncio.BaseProtocol], port: int) -> None:
        self._make_session = make_session
        self._socket = _bound(port)
        self._listener: asyncio.Server | None = None
        self.port: int = self._socket.getsockname()[1]

    async def open(self) -> None:
        """Listen on the port that was bound, and make a session for each connection from then on."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._make_session, sock=self._socket)

    async def shut(self) -> None:
        """Take no connections for now: callers are refused, and the port is bound, so that nobody else gets it."""
        await self.give_up()
        self._socket = _bound(self.port)

    async def give_up(self) -> None:
        """Take no connections any more, and free the port."""
        listener, self._listener = self._listener, None
        if listener is not None:
            await stop_listening(listener)
            # Not wait_closed(): since Python 3.12 that waits for every connection, and some may stay open.
        self._socket.close()


def _bound(port: int) -> socket.socket:
    # Said to be TCP: asyncio sends small replies at once (TCP_NODELAY) only on what says so.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # there it lets a port be taken again at once; on Windows it would share the port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((HOST, port))
    except (OSError, OverflowError):  # taken, or no port at all
        bound.close()
        raise
    return bound


async def stop_listening(listener: asyncio.Server) -> None:
    """Accept no connections any more, let what was accepted be told of, then close.

    asyncio drops a connection whose server closes while it is being accepted: nobody is told of it, and its socket
    stays open until the garbage collector finds it, and warns.
    """
    loop = asyncio.get_running_loop()
    for sock in listener.sockets:
        with contextlib.suppress(NotImplementedError):  # a proactor (Windows) has no readers; uvloop needs none
            loop.remove_reader(sock.fileno())
    try:
        await some_turns()
    finally:
        listener.close()


async def some_turns() -> None:
    """Let the loop turn: what was accepted is told of, and what was hung up is closed, some turns later."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)

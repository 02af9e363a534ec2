"""Ending an asyncio server without losing a connection that was accepted at the last moment."""

from __future__ import annotations

import asyncio
import contextlib

_TURNS = 10


async def stop_listening(listener: asyncio.Server) -> None:
    """Accept no more, let what was accepted be told of, then close.

    asyncio drops a connection whose server closes while it is being accepted: nobody is told of it, and its socket
    stays open until the garbage collector finds it, and warns.
    """
    loop = asyncio.get_running_loop()
    for sock in listener.sockets:
        with contextlib.suppress(NotImplementedError):  # a proactor (Windows) has no readers
            loop.remove_reader(sock.fileno())
    try:
        await some_turns()
    finally:
        listener.close()


async def some_turns() -> None:
    """Let the loop turn: what was accepted is told of, and what was hung up is closed, some turns later."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)

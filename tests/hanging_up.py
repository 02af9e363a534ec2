"""Ending an asyncio server in a test without losing a connection that was accepted at the last moment."""

from __future__ import annotations

import asyncio

_TURNS = 10


async def stop_listening(listener: asyncio.Server) -> None:
    """Accept no more, let what was accepted be told of, then close.

    From Python 3.12 on asyncio drops a connection whose server closes while it is being accepted: nobody is told
    of it, and its socket is left to the garbage collector, which complains in whichever test comes next.
    """
    loop = asyncio.get_running_loop()
    for sock in listener.sockets:
        loop.remove_reader(sock.fileno())
    await some_turns()
    listener.close()


async def some_turns() -> None:
    """Let the loop turn: what was accepted is told of, and what was hung up is closed, some turns later."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)

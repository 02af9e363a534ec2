"""Addresses of this machine: one where somebody answers, and one where nobody does."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DEAD, ALIVE = "127.0.0.2", "127.0.0.1"


@contextmanager
def hole(port: int = 0) -> Iterator[int]:
    """An address that swallows what is sent to it: its queue of connections is full."""
    with socket.socket() as listener:
        listener.bind((DEAD, port))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for each in fillers:
            each.setblocking(False)
            each.connect_ex((DEAD, port))
        yield port
        for each in fillers:
            each.close()

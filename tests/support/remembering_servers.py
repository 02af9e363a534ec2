"""Servers that remember whoever comes, even those who connect and say nothing."""

from __future__ import annotations

import socketserver
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from peers.process import socket_of_its_own

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTED = "connected"
"""What is remembered of somebody who has said nothing yet."""

_PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\nConnection: close\r\n\r\nhere"


class Listener(socketserver.ThreadingTCPServer):
    """Remembers every connection, and the path that was asked for on it.

    Attributes:
        asked: A path for each connection, or CONNECTED.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering, bind_and_activate=False)
        self.socket.close()
        self.socket = socket_of_its_own()
        self.server_address = self.socket.getsockname()
        self.server_activate()
        self.asked: list[str] = []

    @property
    def home(self) -> str:
        """The address, without a path."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answering(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        place = len(self.server.asked)
        self.server.asked.append(CONNECTED)
        try:
            line = self.rfile.readline(1000).split()
        except OSError:  # the browser is gone
            return
        if len(line) > 1:
            self.server.asked[place] = line[1].decode("latin-1")
            self.wfile.write(_PAGE)


@contextmanager
def listening() -> Iterator[Listener]:
    """Yield a listener at work."""
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])  # seconds until it sees its end
        thread.start()
        yield server
        server.shutdown()
        thread.join()

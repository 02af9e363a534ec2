"""The sandbox's inbox for a browser, on a loopback port (the standard library's HTTP server, in a thread).

What arrives may name real people, and a loopback port is open to every user of the machine and to every page in
its browser. So the address holds a secret word, a request under another host's name is refused (that is how DNS
rebinding asks), nothing is answered but GET, no other page may frame or read it, and it loads nothing from
anywhere. Letters stand in frames that can do nothing (view/html/letter_frame.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

from notebookmail.view.html.inbox_page import EVENTS_NAME, LIVE_SCRIPT, SCRIPT_NAME, InboxView, inbox_page

from .listener import HOST

if TYPE_CHECKING:
    from .server import Sandbox

_HEARTBEAT_SECONDS: Final = 10.0
_PATIENCE_SECONDS: Final = 30.0
_FIELDS_LIMIT: Final = 20
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class WebInbox:
    """The pages of what a sandbox received, as an async context manager.

    Args:
        box: The running sandbox.
        port: The loopback port; 0 takes any free one.

    Raises:
        OSError: The port is taken.
    """

    def __init__(self, box: Sandbox, *, port: int = 0) -> None:
        self._box = box
        self._port = port
        self._word = secrets.token_urlsafe(12)
        self._server: _InboxServer | None = None
        self._thread: threading.Thread | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where the inbox is; who does not know this address sees nothing.

        Raises:
            RuntimeError: It is not running.
        """
        if self._server is None:
            raise RuntimeError("the inbox is not running: use `async with WebInbox(box) as inbox:`")
        return f"http://{HOST}:{self._server.server_port}/{self._word}/"

    async def __aenter__(self) -> Self:
        self._server = server = _InboxServer(self._port, self._word, self._box)
        self._thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="notebookmail inbox", daemon=True
        )
        self._thread.start()
        self._watch = asyncio.create_task(self._follow(server))
        return self

    async def __aexit__(self, *_: object) -> None:
        server, self._server = self._server, None
        if server is None or self._watch is None or self._thread is None:
            return
        self._watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._watch
        server.end()
        await asyncio.to_thread(server.shutdown)
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(server.server_close)

    async def _follow(self, server: _InboxServer) -> None:
        known = 0
        while True:
            await self._box.arrival(known)
            known = len(self._box.received)
            server.tell()


class _InboxServer(ThreadingHTTPServer):
    """Listens on loopback and tells waiting pages of arrivals."""

    daemon_threads = True  # a browser that does not let go is no reason to stay

    def __init__(self, port: int, word: str, box: Sandbox) -> None:
        self.word = word
        self.box = box
        self.endpoint = box.server.endpoint
        self.is_over = False
        self._arrivals = threading.Condition()
        super().__init__((HOST, port), _InboxRequest)
        self.hosts = {f"{name}:{self.server_port}" for name in (HOST, "localhost")}

    def tell(self) -> None:
        """Wake the pages that wait for arrivals."""
        with self._arrivals:
            self._arrivals.notify_all()

    def end(self) -> None:
        """Let the pages that wait go."""
        self.is_over = True
        self.tell()

    def wait(self, known: int) -> int:
        """Wait for more messages than the known number, the end, or a heartbeat; return how many there are."""
        with self._arrivals:
            self._arrivals.wait_for(lambda: self.is_over or len(self.box.received) != known, _HEARTBEAT_SECONDS)
        return len(self.box.received)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that hung up."""


class _InboxRequest(BaseHTTPRequestHandler):
    """Answers one request."""

    server: _InboxServer
    server_version = "notebookmail"
    sys_version = ""
    timeout = _PATIENCE_SECONDS

    def do_GET(self) -> None:
        """Answer with a page, the script, or the arrivals."""
        if self.headers.get("Host") not in self.server.hosts:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
            return
        parts = urlsplit(self.path)
        word, _, name = parts.path.removeprefix("/").partition("/")
        if not secrets.compare_digest(word.encode(), self.server.word.encode()):
            self._refuse(HTTPStatus.NOT_FOUND)
        elif name == SCRIPT_NAME:
            self._answer(LIVE_SCRIPT, "text/javascript")
        elif name == EVENTS_NAME:
            self._tell_arrivals()
        elif not name and parts.path.endswith("/"):
            self._answer(self._page(parts.query), "text/html")
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def _page(self, query: str) -> str:
        try:
            said = dict(parse_qsl(query, max_num_fields=_FIELDS_LIMIT))
        except ValueError:
            said = {}
        return inbox_page(self.server.box.received, InboxView.at(said), endpoint=self.server.endpoint)

    def _answer(self, text: str, kind: str) -> None:
        content = text.encode("utf-8", "replace")
        self._begin(HTTPStatus.OK, f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _tell_arrivals(self) -> None:
        """Send an event when something arrived since the page was asked for, and a comment now and then."""
        self._begin(HTTPStatus.OK, "text/event-stream")
        self.end_headers()
        known = -1
        while not self.server.is_over:
            count = self.server.wait(known)
            self.wfile.write(f"data: {count}\n\n".encode() if count != known else b":\n\n")
            self.wfile.flush()
            known = count

    def _refuse(self, status: HTTPStatus) -> None:
        self._begin(status, "text/plain; charset=utf-8")
        self.end_headers()
        self.wfile.write(f"{status.value} {status.phrase}\n".encode())

    def _begin(self, status: HTTPStatus, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in _HEADERS.items():
            self.send_header(name, value)

    def log_message(self, *_: Any) -> None:
        """Log nothing: the address holds the secret word, and a search names people."""

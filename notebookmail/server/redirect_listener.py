"""Where the browser comes back to after a sign-in: a page on this machine, for one answer (RFC 8252 7.3).

Listens on 127.0.0.1 alone, on a port that the system picks, and stops with the sign-in. Only a request that brings
the state of this sign-in counts: whatever else comes is answered by a page, and waited on.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from notebookmail.privacy.secret import Secret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_PAGE: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{0}</title><style>:root{{color-scheme:light dark}}body{{font:16px/1.5 system-ui,sans-serif;"
    "max-width:32em;margin:15vh auto;padding:0 1em}}</style><h1>{0}</h1><p>{1}</p>"
)
_DONE: Final = ("You are signed in", "You can close this page and go back to your notebook.")
_DECLINED: Final = ("Nobody was signed in", "You can close this page. Your notebook says why.")
_UNKNOWN: Final = ("Not this sign-in", "This page belongs to a sign-in that is over, or to another program.")
_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_MOST_QUERY: Final = 16_384
_PATIENCE_SECONDS: Final = 10.0  # for a browser that connects ahead, and says nothing


class _RedirectListener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, state: str, answer: asyncio.Future[Secret]) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.state = state
        self.answer = answer
        self.loop = answer.get_loop()

    def take(self, target: str) -> tuple[str, str] | None:
        """Take a request's target for the answer, if it is; return the page's words, or None."""
        query = parse_qs(urlsplit(target).query) if len(target) <= _MOST_QUERY else {}
        if query.get("state") != [self.state] or not query.keys() & {"code", "error"}:
            return None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self.loop.call_soon_threadsafe(self._answered, Secret(target))
        return _DONE if "code" in query else _DECLINED

    def _answered(self, target: Secret) -> None:
        if not self.answer.done():
            self.answer.set_result(target)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that hangs up."""


class _Answering(BaseHTTPRequestHandler):
    server: _RedirectListener
    timeout = _PATIENCE_SECONDS

    def do_GET(self) -> None:
        words = self.server.take(self.path)
        page = _PAGE.format(*(words or _UNKNOWN)).encode()
        self.send_response(200 if words else 404)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 -- the standard library's name
        """Write no log: the request's line holds the code."""


@contextlib.asynccontextmanager
async def listening(state: str) -> AsyncIterator[tuple[int, asyncio.Future[Secret]]]:
    """Listen for the browser; yield the port, and what will hold the address that the browser was sent to.

    Args:
        state: What the right answer brings.
    """
    answer: asyncio.Future[Secret] = asyncio.get_running_loop().create_future()
    listener = _RedirectListener(state, answer)
    thread = threading.Thread(
        target=listener.serve_forever, kwargs={"poll_interval": 0.05}, name="notebookmail sign-in", daemon=True
    )
    thread.start()
    try:
        yield listener.server_address[1], answer
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
        answer.cancel()

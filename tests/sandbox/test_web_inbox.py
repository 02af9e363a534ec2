"""The sandbox's inbox over HTTP: who may see it, what it answers, what arrives while somebody looks."""

from __future__ import annotations

import asyncio
import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from notebookmail import Sandbox, send
from notebookmail.sandbox.web_inbox import WebInbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


@pytest.fixture
async def inbox(box: Sandbox) -> AsyncIterator[WebInbox]:
    async with WebInbox(box) as running:
        yield running


async def deliver(box: Sandbox, subject: str = "Hello") -> None:
    content = f"From: a@example.org\r\nTo: b@example.org\r\nSubject: {subject}\r\n\r\nHi\r\n"
    await send(
        content, sender="a@example.org", recipients=["b@example.org"], hostname="127.0.0.1", port=box.server.port
    )


def ask(url: str, *, host: str | None = None, method: str = "GET") -> tuple[int, dict[str, str], str]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    headers = {} if host is None else {"Host": host}
    connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, headers=headers)
    reply = connection.getresponse()
    content = reply.read().decode()
    connection.close()
    return reply.status, dict(reply.getheaders()), content


async def test_the_page_lists_and_opens_what_arrived(box: Sandbox, inbox: WebInbox) -> None:
    assert "Nothing has arrived yet" in (await asyncio.to_thread(ask, inbox.url))[2]
    await deliver(box, "<script>alert(1)</script>")
    status, headers, page = await asyncio.to_thread(ask, f"{inbox.url}?open=0")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "b@example.org" in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


async def test_it_may_load_and_be_framed_by_nothing(inbox: WebInbox) -> None:
    _, headers, page = await asyncio.to_thread(ask, inbox.url)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert "http" not in page.replace("http-equiv", "")


async def test_another_hosts_name_is_refused(inbox: WebInbox) -> None:
    port = urlsplit(inbox.url).port
    for host in ("evil.example.org", f"evil.example.org:{port}", "127.0.0.1", ""):
        status, _, content = await asyncio.to_thread(ask, inbox.url, host=host)
        assert (status, "Inbox" in content) == (421, False)
    assert (await asyncio.to_thread(ask, inbox.url, host=f"localhost:{port}"))[0] == 200


async def test_who_does_not_know_the_address_sees_nothing(box: Sandbox, inbox: WebInbox) -> None:
    await deliver(box)
    base = inbox.url.rsplit("/", 2)[0]
    for path in ("/", "/wrong/", "/live.js", "/events", "/%00/", "//"):
        status, _, content = await asyncio.to_thread(ask, f"{base}{path}")
        assert (status, "example.org" in content) == (404, False)
    for path in ("nothing", "live.js/", "../"):
        assert (await asyncio.to_thread(ask, f"{inbox.url}{path}"))[0] == 404
    assert (await asyncio.to_thread(ask, inbox.url, method="POST"))[0] == 501


async def test_odd_questions_are_answered_with_a_page(box: Sandbox, inbox: WebInbox) -> None:
    await deliver(box)
    for query in ("open=7", "open=x", "open=-1", "tab=none", "start=999", "&".join(["a=1"] * 50), "find=%ff%00"):
        status, _, page = await asyncio.to_thread(ask, f"{inbox.url}?{query}")
        assert (status, "<h1>Inbox</h1>" in page) == (200, True)


async def test_whoever_looks_is_told_of_arrivals_and_let_go_at_the_end(box: Sandbox) -> None:
    async with WebInbox(box) as inbox:
        parts = urlsplit(inbox.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(f"GET {parts.path}events HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        assert await asyncio.wait_for(reader.readuntil(b"data: 0\n\n"), 60)
        await deliver(box)
        assert (await asyncio.wait_for(reader.readuntil(b"\n\n"), 60)) == b"data: 1\n\n"
    assert (await asyncio.wait_for(reader.read(), 60)).strip(b":\n") == b""
    writer.close()
    await writer.wait_closed()
    with pytest.raises(RuntimeError, match="not running"):
        _ = inbox.url


async def test_a_port_can_be_chosen(box: Sandbox, unused_tcp_port: int) -> None:
    async with WebInbox(box, port=unused_tcp_port) as inbox:
        assert f":{unused_tcp_port}/" in inbox.url

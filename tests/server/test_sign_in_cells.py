"""Signing in from a notebook's cell and from a terminal, both real: what is shown, pasted, interrupted, left."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import AsyncKernelManager
from support.token_server import Provider, provider_on_loopback, visit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from jupyter_client.asynchronous.client import AsyncKernelClient

SECONDS = 60


class Cells:
    """Runs cells, and remembers everything that the kernel sent: outputs, their updates, widgets."""

    def __init__(self, client: AsyncKernelClient) -> None:
        self._client = client
        self.sent: list[dict[str, Any]] = []

    async def run(
        self,
        code: str,
        when_shown: Callable[[str], Any] | None = None,
        typed: Callable[[], str] | None = None,
    ) -> str:
        """Run a cell to its end; return the status. `when_shown` gets the text of the first display."""
        tasks: list[asyncio.Task[Any]] = []
        is_opened = asyncio.Event()

        def hear(message: dict[str, Any]) -> None:
            self.sent.append(message)
            if when_shown is not None and message["msg_type"] == "display_data":
                tasks.append(asyncio.ensure_future(open_page(message["content"]["data"]["text/plain"])))

        def answer(message: dict[str, Any]) -> None:
            assert message["content"]["password"] is True
            tasks.append(asyncio.ensure_future(type_in()))

        async def open_page(text: str) -> None:
            assert when_shown is not None
            await when_shown(text)
            is_opened.set()

        async def type_in() -> None:
            await is_opened.wait()
            assert typed is not None
            self._client.input(typed())

        reply = await self._client.execute_interactive(
            code, allow_stdin=True, stdin_hook=answer, output_hook=hear, timeout=SECONDS
        )
        await asyncio.gather(*tasks)
        return str(reply["content"]["status"])

    @property
    def last_page(self) -> str:
        pages = [each for each in self.sent if each["msg_type"] in {"display_data", "update_display_data"}]
        return json.dumps(pages[-1]["content"]["data"])


@asynccontextmanager
async def cells_for(provider: Provider) -> AsyncIterator[tuple[Cells, AsyncKernelManager]]:
    manager = AsyncKernelManager(kernel_name="python3")
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=SECONDS)
        cells = Cells(client)
        begin = (
            "import keyring\n"
            "from keyring.backends.fail import Keyring\n"
            "keyring.set_keyring(Keyring())\n"
            "from notebookmail import OAuth, Server\n"
            f"at = {provider.address!r}\n"
            f"oauth = OAuth('app-id', token_url=at + '/token', authorize_url=at + '/authorize',\n"
            f"    device_url=at + '/device', scopes={provider.oauth().scopes!r}, provider='Example')\n"
            "server = Server('127.0.0.1', username='me@example.org', oauth=oauth)\n"
        )
        assert await cells.run(begin) == "ok"
        yield cells, manager
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


def link_in(text: str) -> str:
    return next(line.strip() for line in text.splitlines() if line.strip().startswith("http"))


async def test_a_cell_that_awaits_a_sign_in_goes_on_by_itself_and_keeps_no_secret() -> None:
    async with provider_on_loopback() as provider, cells_for(provider) as (cells, manager):
        shown: list[str] = []

        async def open_link(text: str) -> None:
            shown.append(text)
            await visit(link_in(text))

        assert await cells.run("await server.sign_in(how='browser')", open_link) == "ok"
        assert "Sign in as me@example.org" in shown[0]
        assert "You are signed in with Example" in cells.last_page
        assert "memory only" in cells.last_page
        assert "there is no keyring on this machine" in cells.last_page

        pasted: list[str] = []

        async def fetch_address(text: str) -> None:
            pasted.append((await visit(link_in(text), follow=False)).headers["Location"])

        assert await cells.run("await server.sign_in(how='paste')", fetch_address, lambda: pasted[0]) == "ok"
        assert "You are signed in" in cells.last_page

        async def interrupt(_text: str) -> None:
            await manager.interrupt_kernel()

        provider.pending = 1_000
        assert await cells.run("await server.sign_in(how='device')", interrupt) == "error"
        assert "The sign-in was interrupted" in cells.last_page
        assert "WDJB" not in cells.last_page

        provider.pending, provider.faults = 0, ["interaction_required"]
        await cells.run("%xmode Verbose")
        assert await cells.run("await server.sign_in(how='browser')", open_link) == "error"
        said = json.dumps([each["content"] for each in cells.sent], default=str)
        assert provider.asked.count("authorization_code") == 3
        assert not any(secret in said for secret in provider.all_tokens)
        assert not any(each["msg_type"].startswith("comm") for each in cells.sent)


async def test_a_terminal_shows_the_page_to_open_and_goes_on_by_itself() -> None:
    script = (
        "import asyncio, sys\n"
        "from notebookmail import OAuth, Server\n"
        "oauth = OAuth('app-id', token_url=sys.argv[1] + '/token', authorize_url=sys.argv[1] + '/authorize',\n"
        "    scopes=sys.argv[2].split(), provider='Example')\n"
        "asyncio.run(Server('127.0.0.1', username='me@example.org', oauth=oauth).sign_in(how='browser'))\n"
    )
    async with provider_on_loopback() as provider:
        ours, theirs = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, provider.address, " ".join(provider.oauth().scopes),
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env={**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"},
        )  # fmt: skip
        os.close(theirs)
        seen = b""
        while b"it waits until" not in seen:
            seen += await asyncio.to_thread(os.read, ours, 4_096)
        await visit(link_in(seen.decode()))
        assert await asyncio.wait_for(process.wait(), SECONDS) == 0, seen.decode()
        seen += await asyncio.to_thread(os.read, ours, 4_096)
        os.close(ours)
    assert "1. Open the sign-in page." in seen.decode()
    assert "You are signed in with Example" in seen.decode()
    assert "there is no keyring on this machine" in seen.decode()

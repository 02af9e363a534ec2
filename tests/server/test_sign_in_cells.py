"""Signing in from a notebook's cell, in a real kernel: what is shown, pasted, interrupted, and what is left."""

from __future__ import annotations

import asyncio
import json
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

        def hear(message: dict[str, Any]) -> None:
            self.sent.append(message)
            if when_shown is not None and message["msg_type"] == "display_data" and not tasks:
                tasks.append(asyncio.ensure_future(when_shown(message["content"]["data"]["text/plain"])))

        def answer(message: dict[str, Any]) -> None:
            assert message["content"]["password"] is True
            tasks.append(asyncio.ensure_future(type_in()))

        async def type_in() -> None:
            await asyncio.gather(*tasks[:1])  # somebody opens the page first
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

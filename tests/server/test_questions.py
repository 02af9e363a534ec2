"""Who logs in is asked for at once, where somebody is there to ask."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys
from typing import Any

from jupyter_client.manager import AsyncKernelManager

ASK = """
from notebookmail import Server
print("asked:", Server.preset("gmail", password="x").username)
"""
QUESTION = "User name at smtp.gmail.com (such as me@gmail.com): "


def test_a_terminals_user_is_asked() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", ASK], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        seen = b""
        while QUESTION.encode() not in seen:
            seen += os.read(ours, 1024)
        os.write(ours, b"you@gmail.com\n")
        try:
            while piece := os.read(ours, 1024):
                seen += piece
        except OSError:  # Linux's way to say that the other end is closed
            pass
        assert process.wait(timeout=60) == 0, seen.decode()
    os.close(ours)
    assert b"asked: you@gmail.com" in seen


def test_without_a_terminal_nobody_is_waited_for() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "the preset 'gmail' wants username='me@gmail.com'" in done.stderr


async def test_a_notebooks_user_is_asked_by_the_front_end_and_nobody_where_nobody_watches() -> None:
    manager = AsyncKernelManager(kernel_name="python3")
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    asked: list[dict[str, Any]] = []
    printed: list[str] = []

    def answer(message: dict[str, Any]) -> None:
        asked.append(message["content"])
        client.input("you@gmail.com")

    try:
        await client.wait_for_ready(timeout=120)
        unwatched = await asyncio.wait_for(
            client.execute_interactive(ASK, allow_stdin=False, output_hook=lambda _message: None), 120
        )
        reply = await asyncio.wait_for(
            client.execute_interactive(
                ASK,
                allow_stdin=True,
                stdin_hook=answer,
                output_hook=lambda message: printed.append(str(message["content"])),
            ),
            120,
        )
        assert reply["content"]["status"] == "ok", reply
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
    assert "wants username='me@gmail.com'" in unwatched["content"]["evalue"]
    assert asked == [{"prompt": QUESTION, "password": False}]
    assert "asked: you@gmail.com" in "".join(printed)

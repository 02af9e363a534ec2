"""An IMAP server of a few lines, for what no real server can be brought to do: to say nothing, or nonsense."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

SILENCE = ""
"""For an answer: none ever comes."""

_DEFAULTS = {
    "CAPABILITY": "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{tag} OK done\r\n",
    "LOGOUT": "* BYE bye\r\n{tag} OK done\r\n",
    "EXAMINE": "* 1 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n* OK [UIDNEXT 2] ok\r\n{tag} OK done\r\n",
}


@asynccontextmanager
async def scripted_imap(
    answers: Mapping[str, str] | None = None, greeting: str = "* OK hello\r\n"
) -> AsyncIterator[tuple[int, list[str]]]:
    """Run it; yield its port, and the lines that it heard.

    Args:
        answers: What it says to a command, by its name in upper case, "{tag}" for the command's tag; "OK" to
            others. A line that follows a "+" counts as a command of the name "+".
        greeting: What it says first.
    """
    heard: list[str] = []
    script = {**_DEFAULTS, **(answers or {})}

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tag, continued = "", False
        with contextlib.suppress(ConnectionError), contextlib.closing(writer):
            writer.write(greeting.encode())
            while line := (await reader.readline()).decode():
                heard.append(line.rstrip("\r\n"))
                words = line.split()
                if not continued:
                    tag, name = words[0], words[1].upper()
                    name = f"UID {words[2].upper()}" if name == "UID" else name
                answer = script.get("+" if continued else name, "{tag} OK done\r\n").replace("{tag}", tag)
                continued = answer.startswith("+")
                writer.write(answer.encode())
                await writer.drain()
                if "* BYE" in answer:
                    return

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], heard

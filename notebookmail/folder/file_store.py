"""Keeps messages in files, off the event loop's thread."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from notebookmail.errors import FrameError

if TYPE_CHECKING:
    from pathlib import Path

    from notebookmail.mail.message import Mail


class MessageFiles(Protocol):
    """Files that messages are kept in. Its methods wait for the disk, and are called on other threads."""

    path: Path

    def open(self) -> None:
        """Make it ready.

        Raises:
            OSError: It cannot be written to.
            FrameError: What is there must not be written to.
        """

    def write(self, mail: Mail) -> str:
        """Keep a message, so that it outlasts a power cut, and return the name it is kept under.

        A message of the same Message-ID takes the place of the one before.

        Raises:
            OSError: It is not kept.
        """

    def close(self) -> None:
        """Let go of it."""


class FileStore:
    """Files as a store of messages (delivery/store_transport.py).

    Args:
        files: What keeps them.
    """

    def __init__(self, files: MessageFiles) -> None:
        self._files = files

    async def open(self) -> None:
        """Make the files ready.

        Raises:
            FrameError: They cannot be written to.
        """
        try:
            await asyncio.to_thread(self._files.open)
        except OSError as problem:
            raise FrameError(f"{self._what_happened(problem)}; nothing was written") from problem

    async def write(self, mail: Mail) -> str:
        """Write a message.

        Raises:
            OSError: It is not kept.
        """
        try:
            name = await asyncio.to_thread(self._files.write, mail)
        except OSError as problem:
            raise OSError(self._what_happened(problem)) from problem
        return f"written to {name}"

    async def close(self) -> None:
        """Give the files up."""
        await asyncio.to_thread(self._files.close)

    def _what_happened(self, problem: OSError) -> str:
        return f"cannot write to {self._files.path}: {problem.strerror or problem}"

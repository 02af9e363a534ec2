"""The end of a session: QUIT where it can be said, and a connection that is closed (RFC 5321 4.1.1.10)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from notebookmail.errors import SMTPException

from .wire import commands

if TYPE_CHECKING:
    from .connection import Connection

QUIT_SECONDS: Final = 2.0
"""How long the answer to QUIT may take: all that was to be done is done."""


async def say_quit(connection: Connection) -> None:
    """Say QUIT where no command is under way, and close; what the server answers to it is its business."""
    try:
        with contextlib.suppress(SMTPException, RuntimeError):
            if connection.is_idle:
                await connection.execute(commands.QUIT, timeout=QUIT_SECONDS)
    finally:
        connection.abort()

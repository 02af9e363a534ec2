"""One .eml file a message: the octets that would be sent, under a name that says to whom."""

from __future__ import annotations

import os
import tempfile
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from notebookmail.mail.message import Mail

_NOT_IN_NAMES: Final = str.maketrans(dict.fromkeys([*map(chr, range(32)), *'/\\:*?"<>|'], "_"))
"""What some system allows in no file's name."""

_LONGEST_ADDRESS: Final = 60
"""Characters: a file's name may have 255 octets, and a character up to four."""


class EmlFiles:
    """A folder with a file for each message.

    Args:
        path: The folder; made, with those above it, if there is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self) -> None:
        """Make the folder, and see that it can be written to."""
        self.path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self.path):
            pass

    def write(self, mail: Mail) -> str:
        """Write a message beside its place, then move it there: whoever looks sees all of it or nothing."""
        name = file_name(mail)
        part = self.path / f".{name}.part"  # what a crash leaves of it is overwritten when it is written again
        with part.open("wb") as file:
            file.writelines(mail.segments)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path / name)
        _sync_folder(self.path)
        return name

    def close(self) -> None:
        """Do nothing: every file is closed."""


def file_name(mail: Mail) -> str:
    """Return the name of a message's file: its first recipient, and what tells it from that person's others.

    The same for the same Message-ID, so that what is written again takes the place of the first.
    """
    address = mail.envelope.recipients[0].translate(_NOT_IN_NAMES)
    mark = blake2b(mail.message_id.encode(), digest_size=6).hexdigest()
    return f"{address[:_LONGEST_ADDRESS]} {mark}.eml"


def _sync_folder(path: Path) -> None:
    """Make a file's name last, where folders can be synchronised."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

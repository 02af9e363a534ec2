"""A folder of letters as the place where a campaign's messages go."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from notebookmail.delivery.store_transport import StoreTransport
from notebookmail.errors import FrameError

from .eml import EmlFiles
from .file_store import FileStore
from .mbox import MboxFile

_WRITERS = 8
_MBOX = ".mbox"


@dataclass(frozen=True, slots=True)
class Folder:
    """Files that messages are written to instead of being mailed.

    A run over a folder is a run as any other: journal, campaign, board, results. "Sent" is a row whose letter is
    in the folder, whole, also after a power cut. A run that is repeated writes no second one. It is a world of
    its own: a campaign that was written to a folder has mailed nobody, and the same one over a server mails
    everybody. The files hold no envelope: who is in bcc stands in the results alone.

    Args:
        path: A folder, made if there is none, for one .eml file a message (RFC 5322, as it would be sent); or a
            file that ends in .mbox, for all in one (RFC 4155), to which messages are added.

    Raises:
        FrameError: It is no path, or what is there is of the other kind.

    Example:
        >>> await send_frame(df, template, Folder("letters/"))
    """

    path: Path

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, str | os.PathLike) or not os.fspath(path):
            raise FrameError(
                f"Folder({path!r}): give a path, such as Folder('letters/') or Folder('letters.mbox')"
            )
        whole = Path(path).expanduser().absolute()
        object.__setattr__(self, "path", whole)
        if self._is_mbox and whole.is_dir():
            raise FrameError(f"{whole} is a folder: a file is wanted whose name ends in {_MBOX}")
        if not self._is_mbox and whole.exists() and not whole.is_dir():
            raise FrameError(f"{whole} is a file: give a folder, or a file whose name ends in {_MBOX}")

    @property
    def _is_mbox(self) -> bool:
        return self.path.suffix.lower() == _MBOX

    @property
    def endpoint(self) -> str:
        """Where it is, for people."""
        return str(self.path) if self._is_mbox else f"{self.path}{os.sep}"

    @property
    def host(self) -> str:
        """Return "": no machine answers for files."""
        return ""

    @property
    def world(self) -> str:
        """What its campaigns are told apart by: its path."""
        return self.path.resolve().as_uri()

    @property
    def account(self) -> str:
        """Whose quota a message counts for: nobody's."""
        return self.world

    @property
    def messages_per_second(self) -> None:
        """Return None: files are written as fast as the disk takes them."""
        return

    @property
    def daily_quotas(self) -> dict[str, int]:
        """Return nothing: no account's quota counts what is written to files."""
        return {}

    @property
    def is_sandbox(self) -> bool:
        """False: files last, and so does the journal of what was written."""
        return False

    @property
    def is_repeatable(self) -> bool:
        """True: a message written again takes the place of the first."""
        return True

    def with_password(self) -> Self:
        """Return it as it is: files ask for none."""
        return self

    def forget_password(self) -> None:
        """Do nothing: there is none."""

    def offers_to_save(self) -> bool:
        """False: there is no password."""
        return False

    def connections_at_once(self, max_connections: int | None = None) -> int:
        """Tell how many messages are written at once at most."""
        return 1 if self._is_mbox else min(_WRITERS, max_connections or _WRITERS)

    def transport(self, max_connections: int | None = None) -> StoreTransport[Any]:
        """Make what writes one run's messages."""
        files = MboxFile(self.path) if self._is_mbox else EmlFiles(self.path)
        return StoreTransport(FileStore(files), self.connections_at_once(max_connections))

"""Files a letter may take with it: only those below one folder, whatever a row says (path traversal, CWE-22)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from notebookmail.errors import TemplateError

if TYPE_CHECKING:
    import os

MOST_OCTETS: Final = 100 * 1024 * 1024
"""No mail server takes more; the largest take 150 MB with everything encoded."""
_SHOWN: Final = 120  # characters of a name in a message


class ReadFolder:
    """The folder files are read from; what lies outside of it is not read, nor what a link in it leads out to.

    Args:
        path: The folder; None for the process's working folder.
    """

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self.path = Path.cwd().resolve() if path is None else Path(path).expanduser().resolve()

    def find(self, name: str | os.PathLike[str]) -> Path:
        """Return the file itself, with every link followed.

        Raises:
            TemplateError: It lies outside of the folder, is not there, or is no file.
        """
        text = str(name)
        shown = repr(text)[:_SHOWN]
        if "\0" in text or not text.strip():
            raise TemplateError(f"{shown} is not the name of a file")
        try:
            path = (self.path / Path(text).expanduser()).resolve(strict=True)
        except (OSError, RuntimeError, UnicodeError) as problem:
            raise TemplateError(f"the file {shown} is not there (looked in {self.path})") from problem
        if not path.is_relative_to(self.path):
            raise TemplateError(
                f"the file {shown} lies outside of {self.path}, and only files below it may be sent; "
                "say folder=... to allow another folder"
            )
        if not path.is_file():
            raise TemplateError(f"{shown} is not a file")
        return path

    def state(self, name: str | os.PathLike[str]) -> tuple[str, int, int]:
        """Return what changes when a file's content does: its path, time of change, and size.

        Raises:
            TemplateError: As for find; or it has just gone.
        """
        path = self.find(name)
        try:
            status = path.stat()
        except OSError as problem:
            raise _unreadable(name, problem) from problem
        return str(path), status.st_mtime_ns, status.st_size

    def read(self, name: str | os.PathLike[str]) -> bytes:
        """Return a file's content.

        Raises:
            TemplateError: As for find; or it cannot be read, or is larger than any server takes.
        """
        path = self.find(name)
        try:
            if path.stat().st_size > MOST_OCTETS:
                shown = repr(str(name))[:_SHOWN]
                raise TemplateError(f"the file {shown} is larger than {MOST_OCTETS // 2**20} MB: send a link")
            return path.read_bytes()
        except OSError as problem:
            raise _unreadable(name, problem) from problem


def _unreadable(name: str | os.PathLike[str], problem: OSError) -> TemplateError:
    return TemplateError(f"the file {repr(str(name))[:_SHOWN]} cannot be read: {problem.strerror}")

"""Whether a journal will outlive the machine it is on: a rented notebook's disk, and a container's, end with it.

Who reads "run it again, also after a restart" believes it there, too. So the first run with such a journal says
what it is worth, once, and what to do. Known are the places by what they set in the environment and by what is
mounted where the journal lies; a mounted drive or volume is taken for one that lasts.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .file_systems import LOCAL, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_RENTED: Final = {
    "COLAB_RELEASE_TAG": "Google Colab", "COLAB_GPU": "Google Colab",
    "KAGGLE_KERNEL_RUN_TYPE": "Kaggle",
    "BINDER_LAUNCH_HOST": "Binder", "BINDER_REPO_URL": "Binder", "BINDER_SERVICE_HOST": "Binder",
}  # fmt: skip
"""What rented notebooks set in the environment; their own disks end with the session."""

_OF_CONTAINERS: Final = frozenset({"aufs", "overlay"})
_OF_MEMORY: Final = frozenset({"ramfs", "tmpfs"})
_MARKS: Final = (".dockerenv", "run/.containerenv")
"""Files that Docker and Podman put at a container's root."""

_EXAMPLES: Final = {"Google Colab": "/content/drive/MyDrive/journal.sqlite"}
_told: set[Path] = set()


def warning(path: Path) -> str:
    """Say, once for each journal in this process, that it will not last; "" if it will, or was said to.

    Args:
        path: The journal's file, without symbolic links.
    """
    if path in _told:
        return ""
    _told.add(path)
    where = short_lived_place(path.parent)
    if not where:
        return ""
    example = _EXAMPLES.get(where, "/a/mounted/drive/journal.sqlite")
    return (
        f"The journal is on {where}, and ends with it: then nobody knows what was sent, and running the cell "
        f"again mails everybody again. Keep it on a drive that is mounted: journal={example!r}."
    )


def short_lived_place(
    folder: Path,
    *,
    environment: Mapping[str, str] = os.environ,
    root: Path = Path("/"),
    table: Path | None = None,
) -> str:
    """Name the place whose end a folder does not outlive; "" where none is known.

    Args:
        folder: An absolute path without symbolic links.
        environment: The environment variables.
        root: Where the machine's files begin.
        table: What is mounted, in the form of /proc/mounts (proc(5)).
    """
    kind = kind_of(folder, table)
    if kind is None or kind in LOCAL:
        for name, where in _RENTED.items():
            if name in environment:
                return where
    if kind in _OF_CONTAINERS and _is_container(environment, root):
        return "this container's own disk"
    return "a disk in this machine's memory" if kind in _OF_MEMORY else ""


def _is_container(environment: Mapping[str, str], root: Path) -> bool:
    return "KUBERNETES_SERVICE_HOST" in environment or any((root / mark).exists() for mark in _MARKS)

"""Which file systems let several processes share memory through a file, as SQLite's write-ahead log needs it.

Network file systems do not: there the log would be torn (https://www.sqlite.org/wal.html, "Disadvantages"). Linux
says what is mounted where; a kind that is not known to be local counts as a network's, because the rollback
journal that is used then is slower, but right everywhere. Other systems do not say: there SQLite's own answer has
to do.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

TABLE: Final = Path("/proc/self/mounts")

LOCAL: Final = frozenset({
    "apfs", "bcachefs", "btrfs", "ecryptfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "fuseblk", "hfs", "hfsplus",
    "jfs", "nilfs2", "ntfs", "ntfs3", "overlay", "ramfs", "reiserfs", "tmpfs", "ubifs", "vfat", "xfs", "zfs",
})  # fmt: skip
"""Kinds of file system that live on this machine. fuseblk: a block device's, such as ntfs-3g."""

_OCTAL = re.compile(r"\\([0-7]{3})")


def has_shared_memory(folder: Path, table: Path | None = None) -> bool:
    """Tell whether a folder lies on a file system that is local, or of which nothing is known.

    Args:
        folder: An absolute path without symbolic links.
        table: What is mounted, in the form of /proc/mounts (proc(5)).
    """
    if str(folder).startswith("\\\\"):  # \\server\share
        return False
    kind = kind_of(folder, table)
    return kind is None or kind in LOCAL


def kind_of(folder: Path, table: Path | None = None) -> str | None:
    """Name the file system a folder lies on: of the innermost mount, and of two at one place the later."""
    try:
        lines = (table or TABLE).read_text("utf-8", "surrogateescape").split("\n")
    except OSError:
        return None
    depth, kind = -1, None
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:  # noqa: PLR2004 -- device, place, kind
            continue
        place = Path(_OCTAL.sub(lambda octal: chr(int(octal[1], 8)), fields[1]))
        if folder.is_relative_to(place) and len(place.parts) >= depth:
            depth, kind = len(place.parts), fields[2]
    return kind

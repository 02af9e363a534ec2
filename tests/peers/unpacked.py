"""Runs a server of a Debian package that is only unpacked, as if it were installed, and leaves no trace.

Debian's mail servers exclude one another, want users of their own and files where they were compiled to look for
them. So each runs in a mount namespace: its files lie over /usr, its users are in /etc/passwd, its own folder is
/srv. Nothing of that is seen outside. It is a process namespace too: the server ends, with every process it ever
started, when the test run does, even when that is killed.

Only root may make such namespaces, and a container may forbid it to root; there these peers are missing.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from .peer import PeerMissing
from .process import stopped, wait_for_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .peer import Setup

INSIDE = "/srv"
"""Where the server finds its folder."""

STORE_USER = "nobody"
"""Who writes what arrived."""

_FIRST_UID = 64001
_NAMESPACE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")

# $1: the unpacked package, or nothing; $2: the server's folder; then its command, whose end is the end of all, as
# is the end of the input. Postfix closes every file number that it might have: a million would take seconds.
_INSIDE_SCRIPT = """
set -e
if [ -n "$1" ]; then mount -t overlay -o "ro,lowerdir=$1/usr:/usr" overlay /usr; fi
mount --bind "$2" /srv
mount --bind /srv/passwd /etc/passwd
mount --bind /srv/group /etc/group
if [ -d /srv/var ]; then mount --bind /srv/var /var; fi
mount -t tmpfs tmpfs /run
shift 2
exec 3<&0 </dev/null
(read -r _ <&3 || kill -KILL -1) &
exec 3<&-
ulimit -n 4096
"$@"
"""


def unpacked_folder(package: str) -> Path | None:
    """The folder that a package was unpacked into."""
    folder = os.environ.get("NOTEBOOKMAIL_PEERS")
    unpacked = Path(folder, package).resolve() if folder else None
    return unpacked if unpacked is not None and unpacked.is_dir() else None


def find_package(package: str, program: str) -> Path | None:
    """The folder of an unpacked package; None where it is installed.

    Args:
        package: Its name.
        program: The path of its server, such as /usr/sbin/exim4.

    Raises:
        PeerMissing: Neither unpacked nor installed, or no namespace can be made to run it in.
    """
    folder = unpacked_folder(package)
    if folder is None and not Path(program).is_file():
        raise PeerMissing(f"{package} is missing: unpack it and set NOTEBOOKMAIL_PEERS, or install it")
    if not _may_make_namespaces():
        raise PeerMissing(f"{package} is not run: its namespace takes root, and a container that allows it")
    return folder


@cache
def _may_make_namespaces() -> bool:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    trial = [*_NAMESPACE, "mount", "-t", "overlay", "-o", "ro,lowerdir=/srv:/usr", "overlay", "/usr"]
    return subprocess.run(trial, stderr=subprocess.DEVNULL, check=False).returncode == 0


def prepare(folder: Path, setup: Setup, *users: str) -> dict[str, int]:
    """Make the server's folder, with the files of a certificate, and this machine's users and further ones.

    Returns:
        The number of each further user, who has a group of the same name and number.
    """
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    for file, name in zip(setup.certificate or (), ("chain.pem", "key.pem"), strict=False):
        shutil.copy(file, folder / name)
    numbers = {name: number for number, name in enumerate(users, _FIRST_UID)}
    passwd = [f"{name}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n" for name, number in numbers.items()]
    group = [f"{name}:x:{number}:\n" for name, number in numbers.items()]
    for file, entries in (("passwd", passwd), ("group", group)):  # ours first: they count where both know a name
        (folder / file).write_text("".join(entries) + Path("/etc", file).read_text())
    return numbers


def make_folder(path: Path, uid: int | None = None) -> None:
    """Make a folder that a user owns, by default the one who writes the store."""
    path.mkdir()
    os.chown(path, pwd.getpwnam(STORE_USER).pw_uid if uid is None else uid, -1)


@contextmanager
def running(package: Path | None, folder: Path, command: Sequence[str], port: int) -> Iterator[None]:
    """Run a server in its namespace until the block ends; what it says is in its folder's file "log".

    Args:
        package: The folder of the unpacked package, if it is not installed.
        folder: The server's prepared folder.
        command: Starts it in the foreground.
        port: What it listens on when it is ready.
    """
    with (
        (folder / "log").open("w+b") as log,
        subprocess.Popen(
            [*_NAMESPACE, "sh", "-c", _INSIDE_SCRIPT, "sh", str(package or ""), str(folder), *command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        ) as process,
        stopped(process),
    ):
        wait_for_port(port, process, log)
        yield

"""smtp-sink: Postfix's load sink, in C; the fastest peer, and the least choosy.

Announces PIPELINING 8BITMIME AUTH ENHANCEDSTATUSCODES DSN.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .peer import HOST, Arrival, Peer, PeerMissing
from .process import LIFE_LINE, free_port, stopped, wait_for_port
from .unpacked import unpacked_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@contextmanager
def smtp_sink(folder: Path | None = None, *, options: Sequence[str] = ()) -> Iterator[Peer]:
    """Run Postfix's smtp-sink, from the unpacked package postfix, on PATH or in /usr/sbin.

    It drops bare CRs and keeps a bare LF like a line's end: judge line endings with `smtp_server`, which keeps
    every octet.

    Args:
        folder: An empty folder for one file a message; None discards what arrives, as fast as the sink can.
        options: Further options of smtp-sink, such as ("-r", "rcpt") to answer RCPT with 450.

    Raises:
        PeerMissing: If smtp-sink is not installed.
    """
    program, environment = find_postfix_program("smtp-sink")
    port = free_port()
    command = [str(program), *options]
    if folder is not None:
        folder.mkdir(exist_ok=True)
        command += ["-d", "%Y%m%d%H%M%S."]
    if os.geteuid() == 0:  # it refuses to run as root; as nobody it can write to its working directory only
        command += ["-u", "nobody"]
        if folder is not None:
            os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [*LIFE_LINE, *command, f"{HOST}:{port}", "1000"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        ) as process,
        stopped(process),
    ):
        wait_for_port(port, process, errors)
        yield Peer(f"smtp-sink ({program})", HOST, port, lambda: _read_dumps(folder))


def find_postfix_program(name: str) -> tuple[Path, dict[str, str]]:
    """Find a program of the package postfix, unpacked, on PATH or in /usr/sbin, and the environment it runs in.

    Raises:
        PeerMissing: If it is not installed.
    """
    unpacked = unpacked_folder("postfix")
    if unpacked is not None and (unpacked / "usr/sbin" / name).is_file():
        libraries = unpacked / "usr/lib/postfix"
        return unpacked / "usr/sbin" / name, {**os.environ, "LD_LIBRARY_PATH": str(libraries)}
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))
    if found is None:
        raise PeerMissing(f"{name} is missing: unpack postfix and set NOTEBOOKMAIL_PEERS, or install it")
    return Path(found), dict(os.environ)


# What the sink puts before the message: five or more X- lines and a Received header of three lines.
_DUMP = re.compile(rb"(?s)(?P<notes>(?:X-[^\n]*\n)+)Received: [^\n]*\n(?:\t[^\n]*\n){2}(?P<content>.*)\n")


def _read_dumps(folder: Path | None) -> list[Arrival]:
    if folder is None:
        raise ValueError("this smtp-sink discards what arrives: give it a folder")
    files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
    return [_parse_dump(file.read_bytes()) for file in files]


def _parse_dump(dump: bytes) -> Arrival:
    parts = _DUMP.fullmatch(dump)
    if parts is None:
        raise ValueError(f"not a dump of smtp-sink: {dump[:200]!r}")
    notes = parts["notes"].decode()
    (sender,) = re.findall(r"^X-Mail-Args: <(.*?)>", notes, re.MULTILINE)
    recipients = re.findall(r"^X-Rcpt-Args: <(.*?)>", notes, re.MULTILINE)
    return Arrival(sender, tuple(recipients), parts["content"].replace(b"\n", b"\r\n"))

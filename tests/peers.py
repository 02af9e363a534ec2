"""Other projects' SMTP servers on loopback: what this client is tested and measured against.

Each server is a context manager, so that tests (through the fixtures of conftest.py) and benchmarks share it.
It yields a `Peer`, which says where the server listens and reads back what arrived. Where a server is not
installed, `PeerMissing` is raised: for pytest that is a skip with its reason, and a benchmark can catch it.

Servers listen on 127.0.0.1 only, store or discard, and relay nothing. Nothing here installs anything.
"""

from __future__ import annotations

import base64
import json
import os
import pwd
import re
import select
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

HOST = "127.0.0.1"
START_SECONDS = 15.0
STOP_SECONDS = 5.0

PeerMissing = pytest.skip.Exception


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message as the server got it: the envelope, and the content with CRLF and without dot-stuffing."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


@dataclass(frozen=True, slots=True)
class Peer:
    """A running server.

    Attributes:
        name: The server and how it was found, for a benchmark's heading.
        host: Always 127.0.0.1.
        port: The port it accepts connections on.
        arrivals: Reads back the messages accepted so far, in no promised order.
    """

    name: str
    host: str
    port: int
    arrivals: Callable[[], list[Arrival]]


# smtp-sink: Postfix's load sink, in C. Announces PIPELINING 8BITMIME AUTH ENHANCEDSTATUSCODES DSN.


@contextmanager
def smtp_sink(folder: Path | None = None, *, options: Sequence[str] = ()) -> Iterator[Peer]:
    """Run Postfix's smtp-sink, found in the folder NOTEBOOKMAIL_POSTFIX, on PATH or in /usr/sbin.

    It drops bare CRs and keeps a bare LF like a line's end: judge line endings with `smtp_server`, which keeps
    every octet.

    Args:
        folder: An empty folder for one file a message; None discards what arrives, as fast as the sink can.
        options: Further options of smtp-sink, such as ("-r", "rcpt") to answer RCPT with 450.

    Raises:
        PeerMissing: If smtp-sink is not installed.
    """
    program, libraries = _find_smtp_sink()
    port = _free_port()
    command = [str(program), *options]
    if folder is not None:
        folder.mkdir(exist_ok=True)
        command += ["-d", "%Y%m%d%H%M%S."]
    if os.geteuid() == 0:  # it refuses to run as root; as nobody it can write to its working directory only
        command += ["-u", "nobody"]
        if folder is not None:
            os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    environment = {**os.environ, **({"LD_LIBRARY_PATH": str(libraries)} if libraries else {})}
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [*command, f"{HOST}:{port}", "1000"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        ) as process,
        _stopped(process),
    ):
        _wait_for_port(port, process, errors)
        yield Peer(f"smtp-sink ({program})", HOST, port, lambda: _read_dumps(folder))


def _find_smtp_sink() -> tuple[Path, Path | None]:
    """The program, and the folder of its libraries where it is unpacked rather than installed."""
    if unpacked := os.environ.get("NOTEBOOKMAIL_POSTFIX"):
        program = Path(unpacked).resolve() / "usr/sbin/smtp-sink"
        if program.is_file():
            return program, program.parents[1] / "lib/postfix"
    found = shutil.which("smtp-sink", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))
    if found is None:
        raise PeerMissing("smtp-sink is missing: install Postfix, or unpack it and set NOTEBOOKMAIL_POSTFIX")
    return Path(found), None


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


# smtp-server: the SMTP server of nodemailer's author, on Node.js. Announces PIPELINING 8BITMIME SMTPUTF8, and
# what is asked for of STARTTLS, AUTH and SIZE.


@contextmanager
def smtp_server(
    folder: Path | None = None,
    *,
    refuse: Sequence[str] = (),
    credentials: tuple[str, str] | None = None,
    certificate: tuple[Path, Path] | None = None,
    **options: object,
) -> Iterator[Peer]:
    """Run npm's smtp-server, found in the folders NOTEBOOKMAIL_NODE_MODULES, NODE_PATH or tests/node_modules.

    Args:
        folder: Where arrived messages are kept, in one file; None discards them.
        refuse: Recipients answered with 550 5.1.1.
        credentials: User and password; then AUTH is announced and required (after STARTTLS, if there is one).
        certificate: PEM files of a certificate chain and its key; then STARTTLS is announced.
        options: Further options of smtp-server, such as `size=1000` or `hidePIPELINING=True`.

    Raises:
        PeerMissing: If Node.js or smtp-server is not installed.
    """
    node, modules = _find_smtp_server()
    if folder is not None:
        folder.mkdir(exist_ok=True)
    file = folder / "arrivals.jsonl" if folder is not None else None
    settings = {
        "file": file and str(file),
        "refuse": list(refuse),
        "credentials": credentials,
        "certificate": certificate and [str(path) for path in certificate],
        "options": options,
    }
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [node, str(Path(__file__).with_name("smtp_server.cjs")), json.dumps(settings)],
            env={**os.environ, "NODE_PATH": str(modules)},
            stdin=subprocess.PIPE,  # it ends with its input: not even a killed test run leaves it behind
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as process,
        _stopped(process),
    ):
        port = _announced_port(process, errors)
        yield Peer(f"smtp-server ({modules})", HOST, port, lambda: _read_lines(file))


def _find_smtp_server() -> tuple[str, Path]:
    """Node.js, and the folder of packages that has smtp-server."""
    node = shutil.which("node")
    if node is None:
        raise PeerMissing("smtp-server is missing: Node.js is not installed")
    variables = os.environ.get("NOTEBOOKMAIL_NODE_MODULES", ""), os.environ.get("NODE_PATH", "")
    named = [Path(name) for variable in variables for name in variable.split(os.pathsep) if name]
    for modules in (*named, Path(__file__).with_name("node_modules")):
        if (modules / "smtp-server").is_dir():
            return node, modules.resolve()
    raise PeerMissing("smtp-server is missing: npm install smtp-server, and set NOTEBOOKMAIL_NODE_MODULES")


def _announced_port(process: subprocess.Popen[bytes], errors: IO[bytes]) -> int:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    line = process.stdout.readline() if readable else b""
    if not line:
        raise RuntimeError(f"smtp-server did not start: {_text(errors)}")
    return int(json.loads(line)["port"])


def _read_lines(file: Path | None) -> list[Arrival]:
    if file is None:
        raise ValueError("this smtp-server discards what arrives: give it a folder")
    if not file.exists():
        return []
    return [
        Arrival(stored["sender"], tuple(stored["recipients"]), base64.b64decode(stored["content"]))
        for stored in map(json.loads, file.read_text().splitlines())
    ]


# What both need.


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_for_port(port: int, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended at once: {_text(errors)}")
        try:
            socket.create_connection((HOST, port), timeout=1.0).close()
        except OSError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the server does not listen on {port}: {_text(errors)}") from error
            time.sleep(0.01)
        else:
            return


def _text(errors: IO[bytes]) -> str:
    errors.seek(0)
    return errors.read().decode(errors="replace").strip()


@contextmanager
def _stopped(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End the process when the block ends, and collect it: no zombie, no port held."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

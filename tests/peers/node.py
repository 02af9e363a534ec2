"""Two servers on Node.js: smtp-server, of nodemailer's author, and MailDev, which people develop with.

smtp-server announces PIPELINING 8BITMIME SMTPUTF8, and what is asked for of STARTTLS, AUTH and SIZE. MailDev,
which is built on it, announces PIPELINING 8BITMIME SMTPUTF8 AUTH SIZE.
"""

from __future__ import annotations

import base64
import json
import os
import re
import select
import shutil
import subprocess
import tempfile
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import idna

from .peer import HOST, PASSWORD, USERNAME, Arrival, Peer, PeerMissing, Setup
from .process import LIFE_LINE, START_SECONDS, stopped, text, two_free_ports, wait_for_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MAJOR = re.compile(r"\d+")


@contextmanager
def smtp_server(
    folder: Path | None = None,
    *,
    refuse: Sequence[str] = (),
    refuse_senders: Sequence[str] = (),
    credentials: tuple[str, str] | None = None,
    certificate: tuple[Path, Path] | None = None,
    **options: object,
) -> Iterator[Peer]:
    """Run npm's smtp-server, found in the folders NOTEBOOKMAIL_NODE_MODULES, NODE_PATH or tests/node_modules.

    Args:
        folder: Where arrived messages are kept, in one file; None discards them.
        refuse: Recipients answered with 550 5.1.1.
        refuse_senders: Senders answered with 550 5.7.1.
        credentials: User and password; then AUTH is announced and required (after STARTTLS, if there is one).
        certificate: PEM files of a certificate chain and its key; then STARTTLS is announced, and there is a
            second port for TLS from the first byte.
        options: Further options of smtp-server, such as `size=1000` or `hidePIPELINING=True`.

    Raises:
        PeerMissing: If Node.js or smtp-server is not installed.
    """
    node, modules = find_node_package("smtp-server")
    if folder is not None:
        folder.mkdir(exist_ok=True)
    file = folder / "arrivals.jsonl" if folder is not None else None
    settings = {
        "file": file and str(file),
        "refuse": list(refuse),
        "refuseSenders": list(refuse_senders),
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
        stopped(process),
    ):
        ports = _announced_ports(process, errors)
        name = f"smtp-server ({modules})"
        yield Peer(name, HOST, ports["port"], lambda: _read_lines(file), ports.get("tls_port"))


def find_node_package(name: str) -> tuple[str, Path]:
    """Find Node.js, and the folder of packages that has this one.

    Raises:
        PeerMissing: If one of them is not installed.
    """
    node = shutil.which("node")
    if node is None:
        raise PeerMissing(f"{name} is missing: Node.js is not installed")
    variables = os.environ.get("NOTEBOOKMAIL_NODE_MODULES", ""), os.environ.get("NODE_PATH", "")
    named = [Path(name) for variable in variables for name in variable.split(os.pathsep) if name]
    for modules in (*named, Path(__file__).parent.with_name("node_modules")):
        if (modules / name).is_dir():
            return node, modules.resolve()
    raise PeerMissing(f"{name} is missing: npm install {name}, and set NOTEBOOKMAIL_NODE_MODULES")


def _announced_ports(process: subprocess.Popen[bytes], errors: IO[bytes]) -> dict[str, int]:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    line = process.stdout.readline() if readable else b""
    if not line:
        raise RuntimeError(f"smtp-server did not start: {text(errors)}")
    ports: dict[str, int] = json.loads(line)
    return ports


def _read_lines(file: Path | None) -> list[Arrival]:
    if file is None:
        raise ValueError("this smtp-server discards what arrives: give it a folder")
    if not file.exists():
        return []
    return [
        Arrival(
            _as_sent(stored["sender"]),
            tuple(map(_as_sent, stored["recipients"])),
            base64.b64decode(stored["content"]),
        )
        for stored in map(json.loads, file.read_text().splitlines())
    ]


def _as_sent(address: str) -> str:
    """Give an ASCII address the ASCII domain that it came with: smtp-server shows domains in their own script."""
    local, at, domain = address.rpartition("@")
    return local + at + (idna.encode(domain).decode() if local.isascii() and not domain.isascii() else domain)


@contextmanager
def maildev(folder: Path, setup: Setup) -> Iterator[Peer]:
    """Run npm's maildev, found like smtp-server.

    Args:
        folder: An empty folder for its .eml files.
        setup: Only size and hide are followed: it refuses nobody, and one instance has TLS always or never.

    Raises:
        PeerMissing: If Node.js or maildev is not installed.
    """
    node, modules = find_node_package("maildev")
    package = json.loads((modules / "maildev/package.json").read_text())
    wanted, version = package["engines"]["node"], subprocess.check_output([node, "--version"], text=True)
    if int(_MAJOR.findall(version)[0]) < int(_MAJOR.findall(wanted)[0]):
        raise PeerMissing(f"maildev is not run: it wants Node.js {wanted}, this is {version.strip()}")
    port, web_port = two_free_ports()
    options = {
        "ip": HOST,
        "smtp": port,
        "web-ip": HOST,
        "web": web_port,
        "mail-directory": folder,
        "incoming-user": USERNAME,
        "incoming-pass": PASSWORD,
        "max-message-size": setup.size,
        **({"hide-extensions": ",".join(setup.hide).upper()} if setup.hide else {}),
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [*LIFE_LINE, node, str(modules / "maildev" / package["bin"]["maildev"]), *arguments],
            stdin=subprocess.PIPE,
            stdout=errors,
            stderr=errors,
        ) as process,
        stopped(process),
    ):
        wait_for_port(port, process, errors)
        wait_for_port(web_port, process, errors)
        name = f"MailDev {package['version']} ({modules})"
        yield Peer(name, HOST, port, lambda: _read_mail(folder, f"http://{HOST}:{web_port}/api/email"))


def _read_mail(folder: Path, address: str) -> list[Arrival]:
    """Envelopes by MailDev's own interface, contents from its files."""
    with urllib.request.urlopen(address, timeout=START_SECONDS) as reply:
        listed = json.load(reply)
    return [
        Arrival(
            _as_sent(each["envelope"]["from"]["address"]),
            tuple(_as_sent(recipient["address"]) for recipient in each["envelope"]["to"]),
            (folder / f"{each['id']}.eml").read_bytes(),
        )
        for each in listed
    ]

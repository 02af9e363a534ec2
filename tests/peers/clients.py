"""Other projects' senders, to be measured beside: each runs to its end and tells how long it took.

smtp-source is Postfix's load generator, in C, from the package that smtp-sink comes from: one fixed message,
nothing rendered, no reply looked at twice. nodemailer is what Node.js programs send mail with; its script fills
in a letter for every row, as a program would.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .node import find_node_package
from .peer import HOST
from .sink import find_postfix_program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LONGEST_SECONDS = 600


def smtp_source(port: int, *, messages: int, sessions: int, octets: int) -> float:
    """Send with Postfix's smtp-source, and return the seconds of its process.

    Args:
        port: Of the server, on 127.0.0.1.
        messages: How many.
        sessions: Connections at once; each is kept for many messages.
        octets: The length of the message.

    Raises:
        PeerMissing: If smtp-source is not installed.
        subprocess.CalledProcessError: It could not send them all.
    """
    program, environment = find_postfix_program("smtp-source")
    command = [str(program), "-d", f"-s{sessions}", f"-m{messages}", f"-l{octets}"]
    command += ["-f", "analyst@example.com", "-t", "reader@example.org", f"{HOST}:{port}"]
    started = time.perf_counter()
    subprocess.run(command, env=environment, check=True, timeout=_LONGEST_SECONDS)
    return time.perf_counter() - started


def nodemailer(
    port: int,
    rows: Sequence[Mapping[str, object]],
    letter: Mapping[str, str],
    *,
    connections: int,
    authority: str = "",
) -> float:
    """Send a letter to every row with npm's nodemailer, pooled, and return the seconds from first to last.

    Loading Node.js and reading the rows are not in them.

    Args:
        port: Of the server, on 127.0.0.1.
        rows: What the letter's fields are filled with.
        letter: `from`, `to`, `subject`, `text` and `html` as JavaScript template literals of `row`; in them `h`
            escapes a value for HTML.
        connections: At most so many.
        authority: The path of who has signed the server's certificate; "" for no TLS.

    Raises:
        PeerMissing: If Node.js or nodemailer is not installed.
        subprocess.CalledProcessError: It could not send them all.
    """
    node, modules = find_node_package("nodemailer")
    settings = {
        "port": port, "connections": connections, "authority": authority, "letter": letter, "rows": rows,
    }  # fmt: skip
    done = subprocess.run(
        [node, str(Path(__file__).with_name("nodemailer.cjs"))],
        env={**os.environ, "NODE_PATH": str(modules)},
        input=json.dumps(settings).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=_LONGEST_SECONDS,
    )
    seconds: float = json.loads(done.stdout)["seconds"]
    return seconds

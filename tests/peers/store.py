"""Where a server that queues delivers: a shell script that writes each delivery to a file of its own.

A server may deliver a message in several parts, each to some of its recipients; the id in the server's own
Received header puts them together again.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from .peer import Arrival
from .process import DELIVER_SECONDS, wait_until
from .unpacked import INSIDE, make_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

STORE = f"{INSIDE}/store.sh"
"""The script: its arguments are the sender and the recipients, its input is the content."""

# Process ids do not come again so soon; -C (no overwriting) would say so if they did.
_SCRIPT = f"""#!/bin/sh
set -Ceu
{{ printf '%s\\n' "$@" ''; cat; }} >{INSIDE}/store/$$
"""

_ID = re.compile(rb"(?m)^Received:[^\n]*(?:\n[ \t][^\n]*)*?\bid ([\w-]+)")


def make_store(folder: Path) -> None:
    """Put the script and an empty store into a server's folder."""
    make_folder(folder / "store")
    script = folder / "store.sh"
    script.write_text(_SCRIPT)
    script.chmod(0o755)


def parse_delivery(delivery: bytes) -> Arrival:
    """Read what the script wrote."""
    sender, _, rest = delivery.partition(b"\n")
    recipients, _, content = rest.partition(b"\n\n")
    return Arrival(sender.decode(), tuple(recipients.decode().split("\n")), content.replace(b"\n", b"\r\n"))


def read_store(
    folder: Path, queue: Iterable[str], parse: Callable[[bytes], Arrival] = parse_delivery
) -> list[Arrival]:
    """Wait until the server has delivered everything, and read it back.

    Args:
        folder: The server's folder.
        queue: The folders of its queue, in the order in which a message goes through them.
        parse: Reads a file of the store.
    """

    def waiting() -> list[str]:  # os.walk does not mind what vanishes under its eyes
        return [file for name in queue for _, _, files in os.walk(folder / name) for file in files]

    wait_until(lambda: not waiting(), lambda: f"not delivered: {waiting()}", DELIVER_SECONDS)
    found: dict[bytes, Arrival] = {}
    for file in (folder / "store").iterdir():
        arrival = parse(file.read_bytes())
        in_header = _ID.search(arrival.content)
        if in_header is None:
            raise ValueError(f"no Received header: {arrival.content[:200]!r}")
        before = found.get(in_header[1])
        if before is not None:
            arrival = replace(arrival, recipients=before.recipients + arrival.recipients)
        found[in_header[1]] = arrival
    return list(found.values())

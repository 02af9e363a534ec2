"""What reading a large mailbox, making drafts and filing copies take: a real Dovecot on this machine.

Prints messages a second and the memory that reading takes above what the process had before, for every size: it is
read twice over, so that the second, larger one shows what grows with it. Run it by
`python -m benchmarks.mailboxes`, in `tests`.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import trustme
from peers import IMAPPeer, Setup, collector, dovecot_imap

from notebookmail import Drafts, Mailbox, Server, Template, send_frame, send_frame_sync

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LETTER = b"Received: from nowhere by here; Sat, 28 Nov 2026 12:00:00 +0000\r\nSubject: Undelivered %d\r\n\r\n" + (
    b"A line of a report, of some seventy octets, as systems write them.\r\n" * 40
)
_READING = """
import asyncio, json, sys, time
from pathlib import Path
from notebookmail import Mailbox
import imap_tools

def kilobytes(name):
    return int(Path("/proc/self/status").read_text().partition(name + ":")[2].split()[0])

async def read():
    mailbox = Mailbox("127.0.0.1", int(sys.argv[1]), username=sys.argv[2], password="secret", folders=["INBOX"])
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = kilobytes("VmRSS")
    started, processor = time.perf_counter(), time.process_time()
    count = first = octets = 0
    async for batch in mailbox.read({}):
        first = first or time.perf_counter() - started
        count += len(batch.messages)
        octets += sum(len(each.content) for each in batch.messages)
        assert batch.total >= batch.done >= count
    seconds = time.perf_counter() - started
    memory = (kilobytes("VmHWM") - before) / 1024
    print(json.dumps([count, octets, seconds, first, time.process_time() - processor, memory]))

asyncio.run(read())
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a mailbox was read."""

    messages: int
    octets: int
    seconds: float
    first_seconds: float
    processor_seconds: float
    megabytes: float


@contextmanager
def imap_server() -> Iterator[IMAPPeer]:
    """Run Dovecot with a certificate of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        certificate = trustme.CA().issue_cert("localhost")
        certificate.cert_chain_pems[0].write_to_path(folder / "chain.pem")
        certificate.private_key_pem.write_to_path(folder / "key.pem")
        setup = Setup(certificate=(folder / "chain.pem", folder / "key.pem"))
        with dovecot_imap(folder / "dovecot", setup) as peer:
            yield peer


def read_by_size(peer: IMAPPeer, messages: int) -> Reading:
    """Fill a mailbox with so many messages, and read it in a process of its own."""
    import json

    user = f"reader{messages}"
    folder = peer.mail / user / "cur"
    folder.mkdir(parents=True)
    for number in range(messages):
        letter = _LETTER % number  # its size stands in the file's name, as delivery agents write it
        name = f"{1_700_000_000 + number}.M{number}P1.localhost,S={len(letter)},W={len(letter)}:2,"
        (folder / name).write_bytes(letter)
    peer.own(user)
    command = [sys.executable, "-c", _READING, str(peer.port), user]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Reading(*json.loads(done.stdout))


async def drafts_per_second(peer: IMAPPeer, rows: int) -> float:
    """Make drafts; return how many a second."""
    mailbox = Mailbox(peer.host, peer.port, username="drafter", password=peer.password)
    started = time.perf_counter()
    results = await send_frame(_people(rows), _TEMPLATE, Drafts(mailbox), journal=False, progress=False)
    assert results.counts["sent"] == rows
    return rows / (time.perf_counter() - started)


def seconds_of_sending(peer: IMAPPeer, rows: int, *, copied: bool) -> tuple[float, float]:
    """Send to a server of this machine; return the seconds until the last row was sent, and of the whole run."""
    mailbox = Mailbox(peer.host, peer.port, username="sender", password=peer.password) if copied else None
    with collector(Setup()) as server:
        target = Server(server.host, server.port)
        started, now = time.perf_counter(), time.time()
        results = send_frame_sync(
            _people(rows), _TEMPLATE, target, save_sent=mailbox, journal=False, progress=False
        )
        whole = time.perf_counter() - started
    assert results.counts["sent"] == rows
    return max(results.frame["sent_at"]).timestamp() - now, whole


_TEMPLATE = Template("Number {{ n }}", text="Dear {{ n }}, " + "a line of text. " * 100, sender="us@example.com")


def _people(rows: int) -> pd.DataFrame:
    people = pd.DataFrame({"n": range(rows)})
    people["email"] = "p" + people["n"].astype(str) + "@example.com"
    return people


def main(arguments: Sequence[str] | None = None) -> list[Reading]:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, nargs="+", default=[10_000, 100_000], help="sizes of the mailbox")
    parser.add_argument("--rows", type=int, default=500, help="drafts, and letters with copies")
    options = parser.parse_args(arguments)
    with imap_server() as peer:
        found = []
        for messages in options.messages:
            each = read_by_size(peer, messages)
            found.append(each)
            print(
                f"{each.messages:,} messages, {each.octets / 1e6:.0f} MB: {each.seconds:.1f} s, "
                f"{each.messages / each.seconds:,.0f}/s, the first after {each.first_seconds:.2f} s, "
                f"{each.processor_seconds:.1f} s of this processor's time, "
                f"{each.megabytes:.0f} MB of memory"
            )
        print(f"{options.rows:,} drafts: {asyncio.run(drafts_per_second(peer, options.rows)):,.0f}/s")
        for copied in (False, True, False, True):
            sending, whole = seconds_of_sending(peer, options.rows, copied=copied)
            print(
                f"{options.rows:,} letters {'with' if copied else 'without'} copies: the last was sent after "
                f"{sending:.2f} s, the run ended after {whole:.2f} s"
            )
    return found


if __name__ == "__main__":
    main()

"""A server's process: started on a free port, awaited, and ended with all it started.

Nothing here goes to sleep and hopes: what is waited for is looked at until a deadline.
"""

from __future__ import annotations

import random
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from .peer import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START_SECONDS = 15.0
STOP_SECONDS = 5.0
DELIVER_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.01
_FOR_PROCESSES = (20_000, 25_000)  # Linux gives out ports from 32,768 on
_FOR_SOCKETS = (25_000, 30_000)
_TRIES = 100
_CHANCE = random.SystemRandom()  # hypothesis sets the other one back: two test processes would draw the same

LIFE_LINE = ("sh", "-c", 'exec 3<&0 </dev/null; (read -r _ <&3 || kill $$) & exec 3<&-; exec "$@"', "sh")
"""Put before a server's command: it ends with its input, so that not even a killed test run leaves it behind."""


def free_port() -> int:
    """A port that nobody listens on just now, and that nobody gets who asks the system for any."""
    with _bound(_FOR_PROCESSES) as probe:
        return int(probe.getsockname()[1])


def two_free_ports() -> tuple[int, int]:
    """Two such ports, for a server that listens on both."""
    one = other = free_port()
    while other == one:
        other = free_port()
    return one, other


def socket_of_its_own() -> socket.socket:
    """A socket to listen on that only those connect to who were told its port.

    A kernel that is about to start, or a process that is waited for, is called on its port until it listens there:
    whoever was given that port by the system meanwhile gets the call.
    """
    return _bound(_FOR_SOCKETS)


def _bound(ports: tuple[int, int]) -> socket.socket:
    for _ in range(_TRIES):
        tried = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named: asyncio looks at it
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # also where one was closed a minute ago
        try:
            tried.bind((HOST, _CHANCE.randrange(*ports)))
        except OSError:
            tried.close()
        else:
            return tried
    raise RuntimeError("no port is free")


def wait_until(is_so: Callable[[], bool], complaint: Callable[[], str], seconds: float = START_SECONDS) -> None:
    """Wait until something is so.

    Raises:
        RuntimeError: With the complaint, when it is not so in time.
    """
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError(complaint())
        time.sleep(_LOOK_EVERY_SECONDS)


def wait_for_port(port: int, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
    """Wait until the process listens.

    Raises:
        RuntimeError: It ended, or does not listen in time; with what it wrote.
    """

    def listens() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended at once: {text(errors)}")
        try:
            socket.create_connection((HOST, port), timeout=1.0).close()
        except OSError:
            return False
        return True

    wait_until(listens, lambda: f"the server does not listen on {port}: {text(errors)}")


def text(errors: IO[bytes]) -> str:
    """What a server wrote to its standard error."""
    errors.seek(0)
    return errors.read().decode(errors="replace").strip()


@contextmanager
def stopped(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End the process when the block ends, and collect it: no zombie, no port held.

    A process that was given an input ends with it.
    """
    try:
        yield
    finally:
        if process.stdin is not None:
            process.stdin.close()
        else:
            process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

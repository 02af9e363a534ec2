"""The way to a server: from its name to addresses, from an address to a connection.

Addresses race as in a run, so that a dead one costs a fraction of a second; the one that answers is named, and
those that did not.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from typing import TYPE_CHECKING, Final

from notebookmail.smtp.happy_eyeballs import is_address, race

from .step_result import Failure, StepResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookmail.smtp.happy_eyeballs import Address, Attempts

_MOST_LISTED: Final = 4
_BLOCKED_PORT: Final = 25
_REASONS: Final = {
    errno.ECONNREFUSED: "refused, nobody listens there",
    errno.ENETUNREACH: "no way there from this network",
    errno.EHOSTUNREACH: "no way to this host",
    errno.ECONNRESET: "cut off",
    errno.EACCES: "forbidden by this machine",
    errno.EPERM: "forbidden by this machine",
}


async def find_addresses(host: str, port: int, patience: float) -> tuple[list[Address], StepResult]:
    """Look a host's addresses up.

    Raises:
        Failure: It has none.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(patience):
            listed = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise Failure(
            f"no answer about {host!r} within {patience:g} s", "check the network, a VPN, or the name server"
        ) from None
    except (OSError, UnicodeError) as problem:  # socket.gaierror is one
        raise Failure(_unknown(host, problem), _remedy_of(problem)) from None
    found: list[Address] = list(dict.fromkeys((family, address) for family, _, _, _, address in listed))
    texts = [str(address[0]) for _, address in found]
    if is_address(host):
        return found, StepResult("an address already, nothing to look up")
    more = f" and {len(texts) - _MOST_LISTED} more" if len(texts) > _MOST_LISTED else ""
    words = f"{len(texts)} address{'es' if len(texts) > 1 else ''}: {', '.join(texts[:_MOST_LISTED])}{more}"
    return found, StepResult(words)


def _unknown(host: str, problem: OSError | UnicodeError) -> str:
    if isinstance(problem, socket.gaierror) and problem.errno == socket.EAI_AGAIN:
        return f"the name server cannot be asked about {host!r}"
    return f"there is no host named {host!r}"


def _remedy_of(problem: OSError | UnicodeError) -> str:
    if isinstance(problem, socket.gaierror) and problem.errno == socket.EAI_AGAIN:
        return "check the network, a VPN, or the name server"
    return "check the host name's spelling; some names are known only inside a company's network (VPN)"


async def reach(addresses: Sequence[Address], port: int, patience: float) -> tuple[socket.socket, StepResult]:
    """Connect to the first address that answers.

    Args:
        addresses: Where the host is, at least one.
        port: For the words.
        patience: Seconds for all of them together.

    Raises:
        Failure: No address answers.
    """
    attempts: Attempts = {}
    made = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            made = await race(addresses, {}, attempts)
    if made is not None:
        answered = made.getpeername()[0]
        passed = [_passed(each, error, "by then") for each, error in attempts.items() if each[1][0] != answered]
        return made, StepResult(f"{answered} port {port} answered", tuple(passed))
    passed = [_passed(each, error, f"within {patience:g} s") for each, error in attempts.items()]
    words = f"port {port} cannot be reached: {passed[0].partition(': ')[2]}"
    raise Failure(words, _remedy_at(port, passed), tuple(passed) if len(passed) > 1 else ())


def _passed(address: Address, error: BaseException | None, when: str) -> str:
    """Say why an address is not the one that is spoken to."""
    text = address[1][0]
    if not isinstance(error, OSError) or isinstance(error, TimeoutError):
        return f"{text}: no answer {when}"
    return f"{text}: {_REASONS.get(error.errno or 0) or error.strerror or error}"


def _remedy_at(port: int, passed: Sequence[str]) -> str:
    if port == _BLOCKED_PORT:
        return "most networks block port 25; use the provider's port 587 or 465"
    if all("refused" in each for each in passed):
        return "check host name and port; the server may be down"
    return "check host name and port; a firewall may stand in the way (ask for ports 587 and 465)"

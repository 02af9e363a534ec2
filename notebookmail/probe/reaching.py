"""The way to a server: from its name to addresses, from an address to a connection.

Addresses are tried one after the other, so that the one that answers can be named, and those that do not.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from typing import TYPE_CHECKING, Any, Final

from .sight import Failure, Sight

if TYPE_CHECKING:
    from collections.abc import Sequence

Address = tuple[socket.AddressFamily, tuple[Any, ...]]
"""A family and what its sockets connect to; the first of it is the address as text."""

_MOST_ADDRESSES: Final = 6
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


async def find_addresses(host: str, port: int, patience: float) -> tuple[list[Address], Sight]:
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
    if _is_address(host):
        return found, Sight("an address already, nothing to look up")
    more = f" and {len(texts) - _MOST_LISTED} more" if len(texts) > _MOST_LISTED else ""
    words = f"{len(texts)} address{'es' if len(texts) > 1 else ''}: {', '.join(texts[:_MOST_LISTED])}{more}"
    return found[:_MOST_ADDRESSES], Sight(words)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _unknown(host: str, problem: OSError | UnicodeError) -> str:
    if isinstance(problem, socket.gaierror) and problem.errno == socket.EAI_AGAIN:
        return f"the name server cannot be asked about {host!r}"
    return f"there is no host named {host!r}"


def _remedy_of(problem: OSError | UnicodeError) -> str:
    if isinstance(problem, socket.gaierror) and problem.errno == socket.EAI_AGAIN:
        return "check the network, a VPN, or the name server"
    return "check the host name's spelling; some names are known only inside a company's network (VPN)"


async def reach(addresses: Sequence[Address], port: int, patience: float) -> tuple[socket.socket, Sight]:
    """Connect to the first address that answers.

    Args:
        addresses: Where the host is, at least one.
        port: For the words.
        patience: Seconds for all of them together.

    Raises:
        Failure: None answers.
    """
    share = patience / len(addresses)
    passed: list[str] = []
    for family, address in addresses:
        try:
            made = await _connected(family, address, share)
        except TimeoutError:
            passed.append(f"{address[0]}: no answer within {share:g} s")
        except OSError as problem:
            reason = _REASONS.get(problem.errno or 0) or problem.strerror or str(problem)
            passed.append(f"{address[0]}: {reason}")
        else:
            return made, Sight(f"{address[0]} port {port} answered", tuple(passed))
    words = f"port {port} cannot be reached: {passed[0].partition(': ')[2]}"
    raise Failure(words, _remedy_at(port, passed), tuple(passed) if len(passed) > 1 else ())


async def _connected(family: socket.AddressFamily, address: tuple[Any, ...], seconds: float) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setblocking(False)
    try:
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(made, address)
    except BaseException:
        made.close()
        raise
    return made


def _remedy_at(port: int, passed: Sequence[str]) -> str:
    if port == _BLOCKED_PORT:
        return "most networks block port 25; use the provider's port 587 or 465"
    if all("refused" in each for each in passed):
        return "check host name and port; the server may be down"
    return "check host name and port; a firewall may stand in the way (ask for ports 587 and 465)"

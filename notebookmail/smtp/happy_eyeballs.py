"""A connection to the first address of a host that answers (RFC 8305).

Each address is given a fraction of a second before the next one is tried beside it, the families in turn, so that
a dead address costs that and not the whole timeout. asyncio's own race leaves a socket open when it is cancelled,
and uvloop has none.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Address = tuple[socket.AddressFamily, tuple[Any, ...]]
"""A family, and what its sockets connect to; the first of that is the address as text."""

Attempts = dict[Address, BaseException | None]
"""The addresses that were tried, in order, and what kept each from answering; None where nothing has, so far."""

NEXT_ADDRESS_SECONDS = 0.25
"""How long an address may be silent before the next one is tried beside it (RFC 8305 5)."""


def is_address(host: str) -> bool:
    """Tell an address from a name that has to be looked up."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


async def look_up(host: str, port: int, source: tuple[str, int] | None) -> dict[str, Any]:
    """Find out what asyncio is to be told to connect to a host: its one address, or a connected socket.

    Args:
        host: Its name or address.
        port: Where to connect to.
        source: The local (host, port) to connect from.

    Raises:
        OSError: The host has no address, or none answers.
    """
    where: dict[str, Any] = {"host": host, "port": port}
    if source is not None:
        where["local_addr"] = source
    if is_address(host):
        return where
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys((family, address) for family, _, _, _, address in found))
    if len(addresses) == 1 and addresses[0][0] is socket.AF_INET:
        return where | {"host": addresses[0][1][0]}
    ours = await loop.getaddrinfo(*source, type=socket.SOCK_STREAM) if source else []
    local: dict[socket.AddressFamily, Any] = {family: address for family, _, _, _, address in reversed(ours)}
    attempts: Attempts = {}
    made = await race([each for each in addresses if not source or each[0] in local], local, attempts)
    if made is None:
        raise all_failed(attempts.values())
    return {"sock": made}


def interleaved(addresses: Sequence[Address]) -> list[Address]:
    """Put the families in turn, beginning with that of the first (RFC 8305 4)."""
    families: dict[socket.AddressFamily, list[Address]] = {}
    for each in addresses:
        families.setdefault(each[0], []).append(each)
    return [each for each in chain.from_iterable(zip_longest(*families.values())) if each is not None]


async def race(
    addresses: Sequence[Address], local: Mapping[socket.AddressFamily, Any], attempts: Attempts
) -> socket.socket | None:
    """Connect to the first address that answers; None if each has failed.

    Args:
        addresses: In the order they were found.
        local: What to connect from, by family.
        attempts: Filled with the addresses as they are tried.
    """
    waiting = interleaved(addresses)
    running: dict[asyncio.Task[socket.socket], Address] = {}
    winner: socket.socket | None = None
    try:
        while winner is None and (waiting or running):
            if waiting:
                family, address = each = waiting.pop(0)
                running[asyncio.create_task(_connected(family, address, local.get(family)))] = each
                attempts[each] = None
            done, _ = await asyncio.wait(
                running,
                timeout=NEXT_ADDRESS_SECONDS if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                each = running.pop(task)
                attempts[each] = task.exception()
                winner = _first(winner, task)
    finally:
        for task in running:
            task.cancel()
        for late in await asyncio.gather(*running, return_exceptions=True):
            if isinstance(late, socket.socket):
                late.close()
    return winner


def _first(winner: socket.socket | None, task: asyncio.Task[socket.socket]) -> socket.socket | None:
    """Keep the first socket that was connected, and close another."""
    if task.exception() is not None:
        return winner
    if winner is None:
        return task.result()
    task.result().close()
    return winner


def all_failed(errors: Iterable[BaseException | None]) -> BaseException:
    """Make one error of those that kept each address from answering; its errno is theirs where they agree."""
    found = {str(error): error for error in errors if error is not None}
    words = list(found)
    if len(words) == 1:
        return found[words[0]]
    joined = OSError("; ".join(words) or "no address to connect from is of the host's family")
    numbers = {getattr(each, "errno", None) for each in found.values()}
    joined.errno = numbers.pop() if len(numbers) == 1 else None  # for who asks why; the words stay as they are
    return joined


async def _connected(
    family: socket.AddressFamily, address: tuple[Any, ...], local: tuple[Any, ...] | None
) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        if local is not None:
            made.bind(local)
        await asyncio.get_running_loop().sock_connect(made, address)
    except BaseException:
        made.close()
        raise
    return made

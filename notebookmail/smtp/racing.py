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
"""A family, and what its sockets connect to."""

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
    return {
        "sock": await _race(interleaved([each for each in addresses if not source or each[0] in local]), local)
    }


def interleaved(addresses: Sequence[Address]) -> list[Address]:
    """Put the families in turn, beginning with that of the first (RFC 8305 4)."""
    families: dict[socket.AddressFamily, list[Address]] = {}
    for each in addresses:
        families.setdefault(each[0], []).append(each)
    return [each for each in chain.from_iterable(zip_longest(*families.values())) if each is not None]


async def _race(addresses: Iterable[Address], local: Mapping[socket.AddressFamily, Any]) -> socket.socket:
    waiting = list(addresses)
    running: set[asyncio.Task[socket.socket]] = set()
    errors: list[BaseException] = []
    winner: socket.socket | None = None
    try:
        while winner is None and (waiting or running):
            if waiting:
                family, address = waiting.pop(0)
                running.add(asyncio.create_task(_connected(family, address, local.get(family))))
            done, running = await asyncio.wait(
                running,
                timeout=NEXT_ADDRESS_SECONDS if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                winner = _result(task, winner, errors)
    finally:
        for task in running:
            task.cancel()
        for late in await asyncio.gather(*running, return_exceptions=True):
            if isinstance(late, socket.socket):
                late.close()
    if winner is None:
        raise _all_failed(errors)
    return winner


def _result(
    task: asyncio.Task[socket.socket], winner: socket.socket | None, errors: list[BaseException]
) -> socket.socket | None:
    error = task.exception()
    if error is not None:
        errors.append(error)
        return winner
    if winner is None:
        return task.result()
    task.result().close()
    return winner


def _all_failed(errors: list[BaseException]) -> BaseException:
    words = dict.fromkeys(map(str, errors))
    if len(words) == 1:
        return errors[0]
    return OSError("; ".join(words) or "no address to connect from is of the host's family")


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

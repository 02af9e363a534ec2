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

from notebookmail.delivery import session_faults
from notebookmail.delivery.explain import explain
from notebookmail.errors import SMTPConnectError, at
from notebookmail.smtp.happy_eyeballs import all_failed, is_address, race

from .step_result import Failure, StepResult, said, warned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookmail.smtp.happy_eyeballs import Address, Attempts

_MOST_LISTED: Final = 4
_DEAD_ADDRESS: Final = (
    "one of its addresses does not answer: mail goes by another, but each connection begins a moment later; tell "
    "the server's administrator if it stays so"
)
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
        why = session_faults.NO_NAME_SERVER
        raise Failure(why.cause, why.remedy, (f"no answer about {host!r} within {patience:g} s",)) from None
    except (OSError, UnicodeError) as problem:  # socket.gaierror is one
        raise _unreached(problem, (f"{host!r}: {said(problem)}",)) from None
    found: list[Address] = list(dict.fromkeys((family, address) for family, _, _, _, address in listed))
    texts = [str(address[0]) for _, address in found]
    if is_address(host):
        return found, StepResult("an address already, nothing to look up")
    more = f" and {len(texts) - _MOST_LISTED} more" if len(texts) > _MOST_LISTED else ""
    words = f"{len(texts)} address{'es' if len(texts) > 1 else ''}: {', '.join(texts[:_MOST_LISTED])}{more}"
    return found, StepResult(words)


def _unreached(problem: BaseException, facts: tuple[str, ...]) -> Failure:
    """Explain what kept a connection from coming about, as a run would."""
    error = at("connect", SMTPConnectError(str(problem)))
    error.__cause__ = problem
    why = explain(error)
    return Failure(why.cause, why.remedy, facts)


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
        passed = {each: error for each, error in attempts.items() if each[1][0] != answered}
        result = StepResult(
            f"{answered} port {port} answered", tuple(_passed(*each, "by then") for each in passed.items())
        )
        is_slow = any(not isinstance(error, OSError) for error in passed.values())
        return made, warned(result, _DEAD_ADDRESS) if is_slow else result
    facts = tuple(_passed(*each, f"within {patience:g} s") for each in attempts.items())
    if all(isinstance(each, OSError) for each in attempts.values()):
        raise _unreached(all_failed(attempts.values()), facts)
    raise Failure(session_faults.NO_ANSWER.cause, session_faults.NO_ANSWER.remedy, facts)


def _passed(address: Address, error: BaseException | None, when: str) -> str:
    """Say why an address is not the one that is spoken to."""
    text = address[1][0]
    if not isinstance(error, OSError) or isinstance(error, TimeoutError):
        return f"{text}: no answer {when}"
    return f"{text}: {_REASONS.get(error.errno or 0) or error.strerror or error}"

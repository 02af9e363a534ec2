"""What a caller is told when a connection breaks: at every byte the server says, and at every byte it hears.

A session is held once undisturbed, to learn how many bytes go each way and what each belongs to; then once for
every one of them, breaking there. The judge is the server's own account (faulty_server): whether the end of data
reached it and whether its reply went out whole. Refuses to trust the client's word for either.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import pytest
from support.faulty_server import Fault, FaultySession, Way, faulty
from support.recorded_session import CONTENT, FIRST, SECOND, SETTINGS, ByClient, Setting, Told, hold

from notebookmail import SMTPConnectError, SMTPException, SMTPServerDisconnected, SMTPTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conftest import Certificates

AT_ONCE = {"stall": 120, "other": 20}  # sessions; each takes three file descriptors


def awaited_phase(marks: list[tuple[str, int]], octets: int, *, is_heard: bool) -> set[str]:
    """The phases of the step that is without its answer after so many bytes."""
    if is_heard:
        phases = {next(phase for phase, end in marks if end >= octets)}
    else:
        phases = {next((phase for phase, end in marks if end > octets), "")}
        said = {phase for phase, end in marks if end == octets}
        # After the whole 354 the content is next, after the whole 220 of STARTTLS the handshake.
        phases |= {"content", "end_of_data"} & ({"content"} if "data" in said else set())
        phases |= said & {"tls"}
    return phases


ENDINGS: dict[str, tuple[type[BaseException], ...]] = {
    "stall": (SMTPTimeoutError,),
    **dict.fromkeys(("fin", "rst", "goodbye"), (SMTPServerDisconnected, SMTPConnectError)),
}


def complaints(setting: Setting, told: Told, account: FaultySession, fault: Fault, phases: set[str]) -> list[str]:
    """Compare what the caller was told with the server's account; list what is not true."""
    error = told.error
    if error is None:
        return [] if "quit" in told.done and account.replies[-1][0] == "quit" else ["success without a QUIT"]
    if not isinstance(error, SMTPException):
        return [f"not of the tree: {error!r}"]
    confirmed = {each.recipients[0] for each in account.deliveries if each.is_confirmed}
    ended = {each.recipients[0] for each in account.deliveries}
    under_way = {"first": FIRST[0], "second": SECOND[0]}.get(told.failed, "")
    # A client that knows that it is not connected is at no step.
    is_late = setting.caller is ByClient and not told.was_connected
    truths = {
        "the first is told as confirmed": ("first" in told.done) == (FIRST[0] in confirmed),
        "the second is told as confirmed": ("second" in told.done) == (SECOND[0] in confirmed),
        "the content is what was sent": all(each.content == CONTENT for each in account.deliveries),
        "unconfirmed is what ended without a reply": error.unconfirmed is (under_way in ended)
        or is_out_of_sight(setting, account, fault, error, phases),
        f"the phase is of {phases}": error.phase in phases or is_late,
        "the class tells the way": isinstance(error, ENDINGS[fault.way]),
        "it is closed": not told.is_connected,
        "it connects again": told.connects_again,
        "it kept to the deadline": told.seconds <= told.timeout + 4,
    }
    return [f"{told.failed}, {error!r} ({error.phase}): {what}" for what, is_true in truths.items() if not is_true]


def is_out_of_sight(
    setting: Setting, account: FaultySession, fault: Fault, error: SMTPException, phases: set[str]
) -> bool:
    """Tell the places where a server that no longer listens cannot know what the client handed out.

    Not listening is one that reset or closed. It broke either right after a whole reply upon which the client
    hands out the content, and that may have been on its way; or while it heard the content, which goes out in one
    piece: then it was.
    """
    if fault.way in {"fin", "stall"}:
        return False
    if fault.after_said is not None:
        hands_out = "end_of_data" in phases or "CHUNKING" in setting.extensions
        return hands_out and fault.after_said in {end for _, end in account.replies}
    return error.unconfirmed and "end_of_data" in phases


async def every_break(
    setting: Setting, certificates: Certificates, faults: Callable[[FaultySession], Iterable[Fault]]
) -> list[str]:
    offer = setting.offer(certificates)
    trust = ssl.create_default_context(cafile=str(certificates.authority))
    async with faulty(offer) as server:
        told = await hold(setting, server.port, trust, 5)
        assert (told.error, told.done) == (None, ["connect", "first", "second", "quit"])
        model = server.sessions[0]
        assert any(line.startswith("BDAT") for line in model.lines) is ("CHUNKING" in setting.extensions)
    gates = {ways: asyncio.Semaphore(number) for ways, number in AT_ONCE.items()}

    async def one(fault: Fault) -> list[str]:
        is_heard = fault.after_heard is not None
        octets = fault.after_heard or fault.after_said or 0
        phases = awaited_phase(model.commands if is_heard else model.replies, octets, is_heard=is_heard)
        seconds = setting.stall_seconds if fault.way == "stall" else 20.0
        async with gates.get(fault.way, gates["other"]):
            while True:
                async with faulty(offer, fault) as server:
                    told = await hold(setting, server.port, trust, seconds)
                    await server.all_gone()
                    account = server.sessions[0] if server.sessions else FaultySession(offer, fault)
                is_broken = account.broken.is_set()
                wrong = complaints(setting, told, account, fault, phases) if is_broken else ["it did not break"]
                if not wrong or fault.way != "stall" or seconds > 10:
                    return [f"{fault}: {each}" for each in wrong]
                seconds *= 4  # on a busy machine the time may be up before its turn; a fault would show again

    found = await asyncio.gather(*map(one, faults(model)))
    return [complaint for complaints in found for complaint in complaints]


def in_its_words(ways: tuple[Way, ...]) -> Callable[[FaultySession], Iterable[Fault]]:
    return lambda model: (Fault(way=way, after_said=octets) for octets in range(1, model.said + 1) for way in ways)


def while_it_listens(ways: tuple[Way, ...]) -> Callable[[FaultySession], Iterable[Fault]]:
    return lambda model: (
        Fault(way=way, after_heard=octets) for octets in range(1, model.heard + 1) for way in ways
    )


@pytest.mark.parametrize("name", SETTINGS)
async def test_a_break_anywhere_in_the_servers_words_is_told_as_it_was(
    certificates: Certificates, name: str
) -> None:
    setting = SETTINGS[name]
    found = await every_break(setting, certificates, in_its_words(setting.ways))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", SETTINGS)
async def test_a_break_anywhere_in_what_the_server_hears_is_told_as_it_was(
    certificates: Certificates, name: str
) -> None:
    setting = SETTINGS[name]
    found = await every_break(setting, certificates, while_it_listens(setting.ways))
    assert not found, "\n".join(found)

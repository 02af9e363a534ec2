"""Looking at a server of several addresses: they race as in a run, and each that did not answer is named."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest
from dead_addresses import ALIVE, DEAD, hole

from notebookmail.smtp import happy_eyeballs
from notebookmail.verify.reachability import find_addresses, reach
from notebookmail.verify.step_result import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSING = "127.0.0.3"
SECONDS = 20


async def test_an_address_that_answers_is_found_beside_a_dead_one_and_each_is_named(
    addresses: Callable[..., None],
) -> None:
    addresses(DEAD, REFUSING, ALIVE)
    with hole() as port, socket.create_server((ALIVE, port)):
        found, _ = await find_addresses("mail.example.org", port, SECONDS)
        async with asyncio.timeout(SECONDS / 4):  # less than a share of the patience for each
            made, sight = await reach(found, port, SECONDS)
        made.close()
    assert sight.words == f"{ALIVE} port {port} answered"
    assert sight.facts == (f"{DEAD}: no answer by then", f"{REFUSING}: refused, nobody listens there")


async def test_where_no_address_answers_each_is_named_with_its_reason(addresses: Callable[..., None]) -> None:
    addresses(REFUSING, DEAD)
    with hole() as port:
        found, _ = await find_addresses("mail.example.org", port, SECONDS)
        with pytest.raises(Failure) as caught:
            await reach(found, port, 0.5)
    assert caught.value.sight.words == f"port {port} cannot be reached: refused, nobody listens there"
    assert caught.value.sight.facts == (
        f"{REFUSING}: refused, nobody listens there",
        f"{DEAD}: no answer within 0.5 s",
    )


async def test_addresses_behind_the_one_that_answers_are_not_bothered(
    addresses: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(happy_eyeballs, "NEXT_ADDRESS_SECONDS", 3600.0)
    addresses(ALIVE, DEAD)
    with hole() as port, socket.create_server((ALIVE, port)):
        found, _ = await find_addresses("mail.example.org", port, SECONDS)
        made, sight = await reach(found, port, SECONDS)
        made.close()
    assert sight.facts == ()

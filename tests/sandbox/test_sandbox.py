"""The embedded server: it takes mail, keeps it, and fails as it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from notebookmail import FrameError, Sandbox, SMTPRecipientsRefused, SMTPServerDisconnected, send

CONTENT = "Subject: hello\n\n.dotted\n"


async def post(box: Sandbox, recipient: str = "b@example.org") -> object:
    options = box.server.options()
    return await send(
        CONTENT, sender="a@example.org", recipients=[recipient], hostname="127.0.0.1", port=options.port
    )


async def test_it_keeps_what_it_takes() -> None:
    async with Sandbox() as box:
        await post(box)
        (received,) = box.received
        assert (received.mail_from, received.rcpt_to) == ("a@example.org", ("b@example.org",))
        assert received.content == b"Subject: hello\r\n\r\n.dotted\r\n"
        assert box.messages[0]["Subject"] == "hello"
        assert repr(box).endswith("1 received>")
    assert len(box.messages) == 1  # still there to look at


async def test_an_address_can_be_closed_in_any_case() -> None:
    async with Sandbox(faults={"Closed@example.org": "550 5.1.1 No such user"}) as box:
        with pytest.raises(SMTPRecipientsRefused, match=r"550 5\.1\.1"):
            await post(box, "closed@example.org")
        assert box.received == []


async def refusals(seed: int) -> list[bool]:
    async with Sandbox(faults={"451": 0.5}, seed=seed) as box:
        outcomes = [await asyncio.gather(post(box), return_exceptions=True) for _ in range(20)]
    return [isinstance(outcome[0], Exception) for outcome in outcomes]


async def test_chances_repeat_with_their_seed() -> None:
    first = await refusals(seed=4)
    assert first == await refusals(seed=4)
    assert first != await refusals(seed=5)
    assert 0 < sum(first) < 20


async def test_it_can_drop_a_message_without_an_answer() -> None:
    async with Sandbox(faults={"drop": 1.0}) as box:
        with pytest.raises(SMTPServerDisconnected) as caught:
            await post(box)
    assert caught.value.unconfirmed


@pytest.mark.parametrize(
    "faults", [{"250": 0.5}, {"451": 2}, {"451": "0.5"}, {"a@example.org": 0.5}, {"rain": 0.1}]
)
def test_an_unknown_fault_is_refused(faults: dict[str, float | str]) -> None:
    with pytest.raises(FrameError, match="is not known"):
        Sandbox(faults)


def test_a_sandbox_that_is_not_running_has_no_server() -> None:
    box = Sandbox()
    assert repr(box) == "<Sandbox not running, 0 received>"
    with pytest.raises(RuntimeError, match="not running"):
        box.server  # noqa: B018 -- looked up on purpose


async def test_leaving_it_closes_its_sessions() -> None:
    async with Sandbox() as box:
        reader, writer = await asyncio.open_connection("127.0.0.1", box.server.effective_port)
        await reader.readline()
    assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize("turns", range(6))
async def test_leaving_it_closes_a_connection_made_at_the_last_moment(turns: int) -> None:
    async with Sandbox() as box:
        late = socket.create_connection(("127.0.0.1", box.server.effective_port))
        for _ in range(turns):
            await asyncio.sleep(0)
    late.settimeout(10)
    with late, contextlib.suppress(ConnectionResetError):
        while late.recv(1000):
            pass

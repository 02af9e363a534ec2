"""The embedded server: it takes mail, keeps it, and fails as it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket

import pandas as pd
import pytest

from notebookmail import (
    Sandbox,
    SMTPRecipientsRefused,
    SMTPServerDisconnected,
    Template,
    send,
    send_frame_sync,
)
from notebookmail.sync import run_sync

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


@pytest.mark.parametrize("fault", ["drop", "drop_after"])
async def test_it_can_drop_a_message_without_an_answer(fault: str) -> None:
    async with Sandbox(faults={fault: 1.0}) as box:
        with pytest.raises(SMTPServerDisconnected) as caught:
            await post(box)
        assert len(box.received) == (fault == "drop_after")
    assert caught.value.unconfirmed  # whether it was kept or not


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
        last = b"?"
        while last:
            last = late.recv(1000)
        assert last == b""  # its end; a timeout would be an error


async def test_its_small_replies_are_sent_at_once() -> None:
    async with Sandbox() as box:
        reader, writer = await asyncio.open_connection("127.0.0.1", box.server.effective_port)
        await reader.readline()
        (session,) = box._hooks.sessions  # the server's end is seen nowhere else
        assert session.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()


async def test_a_taken_port_is_refused_and_leaves_nothing_open() -> None:
    async with Sandbox() as box:
        with pytest.raises(OSError, match="in use"):
            await Sandbox(port=box.server.effective_port).__aenter__()


async def _under_uvloop() -> tuple[int, int]:
    """Tell how many of ten messages arrived, and how many were dropped, by a sandbox that goes down and up."""
    async with Sandbox(faults={"drop": 0.5, "down": (0.2, 0.4)}, seed=1) as box:
        port = box.server.effective_port
        await asyncio.gather(*(post(box, f"n{n}@example.org") for n in range(10)), return_exceptions=True)
        arrived, dropped = len(box.received), box.counts["drop"]
        async with asyncio.timeout(10):
            await _until_refused(port)
            await _until_taken(port)
        async with asyncio.timeout(10):
            await asyncio.gather(post(box), return_exceptions=True)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    for turns in range(6):
        async with Sandbox() as box:
            late = socket.create_connection(("127.0.0.1", box.server.effective_port))
            for _ in range(turns):
                await asyncio.sleep(0)
        late.settimeout(10)
        with late, contextlib.suppress(ConnectionResetError):
            while late.recv(1000):
                pass
    return arrived, dropped


async def _until_refused(port: int) -> None:
    with contextlib.suppress(ConnectionRefusedError):
        while True:
            await _knock(port)


async def _until_taken(port: int) -> None:
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            return await _knock(port)
        await asyncio.sleep(0.01)


async def _knock(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionResetError):
        await reader.readline()
    writer.close()


def test_it_runs_on_uvloop() -> None:
    uvloop = pytest.importorskip("uvloop")
    arrived, dropped = uvloop.run(_under_uvloop())
    assert 0 < arrived < 10
    assert dropped == 10 - arrived
    gc.collect()  # what was left open warns now


async def test_a_sandbox_can_be_started_and_closed_in_different_cells() -> None:
    box = await Sandbox().start()
    assert box.server.port
    await box.close()
    await box.close()

    with pytest.raises(RuntimeError):
        _ = box.server


async def test_what_arrived_is_counted_walked_and_found() -> None:
    async with Sandbox() as box:
        assert (len(box), bool(box), list(box)) == (0, True, [])
        await post(box)
        await post(box, "c@example.org")
        assert len(box) == 2
        assert box[-1] is box.received[1]
        assert [each.rcpt_to for each in box] == [("b@example.org",), ("c@example.org",)]
        assert box.find("C@Example.org") == [box[1]]
        assert box.find("hello") == box.find(".DOTTED") == box.received
        assert box.find("nobody") == []


def test_a_script_runs_it_without_await() -> None:
    df = pd.DataFrame({"email": ["b@example.org"]})
    letter = Template("hello", text="x", sender="a@example.org")
    with Sandbox(faults={"greylist": 0}) as box:
        results = send_frame_sync(df, letter, box.server, progress=False)
        assert results.counts["deferred"] == 1
        assert run_sync(results.retry()).counts["sent"] == 1
        port = box.server.port
    assert (len(box), box.find("b@example.org")) == (1, box.received)
    with pytest.raises(ConnectionRefusedError), socket.socket() as again:
        again.connect(("127.0.0.1", port))
    with pytest.raises(RuntimeError, match="not running"):
        _ = box.server


async def test_a_cell_may_run_it_in_a_thread_and_watch_its_inbox() -> None:
    with Sandbox() as box:
        inbox = box.inbox()
        inbox.follow()
        await post(box)
    assert repr(inbox) == "<Inbox, 1 message>"
    inbox.close()


def test_what_keeps_it_from_running_is_raised() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"), Sandbox(port=taken.getsockname()[1]):
            raise AssertionError("it does not run")

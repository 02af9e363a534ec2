"""One timer for the waits of a connection."""

from __future__ import annotations

import asyncio

from notebookmail.smtp.deadline import Deadline


async def test_a_paused_wait_never_ends_and_the_next_one_does() -> None:
    rung = asyncio.Event()
    deadline = Deadline(rung.set)
    deadline.start(0.01)
    deadline.pause()
    await asyncio.sleep(0.05)
    has_rung_in_the_pause = rung.is_set()
    deadline.start(0.01)
    await rung.wait()
    assert not has_rung_in_the_pause
    assert rung.is_set()

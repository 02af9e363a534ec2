"""The charts' benchmark runs, and every way sends a chart to every row; nothing here says how fast."""

from __future__ import annotations

import asyncio
import email
import email.policy
from typing import TYPE_CHECKING

import pytest
from peers import smtp_sink

from benchmarks import charts

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.peer


@pytest.mark.parametrize("way", charts.WAYS[:3], ids=lambda way: way.name)
@pytest.mark.slow
def test_every_way_sends_each_row_its_own_chart(way: charts.Way, tmp_path: Path) -> None:
    with smtp_sink(tmp_path) as peer:
        asyncio.run(charts.sent(way, charts.frame_of(3), peer.port, []))
        pictures = set()
        for arrival in peer.arrivals():
            message = email.message_from_bytes(arrival.content, policy=email.policy.default)
            pictures |= {part.get_content() for part in message.walk() if part.get_content_type() == "image/png"}
    assert len(pictures) == 3

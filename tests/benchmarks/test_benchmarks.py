"""The benchmarks run with tiny numbers, their tables have every row, and what they count without a clock holds.

Nothing here says how fast anything is: only a benchmark's own run can, and only as a ratio.
"""

from __future__ import annotations

import asyncio
from itertools import product

import pytest

from benchmarks import chunking, client_cpu, round_trips
from benchmarks.distance import far_away
from benchmarks.senders import AIOSMTPLIB, WAYS, message_of

pytestmark = pytest.mark.peer

SEND_FRAME = "send_frame, one connection"


@pytest.fixture(scope="module")
def counted() -> dict[str, float]:
    """Round trips a message in every way."""
    return {each.way: each.counted for each in round_trips.main(["--messages", "20", "--delay-ms", "2"])}


def test_round_trips_are_counted_for_every_way(counted: dict[str, float]) -> None:
    assert set(counted) == {way.name for way in WAYS} | {SEND_FRAME}
    assert counted[AIOSMTPLIB.name] == 4.0


@pytest.mark.parametrize("way", ["notebookmail pool, one connection", SEND_FRAME])
def test_a_busy_connection_pays_one_round_trip_a_message(counted: dict[str, float], way: str) -> None:
    assert counted[way] <= 1.1


def test_the_round_trips_of_every_way_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    found = round_trips.main(["--messages", "2", "--delay-ms", "0"])
    _, heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split() == ["round", "trips", "a", "message", "by", "clock", "counted"]
    assert [row.rpartition(" ")[2] for row in rows] == [f"{each.counted:.2f}" for each in found]


def test_the_client_cpu_of_every_way_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    found = client_cpu.main(["--messages", "5", "--rounds", "2", "--octets", "600"])
    assert [each.way for each in found] == [way.name for way in WAYS]
    assert all(len(each.microseconds) == 2 and min(each.microseconds) > 0 for each in found)
    *_, heading, first, _, _, _ = capsys.readouterr().out.splitlines()
    assert heading.endswith("times less")
    assert first.startswith(AIOSMTPLIB.name)
    assert first.endswith(" 1.00")


def test_data_and_bdat_are_compared_in_every_size_and_way(capsys: pytest.CaptureFixture[str]) -> None:
    found = chunking.main(["--messages", "10", "--octets", "600", "100000", "--delay-ms", "2"])
    expected = set(product((600, 100_000), ("alone", "busy"), ("DATA", "BDAT")))
    assert {(each.octets, each.way, each.command) for each in found} == expected
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(expected)
    trips = {(each.way, each.command, each.round_trips) for each in found}
    assert trips == {("alone", "DATA", 2.0), ("alone", "BDAT", 2.0), ("busy", "DATA", 1.1), ("busy", "BDAT", 2.0)}


def test_messages_are_of_the_size_asked_for_and_end_in_crlf() -> None:
    for octets in (600, 5_000, 100_000):
        content = message_of(octets)
        assert abs(len(content) - octets) < 80
        assert content.endswith(b"\r\n")
        assert content.count(b"\n") == content.count(b"\r\n")


async def test_the_distance_keeps_order_and_counts_waits() -> None:
    is_over = asyncio.Event()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()
        await writer.wait_closed()
        is_over.set()

    octets = bytes(range(256)) * 2_000
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, far_away(server.sockets[0].getsockname()[1], 0.001) as distance:
        reader, writer = await asyncio.open_connection("127.0.0.1", distance.port)
        writer.write(octets)
        assert await reader.readexactly(len(octets)) == octets
        before = distance.round_trips
        for _ in range(3):
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"
        assert distance.round_trips - before == 3
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        await is_over.wait()

"""Each fault of the sandbox, as a client meets it on the wire; on a clock that leaps."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest
from support.faulty_server import until
from support.leaping_clock import in_leaps
from support.smtp_by_hand import GONE, calling, greeting

from notebookmail import Sandbox, Server

if TYPE_CHECKING:
    from collections.abc import Mapping

MINUTE, DAY = 60, 86_400


def port(box: Sandbox) -> int:
    return box.server.effective_port


async def posted(faults: Mapping[str, Any], *recipients: str, seed: int = 0) -> tuple[list[str], list[str]]:
    """Post to each in turn, each on a connection of its own; returns the last replies, and who was kept."""
    replies = []
    async with Sandbox(faults, seed=seed) as box:
        for recipient in recipients:
            async with calling(port(box)) as caller:
                replies.append(await caller.post(recipient))
    return replies, [each.rcpt_to[0] for each in box.received]


# --- recipients ---------------------------------------------------------------------------------------------


@in_leaps
async def test_a_pattern_refuses_the_addresses_it_matches_in_any_case() -> None:
    faults = {"*@example.net": "550 5.7.1 Not there"}
    replies, kept = await posted(faults, "A@Example.NET", "a@example.net.org", "a@example.org")
    assert replies[0] == "550 5.7.1 Not there"
    assert kept == ["a@example.net.org", "a@example.org"]


@in_leaps
async def test_a_dot_in_a_pattern_is_a_dot() -> None:
    _, kept = await posted({"*@a.example": "550 no"}, "x@aXexample")
    assert kept == ["x@aXexample"]


@in_leaps
async def test_an_address_goes_before_a_pattern_and_a_pattern_before_a_code() -> None:
    faults = {"451": 1, "*@example.org": "552 pattern", "b@example.org": "550 address"}
    replies, _ = await posted(faults, "b@example.org", "c@example.org", "d@example.net")
    assert [reply[:3] for reply in replies] == ["550", "552", "451"]


@in_leaps
async def test_a_share_of_the_tries_at_an_address_is_refused() -> None:
    replies, kept = await posted({"b@example.org": (0.5, "450 4.2.1 Busy")}, *["b@example.org"] * 30)
    assert set(replies) - {"450 4.2.1 Busy"} != set()
    assert 0 < len(kept) == 30 - replies.count("450 4.2.1 Busy") < 30


@in_leaps
async def test_a_code_with_a_text_is_the_reply() -> None:
    replies, _ = await posted({"450 4.2.1 Too fast": 1}, "b@example.org")
    assert replies == ["450 4.2.1 Too fast"]


@in_leaps
async def test_a_421_closes_the_connection() -> None:
    async with Sandbox({"421": 1}) as box, calling(port(box)) as caller:
        assert (await caller.say("MAIL FROM:<a@example.org>", "RCPT TO:<b@example.org>"))[:9] == "421 4.3.2"
        assert await caller.hear() == GONE
        assert asyncio.get_running_loop().time() == 0  # at once, not when the server loses patience


@in_leaps
async def test_a_greylisted_recipient_is_taken_after_its_time() -> None:
    loop = asyncio.get_running_loop()
    async with Sandbox({"greylist": 300}) as box, calling(port(box)) as caller:
        first = loop.time()
        assert (await caller.post())[:9] == "451 4.7.1"
        await asyncio.sleep(299)
        assert (await caller.post())[:9] == "451 4.7.1"
        assert (await caller.post("c@example.org"))[:3] == "451"
        assert (await caller.post(sender="z@example.org"))[:3] == "451"
        await asyncio.sleep(first + 300 - loop.time())
        assert (await caller.post("B@EXAMPLE.ORG"))[:3] == "250"
        assert (await caller.post("c@example.org"))[:3] == "451"
        assert (await caller.post())[:3] == "250"


@in_leaps
async def test_a_greylist_of_no_seconds_takes_the_second_try() -> None:
    replies, _ = await posted({"greylist": 0}, "b@example.org", "b@example.org")
    assert [reply[:3] for reply in replies] == ["451", "250"]


# --- limits -------------------------------------------------------------------------------------------------


@in_leaps
async def test_a_rate_holds_in_every_stretch_of_its_time() -> None:
    loop = asyncio.get_running_loop()
    async with Sandbox({"rate": "3/min"}) as box, calling(port(box)) as caller:
        taken: list[float] = []
        for _ in range(60):
            reply = await caller.post()
            if reply.startswith("250"):
                taken.append(loop.time())
            else:
                assert reply.startswith("451 4.7.28")
            await asyncio.sleep(7)
    assert all(taken[n + 3] - taken[n] >= MINUTE for n in range(len(taken) - 3))
    assert max(taken[n + 3] - taken[n] for n in range(len(taken) - 3)) <= MINUTE + 7


@in_leaps
async def test_the_reply_to_a_rate_can_be_chosen() -> None:
    async with Sandbox({"rate": ("1/h", "421 4.7.28 Slow down")}) as box, calling(port(box)) as caller:
        assert (await caller.post())[:3] == "250"
        assert await caller.say("MAIL FROM:<a@example.org>") == "421 4.7.28 Slow down"
        assert await caller.hear() == GONE


@in_leaps
async def test_a_quota_is_for_a_day() -> None:
    async with Sandbox({"quota": 2}) as box, calling(port(box)) as caller:
        assert [(await caller.post())[:9] for _ in range(3)] == ["250 2.0.0", "250 2.0.0", "550 5.4.5"]
        assert len(box.received) == 2
        await asyncio.sleep(DAY + 1)
        async with calling(port(box)) as tomorrow:
            assert [(await tomorrow.post())[:3] for _ in range(3)] == ["250", "250", "550"]


@in_leaps
async def test_a_quota_counts_what_was_kept_and_nothing_else() -> None:
    replies, kept = await posted({"refuse_message": 0.5, "quota": 5}, *(f"n{n}@example.org" for n in range(40)))
    assert len(kept) == 5
    first_over = next(n for n, reply in enumerate(replies) if reply.startswith("550 5.4.5"))
    assert any(reply.startswith("554") for reply in replies[:first_over])
    _, kept = await posted({"drop_after": 0.5, "quota": 5}, *(f"n{n}@example.org" for n in range(40)))
    assert len(kept) == 5


@in_leaps
async def test_one_connection_too_many_is_closed_and_later_taken() -> None:
    async with Sandbox({"connections": 2}) as box, AsyncExitStack() as first:
        await first.enter_async_context(calling(port(box)))
        async with calling(port(box)):
            assert (await greeting(port(box)))[:9] == "421 4.7.0"
            async with calling(port(box)) as third:
                assert await third.hear() == GONE  # closed, not only told so
        await asyncio.sleep(1)
        assert (await greeting(port(box)))[:3] == "220"
    assert box.counts == {"connections": 2}


@in_leaps
async def test_of_a_crowd_that_comes_at_once_as_many_are_taken_as_may_be() -> None:
    async with Sandbox({"connections": 2}) as box, AsyncExitStack() as calls:
        crowd = [calls.enter_async_context(calling(port(box))) for _ in range(6)]
        callers = await asyncio.gather(*crowd)
        replies = [(await caller.say("NOOP"))[:3] for caller in callers]
    assert sorted(replies) == [GONE] * 4 + ["250"] * 2


@in_leaps
async def test_a_connection_takes_so_many_messages_and_a_new_one_takes_more() -> None:
    async with Sandbox({"messages_per_connection": 2}) as box:
        for _ in range(2):
            async with calling(port(box)) as caller:
                assert [(await caller.post())[:9] for _ in range(4)] == ["250 2.0.0"] * 2 + ["452 4.5.3"] * 2


# --- refusals -----------------------------------------------------------------------------------------------


@in_leaps
async def test_a_refused_connection_is_greeted_and_closed() -> None:
    async with Sandbox({"refuse_connect": "554 5.7.1 Not from there"}) as box, calling(port(box)) as caller:
        assert await caller.hear() == GONE
        assert asyncio.get_running_loop().time() == 0
        assert await greeting(port(box)) == "554 5.7.1 Not from there"


@in_leaps
async def test_a_refused_sender_is_told_at_mail() -> None:
    async with Sandbox({"refuse_sender": "550 5.7.60 Not yours"}) as box, calling(port(box)) as caller:
        assert await caller.say("MAIL FROM:<a@example.org>") == "550 5.7.60 Not yours"
        assert (await caller.say("RCPT TO:<b@example.org>"))[:3] == "503"


@in_leaps
async def test_a_refused_message_is_not_kept_and_the_next_one_may_be() -> None:
    replies, kept = await posted({"refuse_message": 0.5}, *["b@example.org"] * 20)
    assert 0 < sum(reply.startswith("554 5.7.1") for reply in replies) == 20 - len(kept) < 20


async def test_a_refused_login_is_met_by_the_sandboxs_own_server() -> None:
    from notebookmail import SMTP, SMTPAuthenticationError

    async with Sandbox({"refuse_login": (0.5, "535 5.7.8 Wrong password")}, seed=1) as box:
        server, outcomes = box.server, []
        for _ in range(12):
            client = SMTP(
                hostname=server.hostname, port=server.port, username=server.username, password=server.password
            )
            try:
                async with client:
                    outcomes.append((await client.sendmail("a@example.org", "b@example.org", "x"))[1][:5])
            except SMTPAuthenticationError as error:
                outcomes.append(f"{error.code} {error.message}")
    assert set(outcomes) == {"2.0.0", "535 5.7.8 Wrong password"}


@in_leaps
async def test_where_logging_in_is_rehearsed_one_has_to() -> None:
    async with Sandbox({"refuse_login": 0}) as box, calling(port(box)) as caller:
        assert (await caller.post())[:9] == "530 5.7.0"
        assert (await caller.say("AUTH PLAIN AGEAYg=="))[:3] == "235"
        assert (await caller.post())[:3] == "250"


@in_leaps
async def test_elsewhere_no_login_is_offered() -> None:
    async with Sandbox() as box, calling(port(box)) as caller:
        assert box.server.username is None
        assert (await caller.say("AUTH PLAIN AGEAYg=="))[0] == "5"


async def test_a_login_leaves_no_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with Sandbox({"refuse_login": 0}) as box, calling(port(box)) as caller:
        await caller.say("AUTH PLAIN AGEAYg==")
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == []


# --- connections that break ---------------------------------------------------------------------------------


@in_leaps
async def test_a_dropped_connection_comes_without_a_greeting() -> None:
    async with Sandbox({"drop_connect": 0.5}) as box:
        heard = [(await greeting(port(box)))[:3] for _ in range(20)]
    assert set(heard) == {GONE, "220"}
    assert box.counts == {"drop_connect": heard.count(GONE)}


@in_leaps
async def test_a_connection_can_be_cut_at_rcpt() -> None:
    async with Sandbox({"drop_rcpt": 1}) as box, calling(port(box)) as caller:
        assert (await caller.say("MAIL FROM:<a@example.org>"))[:3] == "250"
        assert await caller.say("RCPT TO:<b@example.org>") == GONE


@pytest.mark.parametrize(("fault", "kept"), [("drop", 0), ("drop_after", 1)])
@in_leaps
async def test_a_connection_can_be_cut_before_or_after_the_message_is_kept(fault: str, kept: int) -> None:
    async with Sandbox({fault: 1}) as box, calling(port(box)) as caller:
        assert await caller.post() == GONE
        assert len(box.received) == kept
    assert len(box.received) == kept


@pytest.mark.parametrize(("fault", "kept"), [("stall", 0), ("stall_after", 1)])
@in_leaps
async def test_a_stall_outlasts_the_patience_of_a_client(fault: str, kept: int) -> None:
    async with Sandbox({fault: 1}) as box, calling(port(box)) as caller:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(601):
                await caller.post()
        assert len(box.received) == kept


@in_leaps
async def test_leaving_the_sandbox_ends_a_stall() -> None:
    async with AsyncExitStack() as calls:
        async with Sandbox({"stall": 1}) as box:
            caller = await calls.enter_async_context(calling(port(box)))
            posting = asyncio.create_task(caller.post())
            await until(lambda: box.counts["stall"] > 0)
        assert await posting == GONE


# --- the server ---------------------------------------------------------------------------------------------


@in_leaps
async def test_latency_is_added_to_each_reply_once() -> None:
    loop = asyncio.get_running_loop()
    async with Sandbox({"latency": 2}) as box, calling(port(box)) as caller:
        assert loop.time() == pytest.approx(4)  # the greeting, and EHLO's reply of many lines
        await caller.post()  # MAIL, RCPT, DATA, the end of data
        assert loop.time() == pytest.approx(12)


@in_leaps
async def test_a_delay_is_added_to_each_message() -> None:
    loop = asyncio.get_running_loop()
    async with Sandbox(delay_seconds=400) as box, calling(port(box)) as caller:
        assert (await caller.post())[:3] == "250"
    assert loop.time() == pytest.approx(400)


@in_leaps
async def test_an_outage_cuts_and_refuses_until_it_is_over() -> None:
    async with Sandbox({"down": (10, 60)}) as box, calling(port(box)) as caller:
        where = box.server
        assert (await caller.post())[:3] == "250"
        await asyncio.sleep(9.9)
        assert (await caller.post())[:3] == "250"
        await asyncio.sleep(0.2)
        assert await caller.hear() == GONE
        with pytest.raises(ConnectionRefusedError):
            await greeting(where.effective_port)
        assert box.server == where
        await asyncio.sleep(49.8)
        with pytest.raises(ConnectionRefusedError):
            await greeting(where.effective_port)
        await asyncio.sleep(0.2)
        async with calling(where.effective_port) as again:
            assert (await again.post())[:3] == "250"
    assert len(box.received) == 3


@in_leaps
async def test_an_outage_can_begin_at_once() -> None:
    async with Sandbox({"down": 5}) as box:
        with pytest.raises(ConnectionRefusedError):
            await greeting(port(box))
        await asyncio.sleep(5.1)
        assert (await greeting(port(box)))[:3] == "220"


@pytest.mark.parametrize("seconds", [0, 5, 20, 100])
@in_leaps
async def test_a_sandbox_can_be_left_before_in_and_after_an_outage(seconds: float) -> None:
    async with Sandbox({"down": (10, 60)}) as box:
        where = port(box)
        await asyncio.sleep(seconds)
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            await greeting(where)
        await asyncio.sleep(55)  # what was to come does not come
    async with Sandbox(port=where) as box:  # it was given up
        assert (await greeting(where))[:3] == "220"


@in_leaps
async def test_a_port_in_an_outage_is_nobody_elses() -> None:
    async with Sandbox({"down": 5}) as box:
        with pytest.raises(OSError, match="in use"):
            await asyncio.start_server(lambda *_: None, "127.0.0.1", port(box), reuse_address=False)


# --- fates --------------------------------------------------------------------------------------------------


@in_leaps
async def test_the_counts_say_what_was_rehearsed() -> None:
    async with Sandbox({"drop": 1, "b@example.org": "550 no", "554": 0}) as box:
        for recipient in ("b@example.org", "c@example.org", "d@example.org"):
            async with calling(port(box)) as caller:
                await caller.post(recipient)
    assert box.counts == {"b@example.org": 1, "drop": 2}


ROWS = [f"n{n}@example.org" for n in range(40)]
TROUBLES = {"451": 0.2, "*n1*@example.org": (0.3, "550 no"), "drop": 0.2, "drop_after": 0.2, "refuse_message": 0.2}


async def fates(rows: list[str], clients: int, seed: int) -> dict[str, list[str]]:
    """Try each row three times, rows spread over so many connections at once; return what became of each try."""
    fate: dict[str, list[str]] = {row: [] for row in rows}

    async def client(mine: list[str], box: Sandbox) -> None:
        for row in mine:
            for _ in range(3):
                async with calling(port(box)) as caller:
                    fate[row].append((await caller.post(row))[:9])

    async with Sandbox(TROUBLES, seed=seed) as box:
        await asyncio.gather(*(client(rows[n::clients], box) for n in range(clients)))
        kept = [each.rcpt_to[0] for each in box.received]
    for row in rows:
        fate[row].append(str(kept.count(row)))
    return fate


@in_leaps
async def test_a_row_meets_the_same_fate_in_any_order_over_any_number_of_connections() -> None:
    usual = await fates(ROWS, 1, seed=1)
    assert await fates(ROWS[::-1], 7, seed=1) == usual
    assert await fates(ROWS, 1, seed=2) != usual
    met = {each for row in usual.values() for each in row[:-1]}
    assert met == {GONE, "250 2.0.0", "451 4.3.0", "550 no", "554 5.7.1"}


def test_the_server_is_marked_as_the_sandboxs() -> None:
    assert not Server("smtp.example.org").is_sandbox
    assert "is_sandbox" not in repr(Server("smtp.example.org"))


async def test_the_sandboxs_server_is_marked() -> None:
    async with Sandbox() as box:
        assert box.server.is_sandbox

"""Rate, quota, breaker: what keeps a run within what a server, and a sender's name, can bear."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail import FrameError
from notebookmail.delivery.backlog import Attempt, Task
from notebookmail.delivery.circuit_breaker import ADDRESSES_IN_A_ROW, POLICY_IN_A_ROW, Breaker
from notebookmail.delivery.daily_quota import Quota, UsageCounts
from notebookmail.delivery.journal.quota_usage import DAY_MINUTES
from notebookmail.delivery.quota_counting import QuotaCounting
from notebookmail.delivery.rate_limit import Bucket, parse_rate
from notebookmail.mail.message import Envelope, Mail

RATES = st.floats(0.01, 10_000)


@pytest.mark.parametrize(
    ("rate", "per_second"),
    [
        (5, 5.0),
        (0.5, 0.5),
        ("30/min", 0.5),
        ("14/s", 14.0),
        ("3600 per hour", 1.0),
        (" 86400/day", 1.0),
        ("30/MIN", 0.5),
        (np.int64(5), 5.0),
        (np.float64(0.5), 0.5),
        ("90 / m", 1.5),
    ],
)
def test_a_rate_is_a_number_or_a_text(rate: float | str, per_second: float) -> None:
    assert parse_rate(rate) == pytest.approx(per_second)


@pytest.mark.parametrize(
    "rate", [0, -1, math.nan, math.inf, "", "fast", "0/s", "5", "5/fortnight", True, None, [5]]
)
def test_what_is_no_rate_is_refused_with_an_example(rate: object) -> None:
    with pytest.raises(FrameError, match="30/min"):
        parse_rate(rate)  # type: ignore[arg-type]


@given(rate=RATES, burst=st.integers(1, 20), gaps=st.lists(st.floats(0, 5), min_size=1, max_size=60))
def test_a_bucket_never_grants_more_than_its_rate_in_any_stretch(
    rate: float, burst: int, gaps: list[float]
) -> None:
    bucket, now, granted = Bucket(rate, burst), 1_000.0, []
    for gap in gaps:
        now += gap
        granted += [now for _ in range(burst + 2) if bucket.take(now) == 0]
    for first in range(len(granted)):
        for last in range(first, len(granted)):
            assert last - first + 1 <= rate * (granted[last] - granted[first]) + burst + 1e-6


@given(rate=RATES, start=st.floats(0, 1e6))
def test_whoever_waits_as_long_as_told_is_granted(rate: float, start: float) -> None:
    bucket = Bucket(rate)
    assert bucket.take(start) == 0
    wait = bucket.take(start)
    assert 0 < wait <= 1 / rate * 1.001
    assert bucket.take(start + wait * 1.000001 + 1e-9) == 0


def test_a_clock_that_goes_back_grants_nothing_early_and_holds_for_one_message_at_most() -> None:
    bucket = Bucket(1.0)
    assert bucket.take(100.0) == 0
    assert bucket.take(50.0) == pytest.approx(1.0)
    assert bucket.take(50.9) == pytest.approx(0.1)
    assert bucket.take(51.0) == 0


@given(rate=RATES, burst=st.integers(1, 20), back=st.floats(0, 1e6), gaps=st.lists(st.floats(0, 5), max_size=30))
def test_after_a_clock_went_back_the_rate_holds_by_the_new_time(
    rate: float, burst: int, back: float, gaps: list[float]
) -> None:
    bucket = Bucket(rate, burst)
    while not bucket.take(1e6):
        pass
    now, granted = 1e6 - back, 0
    start = now
    for gap in gaps:
        now += gap
        granted += sum(bucket.take(now) == 0 for _ in range(burst + 2))
    assert granted <= rate * (now - start) + 1 + 1e-3


@given(rate=RATES, burst=st.integers(1, 20), factor=st.floats(0.05, 1))
def test_slowing_down_grants_nothing_at_once(rate: float, burst: int, factor: float) -> None:
    bucket = Bucket(rate, burst)
    while not bucket.take(0.0):
        pass
    bucket.slow_down(factor)
    assert bucket.take(0.0) > 0


def test_a_slowed_bucket_waits_longer() -> None:
    bucket = Bucket(10.0)
    bucket.slow_down(0.5)
    bucket.take(0.0)
    assert bucket.take(0.0) == pytest.approx(0.2)


@pytest.mark.parametrize(("category", "limit"), [("policy", POLICY_IN_A_ROW), ("address", ADDRESSES_IN_A_ROW)])
def test_refusals_in_a_row_stop_the_run(category: str, limit: int) -> None:
    breaker = Breaker()
    assert [breaker.refused(category) for _ in range(limit - 1)] == [""] * (limit - 1)
    assert str(limit) in breaker.refused(category)


def test_each_accepted_message_takes_one_refusal_away_and_none_is_saved_up() -> None:
    breaker = Breaker()
    for _ in range(1_000):
        breaker.accepted()
    for _ in range(POLICY_IN_A_ROW - 1):
        assert not breaker.refused("policy")
    for _ in range(100):
        breaker.accepted()
        assert not breaker.refused("policy")
    assert breaker.refused("policy")


@given(seed=st.integers(0, 2**32), share=st.floats(0, 0.15))
def test_a_list_with_some_bad_addresses_never_stops(seed: int, share: float) -> None:
    chance, breaker = random.Random(seed), Breaker()
    for _ in range(2_000):
        if chance.random() < share:
            assert not breaker.refused("address")
        else:
            breaker.accepted()


@given(seed=st.integers(0, 2**32), share=st.floats(0.7, 1), category=st.sampled_from(["address", "policy"]))
def test_a_list_that_is_mostly_refused_stops_soon(seed: int, share: float, category: str) -> None:
    chance, breaker, reason = random.Random(seed), Breaker(), ""
    for _ in range(1_000):
        if chance.random() >= share:
            breaker.accepted()
        else:
            reason = reason or breaker.refused(category)
    assert reason


def test_the_two_kinds_of_refusals_are_weighed_apart() -> None:
    breaker = Breaker()
    for _ in range(POLICY_IN_A_ROW - 1):
        assert not breaker.refused("policy")
    for _ in range(ADDRESSES_IN_A_ROW - 1):
        assert not breaker.refused("address")
    assert "addresses" in breaker.refused("address")


def test_rows_refused_for_other_reasons_do_not_count() -> None:
    breaker = Breaker()
    assert not any(breaker.refused("size") for _ in range(1_000))


def test_an_account_is_charged_up_to_its_limit_within_24_hours_and_no_further() -> None:
    counts = UsageCounts()
    assert [counts.charge("me@host", "", 0, 2) for _ in range(3)] == [True, True, False]
    counts.give_back("me@host", "", 0)
    assert counts.charge("me@host", "journal", 1, 2)
    assert counts.used("me@host", 1, besides="journal") == counts.used("me@host", 1, besides="") == 1
    assert not counts.charge("me@host", "", DAY_MINUTES, 2)
    assert counts.charge("me@host", "", DAY_MINUTES + 1, 2)
    assert not counts.charge("me@host", "", DAY_MINUTES + 1, 2)


@pytest.mark.parametrize(
    ("per_day", "keeps_room"), [({}, False), ({"other@host": 5}, True), ({"me@host": 5}, True)]
)
def test_room_is_kept_where_any_account_has_a_limit(per_day: dict[str, int], *, keeps_room: bool) -> None:
    mail = Mail(Envelope("me@host", ("ann@example.org",)), (b"\r\n",))
    attempt = Attempt(Task(0, "ann@example.org", b"k" * 16, lambda: mail), mail, 0.0)
    counts = UsageCounts()
    counting = QuotaCounting(Quota(per_day, "me@host", counts=counts, clock=lambda: 60.0))
    counting.hold(attempt)
    assert attempt.is_held is keeps_room
    heard: list[Exception | None] = []
    assert counting.charge(attempt, "me@host")
    counting.letting_go(attempt, heard.append)(None)
    assert not attempt.is_held
    assert heard == [None]
    assert counts.used("me@host", 1) == 1

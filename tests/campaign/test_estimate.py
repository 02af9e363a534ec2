"""plan_frame: how much, how many, how long at the least."""

from __future__ import annotations

import dns.resolver
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dns_server import dns_server, resolver_of

from notebookmail import FrameError, Server, Template, plan_frame
from notebookmail.campaign.estimate import least_seconds

LETTER = Template("Hello {{ name }}", text="Dear {{ name }}", sender="shop@example.org")


def people(count: int) -> pd.DataFrame:
    return pd.DataFrame({"email": [f"p{n}@example.org" for n in range(count)], "name": "Ann"})


def test_it_counts_messages_octets_and_what_stays() -> None:
    df = people(10)
    df.loc[3, "name"] = None
    plan = plan_frame(df, LETTER, Server("smtp.example.org", max_connections=4), suppress=["p0@example.org"])
    assert (plan.messages, plan.left_out, plan.unfit, plan.connections) == (8, 1, 1, 4)
    assert 8 * 200 < plan.bytes < 8 * 1_000
    assert not plan.is_estimate
    assert "8 messages" in str(plan)
    assert "as fast as the server takes them" in str(plan)
    assert "1 row cannot be made" in str(plan)
    assert "1 row is left out" in str(plan)


def test_the_rate_and_the_quota_say_how_long() -> None:
    server = Server("smtp.example.org", rate="30/min", daily_quota=500)
    assert plan_frame(people(301), LETTER, server).seconds == 600
    assert plan_frame(people(501), LETTER, server).seconds == 86_400
    assert "at least 10 min under" in str(plan_frame(people(301), LETTER, server))


def test_of_many_rows_a_sample_is_made() -> None:
    plan = plan_frame(people(5_000), LETTER)
    assert plan.is_estimate
    assert plan.messages == 5_000
    assert str(plan).startswith("about 5,000 messages")
    assert plan.server == "the sandbox"


def test_a_large_mailing_is_held_against_what_large_receivers_want(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server("smtp.example.org")
    with dns_server({("smtp.example.org", "A"): ["192.0.2.1"]}) as names:
        monkeypatch.setattr(dns.resolver, "default_resolver", resolver_of(names))
        told = str(plan_frame(people(5_000), LETTER, server))
        assert "one-click unsubscribing" in told
        assert "Gmail and Outlook.com want DMARC" in told
        asked = len(names.asked)
        assert plan_frame(people(4_999), LETTER, server).notices == ()
        assert plan_frame(people(5_000), LETTER, Server("localhost")).notices == ()
        assert len(names.asked) == asked


def test_no_rows_take_no_time() -> None:
    plan = plan_frame(people(0), LETTER, Server("smtp.example.org", rate=1))
    assert (plan.messages, plan.bytes, plan.seconds) == (0, 0, 0.0)


def test_a_wrong_call_raises_as_send_frame_does() -> None:
    with pytest.raises(FrameError):
        plan_frame(people(1).drop(columns="name"), LETTER)


@given(messages=st.integers(1, 5_000), per_second=st.sampled_from([0.5, 2.0, 10.0]), per_day=st.integers(1, 3_000))
def test_the_least_time_is_that_of_sending_as_soon_as_allowed(
    messages: int, per_second: float, per_day: int
) -> None:
    day, in_day, now = 0, 0, 0.0
    for number in range(messages):
        if in_day == per_day:
            day, in_day = day + 1, 0
            now = max(now + 1 / per_second, day * 86_400.0)
        elif number:
            now += 1 / per_second
        in_day += 1
    assert least_seconds(messages, per_second, per_day) == pytest.approx(now)

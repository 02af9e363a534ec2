"""Outcomes: no row is ever lost, and the frame is what was promised."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.errors import SMTPDataError, SMTPRecipientRefused, SMTPRecipientsRefused, TemplateError
from notebookmail.merge import events
from notebookmail.merge.outcomes import COLUMNS, Outcomes
from notebookmail.merge.progress import Meter
from notebookmail.reply import SMTPResponse

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
REFUSED = SMTPRecipientsRefused([SMTPRecipientRefused(550, "5.1.1 no such user", "b@example.org")])


def sent(position: int) -> events.RowSent:
    return events.RowSent(position, SMTPResponse(250, "2.0.0 OK"), {}, 1, 0.5, NOW)


EVENTS = st.one_of(
    st.builds(sent, st.integers(0, 9)),
    st.builds(events.RowStarted, st.integers(0, 9), st.just("b@example.org"), st.just("<1@x>")),
    st.builds(events.RowFailed, st.integers(0, 9), st.just(REFUSED)),
    st.builds(events.RowDeferred, st.integers(0, 9), st.just(REFUSED), st.just(1), st.just(0.1)),
    st.builds(events.RowUnconfirmed, st.integers(0, 9), st.just(REFUSED), st.just(1), st.just(0.1)),
    st.builds(events.RowSkipped, st.integers(0, 9), st.just("asked to")),
    st.builds(events.RowPending, st.integers(0, 9), st.just("stopped")),
)


@given(st.lists(EVENTS, max_size=40))
def test_rows_in_are_rows_out_after_any_events(history: list[events.RowEvent]) -> None:
    outcomes = Outcomes(range(10))
    for event in history:
        outcomes.apply(event)
    assert sum(outcomes.counts.values()) == len(outcomes) == len(outcomes.frame) == 10
    for status, count in outcomes.counts.items():
        assert len(outcomes.positions(status)) == count
        assert (outcomes.frame["status"] == status).sum() == count


def test_the_frame_joins_the_callers_frame() -> None:
    df = pd.DataFrame({"name": ["Ann", "Bo", "Cy"]}, index=["x", "y", "z"])
    outcomes = Outcomes(df.index)
    outcomes.apply(events.RowStarted(0, "a@example.org", "<0@x>"))
    outcomes.apply(sent(0))
    outcomes.apply(events.RowFailed(1, REFUSED, 1, 0.2))
    joined = df.join(outcomes.frame)
    assert tuple(outcomes.frame.columns) == COLUMNS
    assert list(joined["status"]) == ["sent", "failed", "pending"]
    assert joined.loc["x", ["to", "code", "message_id", "sent_at"]].tolist() == [
        "a@example.org",
        250,
        "<0@x>",
        NOW,
    ]
    assert joined.loc["y", ["code", "enhanced_code", "category", "attempts"]].tolist() == [
        550,
        "5.1.1",
        "address",
        1,
    ]
    assert joined.loc["y", "error"] is REFUSED
    assert "no such mailbox" in joined.loc["y", "hint"]
    assert list(outcomes.sent.index) == ["x"]
    assert list(outcomes.failed.index) == ["y"]
    assert list(outcomes.pending.index) == ["z"]
    assert outcomes.exceptions == {"y": REFUSED}


def test_a_row_that_succeeds_later_loses_its_error() -> None:
    outcomes = Outcomes(range(1))
    outcomes.apply(events.RowDeferred(0, SMTPDataError(451, "later"), 1, 0.1))
    outcomes.apply(sent(0))
    assert outcomes.outcome(0).error is None
    assert outcomes.exceptions == {}


def test_refused_copies_of_a_sent_row_are_told() -> None:
    outcomes = Outcomes(range(1))
    refused = {"cc@example.org": SMTPResponse(550, "no")}
    outcomes.apply(events.RowSent(0, SMTPResponse(250, "OK"), refused, 1, 0.1, NOW))
    assert outcomes.outcome(0).hint == "not delivered to: cc@example.org (550 no)"


def test_causes_are_grouped_and_the_largest_comes_first() -> None:
    outcomes = Outcomes(range(4))
    outcomes.apply(events.RowFailed(0, TemplateError("no name", "to", 0)))
    for position in (1, 2):
        outcomes.apply(events.RowFailed(position, REFUSED))
    first, second = outcomes.causes()
    assert (first.category, first.labels) == ("address", (1, 2))
    assert (second.category, second.labels) == ("template", (0,))


def test_the_meter_measures_the_last_seconds() -> None:
    meter = Meter(100.0)
    assert meter.per_second(100.0, 0) == 0
    assert meter.per_second(101.0, 50) == 50
    for second in range(2, 20):
        speed = meter.per_second(100.0 + second, 50 + 10 * second)
    assert speed == 10
    assert meter.seconds(119.0) == 19

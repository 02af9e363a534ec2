"""SendResults: no row is ever lost, and the frame is what was promised."""

from __future__ import annotations

import pickle
import tracemalloc
from datetime import UTC, datetime, timedelta

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookmail.campaign.results import SendResults
from notebookmail.delivery import events
from notebookmail.delivery.events import STATUSES
from notebookmail.delivery.partial_delivery import Addresses
from notebookmail.delivery.progress import Meter
from notebookmail.delivery.results_frame import COLUMNS
from notebookmail.errors import SMTPDataError, SMTPRecipientRefused, SMTPRecipientsRefused, TemplateError
from notebookmail.response import SMTPResponse

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
REFUSED = SMTPRecipientsRefused([SMTPRecipientRefused(550, "5.1.1 no such user", "b@example.org")])


def sent(position: int) -> events.RowSent:
    return events.RowSent(position, SMTPResponse(250, "2.0.0 OK"), {}, 1, 0.5, NOW)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
POSITIONS, TRIES, SECONDS = (
    st.integers(0, 9),
    st.integers(0, 99),
    st.integers(0, 8_000_000).map(lambda micros: micros / 1_000_000),
)
TO = st.sampled_from(["", "b@example.org", "ü@example.org"])
WORDS = st.sampled_from(["", "asked to", "stopped"])
MOMENTS = st.integers(1, 4 * 10**15).map(lambda micros: EPOCH + timedelta(microseconds=micros))
ERRORS = st.sampled_from([REFUSED, SMTPDataError(451, "4.2.1 later"), TemplateError("no name", "to", 0)])
REPLIES = st.builds(
    SMTPResponse, st.sampled_from([250, 251]), st.sampled_from(["OK", "2.0.0 OK", "", "a\nb \u2028"])
)
REFUSALS = st.sampled_from([{}, {"cc@example.org": SMTPResponse(550, "no")}])
IDS = st.sampled_from(["", "<1@x>", f"<{'0a' * 16}@example.org>", f"<{'0B' * 16}@example.org>"])
EVENTS = st.one_of(
    st.builds(events.RowSent, POSITIONS, REPLIES, REFUSALS, TRIES, SECONDS, MOMENTS),
    st.builds(events.RowStarted, POSITIONS, TO, IDS),
    st.builds(events.RowFailed, POSITIONS, ERRORS, TRIES, SECONDS),
    st.builds(events.RowDeferred, POSITIONS, ERRORS, TRIES, SECONDS, st.none() | MOMENTS),
    st.builds(events.RowUnconfirmed, POSITIONS, ERRORS, TRIES, SECONDS, TO, st.booleans()),
    st.builds(events.RowSkipped, POSITIONS, WORDS, TO, st.none() | MOMENTS),
    st.builds(events.RowPending, POSITIONS, WORDS, TO, IDS, st.none() | ERRORS),
    st.builds(events.RunStopped, WORDS),
)
HISTORIES = st.lists(EVENTS, max_size=40)


def folded(history: list[events.RowEvent]) -> SendResults:
    outcomes = SendResults(range(10))
    for event in history:
        outcomes.apply(event)
    return outcomes


@settings(max_examples=40)
@given(HISTORIES)
def test_rows_in_are_rows_out_after_any_events(history: list[events.RowEvent]) -> None:
    outcomes = folded(history)
    assert sum(outcomes.counts.values()) == len(outcomes) == len(outcomes.frame) == 10
    for status, count in outcomes.counts.items():
        assert len(outcomes.positions(status)) == count
        assert (outcomes.frame["status"] == status).sum() == count


STATUS_OF = {
    events.RowSent: "sent", events.RowFailed: "failed", events.RowDeferred: "deferred",
    events.RowUnconfirmed: "unconfirmed", events.RowSkipped: "skipped", events.RowPending: "pending",
}  # fmt: skip


@given(HISTORIES)
def test_a_row_stands_as_its_last_event_says(history: list[events.RowEvent]) -> None:
    outcomes = folded(history)
    last = {event.position: event for event in history if type(event) in STATUS_OF}
    for position in range(10):
        row, event = outcomes.outcome(position), last.get(position)
        assert row.status == ("pending" if event is None else STATUS_OF[type(event)])
        assert row.error is getattr(event, "error", None)
        assert (row.attempts, row.seconds) == (getattr(event, "attempts", 0), getattr(event, "seconds", 0.0))
        assert row.sent_at == getattr(event, "sent_at", None)
        assert ("asked to" in row.hint) == (
            getattr(event, "reason", "") == "asked to"
            or (row.status == "pending" and row.error is None and not getattr(event, "reason", "")
                and stop_reason(history) == "asked to")
        )  # fmt: skip
        assert ("not delivered to" in row.hint) == bool(getattr(event, "refused", None))
        if type(event) is events.RowSent:
            assert (row.code, row.reply) == event.reply
            assert row.enhanced_code == event.reply.enhanced_code


def stop_reason(history: list[events.RowEvent]) -> str:
    return next((event.reason for event in reversed(history) if type(event) is events.RunStopped), "")


@given(HISTORIES)
def test_a_row_keeps_the_last_address_and_message_id_it_was_given(history: list[events.RowEvent]) -> None:
    outcomes = folded(history)
    for position in range(10):
        own = [event for event in history if getattr(event, "position", None) == position]
        addresses = [event.to for event in own if getattr(event, "to", "")]
        assert outcomes.outcome(position).to == (addresses[-1] if addresses else "")
        ids = [each.message_id for each in own if hasattr(each, "message_id")]
        expected = ""
        for event, given_id in zip([each for each in own if hasattr(each, "message_id")], ids, strict=True):
            expected = given_id if type(event) is events.RowStarted else given_id or expected
        assert outcomes.outcome(position).message_id == expected


def by_rows(outcomes: SendResults) -> pd.DataFrame:
    """The frame as it is defined: row by row."""
    rows = [outcomes.outcome(position) for position in range(len(outcomes))]
    frame = pd.DataFrame({column: [getattr(row, column) for row in rows] for column in COLUMNS})
    frame["code"] = frame["code"].astype("Int64")
    frame["sent_at"] = pd.to_datetime(frame["sent_at"], utc=True).dt.as_unit("us")
    return frame


@settings(max_examples=40)
@given(HISTORIES)
def test_the_frame_made_by_columns_is_the_frame_made_by_rows(history: list[events.RowEvent]) -> None:
    outcomes = folded(history)
    pd.testing.assert_frame_equal(outcomes.frame, by_rows(outcomes))


@settings(max_examples=40)
@given(HISTORIES, HISTORIES)
def test_copies_know_nothing_of_each_other(before: list[events.RowEvent], after: list[events.RowEvent]) -> None:
    outcomes = folded(before)
    kept = by_rows(outcomes)
    twin = outcomes.copy()
    pd.testing.assert_frame_equal(twin.frame, kept)
    for event in after:
        twin.apply(event)
    pd.testing.assert_frame_equal(outcomes.frame, kept)
    pd.testing.assert_frame_equal(twin.frame, by_rows(folded([*before, *after])))


@settings(max_examples=40)
@given(HISTORIES)
def test_outcomes_travel_between_processes(history: list[events.RowEvent]) -> None:
    outcomes = folded(history)
    outcomes.note_recipients([f"{position}@example.org" for position in range(10)])
    arrived = pickle.loads(pickle.dumps(outcomes))
    shown = [name for name in COLUMNS if name != "error"]
    pd.testing.assert_frame_equal(arrived.frame[shown], outcomes.frame[shown])
    assert list(map(str, arrived.frame["error"])) == list(map(str, outcomes.frame["error"]))


def test_recipients_that_are_noted_are_those_of_the_frame() -> None:
    outcomes = SendResults(range(2))
    outcomes.note_recipients(["a@example.org", "b@example.org"])
    assert outcomes.outcome(1).to == "b@example.org"
    assert outcomes.frame["to"].tolist() == ["a@example.org", "b@example.org"]


def test_a_frame_that_was_looked_at_is_made_anew_after_the_next_event() -> None:
    outcomes = SendResults(range(1))
    assert outcomes.frame["status"].tolist() == ["pending"]
    outcomes.apply(sent(0))
    assert outcomes.frame["status"].tolist() == ["sent"]
    outcomes.note_recipients(["z@example.org"])
    assert outcomes.frame["to"].tolist() == ["z@example.org"]
    outcomes.reopen([0])
    assert outcomes.frame["status"].tolist() == ["pending"]


def test_outcomes_of_no_rows_have_all_columns() -> None:
    assert tuple(SendResults([]).frame.columns) == COLUMNS


def test_rows_without_an_event_stay_pending_for_the_reason_the_run_stopped() -> None:
    outcomes = SendResults(range(3))
    outcomes.apply(sent(0))
    outcomes.apply(events.RowPending(1, "beyond limit=1"))
    outcomes.apply(events.RunStopped("the quota is used up"))
    assert outcomes.frame["hint"].tolist() == ["", "beyond limit=1", "the quota is used up"]


def test_rows_that_are_tried_again_begin_as_pending_and_the_others_stand_as_before() -> None:
    outcomes = SendResults(range(3))
    outcomes.apply(sent(0))
    outcomes.apply(events.RowDeferred(1, REFUSED, 3, 9.0, NOW))
    outcomes.apply(events.RunStopped("interrupted"))
    outcomes.reopen([1, 2])
    assert outcomes.counts == dict.fromkeys(STATUSES, 0) | {"sent": 1, "pending": 2}
    assert outcomes.frame["hint"].tolist() == ["", "", ""]
    assert outcomes.frame["attempts"].tolist() == [1, 0, 0]
    assert outcomes.exceptions == {}


def test_a_deferred_row_says_when_it_may_be_tried_again() -> None:
    outcomes = SendResults(range(1))
    outcomes.apply(events.RowDeferred(0, REFUSED, 1, 0.1, NOW))
    assert f"may be tried again after {NOW:%H:%M} UTC on {NOW:%Y-%m-%d}" in outcomes.outcome(0).hint


def test_a_row_an_earlier_run_sent_shows_when() -> None:
    outcomes = SendResults(range(2))
    outcomes.apply(events.RowSkipped(0, "already sent", "a@example.org", NOW))
    assert outcomes.outcome(0).sent_at == NOW
    assert outcomes.frame["sent_at"].tolist() == [NOW, pd.NaT]


def test_a_message_sent_when_the_clock_stood_at_zero_has_its_time() -> None:
    outcomes = SendResults(range(1))
    outcomes.apply(sent(0)._replace(sent_at=EPOCH))
    assert outcomes.outcome(0).sent_at == EPOCH == outcomes.frame["sent_at"].iloc[0]


def test_an_error_keeps_no_frame_alive() -> None:
    outcomes = SendResults(range(1))
    try:
        try:
            try:
                raise KeyError("first")  # noqa: TRY301 -- the chain is what is tested
            except KeyError:
                raise ValueError("second")  # noqa: B904 -- a context is wanted
        except ValueError as problem:
            raise TemplateError("third", "to", 0) from problem
    except TemplateError as problem:
        error = problem
    outcomes.apply(events.RowFailed(0, error))
    chain = [error, error.__cause__, error.__cause__.__context__]
    assert [type(each) for each in chain] == [TemplateError, ValueError, KeyError]
    assert [each.__traceback__ for each in chain] == [None] * 3


def test_the_errors_inside_an_error_keep_no_frame_alive_either() -> None:
    inside = SMTPRecipientRefused(550, "no", "a@example.org")
    try:
        raise inside
    except SMTPRecipientRefused:
        error = SMTPRecipientsRefused([inside])
    outcomes = SendResults(range(1))
    outcomes.apply(events.RowFailed(0, error))
    assert inside.__traceback__ is None


def test_an_error_that_is_its_own_cause_is_taken_in() -> None:
    error = TemplateError("round", "to", 0)
    error.__cause__ = other = ValueError("and round")
    other.__context__ = error
    outcomes = SendResults(range(1))
    outcomes.apply(events.RowFailed(0, error))
    assert outcomes.outcome(0).error is error


def test_outcomes_of_many_rows_take_memory_only_where_something_happens() -> None:
    tracemalloc.start()
    try:
        SendResults(range(10))  # what numpy loads on its first use
        before = tracemalloc.get_traced_memory()[0]
        outcomes = SendResults(range(20_000))
        for position in range(20_000):
            outcomes.apply(events.RowStarted(position, "", f"<{position:032x}@example.org>"))
            outcomes.apply(sent(position))
        assert (tracemalloc.get_traced_memory()[0] - before) / 20_000 < 60
    finally:
        tracemalloc.stop()


def test_the_frame_joins_the_callers_frame() -> None:
    df = pd.DataFrame({"name": ["Ann", "Bo", "Cy"]}, index=["x", "y", "z"])
    outcomes = SendResults(df.index)
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
    outcomes = SendResults(range(1))
    outcomes.apply(events.RowDeferred(0, SMTPDataError(451, "later"), 1, 0.1))
    outcomes.apply(sent(0))
    assert outcomes.outcome(0).error is None
    assert outcomes.exceptions == {}


def test_refused_copies_of_a_sent_row_are_told() -> None:
    outcomes = SendResults(range(1))
    refused = {"cc@example.org": SMTPResponse(550, "no")}
    outcomes.apply(events.RowSent(0, SMTPResponse(250, "OK"), refused, 1, 0.1, NOW))
    assert outcomes.outcome(0).hint == "not delivered to: cc@example.org (550 no)"


def test_causes_are_grouped_and_the_largest_comes_first() -> None:
    outcomes = SendResults(range(4))
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


def test_of_an_address_that_refused_and_is_unconfirmed_by_now_no_refusal_is_told() -> None:
    outcomes = SendResults(range(1))
    later = SMTPDataError(450, "4.2.0 greylisted")
    addresses = Addresses(("cc@example.org",), {"to@example.org": SMTPResponse(450, "later")}, frozenset())
    outcomes.apply(events.RowDeferred(0, later, 1, 0.5, None, addresses))
    assert outcomes.addresses["delivered"].tolist() == [True, False]
    outcomes.apply(events.RowUnconfirmed(0, later, 2, 9.0))
    assert outcomes.addresses["address"].tolist() == ["cc@example.org"]

"""Results as an object: what becomes of them in pickles and copies."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from notebookmail import FrameError, SMTPRecipientRefused, SMTPResponse
from notebookmail.campaign.results import SendResults
from notebookmail.delivery.events import RowDeferred, RowFailed, RowSent, RowStarted

NOW = datetime(2026, 11, 28, tzinfo=UTC)
SHOWN = ["to", "status", "code", "enhanced_code", "category", "reply", "hint", "attempts", "message_id", "sent_at"]


def three_rows() -> SendResults:
    results = SendResults(pd.Index(["ann", "bob", "cy"], name="who"), "nothing left this machine")
    results.sent_before = 2
    for position in range(3):
        results.apply(RowStarted(position, f"p{position}@example.org", f"<{position}@example.org>"))
    results.apply(RowSent(0, SMTPResponse(250, "2.0.0 OK"), {"cc@x.test": SMTPResponse(550, "no")}, 1, 0.5, NOW))
    results.apply(RowFailed(1, SMTPRecipientRefused(550, "5.1.1 no such user", "p1@example.org"), 1, 0.5))
    results.apply(RowDeferred(2, SMTPRecipientRefused(451, "4.7.1 later", "p2@example.org"), 1, 0.5, NOW))
    return results


class KeptColumnsThemselves:
    """Pickles as results did that held the columns of their rows themselves."""

    def __init__(self, results: SendResults) -> None:
        states = results._states
        self.state: dict[str, Any] = {
            "_labels": states.labels, "_status": states.statuses, "_tally": states.counts,
            "_recipients": states.recipients, "_to": states.recipients_told, "_numbers": states.numbers,
            "_message_ids": states.message_ids, "_replies": states.replies, "_reasons": states.reasons,
            "_errors": states.errors, "_addresses": states.addresses, "_stop_reason": states.stop_reason,
            "notice": results.notice, "shown_in": None, "sent_before": results.sent_before, "_sending": None,
            "_is_being_sent": False, "_tables": None,
        }  # fmt: skip

    def __reduce__(self) -> tuple[Any, ...]:
        return object.__new__, (SendResults,), self.state


async def test_results_that_an_older_version_pickled_say_the_same() -> None:
    results = three_rows()
    loaded = pickle.loads(pickle.dumps(KeptColumnsThemselves(results)))
    assert type(loaded) is SendResults
    pd.testing.assert_frame_equal(loaded.frame[SHOWN], results.frame[SHOWN])
    assert (loaded.counts, loaded.notice, loaded.sent_before) == (results.counts, results.notice, 2)
    assert loaded.addresses.equals(results.addresses)
    assert loaded.find(words="no such") == [1]
    assert repr(loaded) == repr(results)
    with pytest.raises(FrameError, match="do not know how they were sent"):
        await loaded.retry()


def test_a_frame_that_was_looked_at_goes_with_the_results_into_a_pickle() -> None:
    results = three_rows()
    results.frame["seen"] = True
    loaded = pickle.loads(pickle.dumps(results))
    assert loaded.frame["seen"].all()
    loaded.apply(RowSent(1, SMTPResponse(250, "OK"), {}, 2, 0.5, NOW))
    assert "seen" not in loaded.frame
    assert loaded.counts["sent"] == 2


def test_results_that_are_restored_stand_as_their_copy_did() -> None:
    results = three_rows()
    before, shown = results.copy(), repr(results)
    results.reopen([2])
    results.apply(RowSent(2, SMTPResponse(250, "OK"), {}, 2, 0.5, NOW))
    assert results.counts["sent"] == 2
    results.restore(before)
    assert repr(results) == shown
    assert results.find("deferred") == [2]
    assert {cause.labels for cause in results.causes()} == {("ann",), ("bob",), ("cy",)}


def test_a_pickle_holds_the_states_of_rows_and_nobody_who_reads_them() -> None:
    written = pickle.dumps(three_rows())
    assert b"RowStates" in written
    assert b"RowSearch" not in written
    assert b"Outcomes" not in written

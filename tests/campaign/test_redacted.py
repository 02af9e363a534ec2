"""Redacted results: no address is left anywhere, and all else is as it was."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail import (
    AddressError,
    FrameError,
    Sandbox,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponse,
    SMTPServerDisconnected,
    Template,
    TemplateError,
    send_frame,
)
from notebookmail.campaign.results import SendResults
from notebookmail.delivery.events import (
    RowDeferred,
    RowFailed,
    RowPending,
    RowSent,
    RowSkipped,
    RowStarted,
    RowUnconfirmed,
    RunStopped,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookmail.delivery.events import RowEvent

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ATOM = st.text("abcdefgXYZ0123456789!#$%&'*+/=?^_`{|}~-äß", min_size=2, max_size=12)
WORD = st.text("abcXYZ019", min_size=2, max_size=8)
ADDRESSES = st.one_of(
    st.builds("{}@{}.test".format, ATOM, st.sampled_from(["shop", "mail.shop", "xn--bcher-kva"])),
    st.builds('"{} {}"@shop.test'.format, WORD, WORD),
)


def template_error(position: int, to: str) -> TemplateError:
    error = TemplateError(f"{to!r} is not one mailbox", "to", to)
    error.__cause__ = AddressError(f"{to!r} is not one mailbox", to)
    return error


def refused(to: str) -> SMTPRecipientsRefused:
    return SMTPRecipientsRefused([SMTPRecipientRefused(550, f"5.1.1 <{to}>: no user {to}", to)])


MAKERS: list[Callable[[int, str], RowEvent]] = [
    lambda at, to: RowFailed(at, refused(to), 1, 0.5),
    lambda at, to: RowFailed(at, template_error(at, to)),
    lambda at, to: RowFailed(at, KeyError(to)),
    lambda at, to: RowDeferred(at, SMTPRecipientRefused(451, f"4.7.1 {to} later", to), 2, 1.0, NOW),
    lambda at, to: RowUnconfirmed(at, SMTPServerDisconnected(f"lost at {to}"), 1, 1.0, to),
    lambda at, to: RowSkipped(at, f"the same recipient as row {to!r}", to, NOW),
    lambda at, to: RowPending(at, f"not yet: {to}", to, f"<{to}>"),
    lambda at, to: RowSent(at, SMTPResponse(250, f"2.0.0 ok for <{to}>"), {}, 1, 0.1, NOW),
    lambda at, to: RowSent(at, SMTPResponse(250, "2.0.0 ok"), {to: SMTPResponse(550, f"no {to}")}, 1, 0.1, NOW),
]


def results_of(rows: list[tuple[str, int]], labels: str) -> SendResults:
    addresses = [to for to, _ in rows]
    index: Any = {
        "addresses": pd.Index(addresses, name="email"),
        "numbers": pd.RangeIndex(len(rows)),
        "pairs": pd.MultiIndex.from_tuples(
            [(number, to) for number, to in enumerate(addresses)], names=["n", "to"]
        ),
        "list": [f"row of {to}" for to in addresses],
    }[labels]
    results = SendResults(index, f"one of them is {addresses[0]}")
    for position, (to, kind) in enumerate(rows):
        results.apply(RowStarted(position, to, f"<{position}@desk.example>"))
        results.apply(MAKERS[kind](position, to))
    results.apply(RunStopped(f"stopped by {addresses[0]}"))
    return results


def everything(results: SendResults) -> str:
    vars(results).pop("frame", None)  # made anew: pandas lays out anew what was looked at, and pickles it so
    errors = "".join(f"{error!r}{error.args}{vars(error)}" for error in results.exceptions.values())
    return "".join(
        (
            results.frame.to_csv(), repr(results), str(results._repr_html_()), results.explain().to_csv(), errors,
            pickle.dumps(results).decode("utf-8", "replace"), repr(vars(results)),
        )
    )  # fmt: skip


ROWS = st.lists(st.tuples(ADDRESSES, st.integers(0, len(MAKERS) - 1)), min_size=1, max_size=12)


@given(ROWS, st.sampled_from(["addresses", "numbers", "pairs", "list"]))
def test_no_address_is_left_anywhere(rows: list[tuple[str, int]], labels: str) -> None:
    left = everything(results_of(rows, labels).redacted())
    for to, _ in rows:
        assert to not in left
        assert to.replace('"', '""') not in left  # as CSV writes it


@given(ROWS)
def test_all_else_is_kept(rows: list[tuple[str, int]]) -> None:
    results = results_of(rows, "numbers")
    before = everything(results)
    redacted = results.redacted()
    kept = ["status", "code", "enhanced_code", "category", "attempts", "seconds", "sent_at"]
    pd.testing.assert_frame_equal(redacted.frame[kept], results.frame[kept])
    assert redacted.counts == results.counts
    assert sorted(redacted.explain()["cause"]) == sorted(results.explain()["cause"])
    assert (redacted.frame["reply"] != "").tolist() == (results.frame["reply"] != "").tolist()
    assert everything(results) == before


def test_two_refused_copies_stay_two() -> None:
    results = SendResults(["only"])
    replies = {f"{name}@x.test": SMTPResponse(550, "no") for name in ("ann", "abe")}
    results.apply(RowSent(0, SMTPResponse(250, "ok"), replies, 1, 0.1, NOW))
    hint = results.redacted().frame["hint"].iloc[0]
    assert hint == "not delivered to: a...@x.test (550 no), a...@x.test (2) (550 no)"


def test_a_word_that_decides_what_a_refusal_means_is_not_taken_for_a_name() -> None:
    results = SendResults(["only"])
    error = SMTPRecipientRefused(550, "5.7.1 blocked as spam", "spam@x.test")
    results.apply(RowStarted(0, "spam@x.test", "<1@x>"))
    results.apply(RowFailed(0, error, 1, 0.1))
    assert results.redacted().frame["category"].tolist() == results.frame["category"].tolist()


async def test_redacted_results_survive_a_pickle_and_cannot_be_sent_again() -> None:
    frame = pd.DataFrame({"email": ["ann@example.org", "bob@example.org"]}, index=["ann@example.org", "b"])
    async with Sandbox(faults={"bob@example.org": "451 4.7.1 later"}) as box:
        letter = Template("Hello", text="hello", sender="desk@example.com")
        results = await send_frame(frame, letter, box.server, progress=False)
        redacted = results.redacted()
        assert redacted.frame.index.tolist() == ["a...@example.org", "b"]
        with pytest.raises(FrameError, match="do not know how they were sent"):
            await redacted.retry()
        again = pickle.loads(pickle.dumps(redacted))
        assert again.frame.to_csv() == redacted.frame.to_csv()
        with pytest.raises(FrameError):
            await again.retry()
        assert results.frame["to"].tolist() == frame["email"].tolist()
        assert len(box.received) == 1

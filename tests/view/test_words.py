from __future__ import annotations

import pytest
from support.sample_runs import mixed_outcomes, refused, sample_outcomes, sample_progress

from notebookmail.campaign.results import SendResults
from notebookmail.delivery.events import STATUSES, RowFailed, RowSkipped
from notebookmail.delivery.progress import Progress
from notebookmail.view.terminal.plain_text import results_text
from notebookmail.view.words.headlines import headline
from notebookmail.view.words.quantities import duration
from notebookmail.view.words.results import causes_in_words, line, pace, percent, problem_positions


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"sent": 997, "failed": 3}, "997 of 1,000 sent, 3 failed"),
        ({"sent": 1000}, "All 1,000 sent"),
        ({"sent": 1}, "1 sent"),
        ({"pending": 2}, "0 of 2 sent, 2 pending"),
        ({}, "No rows, nothing sent"),
    ],
)  # fmt: skip
def test_the_headline_says_how_it_ended(counts: dict, words: str) -> None:
    full = {status: counts.get(status, 0) for status in STATUSES}
    assert headline(full) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (125, "2 min 05 s"), (4320, "1 h 12 min")],
)
def test_durations_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_nothing_is_all_done_before_it_is() -> None:
    counts = dict.fromkeys(STATUSES, 0) | {"sent": 9_999, "pending": 1}

    assert percent(Progress(counts, 1.0, 1.0, 0.1, "x", 1, "")) == 99


def test_an_estimate_nobody_has_is_not_shown() -> None:
    assert pace(Progress(sample_progress().counts, 3.0, 0.0, None, "x", 0, "")) == ["3 s"]


def test_a_slow_rate_keeps_its_decimal() -> None:
    assert "0.5 per second" in pace(Progress(sample_progress().counts, 3.0, 0.5, None, "x", 1, ""))


def test_a_rate_of_less_than_one_in_ten_seconds_is_said_by_the_minute() -> None:
    assert "2.4 per minute" in pace(Progress(sample_progress().counts, 100.0, 0.04, None, "x", 1, ""))


def test_the_gravest_rows_come_first() -> None:
    assert problem_positions(mixed_outcomes()) == [0, 5, 3, 2]


def test_the_commonest_cause_comes_first_with_its_remedy_and_one_example() -> None:
    first = causes_in_words(sample_outcomes(10, failing=3))[0]

    assert (first.headline, first.remedy, first.example) == (
        "3 failed: there is no such mailbox",
        "Correct the address, or take the row out of the list",
        "550 5.1.1 No such user",
    )


def test_a_cause_of_a_repeated_label_still_has_a_masked_example() -> None:
    outcomes = SendResults(["same", "same"])
    outcomes.apply(RowFailed(0, refused("canary@example.org", "5.1.1 <canary@example.org>"), 1, 0.1))
    outcomes.apply(RowFailed(1, refused("b@example.org", "5.3.4 too big", 552), 1, 0.1))

    assert all("canary" not in cause.example for cause in causes_in_words(outcomes))


def test_several_reasons_of_skipped_rows_are_all_named() -> None:
    outcomes = SendResults(range(3))
    for position, reason in enumerate(["already sent", "already sent", "on the suppression list"]):
        outcomes.apply(RowSkipped(position, reason))

    assert [cause.headline for cause in causes_in_words(outcomes)] == [
        "3 skipped: already sent; on the suppression list"
    ]


def test_rows_left_out_without_a_reason_are_not_counted_with_those_that_have_one() -> None:
    outcomes = SendResults(range(2))
    outcomes.apply(RowSkipped(0, "already sent"))
    outcomes.apply(RowSkipped(1, ""))

    assert [cause.headline for cause in causes_in_words(outcomes)] == ["skipped: already sent"]


def test_the_text_fits_a_hundred_columns_and_names_rows_below_what_was_said_of_them() -> None:
    text = results_text(sample_outcomes(50, failing=30, reply="5.1.1 " + "no such user " * 40))
    lines = text.splitlines()

    assert max(map(len, lines)) <= 100
    assert lines.index("  30 failed: there is no such mailbox") < lines.index("      and 10 more rows")
    assert [line for line in lines if line.endswith(" 0") or line.lstrip().startswith("p...")] == []
    assert "rows 0 p...@example.org, 1 p...@example.org," in text
    assert text.endswith("results.table() opens every row; results.failed holds those that failed.")


def test_a_row_that_alone_was_spoken_of_is_named_with_its_label() -> None:
    outcomes = SendResults([70, 71])
    outcomes.apply(RowFailed(0, refused("a@example.org", "5.1.1 no"), 1, 0.1))

    assert "row 70" in results_text(outcomes)
    assert results_text(outcomes, limit=0).count("5.1.1 no") == 1


def test_the_text_is_plain_ascii_where_the_values_are() -> None:
    assert results_text(mixed_outcomes()).isascii()


def test_a_reply_does_not_repeat_the_code_and_the_address_of_its_own_columns() -> None:
    outcomes = sample_outcomes(1, failing=1, reply="5.1.1 <person0@example.org>: User unknown")
    row = line(outcomes.outcome(0))

    assert (row.to, row.code, row.reply) == ("person0@example.org", "550 5.1.1", "User unknown")

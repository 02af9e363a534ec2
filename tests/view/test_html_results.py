from __future__ import annotations

import re

import pytest
from hypothesis import given
from support.sample_runs import ANYTHING, Tags, mixed_outcomes, refused, sample_outcomes, sample_progress

from notebookmail.campaign.results import SendResults
from notebookmail.delivery.events import RowFailed, RowPending, RowSkipped, RowStarted
from notebookmail.delivery.progress import Progress
from notebookmail.errors import SMTPReadTimeoutError
from notebookmail.view.html.results import results_html, table_html
from notebookmail.view.terminal.plain_text import results_text
from notebookmail.view.widgets.board import progress_html

SMALL = 32_000  # octets, 5,000 of them the style sheet


def one_refused(label: str, to: str, reply: str) -> SendResults:
    outcomes = SendResults([label, "skipped"])
    outcomes.apply(RowStarted(0, to, "<1@example.org>"))
    outcomes.apply(RowFailed(0, refused(to, reply), 1, 0.1))
    outcomes.apply(RowSkipped(1, reply, to))
    return outcomes


def stripped(page: str) -> str:
    """What is left where style sheets, classes and attributes are taken away."""
    return re.sub(r"<(\w+)[^>]*>", r"<\1>", re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_no_value_changes_the_tags_of_a_result(label: str, to: str, reply: str, title: str) -> None:
    benign = Tags(results_html(one_refused("x", "x", "x"), title="x")).tags
    hostile = one_refused(f"{label}x", f"{to}x", f"x{reply}x")

    assert Tags(results_html(hostile, title=f"{title}x")).tags == benign


@given(ANYTHING, ANYTHING, ANYTHING)
def test_no_value_changes_the_tags_of_the_table(label: str, to: str, reply: str) -> None:
    benign = Tags(table_html(one_refused("x", "x", "x"), [0, 1])).tags

    assert Tags(table_html(one_refused(label, to, f"x{reply}x"), [0, 1])).tags == benign


@given(ANYTHING, ANYTHING)
def test_no_value_changes_the_tags_of_the_board(server: str, complaint: str) -> None:
    def page(server: str, complaint: str) -> str:
        return progress_html(Progress(sample_progress().counts, 1.0, 1.0, None, server, 1, complaint))

    assert Tags(page(server, f"x{complaint}")).tags == Tags(page("x", "x")).tags


@pytest.mark.parametrize("show", [results_html, results_text])
def test_a_saved_result_names_no_one(show) -> None:
    to = "Canary Bird <canary.bird@example.org>"
    outcomes = one_refused("canary.bird@example.org", to, "5.1.1 <canary.bird@example.org> no canary.bird")

    assert "canary" not in show(outcomes).casefold()
    assert "c...@example.org" in show(outcomes).replace("&lt;", "<")


def test_the_live_board_names_no_one() -> None:
    assert "canary" not in progress_html(sample_progress(complaint="550 <canary@example.org> unknown"))


def test_the_live_table_shows_addresses_in_full() -> None:
    assert "person0@example.org" in table_html(sample_outcomes(3), [0, 1, 2])


def test_the_live_table_shows_the_rows_asked_for_and_no_other() -> None:
    page = table_html(sample_outcomes(100), [7, 9])

    assert set(re.findall(r"person\d+", page)) == {"person7", "person9"}


@pytest.mark.parametrize("reply", ["5.1.1 No such user", "5.1.1 " + "<&\"'>" * 500, "5.1.1 " + "\x1b" * 500])
def test_a_run_of_ten_thousand_failures_stays_small(reply: str) -> None:
    page = results_html(sample_outcomes(10_000, failing=10_000, reply=reply))

    assert len(page.encode()) < SMALL


def test_many_different_causes_stay_small() -> None:
    outcomes = SendResults(range(500))
    for code in range(400, 600):
        outcomes.apply(
            RowFailed(code - 400, refused("x@example.org", f"{str(code)[0]}.{code % 8}.1 no", code), 1, 1.0)
        )

    assert len(results_html(outcomes).encode()) < SMALL


def test_a_result_reads_without_any_style() -> None:
    page = stripped(results_html(mixed_outcomes()))

    for words in (
        "<strong>3 of 8 sent</strong>",
        "<strong>2</strong> failed",
        "1 failed: there is no such mailbox",
        "Correct the address, or take the row out of the list",
        "<code>550 5.1.1 No such user</code>",
        "1 skipped: already sent in this campaign",
        "<strong>1</strong> deferred",
        "<code>451 4.7.1 Greylisted</code>",
    ):
        assert words in page


def test_a_status_is_said_in_words_wherever_it_has_a_colour() -> None:
    page = results_html(mixed_outcomes())

    for item in re.findall(r'<(?:li|td)[^>]*class="[^"]*nbm-(failed|deferred|skipped)[^"]*"[^>]*>(.*?)</', page):
        assert item[0] in re.sub("<[^>]*>", "", page[page.index(item[1]) :][:400])


def test_no_page_holds_scripts_or_links_to_anywhere() -> None:
    outcomes = mixed_outcomes()
    for page in (results_html(outcomes), progress_html(sample_progress()), table_html(outcomes, range(8))):
        assert {tag for tag, _ in Tags(page).tags}.isdisjoint({"script", "link", "img", "iframe", "a", "object"})
        assert "url(" not in page
        assert "@import" not in page


def test_the_rows_named_are_limited_and_the_rest_is_counted() -> None:
    page = Tags(results_html(sample_outcomes(100, failing=30), limit=5)).text

    assert "rows 0 p...@example.org, 1 p...@example.org, 2 p...@example.org, 3 p...@example.org, 4 p..." in page
    assert "5 p...@example.org" not in page
    assert "and 25 more rows" in page
    assert "results.table() opens every row" in page


def test_rows_stand_below_their_cause_and_what_was_said_of_them_stands_once() -> None:
    outcomes = mixed_outcomes()
    outcomes.apply(RowFailed(1, refused("x@example.net", "5.1.1 No such user"), 1, 0.1))
    page = Tags(results_html(outcomes)).text

    assert page.count("550 5.1.1 No such user") == 1
    assert "550 5.1.1 No such userrows 0 p...@example.org, 1 p...@example.org" in page
    assert page.count("Correct the address, or take the row out of the list") == 1


def test_a_good_run_shows_no_table() -> None:
    page = results_html(sample_outcomes(1000, failing=0))

    assert "All 1,000 sent" in page
    assert "<table" not in page


def test_an_empty_run_says_so() -> None:
    assert "No rows, nothing sent" in results_html(SendResults([]))


def test_rows_that_were_never_tried_say_why() -> None:
    outcomes = sample_outcomes(10)
    for position in range(5, 10):
        outcomes.apply(RowPending(position, "stopped by you"))

    assert "5 pending: stopped by you" in results_html(outcomes)


def test_an_unanswered_row_says_that_it_may_have_arrived() -> None:
    outcomes = sample_outcomes(3, failing=0)
    error = SMTPReadTimeoutError("no reply within 600 s")
    error.unconfirmed = True
    outcomes.apply(RowFailed(0, error, 1, 600.0))

    assert "it may have been delivered" in results_html(outcomes)


def test_the_board_says_how_far_how_fast_and_where_to() -> None:
    page = Tags(progress_html(sample_progress(40, complaint="421 slow down"))).text

    for words in (
        "40 of 100", "40 %", "38 per second", "about 2 s left", "2 connections", "smtp.example.org:587",
        "421 slow down", "60 pending",
    ):  # fmt: skip
        assert words in page

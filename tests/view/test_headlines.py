"""What is said of a run in a line: a rehearsal never reads like the real thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sample_runs import Tags, sample_outcomes, sample_progress

from notebookmail import Folder, Sandbox, Template, send_frame
from notebookmail.campaign.results import SendResults
from notebookmail.delivery.events import STATUSES, RowPending
from notebookmail.delivery.run_facts import RunFacts
from notebookmail.view.html.results import results_html
from notebookmail.view.terminal.plain_text import results_text
from notebookmail.view.widgets.board import progress_html
from notebookmail.view.words.headlines import facts_in_words, headline, short_headline, standings_of
from notebookmail.view.words.quantities import moment, span_in_utc

BEGAN = datetime(2026, 5, 4, 14, 2, tzinfo=UTC)
FACTS = RunFacts("mail", "smtp.example.org:587", BEGAN, 125.0, 1000, "May letters")
LETTER = Template("Hello", text="Dear {{ name }}", sender="desk@example.org")
PEOPLE = {"name": ["Ann", "Bo"], "email": ["ann@example.org", "bo@example.org"]}


def people(**changed: object):
    import pandas as pd

    return pd.DataFrame({**PEOPLE, **changed})


@pytest.mark.parametrize(
    ("purpose", "counts", "words"),
    [
        ("mail", {"sent": 2}, "All 2 sent"),
        ("rehearsal", {"sent": 2}, "2 letters rehearsed; none left this machine"),
        ("rehearsal", {"sent": 1}, "1 letter rehearsed; none left this machine"),
        ("rehearsal", {"sent": 2, "failed": 1}, "2 of 3 rehearsed, 1 failed; none left this machine"),
        ("files", {"sent": 2}, "2 letters written; none was mailed"),
        ("dry run", {"pending": 19}, "19 of 19 are ready; none was sent"),
        ("dry run", {"pending": 21, "failed": 1}, "19 of 22 are ready, 1 failed, 2 pending; none was sent"),
    ],
)
def test_the_headline_says_what_it_was_for(purpose: str, counts: dict, words: str) -> None:
    full = {status: counts.get(status, 0) for status in STATUSES}

    assert headline(full, replace(FACTS, purpose=purpose, taken=19)) == words


@given(st.fixed_dictionaries({status: st.integers(0, 5) for status in STATUSES}), st.integers(0, 5))
def test_every_row_stands_in_one_way_whatever_the_run_was_for(counts: dict, taken: int) -> None:
    for purpose in ("mail", "rehearsal", "files", "dry run"):
        found = standings_of(counts, replace(FACTS, purpose=purpose, taken=taken))
        assert sum(each.count for each in found) == sum(counts.values())
        assert all(each.count for each in found)


def test_the_short_headline_leaves_the_others_to_their_signs() -> None:
    counts = dict.fromkeys(STATUSES, 0) | {"sent": 997, "failed": 3}

    assert short_headline(counts, FACTS) == "997 of 1,000 sent"


def test_the_facts_of_a_run_say_where_when_how_long_how_fast_and_as_what() -> None:
    assert facts_in_words(FACTS) == [
        "to smtp.example.org:587", "2026-05-04 14:02 to 14:04 UTC", "2 min 05 s", "8.0 per second",
        "campaign May letters",
    ]  # fmt: skip


def test_the_facts_name_no_one() -> None:
    facts = replace(FACTS, campaign="to canary@example.org", target="letters/canary@example.org/")
    outcomes = sample_outcomes(3, failing=0)
    outcomes.facts = facts

    assert "canary" not in results_html(outcomes) + results_text(outcomes)
    assert "canary" not in str(outcomes.redacted().facts)


def test_moments_are_utc_and_say_so() -> None:
    when = datetime(2026, 5, 5, 1, 30, tzinfo=timezone(timedelta(hours=5)))

    assert moment(when) == "2026-05-04 20:30:00 UTC"
    assert span_in_utc(when, when + timedelta(hours=4)) == "2026-05-04 20:30 to 2026-05-05 00:30 UTC"


async def test_a_sandboxs_results_do_not_look_like_real_ones() -> None:
    async with Sandbox() as box:
        given_one = await send_frame(people(), LETTER, box.server, progress=False)
    for results in (given_one, await send_frame(people(), LETTER, progress=False)):
        page = results._repr_html_()
        assert "2 letters rehearsed; none left this machine" in page
        assert "nbm-ready" in page
        assert '<span class="nbm-sent"' not in page
        assert "to a sandbox on this machine" in page
        assert "Next: " in page
        assert results.counts["sent"] == 2


async def test_a_dry_run_says_what_is_ready_and_repeats_nothing() -> None:
    results = await send_frame(people(), LETTER, dry_run=True, progress=False)
    page = Tags(results._repr_html_()).text

    assert "2 of 2 are ready; none was sent" in page
    assert "2 pending" not in page
    assert "dry run: built" not in page
    assert results.counts["pending"] == 2


async def test_a_dry_run_says_why_rows_beyond_its_limit_are_not_ready() -> None:
    results = await send_frame(people(), LETTER, dry_run=True, limit=1, progress=False)
    page = Tags(results._repr_html_()).text

    assert "1 of 2 are ready; none was sent" in page
    assert "1 pending: beyond limit=1" in page


async def test_a_dry_run_with_a_wrong_row_does_not_say_that_every_message_was_made() -> None:
    results = await send_frame(people(name=["Ann", None]), LETTER, dry_run=True, progress=False)

    assert repr(results).startswith("1 of 2 are ready, 1 failed; none was sent")


async def test_letters_in_a_folder_are_written_and_not_sent(tmp_path) -> None:
    results = await send_frame(people(), LETTER, Folder(tmp_path / "letters"), progress=False)

    assert "2 letters written; none was mailed" in repr(results)


def test_a_rehearsals_board_says_that_it_rehearses() -> None:
    page = Tags(progress_html(replace(sample_progress(), purpose="rehearsal"))).text

    assert "Rehearsing in a sandbox on this machine" in page
    assert "40 rehearsed" in page
    assert "sent" not in page


def test_rows_that_nobody_knows_the_facts_of_still_read_as_before() -> None:
    outcomes = SendResults(range(2))
    outcomes.apply(RowPending(1, "stopped by you"))

    assert results_text(outcomes).startswith("0 of 2 sent, 2 pending")

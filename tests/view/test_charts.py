"""Small charts beside a result: what they count, what they say in words, and when there is none."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from support.sample_runs import Tags, accepted, refused, sample_outcomes

from notebookmail import SMTPResponse
from notebookmail.campaign.results import SendResults
from notebookmail.delivery.events import RowFailed, RowSent
from notebookmail.view.html.results import results_html

BEGAN = datetime(2026, 5, 4, 14, 2, tzinfo=UTC)
DOMAINS = st.sampled_from(["example.org", "EXAMPLE.org", "example.net", "a.example"])


def sent_to(domains: list[str], *, every_seconds: float = 0.0) -> SendResults:
    """A run in which each row was taken, the first excepted."""
    outcomes = SendResults(range(len(domains)))
    outcomes.note_recipients([f"p{place}@{domain}" for place, domain in enumerate(domains)])
    for place in range(len(domains)):
        when = BEGAN + timedelta(seconds=every_seconds * place)
        outcomes.apply(RowSent(place, SMTPResponse(250, "2.0.0 ok"), {}, 1, 0.1, when))
    outcomes.apply(RowFailed(0, refused(f"p0@{domains[0]}", "5.1.1 no"), 1, 0.1))
    return outcomes


@given(st.lists(DOMAINS, min_size=1, max_size=40))
def test_every_row_is_counted_under_its_domain(domains: list[str]) -> None:
    found = {each.domain: sum(each.counts.values()) for each in sent_to(domains).tallies.by_domain()}

    assert found == Counter(domain.casefold() for domain in domains)


@given(st.integers(2, 200), st.floats(2.5, 1000))
def test_every_message_is_counted_in_its_span(rows: int, every_seconds: float) -> None:
    taken = sent_to(["example.org"] * (rows + 1), every_seconds=every_seconds).tallies.over_time()

    assert taken is not None
    assert sum(taken.counts) == rows
    assert taken.most_per_second * (taken.ended_at - taken.began_at).total_seconds() >= rows * 0.99


def test_a_row_for_people_at_several_domains_counts_for_each() -> None:
    outcomes = SendResults(range(1))
    outcomes.note_recipients(["a@example.org, b@example.org, c@example.net"])
    outcomes.apply(accepted(0))

    assert [(each.domain, each.counts) for each in outcomes.tallies.by_domain()] == [
        ("example.net", {"sent": 1}),
        ("example.org", {"sent": 1}),
    ]


def test_a_card_says_in_words_what_its_charts_show() -> None:
    page = results_html(sent_to(["example.org"] * 30 + ["example.net"] * 10, every_seconds=3.0))

    assert "example.org" in page
    assert "29 of 30" in page
    assert 'role="img" aria-label="Messages taken over time: 2026-05-04 14:02 to 14:03 UTC, at most' in page
    assert "2026-05-04 14:02 to 14:03 UTC, at most" in Tags(page).text


def test_a_short_run_has_no_charts() -> None:
    for outcomes in (sent_to(["example.org", "example.net"]), sent_to(["example.org"] * 40), SendResults([])):
        assert "<svg" not in results_html(outcomes)
        assert "By domain" not in results_html(outcomes)


def test_rows_beyond_what_a_page_has_time_for_are_not_counted() -> None:
    assert sample_outcomes(0, more=250_001).tallies.by_domain() == []
    assert len(sample_outcomes(0, more=2).tallies.by_domain()) == 1


def test_no_domain_changes_the_tags_of_a_card() -> None:
    benign, hostile = (
        Tags(results_html(sent_to([domain] * 20 + ["example.net"] * 10))).tags
        for domain in ("example.org", "<script>alert(1)</script>.example")
    )

    assert hostile == benign

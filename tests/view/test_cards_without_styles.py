"""Cards where styles are taken away (GitHub) and on paper: no lines run together, nothing is cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.github_pages import on_github
from support.printed_pages import printed_words
from support.sample_runs import mixed_outcomes, sample_outcomes

from notebookmail.checks.findings import error, warning
from notebookmail.checks.summary import CheckSummary
from notebookmail.view.html.report import report_html
from notebookmail.view.html.results import results_html

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


def checked() -> CheckSummary:
    done = CheckSummary(range(60))
    for position in range(60):
        done.count(2000 + position, 1000, ["example.org" if position % 3 else "example.net"])
    done.note(error("template", "subject", "'n' is missing"), 7)
    for position in (1, 2, 3):
        done.note(warning("greeting", "html", "the greeting reads 'Dear ,'"), position)
    return done


def test_a_results_lines_stay_apart_on_github() -> None:
    lines = on_github(results_html(mixed_outcomes()))

    for line in (
        "3 of 8 sent", "✕ 2 failed", "↻ 1 deferred", "Why", "1 failed: there is no such mailbox",
        "Correct the address, or take the row out of the list", "550 5.1.1 No such user", "row 0 p...@example.org",
        "1 skipped: already sent in this campaign",
    ):  # fmt: skip
        assert line in lines


def test_a_reports_lines_stay_apart_on_github() -> None:
    lines = on_github(report_html(checked()))

    for line in (
        "Checked before sending; nothing has gone out", "1 error and 3 warnings in 60 rows", "✕ 1 with errors",
        "✕ 1 row: the row does not fill the template", "Correct the row or the template",
        "subject: 'n' is missing", "row 7", "rows 1, 2, 3", "largest HTML 1.0 kB of the 104 kB that Gmail shows",
        "60 messages · smallest 2.0 kB · median 2.0 kB · largest 2.1 kB", "example.org 40", "example.net 20",
    ):  # fmt: skip
        assert line in lines


@pytest.mark.browser
def test_a_card_is_printed_whole(chromium: Browser, tmp_path: Path) -> None:
    page = chromium.new_page()
    page.set_content(results_html(sample_outcomes(400, failing=200)) + report_html(checked()))
    page.pdf(path=str(tmp_path / "card.pdf"), format="A4", print_background=True)
    page.close()
    words = printed_words(tmp_path / "card.pdf")

    for row in range(20):
        assert f"{row} p...@example.org" in words
    for said in ("200 of 400 sent", "and 180 more rows", "results.table() opens every row", "largest 2.1 kB"):
        assert said in words


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 800, 460])
def test_nothing_on_a_card_is_wider_than_the_card(chromium: Browser, width: int) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.set_content(
        results_html(sample_outcomes(400, failing=200, reply="5.1.1 " + "x" * 90)) + report_html(checked())
    )
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    edges = page.locator(".nbmail").evaluate_all("all => all.map(each => each.getBoundingClientRect().right)")
    over = page.evaluate(wider)
    context.close()

    assert over <= 0
    assert len(set(edges)) == 1  # one width for all cards
    assert edges[0] > width - 20

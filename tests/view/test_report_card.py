"""A check's report as a card and as text: the gravest first, nobody named, small, harmless."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from rich.console import Console
from support.sample_runs import ANYTHING, Tags

from notebookmail.checks.findings import KINDS, error, warning
from notebookmail.checks.summary import CheckSummary
from notebookmail.view.html.report import report_html
from notebookmail.view.terminal.report import print_report, report_text
from notebookmail.view.words.quantities import size_in_words
from notebookmail.view.words.report import headline, sections


def inspection(rows: int = 100, *, label: str = "row", domain: str = "acme.org", said: str = "x") -> CheckSummary:
    """A check of some rows: one error, three warnings of one kind, one of every message."""
    done = CheckSummary([f"{label}{number}" for number in range(rows)])
    for position in range(rows):
        done.count(2000 + position, 1000, [domain])
        done.note(warning("insecure-link", "html", "http://acme.org is not https"), position)
    done.note(error("template", "subject", said), 7)
    for position in (1, 2, 3):
        done.note(warning("greeting", "html", "the greeting reads 'Dear ,'"), position)
    return done


@given(ANYTHING, ANYTHING, ANYTHING)
def test_no_value_changes_the_tags_of_a_report(label: str, domain: str, said: str) -> None:
    benign = Tags(report_html(inspection(9, label="x", domain="x", said="x"))).tags

    assert Tags(report_html(inspection(9, label=label, domain=f"{domain}x", said=f"x{said}"))).tags == benign


@pytest.mark.parametrize("show", [report_html, report_text])
def test_a_saved_report_names_no_one(show) -> None:
    page = show(
        inspection(9, label="canary@acme.org ", said="'canary@acme.org, b@acme.org' holds several addresses")
    )

    assert "canary" not in page
    assert "c...@acme.org" in page


@pytest.mark.parametrize("show", [lambda done: Tags(report_html(done)).text, report_text])
def test_a_report_says_what_is_wrong_where_and_what_to_do(show) -> None:
    page = show(inspection())

    for words in (
        "1 error and 4 warnings in 100 rows", "1 with errors", "3 with warnings", "96 fine",
        "1 row: the row does not fill the template", "Correct the row or the template", "row number 8",
        "3 rows: a greeting without a name", "rows number 2, 3, 4",
        "Every message: a link without encryption", "acme.org", "of the 104 kB that Gmail shows", "largest 2.1 kB",
    ):  # fmt: skip
        assert words in page


def test_errors_stand_before_warnings_and_every_message_before_single_rows() -> None:
    assert [each.heading.split(":")[0] for each in sections(inspection())] == ["1 row", "Every message", "3 rows"]


@pytest.mark.parametrize("said", ["no", "<&\"'>" * 500, "\x1b" * 500])
def test_a_report_of_ten_thousand_findings_stays_small(said: str) -> None:
    done = inspection(10_000)
    for position in range(10_000):
        done.note(error("address", "to", f"{position} {said}"), position)
        done.count(1, 1, [f"{position}.example"])

    assert len(report_html(done).encode()) < 30_000
    assert len(report_text(done)) < 10_000


def test_only_the_first_rows_of_a_finding_are_named_and_the_rest_is_said() -> None:
    done = CheckSummary(range(40))
    for position in range(37):
        done.note(error("template", "subject", "x"), position)

    assert sections(done)[0].examples == (("subject: x", "rows 0, 1, 2, 3, 4 and 32 more"),)


def test_different_words_of_one_kind_are_shown_by_example() -> None:
    done = CheckSummary(range(9))
    for position in range(9):
        done.note(warning("typo", "to", f"{position}.com looks like a slip"), position)

    assert (len(sections(done)[0].examples), sections(done)[0].more) == (3, "and 6 more like these")


def test_the_rarest_kinds_are_only_counted() -> None:
    done = CheckSummary(range(9))
    for kind in KINDS:
        done.note(warning(kind, None, "x"), 0)

    rest = f"and {len(KINDS) - 12} rarer kinds"
    assert rest in report_html(done)
    assert rest in report_text(done)


def test_a_report_holds_no_scripts_or_links_to_anywhere() -> None:
    page = report_html(inspection(said="<a href='https://evil.net'>"))

    assert {tag for tag, _ in Tags(page).tags}.isdisjoint({"script", "link", "img", "iframe", "a", "object"})
    assert "url(" not in page


def test_a_good_report_says_so_and_lists_nothing() -> None:
    done = CheckSummary(range(2))
    done.count(100, 0, ["acme.org"])
    done.count(100, 0, ["acme.org"])
    page = Tags(report_html(done)).text

    assert "Nothing found in 2 rows" in page
    assert "2 messages of 100 bytes" in page
    assert "Errors" not in page
    assert "Gmail" not in page


def test_a_call_that_is_refused_shows_its_reason_and_no_numbers() -> None:
    done = CheckSummary(range(5))
    done.note(error("call", None, "there is no column 'nam'"))
    page = Tags(report_html(done)).text

    assert "1 error, no row was checked" in page
    assert "The call cannot be carried out" in page
    assert "there is no column 'nam'" in page
    assert "fine" not in page
    assert "messages of" not in page


def test_an_empty_frame_says_so() -> None:
    assert headline(CheckSummary([])) == "no rows, nothing to check"


def test_html_near_gmails_limit_is_shown_in_a_colour_that_warns() -> None:
    for largest, hue in ((50_000, "nbm-sent"), (95 * 1024, "nbm-deferred"), (103 * 1024, "nbm-failed")):
        done = CheckSummary(range(1))
        done.count(1, largest, ["acme.org"])

        assert f'<span class="{hue}" style="width:{min(100, round(largest / 1044.48))}%">' in report_html(done)


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "1 byte"), (999, "999 bytes"), (4200, "4.2 kB"), (1_300_000, "1.3 MB"), (2_000_000_000, "2.0 GB")],
)
def test_sizes_read_as_a_person_would_say_them(count: int, words: str) -> None:
    assert size_in_words(count) == words


@given(ANYTHING, ANYTHING, ANYTHING)
def test_no_value_reaches_the_terminal_as_a_command(label: str, domain: str, said: str) -> None:
    text = report_text(inspection(9, label=label, domain=domain, said=said))

    assert not set("\x1b\x07\x08\x9b\r\u202e") & set(text)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_report_fits_the_terminal(width: int) -> None:
    screen = Console(file=io.StringIO(), width=width, color_system=None, force_jupyter=False)
    print_report(inspection(said="there is no such thing " * 20), console=screen)

    assert max(map(len, screen.file.getvalue().splitlines())) <= width


def test_a_long_word_is_folded_and_not_cut_off() -> None:
    screen = Console(file=io.StringIO(), width=60, color_system=None, force_jupyter=False)
    print_report(inspection(said="https://acme.org/" + "x" * 100), console=screen)

    assert screen.file.getvalue().count("x") == 100


def test_what_every_message_has_is_not_counted_as_the_one_row_that_has_more() -> None:
    done = inspection(9)
    done.note(warning("insecure-link", "html", "http://b.org is not https"), 4)

    assert "Every message: a link without encryption" in report_text(done)
    assert [each.kind for each in done.groups()] == ["template", "insecure-link", "greeting"]


def test_values_are_never_read_as_rich_markup() -> None:
    assert "[red]x[/red] [/]" in report_text(inspection(said="[red]x[/red] [/]"))

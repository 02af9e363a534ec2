"""The results table without a kernel: pages, finding, one row, trying again, and what would be saved of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import ipywidgets
import pytest
from support.captured_displays import VIEW, Screen, state_of
from support.paired_timings import ratio
from support.sample_runs import mixed_outcomes, sample_outcomes
from support.table_widgets import LETTER, button, labels, people, shown, widgets_in

from notebookmail import Sandbox, SendResults, SMTPResponse, Template, send_frame
from notebookmail.delivery.events import RowSent
from notebookmail.view.widgets import results_table as table_module
from notebookmail.view.widgets.results_table import PAGE, ResultsTable


def test_the_table_turns_its_pages() -> None:
    table = ResultsTable(sample_outcomes(60))
    seen = []
    for words in ("Next", "Next", "Previous", "Last", "First"):
        button(table, words).click()
        seen.append((table._where.value, labels(table)[0]))

    assert seen == [
        ("rows 26\u201350 of 60", "25"),
        ("rows 51\u201360 of 60", "50"),
        ("rows 26\u201350 of 60", "25"),
        ("rows 51\u201360 of 60", "50"),
        ("rows 1\u201325 of 60", "0"),
    ]


@pytest.mark.parametrize("rows", [0, 1, PAGE])
def test_the_table_cannot_be_turned_past_its_ends(rows: int) -> None:
    table = ResultsTable(sample_outcomes(rows, failing=0))

    assert [button(table, words).disabled for words in ("First", "Previous", "Next", "Last")] == [True] * 4
    assert len(labels(table)) == rows


def test_the_status_filter_shows_its_counts_and_only_its_rows() -> None:
    table = ResultsTable(mixed_outcomes())
    options = [label for label, _ in table._status.options]
    table._status.value = "failed"

    assert options == ["All 8", "✓ sent 3", "✕ failed 2", "↻ deferred 1", "? unconfirmed 1", "\u2013 skipped 1"]
    assert table._where.value == "rows 1\u20132 of 2"
    assert "person2@" not in shown(table)


def test_the_status_filter_shows_what_is_chosen_from_the_beginning() -> None:
    table = ResultsTable(mixed_outcomes())
    assert (table._status.index, table._status.label) == (0, "All 8")
    assert None not in [value for _, value in table._status.options]


def test_a_chosen_status_stays_chosen_while_the_rows_change() -> None:
    outcomes = mixed_outcomes()
    table = ResultsTable(outcomes)
    table._status.value = "deferred"
    table.refresh()
    assert (table._status.value, table._where.value) == ("deferred", "rows 1\u20131 of 1")
    outcomes.apply(
        RowSent(outcomes.positions("deferred")[0], SMTPResponse(250, "ok"), {}, 2, 0.1, datetime.now(UTC))
    )
    table.refresh()
    assert (table._status.label, table._where.value) == ("All 8", "rows 1\u20138 of 8")


@pytest.mark.parametrize("wanted", ["PERSON119", "119", "  person119@ "])
def test_the_text_filter_finds_labels_and_addresses(wanted: str) -> None:
    table = ResultsTable(sample_outcomes(120))
    table._text.value = wanted

    assert table._where.value == "rows 1\u20131 of 1"


def test_the_text_filter_finds_replies_and_errors() -> None:
    table = ResultsTable(mixed_outcomes())
    found = []
    for wanted in ("greylisted", "'name' is empty", "550", "nowhere"):
        table._text.value = wanted
        found.append(table._where.value)

    assert found == ["rows 1\u20131 of 1"] * 3 + ["no rows"]


@pytest.mark.parametrize(
    ("order", "first"),
    [("row", "0"), ("status", "0"), ("attempts", "2"), ("slowest", "3"), ("latest", "1"), ("reply", "4")],
)
def test_the_order_decides_which_row_stands_first(order: str, first: str) -> None:
    table = ResultsTable(mixed_outcomes())
    table._order.value = order

    assert labels(table)[0] == first


def test_rows_alike_stay_in_the_frames_order() -> None:
    outcomes = sample_outcomes(100, failing=40)

    assert outcomes.find(order="status") == list(range(100))
    assert sample_outcomes(5000, failing=0).find(order="attempts") == list(range(5000))
    assert outcomes.find(order="to")[:3] == [0, 10, 11]
    assert outcomes.find("failed", "person1", "to") == [*range(10, 20), 1]


def test_a_filter_begins_at_the_first_page() -> None:
    table = ResultsTable(sample_outcomes(500, failing=100))
    button(table, "Last").click()
    table._status.value = "failed"

    assert table._where.value == "rows 1\u201325 of 100"


def test_what_is_found_is_had_as_a_frame() -> None:
    table = ResultsTable(sample_outcomes(50, failing=7))
    table._status.value = "failed"
    table._order.value = "to"

    assert list(table.frame.index) == [0, 1, 2, 3, 4, 5, 6]
    assert set(table.frame.status) == {"failed"}


def test_a_row_is_shown_in_full_and_its_neighbours_by_the_order_on_view() -> None:
    table = ResultsTable(sample_outcomes(60, failing=3))
    table._status.value = "failed"
    button(table, "1").click()
    assert "person1@example.org" in shown(table)
    assert "There is no such mailbox" in shown(table)
    assert "Correct the address" in shown(table)
    button(table, "Next").click()
    assert "person2@example.org" in shown(table)
    assert button(table, "Next").disabled
    button(table, "Back").click()

    assert table._where.value == "rows 1\u20133 of 3"


def test_going_back_leads_to_the_page_of_the_row() -> None:
    table = ResultsTable(sample_outcomes(60))
    button(table, "24").click()
    button(table, "Next").click()
    button(table, "Back").click()

    assert table._where.value == "rows 26\u201350 of 60"


def test_the_state_holds_the_visible_page_and_no_other_row() -> None:
    table = ResultsTable(sample_outcomes(10_000))
    table._text.value = "person"
    button(table, "Next").click()
    state = state_of(table.widget)

    assert "person24@" not in state
    assert "person25@" in state
    assert len(state) < 60_000


def test_the_state_of_an_opened_row_holds_no_other_row() -> None:
    table = ResultsTable(sample_outcomes(100))
    button(table, "7").click()

    assert "person7@" in state_of(table.widget)
    assert "person8@" not in state_of(table.widget)


def test_a_hundred_thousand_rows_open_as_soon_as_a_hundred() -> None:
    few, many = sample_outcomes(100), sample_outcomes(100_000)

    assert ratio(lambda: ResultsTable(many), lambda: ResultsTable(few)) < 3


def test_what_is_saved_of_the_table_names_no_one(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "is_attended", lambda: True)
    ResultsTable(sample_outcomes(100))._ipython_display_()
    page, live = screen.pages

    assert VIEW in live
    assert "person0" not in str(page) + str(live)
    assert len(str(page)) + len(str(live)) < 10_000


def test_where_nobody_watches_the_table_is_a_sentence(screen: Screen) -> None:
    ResultsTable(sample_outcomes(100))._ipython_display_()

    assert [VIEW in page for page in screen.pages] == [False]
    assert "run the cell again" in screen.pages[0]["text/html"]


def test_where_widgets_would_be_saved_none_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "saves_widgets", lambda: True)
    before = set(ipywidgets.widgets.widget._instances)
    table = ResultsTable(sample_outcomes(100))

    assert set(ipywidgets.widgets.widget._instances) == before
    assert len(table.frame) == 100
    table.close()


def test_every_control_has_a_name_to_read_out() -> None:
    table = ResultsTable(sample_outcomes(100))
    controls = [
        each
        for each in widgets_in(table.widget)
        if isinstance(each, ipywidgets.Button | ipywidgets.Dropdown | ipywidgets.Text)
    ]

    assert len(controls) > PAGE
    assert all(each.description and each.tooltip for each in controls)


def test_closing_the_table_frees_every_widget_it_made() -> None:
    before = set(ipywidgets.widgets.widget._instances)
    ResultsTable(sample_outcomes(100)).close()

    assert set(ipywidgets.widgets.widget._instances) == before


# --- with the run behind it -----------------------------------------------------------------------------------


async def retried(table: ResultsTable) -> None:
    """Let the click reach the loop, and the run it begins end."""
    await asyncio.sleep(0)
    assert table._task is not None
    await table._task


async def test_the_table_tries_again_what_may_be_tried_again() -> None:
    async with Sandbox(faults={"p1@example.org": "451 4.7.1 Later"}) as box:
        first = await send_frame(people(3), LETTER, box.server, progress=False)
    async with Sandbox(port=box_port(first)) as box:
        table = first.table()
        retry = button(table, "Try 1 again")
        retry.click()
        retry.click()  # a second click, while it sends, does nothing
        await retried(table)

        assert [each.rcpt_to for each in box.received] == [("p1@example.org",)]
    assert table.results.counts["sent"] == 3
    assert table.results is first
    assert retry.layout.display == "none"


async def test_an_open_table_shows_what_a_retry_elsewhere_came_to() -> None:
    async with Sandbox(faults={"greylist": 0}) as box:
        first = await send_frame(people(3), LETTER, box.server, progress=False)
        table = first.table()
        assert "451" in shown(table)
        await first.retry()
        assert "451" not in shown(table)
        assert [words for words, _ in table._status.options] == ["All 3", "\N{CHECK MARK} sent 3"]
        assert table.frame.status.tolist() == ["sent"] * 3


def box_port(results: SendResults) -> int:
    """Return the port these results were sent to, for a sandbox that takes its place."""
    server = results._sending._make_run.__self__._destination
    return server.port


async def test_a_retry_that_cannot_begin_says_so_and_can_be_tried_once_more() -> None:
    async with Sandbox(faults={"p1@example.org": "451 4.7.1 Later"}) as box:
        first = await send_frame(people(3), LETTER, box.server, progress=False)
    table = first.table()
    button(table, "Try 1 again").click()
    await retried(table)

    assert "Nothing was sent. " in shown(table)
    assert "verify()" in shown(table)  # what to do about it
    assert not button(table, "Try 1 again").disabled
    assert table.results.counts["deferred"] == 1


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
async def test_an_interrupt_in_a_retry_ends_it_and_is_shown(kind: type[BaseException]) -> None:
    is_armed = False

    def chart(row: Any) -> bytes:
        if is_armed and row.n == 5:
            raise kind("boom")
        return b"x"

    letter = Template("Figures", text="Dear {{ n }}", sender="d@example.org", attachments=[("x.bin", chart)])
    async with Sandbox(faults={"greylist": 0}) as box:
        results = await send_frame(people(10), letter, box.server, progress=False, max_connections=1)
        table, is_armed = results.table(), True
        button(table, "Try 10 again").click()
        await retried(table)

        counts = results.counts
        assert counts["sent"] <= len(box.received) <= counts["sent"] + counts["unconfirmed"]
        assert results.frame["status"][5] in {"pending", "deferred"}
        assert f"Interrupted by {kind.__name__}: boom" in shown(table)
        assert "Nothing was sent" not in shown(table)
        assert table._stage.children == ()

        is_armed = False
        button(table, f"Try {len(results.waiting())} again").click()
        await retried(table)
        assert results.counts["sent"] == len(box.received) == 10
        assert "Interrupted" not in shown(table)


async def test_an_interrupt_while_a_message_is_made_for_the_eye_is_shown() -> None:
    is_armed = False

    def chart(_row: Any) -> bytes:
        if is_armed:
            raise SystemExit("boom")
        return b"x"

    letter = Template("Figures", text="Dear {{ n }}", sender="d@example.org", attachments=[("x.bin", chart)])
    table = (await send_frame(people(3), letter, progress=False)).table()
    is_armed = True
    button(table, "1").click()
    button(table, "Show the message").click()
    assert "There is no message. Interrupted by SystemExit: boom" in shown(table)


async def test_a_table_without_a_run_offers_no_retry() -> None:
    table = ResultsTable(mixed_outcomes())

    assert table._retry.layout.display == "none"


async def test_a_rows_message_is_the_one_that_was_sent() -> None:
    async with Sandbox() as box:
        results = await send_frame(people(3), LETTER, box.server, progress=False)

        made = [results._sending.letter(position) for position in range(3)]
        received = {each.rcpt_to[0]: each.content for each in box.received}
    assert made == [received[f"p{n}@example.org"] for n in range(3)]


async def test_a_row_that_was_left_out_has_no_message() -> None:
    results = await send_frame(people(3), LETTER, suppress=["p1@example.org"], progress=False)
    table = results.table()
    button(table, "1").click()
    button(table, "Show the message").click()

    assert "There is no message" in shown(table)


async def test_the_message_is_shown_beside_its_row() -> None:
    results = await send_frame(people(3), LETTER, progress=False)
    table = results.table()
    button(table, "2").click()
    button(table, "Show the message").click()

    assert "Figures for 2" in shown(table)


async def test_an_open_message_stays_open_on_the_next_row_and_not_on_another_that_is_opened() -> None:
    results = await send_frame(people(3), LETTER, progress=False)
    table = results.table()
    button(table, "1").click()
    button(table, "Show the message").click()
    button(table, "Next").click()
    assert "Figures for 2" in shown(table)
    assert "Figures for 1" not in shown(table)
    button(table, "Back").click()
    button(table, "0").click()
    assert "Figures for" not in shown(table)
    assert not button(table, "Show the message").disabled

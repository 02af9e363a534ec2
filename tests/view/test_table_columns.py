"""The table's heads, the columns of the analyst's own frame, and what is copied and downloaded."""

from __future__ import annotations

import base64
import csv
import io
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from support.captured_displays import state_of
from support.sample_runs import ANYTHING, Tags, mixed_outcomes, refused, sample_outcomes
from support.table_widgets import LETTER, button, labels, people, shown, widgets_in

from notebookmail import Sandbox, SendResults, Template, send_frame
from notebookmail.delivery.events import RowFailed, RowStarted
from notebookmail.view.widgets.results_table import ResultsTable
from notebookmail.view.widgets.take_away import RowsOnView, offered_html
from notebookmail.view.words.table_columns import rows_written

if TYPE_CHECKING:
    import ipywidgets
    import pandas as pd


def head(table: ResultsTable, title: str) -> ipywidgets.Button:
    """The head of a column."""
    (found,) = [each for each in heads(table) if each.description.rstrip(" \u25b2\u25bc") == title]
    return found


def heads(table: ResultsTable) -> list[ipywidgets.Button]:
    return [each for each in widgets_in(table.widget) if "nbm-head-button" in each._dom_classes]


@pytest.mark.parametrize(
    ("title", "first", "last"),
    [
        ("Row", "0", "7"),
        ("To", "2", "1"),
        ("Status", "0", "7"),
        ("What was said", "4", "0"),
        ("Sent at (UTC)", "1", "5"),
    ],
)
def test_a_head_sorts_by_its_column_and_a_second_click_the_other_way_round(
    title: str, first: str, last: str
) -> None:
    table = ResultsTable(mixed_outcomes())
    if title != "Row":
        head(table, title).click()
    assert labels(table)[0] == first
    assert head(table, title).description.endswith("\u25b2")
    rows = labels(table)
    head(table, title).click()
    assert head(table, title).description.endswith("\u25bc")
    assert sorted(labels(table)) == sorted(rows)
    assert labels(table) != rows


def test_the_list_of_orders_and_the_heads_say_the_same() -> None:
    table = ResultsTable(mixed_outcomes())
    table._order.value = "status"
    assert head(table, "Status").description == "Status \u25b2"
    head(table, "Status").click()
    assert table._order.label == "As the heads say"
    head(table, "To").click()
    assert table._order.label == "Recipient, A to Z"
    table._order.value = "row"
    assert labels(table)[0] == "0"
    assert heads(table)[0].description == "Row \u25b2"
    assert len(table._order.options) == 7


def with_columns(rows: int = 30) -> pd.DataFrame:
    return people(rows).assign(
        company=[f"Company {'cab'[n % 3]}" for n in range(rows)],
        owed=[None if n == 4 else (n * 7) % rows for n in range(rows)],
    )


def choose(table: ResultsTable, name: str) -> None:
    if not table._choice._boxes:
        button(table, "Columns").click()
    table._choice._boxes[name].value = True


async def test_columns_of_the_analysts_frame_stand_beside_their_rows() -> None:
    table = (await send_frame(with_columns(), LETTER, progress=False)).table()
    assert "Company" not in shown(table)
    choose(table, "company")
    assert "Company c" in shown(table)
    assert [each.description for each in heads(table)][1:3] == ["To", "company"]
    assert list(table._choice._boxes) == ["email", "n", "company", "owed"]


async def test_rows_are_sorted_by_a_column_of_their_own_those_without_a_value_last() -> None:
    table = (await send_frame(with_columns(), LETTER, progress=False)).table()
    choose(table, "owed")
    head(table, "owed").click()
    owed = table._sending.columns.values("owed")
    assert [owed[position] for position in table._found] == [
        *sorted(each for each in owed if each is not None),
        None,
    ]
    head(table, "owed").click()
    assert table._found[-1] == 4
    assert owed[table._found[0]] == 29
    table._choice._boxes["owed"].value = False
    assert table._found == list(range(30))


async def test_the_search_looks_into_the_columns_on_view_and_no_others() -> None:
    table = (await send_frame(with_columns(), LETTER, progress=False)).table()
    table._text.value = "company a"
    assert table._where.value == "no rows"
    choose(table, "company")
    assert table._where.value == "rows 1\u201310 of 10"


async def test_values_that_cannot_be_compared_are_sorted_by_their_texts() -> None:
    frame = people(3).assign(mixed=["b", 1, None])
    table = (await send_frame(frame, LETTER, progress=False)).table()
    choose(table, "mixed")
    head(table, "mixed").click()
    assert table._found == [1, 0, 2]


async def test_groups_show_what_all_their_rows_have_in_common() -> None:
    frame = people(4).assign(
        email=["a@example.org", "a@example.org", "b@example.org", "b@example.org"], site="Bonn"
    )
    letter = Template("Figures", text="Dear all", sender="desk@example.org")
    table = (await send_frame(frame, letter, group_by="email", progress=False)).table()
    choose(table, "site")
    choose(table, "n")
    assert table._sending.columns.cells(["site", "n"], [0, 1]) == [["Bonn", None], ["Bonn", None]]
    head(table, "site").click()
    assert table._found == [0, 1]


def taken_away(table: ResultsTable) -> list[list[str]]:
    """What the link downloads."""
    button(table, "Copy or download").click()
    link = re.search(r'href="data:text/csv;charset=utf-8;base64,([^"]+)"', table._away.widget.value)
    assert link is not None
    return list(csv.reader(io.StringIO(base64.b64decode(link[1]).decode("utf-8-sig"))))


async def test_what_is_downloaded_is_what_was_found_with_the_columns_on_view_in_their_order() -> None:
    async with Sandbox(faults={"p1@example.org": "550 5.1.1 No such user"}) as box:
        table = (await send_frame(with_columns(3), LETTER, box.server, progress=False)).table()
    choose(table, "company")
    table._status.value = "sent"
    head(table, "To").click()
    head(table, "To").click()
    first, *rows = taken_away(table)

    assert first == ["row", "to", "status", "code", "reply", "hint", "sent_at", "company"]
    assert [(row[0], row[1], row[-1]) for row in rows] == [
        ("2", "p2@example.org", "Company b"),
        ("0", "p0@example.org", "Company c"),
    ]
    assert "p2@example.org\tsent" in table._away.widget.value  # for the clipboard


def test_what_was_offered_is_taken_back_with_the_next_page_or_search() -> None:
    table = ResultsTable(sample_outcomes(60))
    for action in (lambda: button(table, "Next").click(), lambda: setattr(table._text, "value", "person1")):
        taken_away(table)
        assert "person40@" in state_of(table.widget)
        action()
        assert table._away.widget.value == ""


def test_more_rows_than_a_browser_takes_are_written_from_the_kernel() -> None:
    table = ResultsTable(sample_outcomes(60_000))
    button(table, "Copy or download").click()
    assert "table.frame.to_csv" in table._away.widget.value
    assert len(table._away.widget.value) < 1_000


@pytest.mark.parametrize("reply", ["=HYPERLINK(1)", "+1 no", "-no", "@x"])
def test_no_reply_is_a_formula_in_a_spreadsheet(reply: str) -> None:
    table = ResultsTable(sample_outcomes(1, reply=f"5.1.1 {reply}"))
    assert taken_away(table)[1][4] == f"'{reply}"


@given(ANYTHING, ANYTHING, ANYTHING)
def test_nothing_that_was_said_changes_the_tags_of_what_is_taken_away(label: str, to: str, reply: str) -> None:
    def page(label: str, to: str, reply: str) -> str:
        outcomes = SendResults([label])
        outcomes.apply(RowStarted(0, to, "<1@example.org>"))
        outcomes.apply(RowFailed(0, refused(to, reply), 1, 0.1))
        text, written = (rows_written(outcomes, [0], delimiter=each) for each in "\t,")
        assert len(list(csv.reader(io.StringIO(written)))) == 2
        return offered_html(RowsOnView(text, written), 1)

    assert Tags(page(label, to, f"x{reply}")).tags == Tags(page("x", "x", "x")).tags

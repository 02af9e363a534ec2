"""The widgets without a kernel: their state, their buttons, their stand-ins."""

from __future__ import annotations

import subprocess
import sys
import time
from types import SimpleNamespace

import ipywidgets
import pytest
from samples import mixed_outcomes, sample_outcomes, sample_progress

from notebookmail.view import board as board_module
from notebookmail.view.board import Board
from notebookmail.view.frontend import is_notebook
from notebookmail.view.table import PAGE, ResultsTable

VIEW = "application/vnd.jupyter.widget-view+json"


class Screen:
    """Stands in for IPython's display machinery."""

    def __init__(self) -> None:
        self.shown: list[dict] = []
        self.updated: list[tuple[str, dict]] = []
        self.display_id = "d1"

    def display(self, bundle: dict, **_: object) -> Screen:
        self.shown.append(bundle)
        return self

    def update_display(self, bundle: dict, *, display_id: str, raw: bool) -> None:
        self.updated.append((display_id, bundle))


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    screen = Screen()
    monkeypatch.setattr(board_module, "display", screen.display)
    monkeypatch.setattr(board_module, "update_display", screen.update_display)
    return screen


def state_of(widget: ipywidgets.Widget) -> str:
    """Everything a notebook would save of a widget and what is in it."""
    inner = getattr(widget, "children", ())
    return str(widget.get_state()) + "".join(map(state_of, inner))


def test_the_board_shows_progress_as_it_moves(screen: Screen) -> None:
    sent = [0]
    board = Board(lambda: sample_progress(sent[0]))
    board.show()
    sent[0] = 40
    board.refresh()

    assert "40 of 100" in state_of(board.widget)


def test_an_unchanged_board_sends_nothing(screen: Screen) -> None:
    board = Board(lambda: sample_progress(40))
    changes = []
    board._body.observe(changes.append, "value")

    board.refresh()

    assert changes == []


def test_a_closed_board_leaves_static_pages_in_its_place(screen: Screen) -> None:
    board = Board(sample_progress)
    board.show()
    board.close(mixed_outcomes(), title="may-letters")
    display_id, page = screen.updated[0]

    assert display_id == "d1"
    assert set(page) == {"text/html", "text/plain"}
    assert "may-letters" in page["text/html"]
    assert page["text/plain"].startswith("3 of 8 sent")


def test_a_late_refresh_of_a_closed_board_does_no_harm(screen: Screen) -> None:
    board = Board(sample_progress)
    board.show()
    board.close(mixed_outcomes())
    board.refresh()

    assert len(screen.updated) == 1


def test_closing_a_board_twice_does_nothing_more(screen: Screen) -> None:
    board = Board(sample_progress)
    board.show()
    board.close(mixed_outcomes())
    board.close(mixed_outcomes())

    assert len(screen.updated) == 1


def test_a_board_that_was_never_shown_can_be_closed(screen: Screen) -> None:
    Board(sample_progress).close(mixed_outcomes())

    assert screen.updated == []


def test_a_closed_board_frees_every_widget_it_made(screen: Screen) -> None:
    before = set(ipywidgets.widgets.widget._instances)
    board = Board(sample_progress)
    board.show()
    board.close(mixed_outcomes())

    assert set(ipywidgets.widgets.widget._instances) == before


def test_a_page_without_a_kernel_has_a_stand_in_for_the_board(screen: Screen) -> None:
    Board(sample_progress).show()

    assert {VIEW, "text/html", "text/plain"} <= set(screen.shown[0])


def test_the_table_turns_its_pages() -> None:
    table = ResultsTable(sample_outcomes(120))
    seen = []
    for button in (table._next, table._next, table._previous, table._last, table._first):
        button.click()
        seen.append(table._where.value)

    assert seen == [
        "rows 51\u2013100 of 120",
        "rows 101\u2013120 of 120",
        "rows 51\u2013100 of 120",
        "rows 101\u2013120 of 120",
        "rows 1\u201350 of 120",
    ]


def test_the_table_cannot_be_turned_past_its_ends() -> None:
    table = ResultsTable(sample_outcomes(PAGE))

    assert [button.disabled for button in table._buttons] == [True] * 4


def test_the_status_filter_shows_its_counts_and_only_its_rows() -> None:
    table = ResultsTable(mixed_outcomes())
    labels = [label for label, _ in table._status.options]
    table._status.value = "failed"

    assert labels == ["All 8", "✓ Sent 3", "✕ Failed 2", "↻ Deferred 1", "? Unconfirmed 1", "\u2013 Skipped 1"]
    assert table._where.value == "rows 1\u20132 of 2"
    assert "person2@" not in table._page.value


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


def test_a_filter_begins_at_the_first_page() -> None:
    table = ResultsTable(sample_outcomes(500, failing=100))
    table._last.click()
    table._status.value = "failed"

    assert table._where.value == "rows 1\u201350 of 100"


def test_the_state_holds_the_visible_page_and_no_other_row() -> None:
    table = ResultsTable(sample_outcomes(10_000))
    table._text.value = "person"
    table._next.click()
    state = state_of(table.widget)

    assert state.count("person") <= PAGE + len(("find", "placeholder"))
    assert "person49@" not in state
    assert "person50@" in state
    assert len(state) < 60_000


def test_a_hundred_thousand_rows_open_at_once() -> None:
    outcomes = sample_outcomes(100_000)
    started = time.perf_counter()
    ResultsTable(outcomes)

    assert time.perf_counter() - started < 0.5


def test_the_saved_stand_in_of_the_table_is_masked() -> None:
    bundle = ResultsTable(sample_outcomes(100))._repr_mimebundle_()

    assert VIEW in bundle
    assert "person0@" not in bundle["text/html"] + bundle["text/plain"]


def test_every_control_has_a_name_to_read_out() -> None:
    table = ResultsTable(sample_outcomes(100))

    assert all(button.description and button.tooltip for button in table._buttons)
    assert table._text.description
    assert len(table._status.tooltips) == len(table._status.options)


def test_a_script_is_no_notebook() -> None:
    assert not is_notebook()


def test_a_shell_with_a_kernel_is_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    import IPython

    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(kernel=object()))

    assert is_notebook()


def test_static_pages_and_the_terminal_load_no_widgets() -> None:
    code = (
        "import sys, notebookmail, notebookmail.view.cards, notebookmail.view.text, notebookmail.view.terminal, "
        "notebookmail.view.frontend; sys.exit(bool({'IPython', 'ipywidgets'} & set(sys.modules)))"
    )

    subprocess.run([sys.executable, "-c", code], check=True)

from __future__ import annotations

import io

import pytest
from hypothesis import given
from rich.console import Console
from support.sample_runs import ANYTHING, mixed_outcomes, refused, sample_outcomes, sample_progress

from notebookmail.campaign.results import SendResults
from notebookmail.delivery.events import RowFailed, RowStarted
from notebookmail.view.terminal.results import TerminalBoard, print_results


def console(width: int = 80, *, terminal: bool = False) -> Console:
    return Console(
        file=io.StringIO(), width=width, force_terminal=terminal, color_system=None, legacy_windows=False,
        _environ={"TERM": "xterm"},
    )  # fmt: skip


def written(screen: Console) -> str:
    return screen.file.getvalue()


def one_refused(label: str, to: str, reply: str) -> SendResults:
    outcomes = SendResults([label])
    outcomes.apply(RowStarted(0, to, "<1@example.org>"))
    outcomes.apply(RowFailed(0, refused(to, reply), 1, 0.1))
    return outcomes


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_results_fit_the_terminal_and_list_each_row_on_one_line(width: int) -> None:
    screen = console(width)
    outcomes = one_refused("a label " * 20, "person@" + "x" * 90 + ".example", "5.1.1 no " + "such user " * 40)
    print_results(outcomes, console=screen)
    lines = written(screen).splitlines()

    assert max(map(len, lines)) <= width
    assert lines[-2].split()[:3] == ["row", "to", "status"]
    assert "failed" in lines[-1]


def test_results_show_addresses_in_full_with_causes_and_remedies() -> None:
    screen = console(120, terminal=True)
    print_results(mixed_outcomes(), console=screen)

    for words in ("person0@example.org", "1 failed: there is no such mailbox", "Correct the address", "550 5.1.1"):
        assert words in written(screen)


def test_results_in_a_pipe_name_no_one() -> None:
    screen = console(120)
    print_results(mixed_outcomes(), console=screen)

    assert "person0@" not in written(screen)
    assert "p...@example.org" in written(screen)


def test_the_rows_listed_are_limited_and_the_rest_is_said() -> None:
    screen = console()
    print_results(sample_outcomes(100, failing=30), console=screen, limit=5)

    assert written(screen).count("✕ failed") == 5
    assert "The first 5 of 30 rows." in written(screen)


@given(ANYTHING, ANYTHING, ANYTHING)
def test_no_value_reaches_the_terminal_as_a_command(label: str, to: str, reply: str) -> None:
    screen = console()
    print_results(one_refused(label, to, reply), console=screen)

    assert not set("\x1b\x07\x08\x9b\r\u202e") & set(written(screen))


def test_values_are_never_read_as_rich_markup() -> None:
    screen = console(120)
    print_results(one_refused("[/][4]", "a@example.org", "5.1.1 [bold]no[/bold] :smile: [/]"), console=screen)

    assert "[/][4]" in written(screen)
    assert "[bold]no[/bold] :smile: [/]" in written(screen)


def test_a_pipe_gets_one_line_at_the_start_and_one_at_the_end() -> None:
    screen = console()
    board = TerminalBoard(sample_progress, console=screen)
    board.show()
    board.refresh()
    board.refresh()
    board.close(sample_outcomes(10))

    assert written(screen).splitlines() == [
        "Sending 100 rows to smtp.example.org:587",
        "7 of 10 sent, 3 failed in 1 s",
    ]


def test_a_terminal_gets_a_live_board_that_makes_way_for_one_line() -> None:
    screen = console(terminal=True)
    board = TerminalBoard(lambda: sample_progress(40, complaint="421 [red]slow\x1b[2J down"), console=screen)
    board.show()
    board.refresh()
    live = written(screen)
    board.close(sample_outcomes(10), title="may-letters")

    for words in ("40 of 100", "40 %", "38 per second", "about 2 s left", "421 [red]slow\\x1b[2J down"):
        assert words in live
    assert written(screen).endswith("may-letters\n7 of 10 sent, 3 failed in 1 s\n")


def test_the_cursor_is_back_after_closing() -> None:
    screen = console(terminal=True)
    board = TerminalBoard(sample_progress, console=screen)
    board.show()
    board.close(sample_outcomes(10))
    board.close(sample_outcomes(10))

    assert written(screen).count("\x1b[?25l") == written(screen).count("\x1b[?25h") == 1

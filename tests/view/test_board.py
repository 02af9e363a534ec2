"""The live board without a kernel: its state, its buttons, its stand-in, and what it leaves behind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import ipywidgets
from support.captured_displays import VIEW, Screen, state_of
from support.sample_runs import mixed_outcomes, sample_progress

from notebookmail.delivery.progress import PAUSED, STOPPING
from notebookmail.view.widgets.board import NO_BUTTONS, Board, StillBoard

if TYPE_CHECKING:
    from notebookmail.delivery.progress import Progress


class Commanded:
    """A run that only remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.note = ""

    def pause(self) -> None:
        self.said.append("pause")
        self.note = PAUSED

    def resume(self) -> None:
        self.said.append("resume")
        self.note = ""

    def stop(self) -> None:
        self.said.append("stop")
        self.note = STOPPING

    def progress(self) -> Progress:
        return replace(sample_progress(40), note=self.note)


def buttons_of(widget: ipywidgets.Widget) -> dict[str, ipywidgets.Button]:
    found = {widget.description: widget} if isinstance(widget, ipywidgets.Button) else {}
    for child in getattr(widget, "children", ()):
        found |= buttons_of(child)
    return found


def test_the_board_shows_progress_as_it_moves(screen: Screen) -> None:
    sent = [0]
    board = Board(lambda: sample_progress(sent[0]))
    board.show()
    sent[0] = 40
    board.refresh()

    assert "40 of 100" in state_of(board.widget)


def test_an_unchanged_board_sends_nothing(screen: Screen) -> None:
    board = Board(lambda: sample_progress(40), Commanded())
    changes: list[object] = []
    for widget in (board._body, board._voice, *buttons_of(board.widget).values()):
        widget.observe(changes.append)

    board.refresh()

    assert changes == []


def test_the_buttons_command_the_run(screen: Screen) -> None:
    run = Commanded()
    board = Board(run.progress, run)
    buttons_of(board.widget)["Pause"].click()
    board.refresh()
    buttons_of(board.widget)["Resume"].click()
    board.refresh()
    buttons_of(board.widget)["Stop"].click()

    assert run.said == ["pause", "resume", "stop"]


def test_a_stopping_run_takes_no_more_commands(screen: Screen) -> None:
    run = Commanded()
    board = Board(run.progress, run)
    run.stop()
    board.refresh()

    assert all(button.disabled for button in buttons_of(board.widget).values())


def test_a_paused_run_says_so_and_promises_no_time(screen: Screen) -> None:
    run = Commanded()
    board = Board(run.progress, run)
    assert "left" in board._body.value
    run.pause()
    board.refresh()

    assert "paused" in board._body.value
    assert "left" not in board._body.value
    assert "paused" in board._voice.value


def test_a_board_that_cannot_hear_has_no_buttons_and_says_how_to_stop(screen: Screen) -> None:
    board = Board(sample_progress, advice=NO_BUTTONS)

    assert buttons_of(board.widget) == {}
    assert NO_BUTTONS in state_of(board.widget)


def test_a_screen_reader_is_told_of_quarters_only(screen: Screen) -> None:
    sent = [0]
    board = Board(lambda: sample_progress(sent[0]))
    said = []
    for sent[0] in range(101):
        board.refresh()
        said.append(board._voice.value)

    assert len(set(said)) == 5


def test_a_closed_board_leaves_a_static_page_in_its_place(screen: Screen) -> None:
    board = Board(sample_progress)
    board.show()
    board.close(mixed_outcomes(), title="may-letters")
    page, rest = screen.pages

    assert set(page) == {"text/html", "text/plain"}
    assert "may-letters" in page["text/html"]
    assert page["text/plain"].startswith("3 of 8 sent")
    assert set(rest.values()) == {""}


def test_an_abandoned_board_says_why_nothing_was_sent(screen: Screen) -> None:
    board = Board(sample_progress)
    board.show()
    board.abandon(mixed_outcomes(), "Nothing was sent: ada@example.org is not known")
    board.close(mixed_outcomes(), title="something else")

    assert "Nothing was sent: a...@example.org is not known" in screen.pages[0]["text/html"]
    assert "something else" not in screen.pages[0]["text/html"]


def test_a_late_refresh_of_a_closed_board_does_no_harm(screen: Screen) -> None:
    board = Board(sample_progress, Commanded())
    board.show()
    board.close(mixed_outcomes())
    shown = list(screen.pages)
    board.refresh()

    assert screen.pages == shown


def test_closing_a_board_twice_does_nothing_more(screen: Screen) -> None:
    board = Board(sample_progress)
    board.show()
    board.close(mixed_outcomes())
    updates = screen.updates
    board.close(mixed_outcomes())

    assert screen.updates == updates


def test_a_board_that_was_never_shown_can_be_closed(screen: Screen) -> None:
    Board(sample_progress).close(mixed_outcomes())

    assert screen.pages == []


def test_a_closed_board_frees_every_widget_it_made(screen: Screen) -> None:
    before = set(ipywidgets.widgets.widget._instances)
    board = Board(sample_progress, Commanded())
    board.show()
    board.close(mixed_outcomes())

    assert set(ipywidgets.widgets.widget._instances) == before


def test_a_closed_board_keeps_nothing_that_nbclient_could_save(screen: Screen) -> None:
    board = Board(lambda: sample_progress(40, complaint="550 5.1.1 nobody here"), Commanded())
    board.show()
    board.close(mixed_outcomes())

    assert board._body.value == board._voice.value == ""


def test_a_page_without_a_kernel_has_a_stand_in_for_the_board(screen: Screen) -> None:
    Board(sample_progress).show()
    page, live = screen.pages

    assert "what was sent is not sent again" in page["text/html"]
    assert VIEW in live


def test_a_board_on_a_stage_displays_nothing_itself(screen: Screen) -> None:
    stage: list[ipywidgets.Widget] = []
    board = Board(sample_progress, stage=stage.append)
    board.show()
    board.close(mixed_outcomes())

    assert stage == [board.widget]
    assert screen.pages == []


def test_where_nobody_watches_only_the_end_is_shown(screen: Screen) -> None:
    board = StillBoard()
    board.show()
    board.refresh()
    assert screen.pages == []
    board.close(mixed_outcomes())
    board.close(mixed_outcomes())

    assert len(screen.pages) == 1
    assert VIEW not in screen.pages[0]

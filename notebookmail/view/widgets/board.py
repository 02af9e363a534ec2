"""The live board: how a run stands, with buttons, replaced by static HTML when it ends.

Widget state holds the visible markup and nothing else, addresses masked. The board reads progress when it is told
to; it has no timer and no thread. A click may arrive on any thread, so a button only passes it on. Where the
kernel hears no click before the cell ends, there are no buttons: one that does nothing is worse than none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import ipywidgets
from IPython.display import display

from notebookmail.delivery.progress import PAUSED, STOPPING
from notebookmail.privacy.masking import mask_text
from notebookmail.view.html.escaping import element
from notebookmail.view.html.results import bar_html, chips_html, dotted_html, headline_html, results_html
from notebookmail.view.html.style import LIVE_STYLE, ROOT
from notebookmail.view.terminal.plain_text import results_text
from notebookmail.view.words.headlines import headline, standings, under_way
from notebookmail.view.words.results import pace, percent
from notebookmail.view.words.visible_text import clip

from .live_output import LiveView, button, close_all, stand_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookmail.delivery.progress import Progress
    from notebookmail.view.html.escaping import Html
    from notebookmail.view.words.results import ResultsSource

NO_BUTTONS = "To stop, interrupt the kernel (■): nothing that was sent is forgotten."
GONE = (
    "Sending began here. Should no live board be shown, the kernel has ended: run the cell again, and it goes on "
    "where it stopped; what was sent is not sent again."
)
_LONGEST_COMPLAINT = 160
_VOICE_STEP = 25
"""A screen reader is told of every so many percent."""


class Commands(Protocol):
    """What a board's buttons do; each may be called from any thread, also after the run."""

    def pause(self) -> None:
        """Take no further rows until `resume`."""

    def resume(self) -> None:
        """Take rows again after `pause`."""

    def stop(self) -> None:
        """End the run; messages on their way finish."""


class Board:
    """Shows a run in the notebook's output.

    Args:
        read: Gives the run's progress at this moment.
        commands: What Pause, Resume and Stop do; None for a board without buttons.
        stage: Shows the widget somewhere else than in the running cell's output; what ends up there is then the
            caller's business.
        advice: A line in place of the buttons.
    """

    shows_results = True

    def __init__(
        self,
        read: Callable[[], Progress],
        commands: Commands | None = None,
        *,
        stage: Callable[[ipywidgets.Widget], None] | None = None,
        advice: str = "",
    ) -> None:
        self._read = read
        self._stage = stage
        self._view: LiveView | None = None
        progress = read()
        self._style = ipywidgets.HTML(LIVE_STYLE, layout={"display": "none"})
        self._body = ipywidgets.HTML(progress_html(progress), layout={"width": "auto", "margin": "0"})
        self._voice = ipywidgets.HTML(layout={"margin": "0"}).add_class("nbm-unseen")
        self._pause: ipywidgets.Button | None = None
        self._stop: ipywidgets.Button | None = None
        foot = []
        if commands is not None:
            foot.append(self._buttons(commands))
        elif advice:
            foot.append(ipywidgets.HTML(element("p", advice, class_="nbm-quiet"), layout={"margin": "0"}))
        self.widget = ipywidgets.VBox([self._style, self._body, *foot, self._voice])
        self.widget.add_class(ROOT).add_class("nbm-board")
        self._mark(progress)

    def _buttons(self, commands: Commands) -> ipywidgets.HBox:
        pause = button("Pause", "Take no further rows until you resume; messages on their way go on")
        stop = button("Stop", "End the run; the other rows stay pending, and a later run takes them up")
        pause.on_click(lambda it: commands.resume() if it.description == "Resume" else commands.pause())
        stop.on_click(lambda _: commands.stop())
        self._pause, self._stop = pause, stop
        return ipywidgets.HBox([pause, stop]).add_class("nbm-buttons")

    def show(self) -> None:
        """Display the board in the current cell's output, or where it was asked to stand."""
        if self._stage is not None:
            self._stage(self.widget)
        else:
            self._view = LiveView(self.widget, stand_in(GONE), headline(self._read().counts))

    def refresh(self) -> None:
        """Show the progress as it is now; sends nothing when nothing visible changed."""
        progress = self._read()
        self._body.value = progress_html(progress)  # traitlets compares, and is silent about equal values
        self._mark(progress)

    def close(self, results: ResultsSource, *, title: str = "") -> None:
        """Replace the live board by the static result and free its widgets; a second call does nothing.

        Args:
            results: How the rows stand now, also after an interrupt.
            title: A line above the headline.
        """
        view, self._view = self._view, None
        if view is not None:
            view.replace(results_html(results, title=title), results_text(results))
        self._style.value = self._body.value = self._voice.value = ""  # nbclient saves the last state of widgets
        close_all(self.widget)

    def abandon(self, results: ResultsSource, why: str) -> None:
        """Make way for a page that says why nothing was sent."""
        self.close(results, title=why)

    def _mark(self, progress: Progress) -> None:
        """Let the buttons and the screen reader's line say how the run stands."""
        if self._pause is not None and self._stop is not None:
            self._pause.description = "Resume" if progress.note == PAUSED else "Pause"
            self._pause.disabled = self._stop.disabled = progress.note == STOPPING
        share = percent(progress) // _VOICE_STEP * _VOICE_STEP
        words = progress.note or (f"{share} % of {progress.total:,} done" if share else "Sending")
        self._voice.value = element("span", words, role="status")


class StillBoard:
    """Shows nothing while a run goes on, and its static result at the end: for kernels that nobody watches."""

    shows_results = True

    def __init__(self) -> None:
        self._is_shown = False

    def show(self) -> None:
        """Remember that the result is wanted."""
        self._is_shown = True

    def refresh(self) -> None:
        """Leave the output as it is: nobody watches, and only the end is kept."""

    def close(self, results: ResultsSource, *, title: str = "") -> None:
        """Show how the run ended; a second call does nothing."""
        is_shown, self._is_shown = self._is_shown, False
        if is_shown:
            page = {"text/html": results_html(results, title=title), "text/plain": results_text(results)}
            display(page, raw=True)  # type: ignore[no-untyped-call]

    def abandon(self, results: ResultsSource, why: str) -> None:  # noqa: ARG002 -- the same seam as Board's
        """Show nothing: the exception says why."""
        self._is_shown = False


def progress_html(progress: Progress) -> str:
    """Show how a run stands, without the style sheet (the board holds it once)."""
    words = f"{progress.done:,} of {progress.total:,}"
    share = f"{percent(progress)} %"
    found = standings(progress.counts, progress.purpose)
    return element(
        "div",
        element("p", under_way(progress.purpose, progress.server), class_="nbm-title"),
        element("div", headline_html(words), element("span", share, class_="nbm-percent"), class_="nbm-head"),
        bar_html(found, f"{words}, {share}"),
        chips_html(found),
        dotted_html(pace(progress)),
        _complaint(progress.complaint),
        class_=ROOT,
    )


def _complaint(text: str) -> Html | None:
    if not text:
        return None
    said = element("code", clip(mask_text(text), _LONGEST_COMPLAINT))
    return element("p", element("span", "Last complaint: ", class_="nbm-quiet"), said, class_="nbm-note")

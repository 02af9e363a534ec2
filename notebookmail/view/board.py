"""The live board: a running merge at one glance, replaced by static HTML when it ends.

A widget left behind in a saved notebook shows "Error displaying widget" after a restart, so the board lives under
a display id and `close` puts plain HTML in its place. Widget state holds the visible markup and nothing else. The
board reads progress when it is told to; it has no timer, no thread and no way to act on the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets
from IPython.display import display, update_display

from .cards import progress_html, results_html
from .markup import join
from .style import STYLE
from .text import results_text
from .words import headline

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.display import DisplayHandle

    from notebookmail.merge.outcomes import Outcomes
    from notebookmail.merge.progress import Progress


class Board:
    """Shows a run in the notebook's output.

    Args:
        read: Gives the run's progress at this moment.
    """

    shows_results = True

    def __init__(self, read: Callable[[], Progress]) -> None:
        self._read = read
        self._style = ipywidgets.HTML(STYLE, layout={"display": "none"})
        self._body = ipywidgets.HTML(progress_html(read()), layout={"width": "auto", "margin": "0"})
        self.widget = ipywidgets.VBox([self._style, self._body])
        self._handle: DisplayHandle | None = None

    def show(self) -> None:
        """Display the board in the current cell's output."""
        bundle = widget_bundle(self.widget, join(STYLE, self._body.value), headline(self._read().counts))
        self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def refresh(self) -> None:
        """Show the progress as it is now; sends nothing when nothing visible changed."""
        self._body.value = progress_html(self._read())  # traitlets compares, and is silent about equal values

    def close(self, outcomes: Outcomes, *, title: str = "") -> None:
        """Replace the live board by the static result and free its widgets; a second call does nothing.

        Args:
            outcomes: How the rows stand now, also after an interrupt.
            title: A line above the headline.
        """
        handle, self._handle = self._handle, None
        if handle is not None:
            page = {"text/html": results_html(outcomes, title=title), "text/plain": results_text(outcomes)}
            update_display(page, raw=True, display_id=handle.display_id)  # type: ignore[no-untyped-call]
        self._style.value = self._body.value = ""  # nbclient saves the last state also of closed widgets
        for widget in (self._body, self._style, self.widget):
            close_widget(widget)


def close_widget(widget: ipywidgets.Widget) -> None:
    """Close a widget and the layout and style models it made for itself."""
    for name in ("layout", "style"):
        model = getattr(widget, name, None)
        if model is not None:
            model.close()
    widget.close()


def widget_bundle(widget: ipywidgets.Widget, html: str, text: str) -> dict[str, Any]:
    """Return a display bundle of a widget with static stand-ins, for pages without a kernel such as GitHub's.

    Args:
        widget: What a front end with a kernel shows.
        html: What a page without one shows instead.
        text: The same as plain text.
    """
    return {**widget._repr_mimebundle_(), "text/html": html, "text/plain": text}

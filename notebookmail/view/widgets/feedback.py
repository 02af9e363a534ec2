"""How far a mailbox is read, in the running cell's output: a static page, replaced as it goes on.

It is no widget, so that nothing of it stays behind: what came back shows itself when the cell ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookmail.view.html.feedback import reading_html
from notebookmail.view.terminal.feedback import reading_text

from .live_output import UpdatedPage

if TYPE_CHECKING:
    from notebookmail.view.words.feedback import ReadingState


class CellReading:
    """Shows in the output of the running cell how far a mailbox is read."""

    def __init__(self) -> None:
        self._page = UpdatedPage()
        self._is_shown = False

    def show(self, state: ReadingState) -> None:
        """Show how far it is, in the place of what was shown before."""
        self._is_shown = True
        self._page.show(reading_html(state), reading_text(state))

    def close(self) -> None:
        """Leave nothing of it."""
        if self._is_shown:
            self._page.show("", "")

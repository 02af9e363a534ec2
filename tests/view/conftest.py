"""What the tests of widgets share."""

from __future__ import annotations

import pytest
from support.captured_displays import Screen

from notebookmail.view.widgets import board, live_output


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Keep what is displayed; the real page is tested in a browser."""
    screen = Screen()
    for module in (live_output, board):
        monkeypatch.setattr(module, "display", screen.display)
    monkeypatch.setattr(live_output, "update_display", screen.update_display)
    return screen

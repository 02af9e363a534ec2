"""A sign-in in a notebook's cell: a static page, replaced by the next state. Python waits for no click in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookmail.view.html.sign_in import sign_in_html
from notebookmail.view.terminal.sign_in import sign_in_text

from .live_output import UpdatedPage

if TYPE_CHECKING:
    from notebookmail.view.words.sign_in import SignInCard


class CellSignIn:
    """Shows a sign-in in the output of the running cell."""

    def __init__(self) -> None:
        self._page = UpdatedPage()

    def show(self, card: SignInCard) -> None:
        """Show a state in the place of the one before; at the end one that can be saved."""
        self._page.show(sign_in_html(card), sign_in_text(card))

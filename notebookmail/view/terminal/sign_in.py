"""A sign-in as plain text. The link stands on a line of its own, so that it can be clicked, and copied whole."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from notebookmail.view.words.visible_text import visible

if TYPE_CHECKING:
    from notebookmail.view.words.sign_in import SignInCard


def sign_in_text(card: SignInCard) -> str:
    """Say how a sign-in stands, and what to do."""
    lines = [card.headline]
    lines += [f"  {number}. {step}" for number, step in enumerate(card.steps, 1)]
    if card.link:
        lines += ["", f"  {visible(card.link)}"]
    if card.code:
        lines += ["", f"  Code: {visible(card.code)}"]
    if card.notes:
        lines += ["", *(f"  {note}" for note in card.notes)]
    return "\n".join(lines)


class TerminalSignIn:
    """Shows a sign-in on a terminal, each state below the one before."""

    def show(self, card: SignInCard) -> None:
        """Write a state, at once: whoever waits has to see it."""
        sys.stdout.write(f"{sign_in_text(card)}\n")
        sys.stdout.flush()

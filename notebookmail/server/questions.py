"""Asks whoever sits there for what is no secret, and nobody where nobody answers.

Never where no one would answer (cron, nbclient, papermill): a run that waits for a user name waits for ever.
Passwords are asked for elsewhere, without an echo.
"""

from __future__ import annotations

import sys


def ask(question: str) -> str | None:
    """Return what is typed, without blanks around it; None where nobody can be asked, or nothing is typed.

    A kernel says itself whether its front end can be asked; `input` alone would then read a terminal that the
    kernel was started from.
    """
    from notebookmail.view.frontend import is_notebook  # only who asks needs it: the import stays cheap

    try:
        if is_notebook():
            kernel = sys.modules["IPython"].get_ipython().kernel
            return str(kernel.raw_input(question)).strip() or None
        if sys.stdin is None or not sys.stdin.isatty():
            return None
        return input(question).strip() or None
    except (NotImplementedError, EOFError):  # IPython's StdinNotImplementedError; a script's end
        return None

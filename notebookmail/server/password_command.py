"""A password that another program prints: `pass show mail`, `op read ...`, `security find-generic-password ...`.

No shell is involved. What the program says is not repeated to anybody, for its error may name the secret.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from typing import Final

from notebookmail.errors import FrameError
from notebookmail.privacy.secret import Secret

Command = str | Sequence[str]

TIMEOUT_SECONDS: Final = 60.0
"""How long a program may take; it may be asking its owner for a pass phrase."""

_BY_ITSELF: Final = "run it by itself in a terminal and see; its words may hold the secret and are not shown"


def words_of(command: Command, *, setting: str = "password_command") -> list[str]:
    """Split a command into program and arguments, as a shell would, without one.

    Args:
        command: The program and its arguments, as a list or as one text.
        setting: What it was given as.

    Raises:
        FrameError: Nothing that could be run.
    """
    try:
        words = shlex.split(command, posix=os.name != "nt") if isinstance(command, str) else list(command)
    except ValueError as problem:
        raise FrameError(f"{setting}= cannot be split into words: {problem}") from None
    if not words or not all(isinstance(word, str) for word in words):
        raise FrameError(f'{setting}= is a program and its arguments: ["pass", "show", "mail"]')
    return words


def password_from(
    command: Command, *, timeout_seconds: float = TIMEOUT_SECONDS, setting: str = "password_command"
) -> Secret:
    """Run a program and return the first line that it prints.

    Args:
        command: The program and its arguments, as a list or as one text.
        timeout_seconds: How long it may take.
        setting: What it was given as.

    Raises:
        FrameError: It cannot be run, fails, takes too long, or prints nothing.
    """
    words = words_of(command, setting=setting)
    printed, problem = _printed(words, timeout_seconds)
    if not problem and not printed:
        problem = "printed nothing"
    if problem:
        raise FrameError(f"{setting}= ({words[0]}) {problem}: {_BY_ITSELF}")
    return printed


def _printed(words: list[str], timeout_seconds: float) -> tuple[Secret, str]:
    """Run a program; the second value says what went wrong. An exception would hold what was printed."""
    try:
        done = subprocess.run(  # noqa: S603 -- the user's own program, without a shell
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return Secret(""), f"was not done within {timeout_seconds:g} s"
    except OSError as error:
        return Secret(""), f"cannot be run ({error.strerror or type(error).__name__})"
    except ValueError:
        return Secret(""), "cannot be run (a NUL character)"
    if done.returncode:
        return Secret(""), f"ended with code {done.returncode}"
    return Secret(done.stdout.partition(b"\n")[0].rstrip(b"\r")), ""

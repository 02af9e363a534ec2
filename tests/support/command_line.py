"""The command line in a process of its own, with and without a terminal around it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMAND: Final = (sys.executable, "-m", "notebookmail")
_STEERING = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
_SECONDS = 120


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command with its output in a pipe."""
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, check=False, timeout=_SECONDS,
        env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def run_in_a_terminal(
    *words: str, answers: Sequence[tuple[str, str]] = (), environment: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a command on a terminal of its own.

    Args:
        *words: What is typed behind the program's name.
        answers: What the program asks, in order, each with what is typed then.
        environment: Further variables.

    Returns:
        Its exit code and all it wrote there, steering and all.
    """
    ours, theirs = pty.openpty()
    settings = {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "CI"}}
    with subprocess.Popen(
        [*COMMAND, *words], stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True, start_new_session=True,
        env={**kept, **settings, **(environment or {})},
    ) as process:  # fmt: skip
        os.close(theirs)
        shown, waiting = b"", list(answers)
        with suppress(OSError):  # Linux: the other end was closed
            while read := os.read(ours, 65_536):
                shown += read
                if waiting and waiting[0][0].encode() in shown:
                    os.write(ours, f"{waiting.pop(0)[1]}\n".encode())
        os.close(ours)
        code = process.wait(timeout=_SECONDS)
    return code, shown.decode()


def without_steering(shown: str) -> str:
    """Return what a person reads of a terminal's output."""
    return _STEERING.sub("", shown)

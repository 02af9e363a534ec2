"""Journals for tests: keys, entries, what a file holds, and Python processes that share one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from notebookmail.delivery.journal import Entry, Journal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from notebookmail.delivery.journal import Claim, State

NOON = 1_800_000_000.0
"""The time at which all that follows happens."""


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def address(number: int) -> str:
    return f"person-{number}@example.org"


def entry(number: int, state: State, **others: object) -> Entry:
    return Entry(key(number), state, address(number), NOON + number)._replace(**others)


def entries(numbers: Iterable[int], state: State) -> list[Entry]:
    return [entry(number, state) for number in numbers]


def claimed(journal: Journal, digest: str = "d1", *, resend: bool = False) -> Claim:
    return journal.claim(digest, name="letters", account="me", resend=resend, now=NOON)


def states(claim: Claim) -> dict[int, State]:
    return {int.from_bytes(each, "big"): earlier.state for each, earlier in claim.earlier.items()}


def noted(path: Path, digest: str = "d1") -> dict[int, State]:
    """Open a journal anew and read how the rows of its campaign stand."""
    with Journal.open(path) as journal:
        return states(claimed(journal, digest))


def python(script: str, *arguments: object, before: Iterable[str] = ()) -> subprocess.Popen[str]:
    """Start another Python, or a program that starts it. Its standard input and output are pipes."""
    command = [*before, sys.executable, "-c", script, *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

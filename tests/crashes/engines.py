"""What is killed: notebookmail, and senders that are wrong on purpose, to show that the harness finds them out.

Each wrong one has one fault that people really build: it notes a row as done after the server took it (a kill
between the two doubles it), or before (a kill between loses it), or says of all that it has begun that it
cannot know.
"""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

import notebookmail
from notebookmail import Server, Template, send_frame, send_frame_sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from .nursery import Work

SENDER = "analyst@example.com"
HELD = ("committing", "unconfirmed")
TEMPLATE = Template(
    "Figures for {{ name }}", sender=SENDER, text="Dear {{ name }},\n\nthese are your figures.\n" * 20
)


@dataclass(frozen=True, slots=True)
class Engine:
    """A way to run a campaign.

    Attributes:
        run: Runs it, and tells the status of every recipient.
        held: Counts the rows that a later run would hold as not known.
    """

    run: Callable[[Work], dict[str, str]]
    held: Callable[[Work], int]


def frame_of(work: Work) -> pd.DataFrame:
    """Make the frame of a campaign: the same on every run, as in a cell that is run again."""
    names = [f"Reader {number}" for number in range(work.rows)]
    return pd.DataFrame({"email": work.recipients, "name": names})


def warm_up() -> None:
    """Load what a run loads late."""
    df = pd.DataFrame({"email": ["ann@example.org"], "name": ["Ann"]})
    results = send_frame_sync(df, TEMPLATE, Server("127.0.0.1", 1, security="none"), dry_run=True, progress=False)
    assert results.frame["status"].tolist() == ["pending"]


def _merge(work: Work) -> dict[str, str]:
    df = frame_of(work)
    server = Server("127.0.0.1", work.port, security="none", max_connections=work.connections)
    results = asyncio.run(
        send_frame(df, TEMPLATE, server, campaign=work.campaign, journal=work.journal, progress=False)
    )
    return dict(zip(df["email"], results.frame["status"], strict=True))


def _held(work: Work) -> int:
    known = notebookmail.campaigns(journal=work.journal)
    counts = known[known["name"] == work.campaign]
    return int(counts[[state for state in HELD if state in counts]].to_numpy().sum())


# --- wrong on purpose -------------------------------------------------------------------------------------------


def _notes(work: Work) -> Path:
    return Path(f"{work.journal}.{work.campaign}")


def _read(work: Work) -> list[str]:
    with contextlib.suppress(FileNotFoundError):
        return _notes(work).read_text().splitlines()
    return []


def _note(work: Work, line: str) -> None:
    with _notes(work).open("a") as file:
        file.write(f"{line}\n")


class _Loop:
    """The obvious loop, which connects again when it is hung up on, and tries again what failed."""

    def __init__(self, *, notes_before: bool) -> None:
        self._notes_before = notes_before

    def __call__(self, work: Work) -> dict[str, str]:
        done = set(_read(work))
        for recipient in work.recipients:
            if recipient in done:
                continue
            if self._notes_before:
                _note(work, recipient)
            while not _try_to_send(work, recipient):
                pass
            if not self._notes_before:
                _note(work, recipient)
        return dict.fromkeys(work.recipients, "sent")


def _try_to_send(work: Work, recipient: str) -> bool:
    content = f"From: {SENDER}\r\nTo: {recipient}\r\nMessage-ID: <{recipient}>\r\n\r\nFigures.\r\n"
    try:
        with smtplib.SMTP("127.0.0.1", work.port, local_hostname="localhost") as client:
            client.sendmail(SENDER, [recipient], content)
    except (smtplib.SMTPException, OSError):
        return False
    return True


def _hold_everything(work: Work) -> dict[str, str]:
    """Note everything as begun at the start, and afterwards never touch what was not noted as done."""
    if begun := set(_read(work)):
        return {to: "sent" if f"done {to}" in begun else "unconfirmed" for to in work.recipients}
    for recipient in work.recipients:
        _note(work, recipient)
    for recipient in work.recipients:
        if _try_to_send(work, recipient):
            _note(work, f"done {recipient}")
    return {to: "sent" if f"done {to}" in set(_read(work)) else "unconfirmed" for to in work.recipients}


def _held_of_everything(work: Work) -> int:
    lines = _read(work)
    return len(lines) - 2 * sum(line.startswith("done ") for line in lines)


ENGINES = {
    "notebookmail": Engine(_merge, _held),
    "notes after": Engine(_Loop(notes_before=False), lambda work: 0),
    "notes before": Engine(_Loop(notes_before=True), lambda work: 0),
    "holds everything": Engine(_hold_everything, _held_of_everything),
}

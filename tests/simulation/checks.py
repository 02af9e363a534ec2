"""The four promises, held against the truth after every run and at the end of a world.

1. What a server accepted is never sent again (truth.py counts, at every acceptance).
2. What no server accepted is never reported as sent.
3. What cannot be known is unconfirmed, and only that.
4. No row is lost: each has one status, with a reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookmail.delivery.events import RowDeferred, RowPending, RowSent, RowStarted
from notebookmail.errors import SMTPResponseException

if TYPE_CHECKING:
    from collections.abc import Callable

    from .process import Process
    from .truth import Message
    from .world import World

_HELD = frozenset({"committing", "unconfirmed"})
_KEPT = frozenset({"sent", *_HELD})


def check_run(world: World, process: Process) -> None:
    """Check what a run reported, if it lived to report, and what it recorded."""
    if process.ledger is None:
        return
    recorded = world.disk.states(world.digest)
    for row, mid in zip(world.rows, process.mids, strict=True):
        message = world.truth.messages[mid]
        state = recorded.get(row.key)
        if message.accepted.total() >= message.allowed and state not in _KEPT:
            world.complain(f"row {row.position} was accepted, and the journal says {state}")
        if not process.is_dead:
            _check_row(world, process, message, state)
    if process.is_dead:
        _check_death(world, process, recorded)
        return
    counts = process.outcomes.counts
    if sum(counts.values()) != len(world.rows):
        world.complain(f"{len(world.rows)} rows, and the results say {counts}")
    for status, number in counts.items():
        world.tally[f"row: {status}"] += number


def _check_row(world: World, process: Process, message: Message, state: str | None) -> None:
    """Check one row's status and events of a run that has ended."""
    place, run = message.row.position, world.run
    status = process.outcomes.status_at(place)
    before = process.earlier.get(message.row.key)
    answers = [answer for when, answer in message.heard if when == run]
    was_taken = any(answer.startswith(b"2") for answer in answers)

    def complain(what: str) -> None:
        world.complain(f"row {place} is {status}: {what}")

    if was_taken and status != "sent":
        complain("its acceptance arrived")
    if status == "sent" and not message.accepted[run]:
        complain("no server took it")
    if status == "skipped" and not message.accepted:
        complain("no server ever took it")
    if status == "unconfirmed" and before not in _HELD and message.ended[run] <= len(answers):
        complain(f"its end went out {message.ended[run]} times, and was answered {answers}")
    if (
        status == "failed"
        and message.row.manner != "broken"
        and not message.refused[run]
        and not _is_garbled(process, place)
    ):
        complain("no server refused it for good")
    if status in {"failed", "deferred", "pending"} and message.accepted[run]:
        complain("a server took it")
    _check_events(world, process, place, status)
    ledger = process.ledger
    if ledger is not None and not ledger.failures and process.ending != "no server":
        _check_record(complain, status, before, state)


def _is_garbled(process: Process, place: int) -> bool:
    """Tell whether a row failed because the server did not speak SMTP."""
    error = process.outcomes.outcome(place).error
    return isinstance(error, SMTPResponseException) and error.code == -1


def _check_events(world: World, process: Process, place: int, status: str) -> None:
    """A row has one end, and nothing is told of it afterwards."""
    events = [event for event in process.events[place] if not isinstance(event, RowStarted)]
    for event in events[:-1]:
        if not isinstance(event, RowDeferred | RowPending):
            world.complain(f"row {place} went on after {type(event).__name__}")
    if not events and status != "pending":
        world.complain(f"row {place} is {status} without an event")
    if not events and process.stop_reason is None and process.ending == "finished":
        world.complain(f"row {place} has no event and no reason")
    if events and isinstance(events[-1], RowPending) and not (events[-1].reason or events[-1].error):
        world.complain(f"row {place} is pending without a reason")


def _check_record(complain: Callable[[str], None], status: str, before: str | None, state: str | None) -> None:
    """What is reported is what the journal knows."""
    expected = {
        "sent": {"sent"},
        "skipped": {"sent"},
        "failed": {"failed", before},
        "deferred": {"deferred", "pending"},
        "unconfirmed": _HELD,
        "pending": {None, "pending", "deferred", before},
    }[status]
    if state not in expected:
        complain(f"the journal says {state} (before: {before})")


def _check_death(world: World, process: Process, recorded: dict[bytes, str]) -> None:
    """What was reported before a death is recorded."""
    assert process.ledger is not None
    if process.ledger.failures:
        return
    for row in world.rows:
        if any(isinstance(event, RowSent) for event in process.events[row.position]):
            world.tally["row: sent before a death"] += 1
            if recorded.get(row.key) != "sent":
                world.complain(f"row {row.position} was reported as sent, and the journal has lost it")
    held = sum(state in _HELD and process.earlier.get(key) not in _HELD for key, state in recorded.items())
    world.tally["row: unconfirmed by a death"] += held


def check_end(world: World, process: Process) -> None:
    """In fair weather every row comes to its end."""
    if process.ending != "finished":
        world.complain(f"in fair weather the run ended: {process.ending}, {process.stop_reason}")
        return
    for row in world.rows:
        status = process.outcomes.status_at(row.position)
        allowed = {"sent", "skipped", "unconfirmed"} if not row.manner else {"failed", "unconfirmed"}
        if status not in allowed:
            world.complain(f"row {row.position} ({row.manner or 'good'}) is {status} in fair weather")

"""confirm=: how many messages would go is counted before any does: all are made, while the event loop goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookmail.errors import FrameError, NotebookmailError

from .plan import settled_in
from .workers.making import made_in_turns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notebookmail.delivery.backlog import Task
    from notebookmail.delivery.journal import Earlier
    from notebookmail.delivery.making import Making

    from .plan import Plan


async def check_confirm(
    plan: Plan, earlier: Mapping[bytes, Earlier], making: Making, *, resend_unconfirmed: bool = False
) -> None:
    """Refuse a plan that would not send exactly as many messages as were confirmed, if a number was.

    Args:
        plan: What would go.
        earlier: What the journal knows of rows, by key.
        making: Makes the messages: a row that gets none does not count.
        resend_unconfirmed: Whether rows that may have been delivered count as unsent.

    Raises:
        FrameError: Another number would go; the message says which, and why. Or the workers cannot go on.
        KeyboardInterrupt, SystemExit: One came while a message was made.
    """
    confirm = plan.settings.confirm
    if confirm is None:
        return
    is_settled = settled_in(earlier, resend_unconfirmed=resend_unconfirmed)
    settled = unfit = 0

    def unsettled() -> Iterator[Task]:
        nonlocal settled
        for task in plan.tasks():
            if is_settled(task.key):
                settled += 1
            else:
                yield task

    async for _, made in made_in_turns(unsettled(), making):
        if isinstance(made, NotebookmailError):
            unfit += 1
        elif isinstance(made, BaseException):
            raise made
    would_go = len(plan.going) - settled - unfit
    if would_go != confirm:
        others = _who_get_none(settled, len(plan.left_out), unfit)
        raise FrameError(
            f"confirm={confirm}, but {would_go} messages would go: {len(plan.frame)} {plan.frame.unit}s"
            f"{others}; nothing was sent"
        )


def _who_get_none(settled: int, left_out: int, unfit: int) -> str:
    """Say why some rows get no message: ", of which 2 were sent before and 1 is left out"; "" if none do."""
    counts = (
        (settled, "was sent before", "were sent before"),
        (left_out, "is left out", "are left out"),
        (unfit, "cannot be rendered", "cannot be rendered"),
    )
    reasons = [f"{count} {one if count == 1 else several}" for count, one, several in counts if count]
    if not reasons:
        return ""
    return f", of which {' and '.join(filter(None, [', '.join(reasons[:-1]), reasons[-1]]))}"

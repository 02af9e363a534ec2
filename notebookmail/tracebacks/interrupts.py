"""What whoever interrupts a run is told: where the results are, and how to go on.

The exception stays what it is, CancelledError or KeyboardInterrupt, and goes on upwards; it gets a note, and in a
notebook the short traceback of this package's own errors.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from .rendering import rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BY_ROW: Final = "The run was interrupted. `notebookmail.last_results()` says how every row stands"
INTERRUPTED: Final = f"{_BY_ROW}; run the cell again, and it goes on where it stopped."
INTERRUPTED_ANEW: Final = f"{_BY_ROW}; run the cell again without `resend=`, and it goes on where it stopped."
INTERRUPTED_WITHOUT_JOURNAL: Final = (
    f"{_BY_ROW}, and `await notebookmail.last_results().retry()` goes on. It kept no journal: the cell run again "
    "would mail everybody again."
)
INTERRUPTED_BEFORE: Final = "The run was interrupted before anything was sent."
JOB_GOES_ON: Final = (
    "Only the waiting was interrupted: the job goes on. `job.stop()` ends it, `job.results` says how every row "
    "stands."
)


@contextlib.contextmanager
def explained(words: Callable[[], str]) -> Iterator[None]:
    """Note on an interrupt or a cancellation what it means for the run, once.

    Args:
        words: Returns what to say when it happens.
    """
    try:
        yield
    except (KeyboardInterrupt, asyncio.CancelledError) as stop:
        if not hasattr(stop, "_render_traceback_"):
            if said := words():
                stop.add_note(said)
            rendered(stop)
        raise

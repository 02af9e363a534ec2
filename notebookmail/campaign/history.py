"""What was sent before: the campaigns in the journal, for the eye, and a way to forget one.

Only looks and deletes: a journal that is not there is not made by asking.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from notebookmail.compose.identity.same_value import name_text
from notebookmail.delivery.journal import Journal, default_path
from notebookmail.errors import JournalError

if TYPE_CHECKING:
    import pandas as pd

    from notebookmail.delivery.journal import CampaignRecord, State

_STATES: Final[tuple[State, ...]] = ("sent", "failed", "deferred", "unconfirmed", "pending")
_WORDS: Final = ("name", "digest", "server", "sender")
COLUMNS: Final = (*_WORDS, "generation", "begun", "last_run", "is_running", *_STATES)
"""The columns of campaigns()."""


def campaigns(journal: str | Path | None = None) -> pd.DataFrame:
    """List the campaigns of which something was sent, the one run last first.

    Args:
        journal: The journal's file, as for send_frame; None takes the user's own. It is not made if there is none.

    Returns:
        One line a campaign: `name` ("" where it was given none), `digest`, `server` and `sender` of its last run,
        `generation` (how often `resend` began it anew), `begun` and `last_run` (UTC), `is_running`, and how many
        rows of this generation are `sent`, `failed`, `deferred`, `unconfirmed` and `pending`. Rows that were never
        tried are not counted.

    Raises:
        JournalError: The file is no journal, or cannot be read.

    Example:
        >>> notebookmail.campaigns()
    """
    import pandas as pd

    path = _path(journal)
    found: list[CampaignRecord] = []
    if path.exists():
        with Journal.open(path) as opened:
            found = opened.campaigns()
    data = [
        (*(getattr(each, word) for word in _WORDS), each.generation, each.begun, each.last_run, each.is_running,
         *(each.counts.get(state, 0) for state in _STATES))
        for each in found
    ]  # fmt: skip
    frame = pd.DataFrame(data, columns=list(COLUMNS))
    kinds = (
        dict.fromkeys(_WORDS, "object") | dict.fromkeys(("generation", *_STATES), "int64") | {"is_running": "bool"}
    )
    frame = frame.astype(kinds)
    for moment in ("begun", "last_run"):
        frame[moment] = pd.to_datetime(frame[moment].astype("float64"), unit="s", utc=True)
    return frame


def forget(campaign: str, journal: str | Path | None = None) -> int:
    """Delete what the journal knows of a campaign, so that the addresses it went to are no longer in the file.

    If it is run again afterwards, it is sent again from its beginning.

    Args:
        campaign: Its name (all campaigns called so are forgotten) or its digest, as campaigns() lists them.
        journal: The journal's file, as for send_frame; None takes the user's own.

    Returns:
        How many rows were deleted.

    Raises:
        JournalError: There is no such campaign, it is running, or the file cannot be written.
    """
    path = _path(journal)
    if not path.exists():
        raise JournalError(f"there is no journal {path}, and so no campaign {campaign!r}", str(path))
    with Journal.open(path) as opened:
        same = {
            each.name for each in opened.campaigns() if each.name and name_text(each.name) == name_text(campaign)
        }
        return sum(map(opened.forget, sorted(same))) if same else opened.forget(campaign)


def _path(journal: str | Path | None) -> Path:
    return default_path() if journal is None else Path(journal).expanduser()

"""What the caller of the send family asked for, checked as far as it can be without the frame.

An option that is not what it seems (a list in place of a date, a key as one word) must not be taken for something
else: each is refused here by name, with what it should be.
"""

from __future__ import annotations

import operator
import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from .compose.signing import DKIM
from .errors import FrameError

if TYPE_CHECKING:
    from collections.abc import Sequence

Duplicates = Literal["error", "skip", "send"]

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class SendOptions:
    """What the caller of the send family asked for; send_frame says what each means.

    Raises:
        FrameError: An option has a value it cannot have; the message says which it can.
    """

    sender: str | None = None
    group_by: str | None = None
    confirm: int | None = None
    limit: int | None = None
    redirect_to: str | None = None
    suppress: tuple[str, ...] = ()
    duplicates: Duplicates = "error"
    dkim: DKIM | None = None
    campaign: str | None = None
    key: Sequence[str] = ()
    journal: str | os.PathLike[str] | Literal[False] | None = None
    retry: float = 0.0
    resend: bool = False
    resend_unconfirmed: bool = False
    not_before: datetime | None = None

    def __post_init__(self) -> None:
        if self.duplicates not in {"error", "skip", "send"}:
            raise FrameError(f"duplicates={self.duplicates!r}: it is one of 'error', 'skip', 'send'")
        object.__setattr__(self, "limit", _count("limit", self.limit))
        object.__setattr__(self, "confirm", _count("confirm", self.confirm))
        if self.dkim is not None and not isinstance(self.dkim, DKIM):  # not shown: it may be the key itself
            raise FrameError(
                f"dkim is a {type(self.dkim).__name__}: give DKIM('example.org', 'selector', 'key.pem')"
            )
        self._check_campaign()
        self._check_times()
        for name in ("resend", "resend_unconfirmed"):
            if not isinstance(getattr(self, name), bool):
                raise FrameError(f"{name}={getattr(self, name)!r}: it is True or False")

    def _check_campaign(self) -> None:
        if self.campaign is not None:
            _check_name(self.campaign)
        if not (self.journal is None or self.journal is False or _is_path(self.journal)):
            raise FrameError(f"journal={self.journal!r}: it is the path of a file, or False to keep none")
        if self.campaign is not None and self.journal is False:
            raise FrameError("a campaign is remembered in the journal: leave out campaign=, or journal=False")
        key = (self.key,) if isinstance(self.key, str) else tuple(self.key or ())
        if not all(isinstance(name, str) for name in key) or len(set(key)) < len(key):
            raise FrameError(f"key={self.key!r}: it is the name of a column, or several, each once")
        object.__setattr__(self, "key", key)

    def _check_times(self) -> None:
        if isinstance(self.retry, bool) or not isinstance(self.retry, (int, float)) or not self.retry >= 0:
            raise FrameError(f"retry={self.retry!r}: it is a number of minutes, 0 or more")
        moment = self.not_before
        if moment is None:
            return
        if not isinstance(moment, datetime) or moment != moment:  # noqa: PLR0124 -- pandas' NaT is a datetime
            raise FrameError(f"not_before={moment!r}: it is a datetime, as in datetime(2026, 5, 4, 9, 0)")
        # A Timestamp of pandas without a time zone would be read as UTC; everybody means the clock on the wall.
        plain = datetime.combine(moment.date(), moment.time(), moment.tzinfo).replace(fold=moment.fold)
        object.__setattr__(self, "not_before", plain.astimezone())


def _count(name: str, value: int | None) -> int | None:
    """Read a number of messages; numpy's integers are as good: `(df.points > 9).sum()` is one."""
    if value is None:
        return None
    try:
        count = -1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        count = -1
    if count < 0:
        raise FrameError(f"{name}={value!r}: it is a number of messages, 0 or more")
    return count


def _check_name(campaign: str) -> None:
    if not isinstance(campaign, str) or not campaign.strip():
        raise FrameError(f"campaign={campaign!r}: it is a name, as in campaign='may-letters'")
    if len(campaign) > _LONGEST_NAME or not campaign.isprintable():
        raise FrameError(
            f"campaign={campaign[:40]!r}: a name has at most {_LONGEST_NAME} characters, and none that do not show"
        )


def _is_path(value: object) -> bool:
    return isinstance(value, os.PathLike) or (isinstance(value, str) and bool(value))

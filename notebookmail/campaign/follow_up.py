"""The next letter of a conversation: who gets it, in which thread, and why the others do not.

A campaign follows another that the journal knows. Of its rows those go whose letter went out and, by default, of
which nothing came back; each answers its own letter (In-Reply-To, References; RFC 5322 3.6.4), so that mail
programs show them together. Whoever cannot be told to be silent is left out: to write to somebody a second time
who has answered is worse than not to write. So it is refused where answers have not been read lately.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from notebookmail.compose.identity.same_value import address_text
from notebookmail.delivery.events import RowSkipped
from notebookmail.delivery.journal import Journal, default_path
from notebookmail.errors import FrameError, JournalError

from .campaign_digest import campaign_digest
from .durations import seconds_of
from .exclusions import positions_of
from .feedback import KINDS
from .plan import settled_in
from .recorded_letters import RecordedLetters, record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from notebookmail.delivery.journal import Earlier, FeedbackEntry, FoundRow

    from .options import Only
    from .plan import Plan

_FRESH_SECONDS: Final = 86_400.0
"""How old the last reading may be: who answered since would get the letter all the same."""

_THREAD_FIELDS: Final = frozenset({"in-reply-to", "references"})
_LEFT: Final[Mapping[str, str]] = {
    "complaint": "complained about", "unsubscribe": "unsubscribed after", "bounce": "bounced", "reply": "answered",
}  # fmt: skip
"""What keeps a row from getting the next letter, and how that is said, the gravest first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows get the next letter.

    Attributes:
        only: Those that are silent, that answered, or all; who bounced, complained or unsubscribed never does.
        after_seconds: How long ago their letter must have gone out.
        now: The time (unix time, seconds).
        read_at: Until when answers were read (unix time, seconds); None if they never were.
    """

    only: Only
    after_seconds: float
    now: float
    read_at: float | None


class FollowedCampaign:
    """A campaign whose letters are followed by others.

    Args:
        name: Its name.
        rows: Its rows.
        entries: What came back of them.

    Attributes:
        name: Its name.
    """

    def __init__(self, name: str, rows: Iterable[FoundRow], entries: Iterable[FeedbackEntry]) -> None:
        self.name = name
        self._by_key: dict[bytes, FoundRow] = {}
        self._by_recipient: dict[str, list[FoundRow]] = {}
        for row in rows:
            self._by_key[row.key] = row
            self._by_recipient.setdefault(address_text(row.recipient), []).append(row)
        self._told: dict[tuple[int, int], dict[str, float]] = {}
        for entry in entries:
            if entry.campaign is not None and entry.kind in KINDS:
                told = self._told.setdefault((entry.generation, entry.number), {})
                told[entry.kind] = min(entry.at, told.get(entry.kind, entry.at))

    def letters_of(self, key: bytes, to: str) -> list[FoundRow]:
        """Return the rows that a row may continue: the one with its key, or those with its recipient."""
        row = self._by_key.get(key)
        return [row] if row is not None else self._by_recipient.get(address_text(to), [])

    def why_not(self, letters: list[FoundRow], wanted: Wanted) -> str:
        """Say why no letter follows these; "" where one does."""
        name = repr(self.name)
        if not letters:
            return f"not in {name}"
        if len(letters) > 1:
            return f"{name} has several letters to it: key= says which is which"
        (row,) = letters
        if row.state != "sent":
            why = "it is not known whether the letter arrived" if row.state == "unconfirmed" else "got no letter"
            return f"{why} in {name}"
        told = self._told.get((row.generation, row.number), {})
        for kind, word in _LEFT.items():
            if kind in told and not (kind == "reply" and wanted.only != "silent"):
                return f"{word} {name} on {_day(told[kind])}"
        return self._not_yet(row, told, wanted)

    def _not_yet(self, row: FoundRow, told: Mapping[str, float], wanted: Wanted) -> str:
        """Say why a letter that arrived is not followed by another, or not yet."""
        name = repr(self.name)
        if wanted.only == "replied" and "reply" not in told:
            return f"has not answered {name}"
        if row.sent_at + wanted.after_seconds > wanted.now:
            return f"too early: {name} went out on {_moment(row.sent_at)}, and after= lets it rest"
        if wanted.only == "silent" and (wanted.read_at is None or wanted.read_at < row.sent_at):
            return f"too early: answers were not read since {name} went out on {_moment(row.sent_at)}"
        return ""


def followed(
    plan: Plan, world: str, earlier: Mapping[bytes, Earlier], *, resend_unconfirmed: bool = False
) -> Plan:
    """Return the plan of a follow-up: without the rows that get none, and with what each of the others answers.

    Rows that this campaign has settled before stay: they are found to be so when their turn comes.

    Args:
        plan: What would go to everybody; the plan itself where it follows nothing.
        world: Where it is sent, as for `campaign_digest`.
        earlier: What the journal knows of this campaign's rows, by key.
        resend_unconfirmed: Whether rows that may have been delivered count as unsent.

    Raises:
        JournalError: There is no such campaign.
        FrameError: Answers were not read lately, so nobody knows who is silent; or the template writes the thread
            itself.
    """
    settings = plan.settings
    if settings.follows is None:
        return plan
    if any(name.lower() in _THREAD_FIELDS for name in plan.template.definition.headers):
        raise FrameError("follows= writes In-Reply-To and References: take them out of headers=; nothing was sent")
    path = default_path() if settings.journal is None else Path(str(settings.journal)).expanduser()
    if not path.exists():
        raise JournalError(
            f"follows={settings.follows!r}: there is no journal {path}, and so no such campaign", str(path)
        )
    with Journal.open(path) as journal:
        letters = RecordedLetters(journal, record_of(journal, settings.follows, prefer=_digest_there(plan, world)))
        _check_read(settings.follows, settings.only, letters.read_at)
        campaign = FollowedCampaign(settings.follows, letters.rows(), letters.entries())
        wanted = Wanted(settings.only, seconds_of("after", settings.after), time.time(), letters.read_at)
    is_settled = settled_in(earlier, resend_unconfirmed=resend_unconfirmed)
    return _without_others(plan, plan.known_as(earlier), is_settled, campaign, wanted)


def _without_others(
    plan: Plan, known: Plan, is_settled: Callable[[bytes], bool], campaign: FollowedCampaign, wanted: Wanted
) -> Plan:
    """Leave out who gets no letter, each with the reason, and note what the others answer."""
    import numpy as np

    limit = plan.settings.limit
    asked = None if limit is not None or len(plan.going) == len(plan.fit) else frozenset(plan.going)
    fit: list[int] = []
    reasons: dict[int, str] = {}
    answered = dict(plan.answered)
    for (position, to, key), (_, _, own) in zip(plan.row_keys(), known.row_keys(), strict=True):
        if asked is not None and position not in asked:  # a retry of others: it stands as it does
            fit.append(position)
            continue
        letters = campaign.letters_of(key, to)
        why = "" if is_settled(own) else campaign.why_not(letters, wanted)
        if why:
            reasons[position] = why
            continue
        fit.append(position)
        if len(letters) == 1:
            answered[position] = letters[0].message_id
    places, recipients = np.array(fit, dtype=np.intp), plan.recipients
    going = places if asked is None else np.array([each for each in fit if each in asked], dtype=np.intp)
    cut = len(going) if limit is None else limit
    return replace(
        plan,
        fit=positions_of(places),
        going=positions_of(going[:cut]),
        beyond=positions_of(going[cut:]),
        excluded=plan.excluded.and_also(
            list(reasons), lambda position: RowSkipped(position, reasons[position], recipients[position])
        ),
        answered=answered,
    )


def follow_notice(plan: Plan) -> str:
    """Say what to know about the letters of a follow-up as a whole, or ""."""
    subject = plan.template.definition.subject.lstrip().lower()
    if plan.settings.follows is None or subject.startswith("re:"):
        return ""
    return (
        "These letters answer earlier ones, but their subject does not begin with 'Re:': Gmail and others show a "
        "letter in its thread only under the same subject."
    )


def _digest_there(plan: Plan, world: str) -> str:
    """Return what the followed campaign is known by if it went where this one goes."""
    settings = replace(plan.settings, campaign=plan.settings.follows, follows=None, only="silent", after=None)
    return campaign_digest(settings, plan.template.definition, world)


def _check_read(name: str, only: Only, read_at: float | None) -> None:
    if only == "all" or (read_at is not None and time.time() - read_at <= _FRESH_SECONDS):
        return
    known = "never read" if read_at is None else f"read on {_moment(read_at)} for the last time"
    raise FrameError(
        f"what came back of {name!r} was {known}, so who has not answered is not known: "
        f"await read_feedback(mailbox, {name!r}) first, or choose only='all'; nothing was sent"
    )


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}"


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d}"

"""plan_frame: how many messages would go, how large they are, and how long it takes under the server's limits."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notebookmail.checks.summary import counted_reasons
from notebookmail.delivery.events import RowFailed
from notebookmail.domain.bulk_rules import BULK_MESSAGES, bulk_notices
from notebookmail.folder.folder import Folder
from notebookmail.mail.message import Mail
from notebookmail.mailbox.drafts import Drafts
from notebookmail.privacy.masking import mask_text
from notebookmail.server.server import URL_VARIABLE, Server
from notebookmail.view.words.making import gain, making_in_words
from notebookmail.view.words.quantities import counted_in_words, least_duration, size_in_words

from .follow_up import follow_notice, followed
from .options import settings_of, shows_options
from .planning import make_plan
from .workers.crew import cores
from .workers.making import made_one_by_one

if TYPE_CHECKING:
    from typing import Unpack

    from notebookmail.compose.template import Template
    from notebookmail.delivery.destination import Destination

    from .options import SendOptions
    from .plan import Plan

_BUILT: Final = 1_000
"""So many messages are made to learn their size; of more rows, an even sample."""

_DEAR_SECONDS: Final = 0.005
"""Of a message: what costs less is rarely what takes the time."""

_DAY_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class SendPlan:
    """What send_frame would do, and how long it takes at the least.

    Attributes:
        messages: How many would go.
        left_out: How many rows stay: suppressed, duplicates, beyond the limit, those that get no follow-up.
        unfit: How many rows cannot be made into a message; an estimate where `is_estimate`.
        bytes: What all messages come to, in octets; an estimate where `is_estimate`.
        connections: How many at once at most; 0 where the messages are written to files.
        seconds: The least time that the rate and the daily quota allow; 0.0 where neither is set.
        server: Where it goes, or "the sandbox".
        is_estimate: True when only a sample of the messages was made.
        making: That making the messages may be the limit, and what to do about it, or "".
        notices: That SPF will not align, with bounce_to=, that a follow-up has a subject of its own, and from
            5,000 messages on what large receivers will miss, a line each.
        reasons: Why rows stay, with how many each, the most frequent first.
    """

    messages: int
    left_out: int
    unfit: int
    bytes: int
    connections: int
    seconds: float
    server: str
    is_estimate: bool = False
    making: str = ""
    notices: tuple[str, ...] = ()
    reasons: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        about = "about " if self.is_estimate else ""
        way = f" over up to {_counted(self.connections, 'connection')}"
        size = f"{about}{size_in_words(self.bytes)}"
        count = _counted(self.messages, "message")
        lines = [f"{about}{count}, {size}, to {self.server}{way if self.connections else ''}"]
        if not self.connections:
            lines.append("written to files: nobody is mailed")
        elif self.seconds:
            lines.append(f"at least {least_duration(self.seconds)} under the server's limits")
        else:
            lines.append("no rate or quota is set: as fast as the server takes them")
        if self.making:
            lines.append(self.making)
        if self.unfit:
            unfit = _counted(self.unfit, "row")
            lines.append(f"{about}{unfit} cannot be made into a message: check_frame says why")
        if self.left_out:
            rows = f"{_counted(self.left_out, 'row')} {'is' if self.left_out == 1 else 'are'}"
            lines.append(f"{rows} left out: {mask_text(', '.join(counted_in_words(self.reasons)))}")
        return "\n".join([*lines, *self.notices])

    __repr__ = __str__


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


@shows_options
def plan_frame(
    df: Any, template: Template, server: Destination | None = None, **options: Unpack[SendOptions]
) -> SendPlan:
    """Tell what send_frame would send and how long that takes at the least; nothing is sent.

    Nobody is asked but, from 5,000 messages on, DNS: what Gmail and Outlook.com want of large senders is held
    against the letter and the sender's domain. It takes some seconds at most; where DNS is silent, so is this.

    Args:
        df: As for send_frame.
        template: As for send_frame.
        server: As for send_frame; its rate, quota and connections are what counts.
        **options: As for send_frame. What the journal knows of earlier runs is not looked up.

    Raises:
        FrameError, TemplateError, JournalError: As for send_frame.

    Example:
        >>> plan_frame(df, template, Server("smtp.example.org", rate="30/min"))
        1,200 messages, 6.1 MB, to smtp.example.org:587 over up to 8 connections
        at least 40 min under the server's limits
    """
    settings = settings_of("plan_frame", options)
    if server is None and os.environ.get(URL_VARIABLE):
        server = Server.from_env()
    plan = followed(make_plan(df, template, settings), server.world if server else "", {})
    sizes, unfit, is_estimate, seconds = _sizes(plan)
    going = len(plan.going) - unfit
    notices = _bulk_notices(plan, server) if isinstance(server, Server) and going >= BULK_MESSAGES else ()
    connections = (server or Server("localhost")).connections_at_once(settings.max_connections)
    least = 0.0
    if server is not None:
        least = least_seconds(going, server.messages_per_second, server.daily_quotas.get(server.account))
    return SendPlan(
        messages=going,
        left_out=len(plan.frame) - len(plan.going),
        unfit=unfit,
        bytes=sizes,
        connections=0 if isinstance(server, Folder | Drafts) else min(connections, max(going, 1)),
        seconds=least,
        server=server.endpoint if server else "the sandbox",
        is_estimate=is_estimate,
        making=_making(plan, seconds, server.messages_per_second if server else None),
        notices=tuple(filter(None, (*notices, plan.bounce_notice, follow_notice(plan)))),
        reasons=tuple(_reasons(plan)),
    )


def _reasons(plan: Plan) -> list[tuple[str, int]]:
    """Count the rows that stay by why; those beyond the limit may be a million, and are not walked."""
    counted = counted_reasons(
        "refused (check_frame says why)" if isinstance(event, RowFailed) else event.reason
        for event in plan.excluded
    )
    return [*counted, *([(f"beyond limit={plan.settings.limit}", len(plan.beyond))] if plan.beyond else [])]


def _bulk_notices(plan: Plan, server: Server) -> tuple[str, ...]:
    """Hold one message against the rules for large senders; mail that stays on this machine has none."""
    if server.is_local:
        return ()
    messages = (made for _, made in made_one_by_one(plan.only(plan.going)) if isinstance(made, Mail))
    first = next(messages, None)
    return () if first is None else tuple(bulk_notices(first.content, server.hostname))


def least_seconds(messages: int, per_second: float | None, per_day: int | None) -> float:
    """Tell how long so many messages take at the least.

    Args:
        messages: How many messages go.
        per_second: The rate; None for no limit.
        per_day: The quota of 24 hours, all of which is still to be had; None for no limit.
    """
    if messages < 1:
        return 0.0
    full_days = 0 if per_day is None else math.ceil(messages / per_day) - 1
    rest = messages if per_day is None else messages - full_days * per_day
    pace = 0.0 if per_second is None else 1 / per_second
    return max((messages - 1) * pace, full_days * _DAY_SECONDS + (rest - 1) * pace)


def _sizes(plan: Plan) -> tuple[int, int, bool, float]:
    """Make messages; return the octets of all, how many are unfit, if that is an estimate, and seconds of one."""
    total = len(plan.going)
    step = max(1, math.ceil(total / _BUILT))
    octets = unfit = built = 0
    since = 0.0
    for _, made in made_one_by_one(plan.only(plan.going[::step])):
        built += 1
        if built == 1:  # it waits for libraries to load
            since = time.monotonic()
        if isinstance(made, Mail):
            octets += made.size
        else:
            unfit += 1
    share = total / built if built else 0.0
    seconds = (time.monotonic() - since) / (built - 1) if built > 1 else 0.0
    return round(octets * share), round(unfit * share), step > 1, seconds


def _making(plan: Plan, each: float, per_second: float | None) -> str:
    """Say how long messages take to make, where nothing that is known here takes longer."""
    if plan.settings.workers is not None or each < _DEAR_SECONDS or (per_second or math.inf) < 1 / each:
        return ""
    paces = gain(each, 1 / per_second if per_second else 0.0, cores())
    return making_in_words(each, len(plan.going), cores(), paces * each)

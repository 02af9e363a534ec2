"""A plan: which rows go, which do not and why, decided before anything is sent.

With group_by, a group of rows stands wherever a row does.

A plan for a million rows is made without looking at each: positions are ranges and arrays of numbers, recipients
are read when they are asked for, and messages, keys and events are made one after the other, while it goes.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from notebookmail.compose.recipients import Recipients
from notebookmail.compose.rows.one_row import OneRow
from notebookmail.delivery.backlog import Task
from notebookmail.delivery.events import RowPending
from notebookmail.mail.return_path import alignment_notice

from .campaign_digest import campaign_digest, first_digests
from .exclusions import ExcludedRows, positions_of
from .matching import Matching
from .message_maker import LetterOrder, MessageMaker, MessageSeed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import numpy as np
    import numpy.typing as npt

    from notebookmail.compose.renderer import Renderer
    from notebookmail.compose.rows.frame import Frame, Row
    from notebookmail.compose.template import Template
    from notebookmail.delivery.journal import Earlier
    from notebookmail.mail.idempotency import Idempotency

    from .exclusions import Positions
    from .options import SendSettings
    from .unwanted import Unwanted

_ROWS_AT_ONCE: Final = 64  # few enough for the first message not to wait, and for groups of many rows


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a run will do.

    Attributes:
        template: What each row gets.
        settings: What the caller asked for, checked.
        frame: The rows, or groups of them.
        renderer: Makes their messages.
        recipients: The address of each row, by position; "" where it cannot be made out.
        fit: The positions of the rows that may be sent, in order.
        alike: Those of them that may be known by the same as another.
        going: The positions of the rows to send, in order.
        beyond: The positions of the rows that the limit leaves for later.
        unwanted: Addresses never to mail.
        matching: Which row is which of the journal's.
        excluded: An event for every row that may not be sent.
        answered: The Message-IDs of the letters that these follow, by position.
    """

    template: Template
    settings: SendSettings
    frame: Frame
    renderer: Renderer
    recipients: Recipients
    fit: Positions
    alike: Positions
    going: Positions
    beyond: Positions
    unwanted: Unwanted
    matching: Matching
    excluded: ExcludedRows
    answered: Mapping[int, str] = field(default_factory=dict)

    @property
    def bounce_notice(self) -> str:
        """What to know of where bounces go, or ""."""
        settings = self.settings
        sender = self.template.definition.sender if settings.sender is None else settings.sender
        return alignment_notice(settings.return_path.bounce_to, sender)

    @property
    def left_out(self) -> ExcludedRows:
        """An event for every row that is not going to be sent, with the reason."""
        return self.excluded.and_also(self.beyond, self._left_for_later)

    @property
    def left_for_later(self) -> ExcludedRows:
        """An event for every row that the limit leaves for later."""
        return ExcludedRows().and_also(self.beyond, self._left_for_later)

    def _left_for_later(self, position: int) -> RowPending:
        return RowPending(position, f"beyond limit={self.settings.limit}", self.recipients[position])

    def digest(self, world: str) -> str:
        """Return what the campaign is known by; `world` as for `campaign_digest`."""
        return campaign_digest(self.settings, self.template.definition, world)

    def first_digests(self, world: str, names: Iterable[str]) -> set[str]:
        """Return what the campaign may be known by in a journal of the first rules, as `first_digests` does."""
        return first_digests(self.settings, self.template.definition, world, names)

    def tasks(self, campaign: str = "", generation: int = 0, secret: str = "") -> Iterator[Task]:
        """Make the tasks, row by row, when they are asked for.

        Args:
            campaign: The campaign's digest; Message-IDs are made of it, the row's key and the generation.
            generation: Which time it is that the campaign is sent from the beginning.
            secret: What the journal keeps of the campaign, so that nobody else can make its Message-IDs.
        """
        prefix = f"{campaign or self.digest('')} {generation} "
        keys = self.matching.keys if self.matching.keys.says else None
        maker = MessageMaker(self.renderer, self.unwanted, MessageSeed(prefix, secret), keys, self.answered)
        for row, to, key in self._keyed(self.going):
            yield Task(row.position, to, key, LetterOrder(maker, key, row, to))

    def row_keys(self) -> Iterator[tuple[int, str, bytes]]:
        """Walk the rows that may be sent, also those beyond the limit: position, recipient and key of each."""
        return ((row.position, to, key) for row, to, key in self._keyed(self.fit))

    def known_as(self, earlier: Mapping[bytes, Earlier]) -> Plan:
        """Return the plan with the keys under which the journal knows its rows."""
        return replace(self, matching=self._matching(earlier))

    def only(self, positions: Iterable[int]) -> Plan:
        """Return a plan for some of the rows, without confirm, limit and resend.

        Those that may not be sent stay out.
        """
        import numpy as np

        wanted = np.zeros(len(self.frame), dtype=bool)
        wanted[list(positions)] = True
        fit = np.asarray(self.fit, dtype=np.intp)
        going = positions_of(fit[wanted[fit]])
        settings = replace(self.settings, confirm=None, limit=None, resend=False)
        return replace(self, settings=settings, going=going, beyond=range(0), excluded=ExcludedRows())

    def alone(self, position: int) -> Plan:
        """Return a plan for one row that may be sent, as if there were no other."""
        recipients = Recipients()
        recipients.add([self.recipients[position]])
        return replace(
            self, frame=OneRow(self.frame, position), recipients=recipients, fit=range(1), alike=range(0),
            going=range(1), beyond=range(0), excluded=ExcludedRows(),
        )  # fmt: skip

    def resumed(self, earlier: Mapping[bytes, Earlier], *, resend_unconfirmed: bool = False) -> Plan:
        """Return a plan that counts against the limit only what would really go.

        Rows that an earlier run settled stay among those going: each is found to be so when its turn comes.

        Args:
            earlier: What the journal knows of rows, by key.
            resend_unconfirmed: Whether rows that may have been delivered count as unsent.

        Raises:
            FrameError: A journal of an older version cannot tell who has had the letter.
        """
        plan = self.known_as(earlier)
        plan.matching.check(self.frame, plan._keyed(self.fit))
        if self.settings.limit is not None and earlier:
            plan = plan._limited(self.settings.limit, settled_in(earlier, resend_unconfirmed=resend_unconfirmed))
        return plan

    def has_unsettled(self, earlier: Mapping[bytes, Earlier], *, resend_unconfirmed: bool = False) -> bool:
        """Tell whether any of the rows would really go; the arguments are as for `resumed`."""
        if not earlier:
            return bool(self.going)
        is_settled = settled_in(earlier, resend_unconfirmed=resend_unconfirmed)
        return not all(is_settled(key) for _, _, key in self._keyed(self.going))

    def _limited(self, limit: int, is_settled: Callable[[bytes], bool]) -> Plan:
        going, beyond, fresh = array("q"), array("q"), 0
        for row, _, key in self._keyed(self.fit):
            if is_settled(key):
                going.append(row.position)
            elif fresh < limit:
                fresh += 1
                going.append(row.position)
            else:
                beyond.append(row.position)
        return replace(self, going=going, beyond=beyond)

    def _keyed(self, positions: Positions) -> Iterator[tuple[Row, str, bytes]]:
        """Walk rows with their recipients and keys.

        Rows that may be alike are counted in the order of the frame, also those that are not asked for: the second
        of two is the second when it is tried alone, too.
        """
        recipients, matching = self.recipients, self.matching
        if not self.alike or not positions:
            walk = self.frame.rows(positions)
            while rows := list(islice(walk, _ROWS_AT_ONCE)):
                told = [recipients[row.position] for row in rows]
                yield from zip(rows, told, matching.each(rows, told), strict=True)
            return
        is_asked, is_alike = (_marks(len(self.frame), each) for each in (positions, self.alike))
        met: Counter[bytes] = Counter()
        for row in self.frame.rows(_marked(is_asked | is_alike, positions[-1])):
            to = recipients[row.position]
            if not is_alike[row.position]:
                key = matching.key(row, to)
            elif not matching.follows_order:
                key = matching.assigned(row.position)
            else:
                person = matching.keys.person(row, to)
                key = matching.keys.key(person)
                met[key] += 1
                if met[key] > 1:
                    key = matching.keys.key(person, met[key])
            if is_asked[row.position]:
                yield row, to, key

    def _matching(self, earlier: Mapping[bytes, Earlier]) -> Matching:
        """Return what finds the keys of rows, beside what the journal knows of them."""

        def walk() -> Iterator[tuple[Row, str]]:
            return ((row, self.recipients[row.position]) for row in self.frame.rows(self.alike))

        return Matching(self.matching.keys, self.matching.first, earlier, walk)


def settled_in(earlier: Mapping[bytes, Earlier], *, resend_unconfirmed: bool) -> Callable[[bytes], bool]:
    """Return what tells by its key whether an earlier run settled a row.

    Args:
        earlier: What the journal knows of rows, by key.
        resend_unconfirmed: Whether rows that may have been delivered count as unsent.
    """
    done = {"sent"} if resend_unconfirmed else {"sent", "committing", "unconfirmed"}

    def is_settled(key: bytes) -> bool:
        known = earlier.get(key)
        return known is not None and known.state in done

    return is_settled


def goes_again(earlier: Mapping[bytes, Earlier], idempotency: Idempotency, now: float) -> bool:
    """Tell whether every row in doubt is still known to a server that delivers it once, and can go again.

    Args:
        earlier: What the journal knows of rows, by key.
        idempotency: How the server is told that a message is the same as before.
        now: Seconds since the epoch.
    """
    return all(
        now - known.at < idempotency.seconds and not known.delivered
        for known in earlier.values()
        if known.state in {"committing", "unconfirmed"}
    )


def _marks(count: int, positions: Positions) -> npt.NDArray[np.bool_]:
    import numpy as np

    marks = np.zeros(count, dtype=bool)
    marks[np.asarray(positions, dtype=np.intp)] = True
    return marks


def _marked(marks: npt.NDArray[np.bool_], last: int) -> Positions:
    """Return the marked positions up to the last that is wanted."""
    import numpy as np

    return positions_of(np.flatnonzero(marks[: last + 1]))

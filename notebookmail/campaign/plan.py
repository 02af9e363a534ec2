"""From a call of send_frame to a frozen plan: which rows go, which do not and why, before anything is sent.

Everything that makes the call as a whole wrong is found here: a column the template needs and the frame lacks, the
same person or key twice, a count that is not the confirmed one. What is wrong with one row is that row's result.
With group_by, a group of rows stands wherever a row does.

A plan for a million rows is made without looking at each: positions are ranges and arrays of numbers, recipients
are read when they are asked for, and messages, keys and events are made one after the other, while it goes.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from notebookmail.compose.groups import ROWS, GroupedFrame
from notebookmail.compose.identity.keys import Keys, key_text, read_keys
from notebookmail.compose.identity.same_value import address_text, name_text, values_text
from notebookmail.compose.recipients import Recipients, has_several_recipients, read_recipients, repeated
from notebookmail.compose.rows.frame import Frame
from notebookmail.delivery.backlog import Task
from notebookmail.delivery.events import RowPending
from notebookmail.errors import INTERRUPTS, AddressError, FrameError, NotebookmailError, TemplateError
from notebookmail.mail.address import parse_mailbox, to_ascii_domain
from notebookmail.privacy.masking import mask_address

from .exclusions import ExcludedRows, Exclusions, positions_of
from .matching import Matching
from .old_journal_keys import OldJournalKeys, first_campaign_digest, first_template_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from notebookmail.compose.renderer import Renderer
    from notebookmail.compose.rows.frame import Row
    from notebookmail.compose.template import Template
    from notebookmail.delivery.journal import Earlier
    from notebookmail.mail.message import Mail, RowContent

    from .exclusions import Positions
    from .options import SendSettings


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a run will do.

    Attributes:
        template: What each row gets.
        options: What the caller asked for.
        frame: The rows, or groups of them.
        renderer: Makes their messages.
        recipients: The address of each row, by position; "" where it cannot be made out.
        fit: The positions of the rows that may be sent, in order.
        alike: Those of them that may be known by the same as another.
        going: The positions of the rows to send, in order.
        beyond: The positions of the rows that the limit leaves for later.
        unwanted: Addresses never to mail, as they are compared.
        matching: Which row is which of the journal's.
        excluded: An event for every row that may not be sent.
    """

    template: Template
    options: SendSettings
    frame: Frame
    renderer: Renderer
    recipients: Recipients
    fit: Positions
    alike: Positions
    going: Positions
    beyond: Positions
    unwanted: frozenset[str]
    matching: Matching
    excluded: ExcludedRows

    @property
    def staying(self) -> ExcludedRows:
        """An event for every row that is not going, with the reason."""
        return self.excluded.and_also(self.beyond, self._left_for_later)

    @property
    def left_for_later(self) -> ExcludedRows:
        """An event for every row that the limit leaves for later."""
        return ExcludedRows().and_also(self.beyond, self._left_for_later)

    def _left_for_later(self, position: int) -> RowPending:
        return RowPending(position, f"beyond limit={self.options.limit}", self.recipients[position])

    def digest(self, world: str) -> str:
        """Return what the campaign is known by.

        Args:
            world: Where it is sent: "" for every server out there, which are one world to the people who get it.
        """
        options = self.options
        if options.campaign is not None:
            known = ["2 name", world, name_text(options.campaign), options.redirect_to]
        else:
            sender = self.template.definition.sender if options.sender is None else options.sender
            known = ["2 letter", world, self.template.definition.digest_with(sender), options.redirect_to]
        return blake2b(values_text(known).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def first_digests(self, world: str, names: Iterable[str]) -> set[str]:
        """Return what the campaign may be known by in a journal of the first rules.

        Args:
            world: As for `digest`.
            names: The names of campaigns such a journal holds.
        """
        options, definition = self.options, self.template.definition
        if options.campaign is not None:
            same = {name for name in names if name_text(name) == name_text(options.campaign)}
            return {
                first_campaign_digest(["name", world, name, options.redirect_to])
                for name in (options.campaign, *same)
            }
        sender = definition.sender if options.sender is None else options.sender
        # Where the sender stood (in the template, in the call, in both) made another campaign then.
        written = {(sender, None), (sender, sender), (None, sender), (definition.sender, options.sender)}
        return {
            first_campaign_digest(
                [
                    "letter",
                    world,
                    first_template_digest(replace(definition, sender=own)),
                    given,
                    options.redirect_to,
                ]
            )
            for own, given in written
        }

    def tasks(self, campaign: str = "", generation: int = 0) -> Iterator[Task]:
        """Make the tasks, row by row, when they are asked for.

        Args:
            campaign: The campaign's digest; Message-IDs are made of it, the row's key and the generation.
            generation: Which time it is that the campaign is sent from the beginning.
        """
        prefix = f"{campaign or self.digest('')} {generation} "
        keys = self.matching.keys if self.matching.keys.says else None
        making = _LetterMaker(self.renderer, self.unwanted, prefix, keys)
        for row, to, key in self._keyed(self.going):
            yield Task(row.position, to, key, partial(making.build, key, row, to))

    def only(self, positions: Iterable[int]) -> Plan:
        """Return a plan for some of the rows, without confirm, limit and resend.

        Those that may not be sent stay out.
        """
        import numpy as np

        wanted = np.zeros(len(self.frame), dtype=bool)
        wanted[list(positions)] = True
        fit = np.asarray(self.fit, dtype=np.intp)
        going = positions_of(fit[wanted[fit]])
        options = replace(self.options, confirm=None, limit=None, resend=False)
        return replace(self, options=options, going=going, beyond=range(0), excluded=ExcludedRows())

    def resumed(self, earlier: Mapping[bytes, Earlier], *, resend_unconfirmed: bool = False) -> Plan:
        """Return a plan that counts against limit and confirm only what would really go.

        Rows that an earlier run settled stay among those going: each is found to be so when its turn comes.

        Args:
            earlier: What the journal knows of rows, by key.
            resend_unconfirmed: Whether rows that may have been delivered count as unsent.

        Raises:
            FrameError: Not exactly as many messages as confirmed would go; the message says what would.
        """
        plan = replace(self, matching=self._matching(earlier))
        plan.matching.check(self.frame, plan._keyed(self.fit))
        done = {"sent"} if resend_unconfirmed else {"sent", "committing", "unconfirmed"}

        def is_settled(key: bytes) -> bool:
            known = earlier.get(key)
            return known is not None and known.state in done

        if self.options.limit is not None and earlier:
            plan = plan._limited(self.options.limit, is_settled)
        if self.options.confirm is not None:
            plan._check_confirm(self.options.confirm, is_settled)
        return plan

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

    def _check_confirm(self, confirm: int, is_settled: Callable[[bytes], bool]) -> None:
        settled = unfit = 0
        for task in self.tasks():
            if is_settled(task.key):
                settled += 1
            elif not _can_build(task):
                unfit += 1
        would_go = len(self.going) - settled - unfit
        if would_go != confirm:
            before = f"{settled} were sent before, " if settled else ""
            raise FrameError(
                f"confirm={confirm}, but {would_go} messages would go: {len(self.frame)} {self.frame.unit}s, of "
                f"which {before}{len(self.staying)} are left out and {unfit} cannot be rendered; nothing was sent"
            )

    def _keyed(self, positions: Positions) -> Iterator[tuple[Row, str, bytes]]:
        """Walk rows with their recipients and keys.

        Rows that may be alike are counted in the order of the frame, also those that are not asked for: the second
        of two is the second when it is tried alone, too.
        """
        recipients, matching = self.recipients, self.matching
        if not self.alike or not positions:
            for row in self.frame.rows(positions):
                to = recipients[row.position]
                yield row, to, matching.key(row, to)
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


class _LetterMaker:
    """Makes the messages of rows, each when its turn comes.

    Args:
        renderer: Fills in a row.
        unwanted: Addresses never to mail.
        prefix: What Message-IDs begin to be made of.
        keys: Tells what a row said; None where nobody asks.
    """

    def __init__(self, renderer: Renderer, unwanted: frozenset[str], prefix: str, keys: Keys | None) -> None:
        self._renderer = renderer
        self._unwanted = unwanted
        self._prefix = prefix
        self._keys = keys

    def build(self, key: bytes, row: Row, to: str) -> Mail:
        """Make one row's message.

        Raises:
            NotebookmailError: None can be made; the error says why.
        """
        touched: set[str] = set()
        said = None if self._keys is None else partial(self._said, self._keys, row, to, touched)
        try:
            mail = self._renderer.compile(row, seed=self._seed(key, row, to), touched=touched, said=said)
        except NotebookmailError:
            raise
        except INTERRUPTS:
            raise
        except BaseException as problem:  # what a library thinks of one row's values must not stop the others
            message = f"the message could not be made: {type(problem).__name__}: {problem}"
            raise TemplateError(message, None, row.label) from problem
        if self._unwanted:
            for address in mail.envelope.recipients:
                if address_text(address) in self._unwanted:
                    who = mask_address(address)
                    message = f"{who} is among cc or bcc and on the suppress list; take it out of one of them"
                    raise TemplateError(message, None, row.label)
        return mail

    @staticmethod
    def _said(keys: Keys, row: Row, to: str, touched: set[str]) -> RowContent:
        return keys.said(row, to, keys.names(row, touched))

    def _seed(self, key: bytes, row: Row, to: str) -> str:
        """Return what a message's identifier is made of: of a letter that reads the whole row, all it says."""
        seed = self._prefix + key.hex()
        if self._keys is None or not (self._keys.is_by_content and self._keys.reads.is_whole):
            return seed
        return f"{seed} {self._keys.said(row, to, self._keys.names(row)).digest}"


def make_plan(df: Any, template: Template, options: SendSettings) -> Plan:
    """Decide what goes, as if nothing had been sent before; `Plan.resumed` takes account of what was.

    Args:
        df: A pandas DataFrame, or a frame of any library narwhals reads. It is not changed.
        template: What each row gets.
        options: What the caller asked for; `confirm` is checked by `Plan.resumed`.

    Raises:
        FrameError: The call cannot be carried out; the message says why and what to do.
    """
    frame = Frame(df) if options.group_by is None else GroupedFrame(df, options.group_by)
    renderer = template.renderer(
        frame.columns,
        date=datetime.now().astimezone(),
        sender=options.sender,
        redirect_to=options.redirect_to,
        dkim=options.dkim,
    )
    _check_key(options.key, frame)
    is_whole = renderer.row_reads.is_open or ROWS in renderer.reads
    frame.own(None if is_whole else {*renderer.reads, *options.key, *filter(None, [options.group_by])})
    unwanted = _unwanted(options.suppress)
    recipients, hashes = read_recipients(frame, renderer, template)
    sorting = Exclusions(frame, recipients, options.duplicates)
    sorting.refuse(frame.refusals())
    if unwanted:
        sorting.skip_unwanted(unwanted, hashes, has_several=has_several_recipients(template))
    sorting.look_for_repeated(hashes, "recipient", lambda position: address_text(recipients[position]))
    if options.key:
        hashes, keyless = read_keys(frame, options.key)
        sorting.refuse(_key_refusals(frame, keyless))
        sorting.look_for_repeated(hashes, "key", lambda position: _key_at(frame, options.key, position))
    fit = sorting.fit()
    alike = positions_of(fit[repeated(hashes[fit])])
    cut = len(fit) if options.limit is None else options.limit
    return Plan(
        template=template,
        options=options,
        frame=frame,
        renderer=renderer,
        recipients=recipients,
        fit=positions_of(fit),
        alike=alike,
        going=positions_of(fit[:cut]),
        beyond=positions_of(fit[cut:]),
        unwanted=unwanted,
        matching=_first_matching(template, renderer, options, frame.columns),
        excluded=sorting.excluded,
    )


def _first_matching(
    template: Template, renderer: Renderer, options: SendSettings, columns: Sequence[str]
) -> Matching:
    """Return what finds the keys of rows of which nothing is known."""
    is_by_recipient = options.campaign is not None
    keys = Keys(renderer.row_reads, options.key, is_by_recipient=is_by_recipient)
    return Matching(keys, OldJournalKeys(template, columns, options.key, is_by_recipient=is_by_recipient))


def _unwanted(suppress: Iterable[str]) -> frozenset[str]:
    """Read the suppress list; an entry that is no address is a slip that could let somebody be mailed."""
    found: set[str] = set()
    for number, text in enumerate(suppress, 1):
        try:
            found.add(address_text(to_ascii_domain(parse_mailbox(text).address)))
        except AddressError as problem:
            raise FrameError(f"suppress holds what is no address: number {number}, {problem}") from problem
    return frozenset(found)


def _check_key(key: Sequence[str], frame: Frame) -> None:
    own = [name for name in frame.columns if not (frame.unit == "group" and name == ROWS)]
    missing = [name for name in key if name not in own]
    if missing:
        raise FrameError(
            f"key={missing[0]!r}: there is no such column; there are: {', '.join(map(repr, own)) or 'none'}"
        )


def _key_refusals(frame: Frame, keyless: Mapping[int, str]) -> dict[int, TemplateError]:
    positions = sorted(keyless)
    labels = frame.labels[positions].tolist()
    several = ", or has several" if frame.unit == "group" else ""
    return {
        position: TemplateError(
            f"the {frame.unit} has no value in {keyless[position]!r}, a column of key{several}, so a later run "
            "could not know it again: fill it in, or drop the row",
            None,
            label,
        )
        for position, label in zip(positions, labels, strict=True)
    }


def _key_at(frame: Frame, key: Sequence[str], position: int) -> str:
    row = next(frame.rows([position]))
    return key_text([row.fields[name] for name in key])[1:-1]


def _can_build(task: Task) -> bool:
    try:
        task.build()
    except NotebookmailError:
        return False
    return True


def _marks(count: int, positions: Positions) -> npt.NDArray[np.bool_]:
    import numpy as np

    marks = np.zeros(count, dtype=bool)
    marks[np.asarray(positions, dtype=np.intp)] = True
    return marks


def _marked(marks: npt.NDArray[np.bool_], last: int) -> Positions:
    """Return the marked positions up to the last that is wanted."""
    import numpy as np

    return positions_of(np.flatnonzero(marks[: last + 1]))

"""From a call of send_frame to a plan; what makes the call as a whole wrong is found here.

A column the template needs and the frame lacks, the same person or key twice, addresses that are none: refused
before anything is sent. What is wrong with one row is that row's result.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from notebookmail.address import parse_mailbox, to_ascii_domain
from notebookmail.compose.groups import ROWS, GroupedFrame
from notebookmail.compose.identity.keys import Keys, key_text, read_keys
from notebookmail.compose.identity.same_value import address_text
from notebookmail.compose.recipients import has_several_recipients, read_recipients, repeated
from notebookmail.compose.rows.frame import Frame
from notebookmail.compose.template import Template
from notebookmail.errors import AddressError, FrameError, TemplateError

from .exclusions import Exclusions, positions_of
from .matching import Matching
from .old_journal_keys import OldJournalKeys
from .plan import Plan
from .suppressions import SuppressedAddresses
from .unwanted import Unwanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notebookmail.compose.renderer import Renderer

    from .options import SendSettings


def make_plan(df: Any, template: Template, settings: SendSettings) -> Plan:
    """Decide what goes, as if nothing had been sent before; `Plan.resumed` takes account of what was.

    Args:
        df: As for Frame. It is not changed.
        template: What each row gets.
        settings: What the caller asked for; `confirm` is checked when the run begins.

    Raises:
        FrameError: The call cannot be carried out; the message says why and what to do.
        JournalError: Whom never to mail cannot be read.
    """
    if not isinstance(template, Template):
        raise FrameError(
            f"template is a {type(template).__name__}: give Template('Subject', markdown='...'), "
            "or Template.from_file('letter.md')"
        )
    frame = Frame(df) if settings.group_by is None else GroupedFrame(df, settings.group_by)
    renderer = template.renderer(
        frame.columns,
        date=datetime.now().astimezone(),
        sender=settings.sender,
        redirect_to=settings.redirect_to,
        dkim=settings.dkim,
        return_path=settings.return_path,
    )
    _check_key(settings.key, frame)
    is_whole = renderer.row_reads.is_open or ROWS in renderer.reads
    frame.own(None if is_whole else {*renderer.reads, *settings.key, *filter(None, [settings.group_by])})
    unwanted = _unwanted(settings)
    recipients, hashes = read_recipients(frame, renderer, template)
    exclusions = Exclusions(frame, recipients, settings.duplicates)
    exclusions.refuse(frame.refusals())
    exclusions.skip_unwanted(unwanted, hashes, has_several=has_several_recipients(template))
    exclusions.look_for_repeated(hashes, "recipient", lambda position: address_text(recipients[position]))
    if settings.key:
        hashes, keyless = read_keys(frame, settings.key)
        exclusions.refuse(_key_refusals(frame, keyless))
        exclusions.look_for_repeated(hashes, "key", lambda position: _key_at(frame, settings.key, position))
    fit = exclusions.fit()
    alike = positions_of(fit[repeated(hashes[fit])])
    cut = len(fit) if settings.limit is None else settings.limit
    return Plan(
        template=template,
        settings=settings,
        frame=frame,
        renderer=renderer,
        recipients=recipients,
        fit=positions_of(fit),
        alike=alike,
        going=positions_of(fit[:cut]),
        beyond=positions_of(fit[cut:]),
        unwanted=unwanted,
        matching=_first_matching(template, renderer, settings, frame.columns),
        excluded=exclusions.excluded,
    )


def _first_matching(
    template: Template, renderer: Renderer, settings: SendSettings, columns: Sequence[str]
) -> Matching:
    """Return what finds the keys of rows of which nothing is known."""
    is_by_recipient = settings.campaign is not None
    keys = Keys(renderer.row_reads, settings.key, is_by_recipient=is_by_recipient)
    return Matching(keys, OldJournalKeys(template, columns, settings.key, is_by_recipient=is_by_recipient))


def _unwanted(settings: SendSettings) -> Unwanted:
    """Read the suppress list and the book; an entry that is no address is a slip that could let it be mailed."""
    found: set[str] = set()
    for number, text in enumerate(settings.suppress, 1):
        try:
            found.add(address_text(to_ascii_domain(parse_mailbox(text).address)))
        except AddressError as problem:
            raise FrameError(f"suppress holds what is no address: number {number}, {problem}") from problem
    book = SuppressedAddresses.of(settings.journal) if settings.suppressed == "skip" else None
    return Unwanted(frozenset(found), book)


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

"""Single rows of a plan looked at before anything goes out: the message that would go, and what is wrong with it.

The same renderer and the same rules for a check of all rows as for a preview of one, so that both say the same of
a row. A row that gets no message is looked at, too: what is known of it is why.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from notebookmail.campaign.follow_up import followed
from notebookmail.campaign.planning import make_plan
from notebookmail.checks.addresses import address_remarks, mailbox_key
from notebookmail.checks.findings import KINDS, Remark, error, warning
from notebookmail.checks.message import MessageChecks, transport_remarks
from notebookmail.checks.parsed_message import read
from notebookmail.checks.previewed_row import PreviewedRow
from notebookmail.checks.printed_values import ColumnValues
from notebookmail.compose.groups import ROWS, Varying
from notebookmail.compose.identity.same_value import address_text
from notebookmail.compose.rows.frame import email_column
from notebookmail.delivery.events import RowFailed, RowPending, RowSkipped
from notebookmail.errors import AddressError, NotebookmailError, TemplateError
from notebookmail.privacy.masking import quoted_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from notebookmail.campaign.options import Duplicates, SendSettings
    from notebookmail.campaign.plan import Plan
    from notebookmail.checks.parsed_message import ParsedMessage
    from notebookmail.compose.rows.frame import Row
    from notebookmail.compose.template import Template
    from notebookmail.delivery.events import RowLeft
    from notebookmail.mail.message import Mail
    from notebookmail.smtp.wire.extensions import Extensions

_CHUNK: Final = 4096
_NEIGHBOURS: Final = 64


def plan_to_look_at(df: Any, template: Template, settings: SendSettings, world: str = "") -> Plan:
    """Plan what send_frame would send, with somebody who would be mailed twice left in where that is an error.

    Args:
        df: As for send_frame.
        template: As for send_frame.
        settings: What the caller asked for.
        world: Where it would be sent, as for `followed`; "" where nobody has said.

    Raises:
        FrameError, TemplateError, JournalError: send_frame would refuse the call for another reason.
    """
    # The findings name the duplicates; left out they are only where the caller wants them skipped.
    duplicates: Duplicates = "skip" if settings.duplicates == "skip" else "send"
    plan = make_plan(df, template, replace(settings, duplicates=duplicates, confirm=None))
    return followed(plan, world, {})


class RowInspector:
    """Looks at the messages of one plan.

    Args:
        plan: Which rows go.
        template: What each row gets.
        settings: What the caller asked for; a plan to look at differs from it in duplicates.
    """

    def __init__(self, plan: Plan, template: Template, settings: SendSettings) -> None:
        self.plan = plan
        # Of rows that are all the same the Message-IDs are numbered. To know a row's number is to walk all of
        # them, which one look at a row is not worth.
        self._unnumbered = replace(plan, alike=range(0))
        self._template = template
        self._settings = settings
        self._checks = MessageChecks(template.definition, plan.frame.columns)
        self._repeated: dict[int, list[Remark]] = {}
        self._coming = repetitions(plan, settings.duplicates)
        self._neighbours: tuple[int, list[Row]] = (-1, [])
        self._looked_until = 0  # the first row repeats none

    @property
    def duplicates(self) -> Duplicates:
        """What the caller wants done with rows of the same recipient."""
        return self._settings.duplicates

    # --- all rows -------------------------------------------------------------------------------------------

    def recipient_remarks(self, position: int) -> Iterator[Remark]:
        """Say what looks wrong about the addresses a row is for."""
        for address in self.plan.recipients[position].split(", "):
            yield from address_remarks(address, "to")

    def mail_remarks(
        self,
        mail: Mail,
        parsed: ParsedMessage,
        position: int,
        *,
        server: str = "",
        offered: Extensions | None = None,
        is_alone: bool = False,
    ) -> Iterator[Remark]:
        """Say what is wrong with a message that was made.

        Args:
            mail: The message.
            parsed: The same, read back.
            position: The position of its row.
            server: The name of the server that was asked, for messages.
            offered: What that server takes; None where none was asked.
            is_alone: True for a row that is looked at by itself.
        """
        yield from self._checks.remarks(parsed)
        if self._column_values:
            yield from self._column_values.remarks(partial(_cells, self._row(position)), parsed, is_alone=is_alone)
        if self._settings.redirect_to is None:
            to = self.plan.recipients[position].split(", ")
            for address in mail.envelope.recipients:
                if address not in to:
                    yield from address_remarks(address, "cc")
        yield from transport_remarks(
            mail,
            server=server,
            size=offered.size if offered else None,
            has_smtputf8=offered is None or "smtputf8" in offered,
        )

    # --- one row --------------------------------------------------------------------------------------------

    def previewed_row(self, position: int) -> PreviewedRow:
        """Make the message of one row, or tell why there is none."""
        event = self._left_out.get(position)
        if event is None and _holds(self.plan.beyond, position):
            event = RowPending(position, f"beyond limit={self._settings.limit}", self.plan.recipients[position])
        if isinstance(event, RowFailed):
            problem = event.error if isinstance(event.error, NotebookmailError) else None
            remarks = [] if problem is None else [failure_of_row(problem)]
            return self._previewed(position, None, remarks, problem)
        if event is not None:
            return self._previewed(position, None, [], left_out=event.reason)
        remarks = [*self._repetitions_of(position), *self.recipient_remarks(position)]
        try:
            mail = next(iter(self._unnumbered.only([position]).tasks())).build()
        except NotebookmailError as problem:
            return self._previewed(position, None, [*remarks, failure(problem)], problem)
        remarks += self.mail_remarks(mail, read(mail), position, is_alone=True)
        return self._previewed(position, mail, remarks)

    def _previewed(
        self,
        position: int,
        mail: Mail | None,
        remarks: list[Remark],
        problem: NotebookmailError | None = None,
        left_out: str = "",
    ) -> PreviewedRow:
        frame = self.plan.frame
        ordered = sorted(dict.fromkeys(remarks), key=lambda remark: remark.severity != "error")
        return PreviewedRow(
            position=position,
            label=frame.labels[[position]].tolist()[0],
            unit=frame.unit,
            mail=mail,
            problem=problem,
            left_out=left_out,
            remarks=tuple(ordered),
            values=tuple(self._values(position)),
        )

    def _values(self, position: int) -> Iterator[tuple[str, Any]]:
        """Walk the values of a row that the template reads."""
        row = next(self.plan.frame.rows([position]))
        for name in self.used:
            if name in row.fields:
                value = row.fields[name]
                yield name, "(several values)" if isinstance(value, Varying) else value

    @cached_property
    def used(self) -> tuple[str, ...]:
        """The columns the template reads, in the frame's order; all of them where it reads the whole row."""
        columns = [name for name in self.plan.frame.columns if name != ROWS]
        names = frozenset[str]().union(*self._template.compiled.names.values())
        if "row" in names:
            return tuple(columns)
        if not self._template.definition.to:
            names |= {email_column(columns)}
        return tuple(name for name in columns if name in names)

    def _row(self, position: int) -> Row:
        """Return a row; its neighbours, which are looked at next, are read with it."""
        start = position - position % _NEIGHBOURS
        if self._neighbours[0] != start:
            stop = min(start + _NEIGHBOURS, len(self.plan.frame))
            self._neighbours = (start, list(self.plan.frame.rows(range(start, stop))))
        return self._neighbours[1][position - start]

    @cached_property
    def _column_values(self) -> ColumnValues:
        """The rules for the columns the template reads; a loop over a group's rows may read all."""
        frame, names = self.plan.frame, frozenset[str]().union(*self._template.compiled.names.values())
        columns = [name for name in frame.columns if name != ROWS] if ROWS in names else self.used
        return ColumnValues({name: frame.column(name, _CHUNK) for name in columns})

    @cached_property
    def _left_out(self) -> dict[int, RowLeft]:
        return {event.position: event for event in self.plan.excluded}

    def _repetitions_of(self, position: int) -> list[Remark]:
        """Return what is said of a row whose recipient an earlier row has: no later row needs to be known."""
        while self._looked_until < position:
            remark, self._looked_until = next(self._coming, (None, len(self.plan.frame)))
            if remark is not None:
                self._repeated.setdefault(self._looked_until, []).append(remark)
        return self._repeated.get(position, [])


def _cells(row: Row, name: str) -> Iterable[Any]:
    """Return a row's cells of a column: one, or those of the rows of a group."""
    value = row.fields[name]
    return [each[name] for each in row.fields[ROWS]] if isinstance(value, Varying) else [value]


def failure(problem: NotebookmailError) -> Remark:
    """Say what a row's exception says."""
    if not isinstance(problem, TemplateError):
        return error("template", None, str(problem))
    cause = problem.__cause__
    if isinstance(cause, AddressError):
        return Remark("error", "address", problem.field, problem.message, KINDS["address"].remedy, cause.text)
    return error("template", problem.field, problem.message)


def failure_of_row(problem: NotebookmailError) -> Remark:
    """Say what the exception of a row that was sorted out says.

    It names the row: where a group is one row without a key, its label names nothing.
    """
    return replace(failure(problem), message=str(problem))


def repetitions(plan: Plan, duplicates: Duplicates) -> Iterator[tuple[Remark, int]]:
    """Find the rows whose recipient an earlier row has, or probably has, in the order of the frame.

    Args:
        plan: A plan to look at.
        duplicates: What the caller wants done with them.
    """
    others = _others(plan, duplicates)
    seen: dict[str, int] = {}
    alike: dict[str, int] = {}
    for position in sorted([*plan.going, *others]) if others else plan.going:
        address = address_text(plan.recipients[position])
        if not address:
            continue
        first = seen.setdefault(address, position)
        if first != position:
            yield _repetition(plan, first, duplicates), position
            continue
        neighbour = alike.setdefault(mailbox_key(address), position)
        if neighbour != position and position not in others:
            yield (
                warning("same-mailbox", "to", f"probably the same mailbox as {_named(plan, neighbour)}"),
                position,
            )


def _others(plan: Plan, duplicates: Duplicates) -> set[int]:
    """Return the rows that do not go and may be a repetition of one that does."""
    skipped = [event.position for event in plan.excluded if isinstance(event, RowSkipped)]
    # A limit is no excuse: send_frame looks for duplicates first.
    others = set(plan.beyond) if duplicates == "error" else set()
    if skipped:
        going = {address_text(plan.recipients[position]) for position in plan.going} - {""}
        others |= {position for position in skipped if address_text(plan.recipients[position]) in going}
    return others


def _repetition(plan: Plan, first: int, duplicates: Duplicates) -> Remark:
    same = f"the same recipient as {_named(plan, first)}"
    if duplicates == "error":
        return error("duplicate", "to", f"{same}; send_frame does not start")
    return warning("duplicate", "to", f"{same}, and {'is skipped' if duplicates == 'skip' else 'gets both'}")


def _named(plan: Plan, position: int) -> str:
    """Name a row or group as the user has it: row 7, not row np.int64(7)."""
    return f"{plan.frame.unit} {quoted_label(plan.frame.labels[[position]].tolist()[0], position)}"


def _holds(positions: Sequence[int], position: int) -> bool:
    """Tell whether a position is among some that are in order."""
    place = bisect_left(positions, position)
    return place < len(positions) and positions[place] == position

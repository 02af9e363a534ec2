"""From a call of send_frame to a frozen plan: which rows go, which do not and why, before anything is sent.

Everything that makes the call as a whole wrong is found here: a column the template needs and the frame lacks, the
same person twice, a count that is not the confirmed one. What is wrong with one row is that row's result. With
group_by, a group of rows stands wherever a row does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

from .address import parse_mailbox
from .compose.compiler import Compiler
from .compose.frame import Frame
from .compose.groups import GroupedFrame
from .compose.identity import identity
from .compose.signing import DKIM
from .errors import AddressError, FrameError, NotebookmailError, TemplateError
from .merge.events import RowFailed, RowPending, RowSkipped
from .merge.runner import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .compose.frame import Row
    from .compose.template import Template
    from .mail import Mail
    from .merge.events import RowEvent

Duplicates = Literal["error", "skip", "send"]
_SHOWN_DUPLICATES = 3


@dataclass(frozen=True, slots=True)
class SendOptions:
    """What the caller of the send family asked for; send_frame says what each means."""

    sender: str | None = None
    group_by: str | None = None
    confirm: int | None = None
    limit: int | None = None
    redirect_to: str | None = None
    suppress: tuple[str, ...] = ()
    duplicates: Duplicates = "error"
    dkim: DKIM | None = None

    def __post_init__(self) -> None:
        if self.duplicates not in {"error", "skip", "send"}:
            raise FrameError(f"duplicates={self.duplicates!r}: it is one of 'error', 'skip', 'send'")
        if self.limit is not None and self.limit < 0:
            raise FrameError(f"limit={self.limit}: it is a number of messages, 0 or more")
        if self.dkim is not None and not isinstance(self.dkim, DKIM):  # not shown: it may be the key itself
            raise FrameError(
                f"dkim is a {type(self.dkim).__name__}: give DKIM('example.org', 'selector', 'key.pem')"
            )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do.

    Attributes:
        template: What each row gets.
        options: What the caller asked for.
        frame: The rows, or groups of them.
        compiler: Makes their messages.
        recipients: The address of each row, by position; "" where it cannot be made out.
        going: The positions of the rows to send, in order.
        staying: An event for every other row, with the reason.
    """

    template: Template
    options: SendOptions
    frame: Frame
    compiler: Compiler
    recipients: tuple[str, ...]
    going: tuple[int, ...]
    staying: tuple[RowEvent, ...]

    def tasks(self) -> Iterator[Task]:
        """Make the tasks, row by row, when they are asked for."""
        seeds = _Seeds(self.template, self.options.sender, self.frame.columns)
        unwanted = _unwanted(self.options.suppress)
        for row in self.frame.rows(self.going):
            to = self.recipients[row.position]
            yield Task(row.position, to, _Build(self.compiler, row, seeds(row, to), unwanted))


@dataclass(frozen=True, slots=True)
class _Build:
    """Makes one row's message when its turn comes."""

    compiler: Compiler
    row: Row
    seed: str
    unwanted: frozenset[str]

    def __call__(self) -> Mail:
        try:
            mail = self.compiler.compile(self.row, seed=self.seed)
        except NotebookmailError:
            raise
        except Exception as problem:  # what a library thinks of one row's values must not stop the others
            message = f"the message could not be made: {type(problem).__name__}: {problem}"
            raise TemplateError(message, None, self.row.label) from problem
        for address in mail.envelope.recipients:
            if self.unwanted and address.casefold() in self.unwanted:
                message = f"{address} is among cc or bcc and on the suppress list; take it out of one of them"
                raise TemplateError(message, None, self.row.label)
        return mail


class _Seeds:
    """Gives each row what its Message-ID is made of: the template and the fields, never rendered bytes.

    The same row gets the same Message-ID on every run, so that a receiver can drop a message that came twice; rows
    that are alike within one frame are counted, so that asking for both gives both.
    """

    def __init__(self, template: Template, sender: str | None, columns: tuple[str, ...]) -> None:
        self._prefix = f"{template.digest}\0{sender}\0".encode()
        used = frozenset[str]().union(*template.blueprint.names.values())
        self._columns = columns if "row" in used else tuple(column for column in columns if column in used)
        self._seen: Counter[bytes] = Counter()

    def __call__(self, row: Row, to: str) -> str:
        values = [row.fields[column] for column in self._columns]
        known = identity((to, values)).encode("utf-8", "surrogatepass")
        digest = blake2b(self._prefix + known, digest_size=16).digest()
        self._seen[digest] += 1
        return f"{digest.hex()}.{self._seen[digest]}"


def make_plan(df: Any, template: Template, options: SendOptions) -> Plan:
    """Decide what goes.

    Args:
        df: A pandas DataFrame, or a frame of any library narwhals reads. It is not changed.
        template: What each row gets.
        options: What the caller asked for.

    Raises:
        FrameError: The call cannot be carried out; the message says why and what to do.
    """
    frame = Frame(df) if options.group_by is None else GroupedFrame(df, options.group_by)
    compiler = Compiler(
        template,
        frame.columns,
        date=datetime.now().astimezone(),
        sender=options.sender,
        redirect_to=options.redirect_to,
        dkim=options.dkim,
    )
    recipients = tuple(compiler.recipient(row) for row in frame.rows())
    addresses = [recipient.casefold() for recipient in recipients]
    staying: dict[int, RowEvent] = {
        position: RowFailed(position, reason) for position, reason in frame.refusals().items()
    }
    for position in _suppressed(addresses, _unwanted(options.suppress)):
        staying[position] = RowSkipped(position, "on the suppress list", recipients[position])
    for position, first in _repeated(addresses, staying, options.duplicates, frame).items():
        reason = f"duplicate: the same recipient as {frame.unit} {_label(frame, first)}"
        staying[position] = RowSkipped(position, reason, recipients[position])
    going = [position for position in range(len(frame)) if position not in staying]
    if options.limit is not None:
        for position in going[options.limit :]:
            staying[position] = RowPending(position, f"beyond limit={options.limit}", recipients[position])
        going = going[: options.limit]
    plan = Plan(
        template,
        options,
        frame,
        compiler,
        recipients,
        tuple(going),
        tuple(staying[key] for key in sorted(staying)),
    )
    _confirm(plan, options.confirm)
    return plan


def _unwanted(suppress: Iterable[str]) -> frozenset[str]:
    """Read the suppress list; an entry that is no address is a slip that could let somebody be mailed."""
    try:
        return frozenset(parse_mailbox(text).address.casefold() for text in suppress)
    except AddressError as problem:
        raise FrameError(f"suppress holds what is no address: {problem}") from problem


def _suppressed(addresses: list[str], unwanted: frozenset[str]) -> list[int]:
    return [
        position
        for position, address in enumerate(addresses)
        if address in unwanted or not unwanted.isdisjoint(address.split(", "))
    ]


def _repeated(
    addresses: list[str], staying: dict[int, RowEvent], duplicates: Duplicates, frame: Frame
) -> dict[int, int]:
    """Find the rows whose recipient an earlier row has, each with that row's position."""
    if duplicates == "send":
        return {}
    first: dict[str, int] = {}
    repeated: dict[int, int] = {}
    for position, address in enumerate(addresses):
        if not address or position in staying:
            continue
        if address in first:
            repeated[position] = first[address]
        else:
            first[address] = position
    if repeated and duplicates == "error":
        shown = [
            f"{frame.unit}s {_label(frame, first)} and {_label(frame, position)} ({addresses[position]})"
            for position, first in list(repeated.items())[:_SHOWN_DUPLICATES]
        ]
        more = len(repeated) - len(shown)
        raise FrameError(
            f"{len(repeated)} {frame.unit}s would mail somebody a second time: {', '.join(shown)}"
            f"{f' and {more} more' if more else ''}; duplicates='skip' sends only the first to each, "
            "duplicates='send' sends them all"
            f"{', group_by=COLUMN makes one message of the rows of each' if frame.unit == 'row' else ''}"
        )
    return repeated


def _label(frame: Frame, position: int) -> str:
    """Write a label as the user has it: 7, not np.int64(7)."""
    return repr(frame.labels[[position]].tolist()[0])


def _confirm(plan: Plan, confirm: int | None) -> None:
    if confirm is None:
        return
    unfit = sum(not _can_build(task) for task in plan.tasks())
    would_go = len(plan.going) - unfit
    if would_go != confirm:
        raise FrameError(
            f"confirm={confirm}, but {would_go} messages would go: {len(plan.frame)} {plan.frame.unit}s, of which "
            f"{len(plan.staying)} are left out and {unfit} cannot be rendered; nothing was sent"
        )


def _can_build(task: Task) -> bool:
    try:
        task.build()
    except NotebookmailError:
        return False
    return True
